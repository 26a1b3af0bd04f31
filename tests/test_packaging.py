"""Wheel and sdist: the same bytes each time, with all that is needed and nothing else, and a list of what is inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built twice by deploy/release.py, which fails where the two differ."""
    out = tmp_path_factory.mktemp("release") / "dist"
    command = [sys.executable, "deploy/release.py", "--out", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_times_in_the_archives_are_those_that_were_asked_for(dist: Path):
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))

    with zipfile.ZipFile(wheel) as archive:
        assert {item.date_time[:3] for item in archive.infolist()} == {(2023, 11, 14)}
    with tarfile.open(sdist) as archive:
        assert {item.mtime for item in archive} == {1700000000}


def test_the_wheel_has_the_package_with_its_templates_and_entry_points_and_no_tests(dist: Path):
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as archive:
        names = archive.namelist()
        points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()

    needed = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "perfgate").rglob("*")
        if path.is_file() and path.suffix in (".py", ".j2", ".css", ".js", ".yml", ".yaml", ".typed")
    }
    assert needed <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"perfgate"}
    assert "perfgate = perfgate.cli:main" in points
    assert "perfgate = perfgate.pytest_plugin" in points


def test_the_bill_of_materials_says_which_package_is_for_whom(dist: Path):
    bill = json.loads((dist / "sbom.cdx.json").read_text())

    scopes = {component["name"]: component["scope"] for component in bill["components"]}
    assert {scopes[name] for name in ("locust", "gevent", "pandas", "typer")} == {"required"}
    assert {scopes[name] for name in ("psycopg", "playwright", "fastapi")} == {"optional"}
    assert {scopes[name] for name in ("mypy", "pytest-xdist", "mkdocs-material")} == {"excluded"}
    assert len(scopes) == (ROOT / "constraints.txt").read_text().count("==") + 1  # and what is inside the wheel


def test_the_bill_of_materials_has_the_script_that_the_wheel_carries(dist: Path):
    bill = json.loads((dist / "sbom.cdx.json").read_text())
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as archive:
        digest = sha256(archive.read("perfgate/pages/scripts/web-vitals.js")).hexdigest()

    [script] = [item for item in bill["components"] if not item["purl"].startswith("pkg:pypi/")]
    assert script["hashes"] == [{"alg": "SHA-256", "content": digest}]
    needs = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    own = needs[bill["metadata"]["component"]["bom-ref"]]
    assert script["bom-ref"] in own
    assert any(ref.startswith("pkg:pypi/locust@") for ref in own)
    known = {item["bom-ref"] for item in bill["components"]}
    assert {ref for refs in needs.values() for ref in refs} <= known


def test_the_image_needs_no_root_and_has_one_entry_point():
    text = (ROOT / "Containerfile").read_text()

    assert "USER perfgate" in text
    assert text.rindex("USER perfgate") < text.index('ENTRYPOINT ["perfgate"]')
    assert " git " in text  # for the commit that is measured, and histories on a branch
    assert "HOME=/tmp" in text  # `--user` may be anybody, who has no home there
