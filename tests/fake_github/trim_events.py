"""Makes `events/*.json` from the example payloads of GitHub's webhooks: python tests/fake_github/trim_events.py

Needs `npm`. One payload per event that starts a workflow; addresses of the API, which are most of each, are left out.
`events.py` derives from these what has no published example (forks, other commits).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from trim_openapi import HERE, unpacked

PACKAGE = "@octokit/webhooks-examples@7.6.1"
CHOSEN = {
    "pull_request": lambda payload: payload["action"] == "synchronize",
    "push": lambda payload: payload["ref"].startswith("refs/heads/"),
    "merge_group": lambda payload: True,
    "workflow_run": lambda payload: payload["action"] == "completed",
    "workflow_dispatch": lambda payload: True,
    "issue_comment": lambda payload: payload["action"] == "created",
}


def lean(node: Any) -> Any:
    if isinstance(node, list):
        return [lean(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: lean(value)
        for key, value in node.items()
        if key == "html_url" or not (key.endswith("_url") or key in ("url", "_links", "permissions", "reactions"))
    }


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        index = unpacked(PACKAGE, Path(scratch)) / "api.github.com" / "index.json"
        examples = {one["name"]: one["examples"] for one in json.loads(index.read_text(encoding="utf-8"))}
    for name, wanted in CHOSEN.items():
        payload = next(one for one in examples[name] if wanted(one))
        text = json.dumps(lean(payload), indent=1, ensure_ascii=False)
        (HERE / "events" / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    print(f"wrote {', '.join(CHOSEN)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
