"""Builds wheel and sdist into dist/, twice, and fails unless both are the same bytes; writes what they are made of.

    python deploy/release.py [--out dist]

The time in the archives is that of the commit (SOURCE_DATE_EPOCH). `sbom.cdx.json` (CycloneDX 1.6) has the packages
that perfgate is tested with: constraints.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory(prefix="perfgate-release-") as scratch:
        first, second = (built(Path(scratch) / name) for name in ("first", "second"))
        if (digests := sums(first)) != sums(second):
            print(f"The builds differ: {digests} and {sums(second)}", file=sys.stderr)
            return 1
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(first, out)
    wheel = next(out.glob("*.whl"))
    (out / "sbom.cdx.json").write_text(json.dumps(bill(wheel.name.split("-")[1]), indent=2) + "\n", encoding="utf-8")
    for name, digest in digests.items():
        print(f"{digest}  {name}")
    return 0


def built(folder: Path) -> Path:
    """Wheel and sdist of a copy of this tree, so that nothing is left in it."""
    source = folder / "source"
    hidden = shutil.ignore_patterns(".git", ".venv", ".perfgate", "__pycache__", "dist", "site", ".*_cache")
    shutil.copytree(ROOT, source, ignore=hidden, symlinks=True)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(source)]
    done = subprocess.run(command, env={**os.environ, "SOURCE_DATE_EPOCH": epoch()}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return folder / "dist"


def epoch() -> str:
    """Seconds since 1970 of the commit; of a fixed day where there is none."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "1577836800"


def sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def bill(version: str) -> dict[str, object]:
    """A bill of materials: perfgate, and every package in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    packages = [match.groups() for line in lines if (match := PINNED.match(line.strip()))]
    components = [
        {"type": "library", "name": name, "version": pinned, "purl": purl(name, pinned), "bom-ref": purl(name, pinned)}
        for name, pinned in packages
    ]
    own = {"type": "application", "name": "perfgate", "version": version, "purl": purl("perfgate", version)}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**own, "bom-ref": own["purl"]}},
        "components": components,
    }


def purl(name: str, version: str) -> str:
    return f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"


if __name__ == "__main__":
    sys.exit(main())
