"""Makes `openapi/*.json` from GitHub's own OpenAPI description: python tests/fake_github/trim_openapi.py

Needs `npm`. Keeps the operations that the fake knows with every schema they refer to, and one example per answer: the
fake's answers are made from these. Descriptions are left out, because they are most of the 13 MB.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGE = "@octokit/openapi@23.0.2"
DESCRIPTIONS = ("api.github.com", "ghes-3.17")
OPERATIONS = frozenset(
    """
    actions/download-artifact actions/get-artifact actions/get-workflow-run actions/list-workflow-run-artifacts
    checks/create checks/list-for-ref checks/update
    git/create-blob git/create-commit git/create-ref git/create-tree git/get-blob git/get-commit git/get-ref
    git/get-tree git/update-ref
    issues/add-labels issues/create issues/create-comment issues/delete-comment issues/list-comments
    issues/list-events issues/list-for-repo issues/list-labels-on-issue issues/remove-label issues/update issues/update-comment
    pulls/get pulls/list pulls/list-commits
    repos/compare-commits repos/create-commit-status repos/get repos/get-content
    repos/list-commit-statuses-for-ref repos/list-pull-requests-associated-with-commit
    users/get-authenticated
    """.split()
)
UNUSED = {"description", "summary", "tags", "externalDocs", "title", "example", "examples", "discriminator"}
NAMES = {"properties", "schemas", "parameters", "responses", "headers", "paths"}  # their keys are names, not keywords


def trim(whole: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and operation.get("operationId") in OPERATIONS:
                paths.setdefault(path, {})[method] = _operation(whole, operation)
    components: dict[str, dict[str, Any]] = {}
    todo = list(references(paths))
    while todo:
        kind, name = todo.pop().removeprefix("#/components/").split("/")
        if name not in components.setdefault(kind, {}):
            part = whole["components"][kind][name]
            components[kind][name] = part["value"] if kind == "examples" else _lean(part)
            todo += [] if kind == "examples" else references(components[kind][name])
    return {
        "openapi": whole["openapi"],
        "info": {key: whole["info"][key] for key in ("version", "title", "license")},
        "paths": dict(sorted(paths.items())),
        "components": {kind: dict(sorted(parts.items())) for kind, parts in sorted(components.items())},
    }


def _operation(whole: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    lean: dict[str, Any] = _lean(operation)
    for status, response in operation["responses"].items():
        answer = response.get("content", {}).get("application/json", {})
        if status.startswith("2") and answer.get("examples"):
            example = next(iter(answer["examples"].values()))
            lean["responses"][status]["content"]["application/json"]["examples"] = {"default": example}
    return lean


def _lean(node: Any, *, names: bool = False) -> Any:
    if isinstance(node, list):
        return [_lean(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _lean(value, names=not names and key in NAMES and isinstance(value, dict))
        for key, value in node.items()
        if names or not (key in UNUSED or (key.startswith("x-") and key != "x-multi-segment"))
    }


def references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from references(one)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)


def lines(trimmed: dict[str, Any]) -> str:
    """One path or component per line: small, and a new version shows as a readable difference."""
    parts = [
        f"{json.dumps(key)}: {{\n{_entries(value)}\n}}" if key == "paths" else f"{json.dumps(key)}: {_flat(value)}"
        for key, value in trimmed.items()
        if key != "components"
    ]
    kinds = ",\n".join(
        f"{json.dumps(kind)}: {{\n{_entries(named)}\n}}" for kind, named in trimmed["components"].items()
    )
    return "{\n" + ",\n".join([*parts, f'"components": {{\n{kinds}\n}}']) + "\n}\n"


def _entries(named: dict[str, Any]) -> str:
    return ",\n".join(f"{json.dumps(name)}: {_flat(value)}" for name, value in named.items())


def _flat(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def unpacked(package: str, folder: Path) -> Path:
    """The folder of an npm package's files; nothing is installed and none of its scripts is run."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    subprocess.run(["tar", "xzf", packed], cwd=folder, check=True)
    return folder / "package"


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        generated = unpacked(PACKAGE, Path(scratch)) / "generated"
        for name in DESCRIPTIONS:
            trimmed = trim(json.loads((generated / f"{name}.json").read_text(encoding="utf-8")))
            found = {o["operationId"] for item in trimmed["paths"].values() for o in item.values()}
            assert found == OPERATIONS, OPERATIONS - found
            (HERE / "openapi" / f"{name}.json").write_text(lines(trimmed), encoding="utf-8")
            print(f"{name}: {len(found)} operations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
