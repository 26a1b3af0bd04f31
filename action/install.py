"""Puts perfgate into a virtual environment of its own, under a name that nobody else uses. Python alone is enough.

install.py plan       where it goes, and the key under which it is cached
install.py install    makes it, unless it is there already
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ACTION = Path(__file__).resolve().parent.parent  # the checkout of the action: perfgate's own sources
SOURCES = ("perfgate/**/*", "pyproject.toml", "constraints.txt", "README.md", "LICENSE")
NAME = "perfgate-action-environment"
COMPLETE = "perfgate-is-installed"  # the file that says that pip came to its end


def main(verb: str) -> int:
    if verb == "plan":
        output(folder=folder(), key=key())
        return 0
    if os.environ.get("INPUT_INSTALL") == "false":
        return use_what_is_there()
    return install()


def use_what_is_there() -> int:
    found = shutil.which("perfgate")
    if not found:
        print("::error title=perfgate::`install` is false, and there is no perfgate on the PATH")
        return 3
    output(python=sys.executable, perfgate=found, fresh="false")
    return 0


def install() -> int:
    home = folder()
    python, perfgate, complete = home / "bin" / "python", home / "bin" / "perfgate", home / COMPLETE
    fresh = not (complete.is_file() and works(perfgate))
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
        print("::group::Install perfgate", flush=True)
        steps = ([sys.executable, "-m", "venv", str(home)], [str(python), "-m", "pip", "install", *wanted()])
        done = all(subprocess.run(step, check=False).returncode == 0 for step in steps)
        print("::endgroup::", flush=True)
        if not done or not works(perfgate):
            print("::error title=perfgate::perfgate could not be installed; the log of this step says why")
            return 3
        complete.touch()
    output(python=python, perfgate=perfgate, fresh=str(fresh).lower())
    return 0


def works(perfgate: Path) -> bool:
    """A cache may be cut off, or of another machine."""
    try:
        return subprocess.run([str(perfgate), "--version"], check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def wanted() -> list[str]:
    """Arguments for pip."""
    extras = os.environ.get("INPUT_EXTRAS", "").strip()
    part = f"[{extras}]" if extras else ""
    version = os.environ.get("INPUT_VERSION", "").strip()
    quiet = ["--quiet", "--disable-pip-version-check"]
    if version:
        return [*quiet, f"perfgate{part}=={version}"]
    return [*quiet, "--constraint", str(ACTION / "constraints.txt"), f"{ACTION}{part}"]


def folder() -> Path:
    """Each version with each set of extras has its own: one job may use the action more than once."""
    home = Path(os.environ.get("RUNNER_TEMP") or os.environ.get("TMPDIR") or "/tmp")
    return home / f"{NAME}-{digest()[:16]}"


def key() -> str:
    """Names the folder too: what is installed knows where it is."""
    python = platform.python_version()
    place = hashlib.sha256(str(folder()).encode()).hexdigest()[:32]
    return f"perfgate-{platform.system()}-{platform.machine()}-py{python}-{place}"


def digest() -> str:
    """Python, and everything that decides what is installed."""
    extras, version = (os.environ.get(f"INPUT_{name}", "").strip() for name in ("EXTRAS", "VERSION"))
    found = hashlib.sha256(f"{sys.executable}\n{platform.python_version()}\n{extras}\n{version}\n".encode())
    if not version:
        files = {path for pattern in SOURCES for path in ACTION.glob(pattern) if path.is_file()}
        for path in sorted(file for file in files if "__pycache__" not in file.parts):
            found.update(f"\n{path.relative_to(ACTION)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def output(**values: object) -> None:
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
