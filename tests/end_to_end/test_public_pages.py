"""Pages of others: the admin of Django, behind its own login form, and a documentation site of Material for MkDocs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import Project, free_port

pytestmark = pytest.mark.needs("chromium")

SITE = """import sys
from django.conf import settings

settings.configure(
    DEBUG=True, SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, STATIC_URL="/static/", USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.db"}},
    INSTALLED_APPS=["django.contrib." + app for app in "admin auth contenttypes sessions messages staticfiles".split()],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
        "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages"]}}],
)
import django

django.setup()
from django.contrib import admin
from django.core.management import call_command
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User

    if not User.objects.exists():
        User.objects.create_superuser("ann", "ann@example.org", "only-for-tests")
    call_command("runserver", f"127.0.0.1:{sys.argv[1]}", "--noreload")
"""
ADMIN = """version: 1
name: admin
target: http://127.0.0.1:{port}
service: {{command: "{python} site_of_tests.py ${{PORT}}", port: {port}, ready: /admin/login/}}
pages:
  log in: {{path: /admin/, iterations: 3, budget: {{lcp: 20s, cls: 0.1, errors: 0%}}}}
  users:
    path: /admin/
    iterations: 3
    steps:
      - {{type: {{into: "#id_username", text: ann}}}}
      - {{type: {{into: "#id_password", text: "${{ADMIN_PASSWORD}}"}}}}
      - {{click: "input[type=submit]"}}
      - {{goto: /admin/auth/user/}}
    interact: [{{click: "#toggle-nav-sidebar"}}]
    budget: {{lcp: 20s, cls: 0.25, inp: 2s, requests: 40, third_party: 0kB, errors: 0%}}
"""
DOCS = """version: 1
name: docs
target: http://127.0.0.1:{port}
service: {{command: "{python} -m http.server ${{PORT}} --bind 127.0.0.1 --directory site", port: {port}, ready: /}}
pages:
  start: {{path: /, iterations: 3, interact: [scroll], budget: {{lcp: 20s, cls: 0.1, unused_js: 500kB, errors: 0%}}}}
  phone: {{path: /, iterations: 3, viewport: mobile, cache: warm, budget: {{lcp: 20s, cls: 0.1}}}}
"""


def outcomes(project: Project) -> dict[str, str]:
    return {f"{item['endpoint']} {item['metric']}": item["outcome"] for item in project.verdict()["findings"]}


@pytest.mark.slow
def test_the_admin_of_django_is_measured_behind_its_login_form(tmp_path: Path):
    pytest.importorskip("django")
    project = Project(tmp_path)
    project.write(SITE, "site_of_tests.py")
    project.write(ADMIN.format(port=free_port(), python=sys.executable))
    done = project.perfgate("run", ADMIN_PASSWORD="only-for-tests")

    assert done.returncode == 0, done.stdout + done.stderr
    assert set(outcomes(project).values()) == {"pass"}, done.stdout
    users = project.run()["endpoints"][1]
    assert users["metrics"]["requests"] > 10
    assert "only-for-tests" not in "".join(
        path.read_text(errors="replace")
        for path in project.runs[-1].iterdir()
        if path.suffix in (".json", ".html", ".md")
    )


@pytest.mark.slow
def test_a_site_of_material_for_mkdocs_is_measured_and_what_it_does_not_use_is_named(tmp_path: Path):
    pytest.importorskip("material")
    project = Project(tmp_path)
    project.write("# Welcome\n\n" + "Some text.\n\n" * 200, "docs/index.md")
    project.write("site_name: Docs\ntheme: {name: material, font: false}\n", "mkdocs.yml")
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=tmp_path, check=True, timeout=120)
    project.write(DOCS.replace("[scroll]", "[{{scroll: down}}]").format(port=free_port(), python=sys.executable))
    done = project.perfgate("run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert set(outcomes(project).values()) == {"pass"}, done.stdout
    start, phone = project.run()["endpoints"]
    assert start["metrics"]["unused_js"] > 20_000
    assert phone["metrics"]["transfer"] < start["metrics"]["transfer"]
