"""Builds wheel and sdist into dist/, twice, and fails unless both are the same bytes; writes what they are made of.

    python deploy/release.py [--out dist]

The time in the archives is that of the commit (SOURCE_DATE_EPOCH). `sbom.cdx.json` (CycloneDX 1.6) has what the wheel
carries with it, and the packages that perfgate is tested with (constraints.txt): those it needs are `required`, those
of its extras `optional`, those of its developers `excluded`.
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
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$")
OWN = "perfgate"
DEVELOPERS = ("dev", "docs")  # extras that nobody needs to run it
VENDORED = {"name": "web-vitals", "version": "6.2.3", "file": "perfgate/pages/scripts/web-vitals.js"}


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
    """A bill of materials: perfgate, what it carries with it, and every package in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(match[1]): match.groups() for line in lines if (match := PINNED.match(line.strip()))}
    required, optional = needed(()), needed(extras())
    components = [vendored()]
    for name, (written, number) in pinned.items():
        scope = "required" if name in required else "optional" if name in optional else "excluded"
        of = purl(name, number)
        components.append(
            {"type": "library", "name": written, "version": number, "scope": scope, "purl": of, "bom-ref": of}
        )
    own = {"type": "application", "name": OWN, "version": version, "purl": purl(OWN, version)}
    refs = {name: purl(name, number) for name, (_, number) in pinned.items()} | {OWN: own["purl"]}
    graph = [
        {"ref": refs[name], "dependsOn": sorted(refs[other] for other in set(direct(name, ())) if other in refs)}
        for name in sorted({OWN, *required} & refs.keys())
    ]
    graph[[entry["ref"] for entry in graph].index(own["purl"])]["dependsOn"].append(components[0]["purl"])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**own, "bom-ref": own["purl"], "licenses": [{"license": {"id": "MIT"}}]}},
        "components": components,
        "dependencies": graph,
    }


def vendored() -> dict[str, object]:
    """The script of others that is inside the wheel."""
    of = f"pkg:npm/{VENDORED['name']}@{VENDORED['version']}"
    digest = hashlib.sha256((ROOT / VENDORED["file"]).read_bytes()).hexdigest()
    return {
        "type": "library",
        "name": VENDORED["name"],
        "version": VENDORED["version"],
        "scope": "required",
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": of,
        "bom-ref": of,
    }


def extras() -> list[str]:
    """Extras of perfgate that are for those who use it."""
    marked = (match[1] for text in requires(OWN) or () if (match := re.search(r"extra == '([^']+)'", text)))
    return sorted(set(marked) - set(DEVELOPERS))


def needed(chosen: Iterable[str]) -> set[str]:
    """Names of all packages that perfgate needs with these extras, and what those need in turn."""
    names: set[str] = set()
    waiting = [(OWN, tuple(chosen))]
    while waiting:
        for item in _requirements(*waiting.pop()):
            name = canonicalize_name(item.name)
            if name not in names:
                names.add(name)
                waiting.append((name, tuple(item.extras)))
    return names


def direct(name: str, chosen: Iterable[str]) -> list[str]:
    return [canonicalize_name(item.name) for item in _requirements(name, chosen)]


def _requirements(name: str, chosen: Iterable[str]) -> Iterator[Requirement]:
    """What an installed package needs here with these extras."""
    try:
        texts = requires(name) or ()
    except PackageNotFoundError:  # of another system, or another Python
        return
    for text in texts:
        item = Requirement(text)
        if item.marker is None or any(item.marker.evaluate({"extra": extra}) for extra in ("", *chosen)):
            yield item


def purl(name: str, version: str) -> str:
    return f"pkg:pypi/{canonicalize_name(name)}@{version}"


if __name__ == "__main__":
    sys.exit(main())
