"""Git's objects and refs as GitHub's API shows them, with the names (SHA-1) that git itself would give."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

MODES = {"blob": "100644", "tree": "040000", "commit": "160000"}


class Rejected(Exception):
    """What git or GitHub would not do, with the message that GitHub gives."""


@dataclass(frozen=True)
class Entry:
    mode: str
    kind: str
    sha: str


@dataclass(frozen=True)
class Commit:
    tree: str
    parents: tuple[str, ...]
    message: str
    author: dict[str, str]


@dataclass
class Objects:
    blobs: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, dict[str, Entry]] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)  # "refs/heads/main" -> commit

    def blob(self, content: bytes) -> str:
        return _keep(self.blobs, "blob", content, content)

    def tree(self, changes: list[dict[str, Any]], base: str = "") -> str:
        """`changes` as the API takes them: paths may have slashes, `content` makes a blob, `sha: None` removes."""
        entries = dict(self.trees[base]) if base else {}
        inner: dict[str, list[dict[str, Any]]] = {}
        for change in changes:
            name, _, rest = change["path"].partition("/")
            if rest:
                inner.setdefault(name, []).append({**change, "path": rest})
            elif "content" in change:
                entries[name] = Entry(change.get("mode", "100644"), "blob", self.blob(change["content"].encode()))
            elif change["sha"] is None:
                entries.pop(name, None)
            else:
                self._must_exist(change["sha"])
                entries[name] = Entry(change["mode"], change["type"], change["sha"])
        for name, below in inner.items():
            old = entries.get(name)
            sha = self.tree(below, old.sha if old and old.kind == "tree" else "")
            entries[name] = Entry(MODES["tree"], "tree", sha)
        raw = b"".join(
            f"{entry.mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(entry.sha)
            for name, entry in sorted(entries.items(), key=lambda e: e[0] + ("/" if e[1].kind == "tree" else ""))
        )
        return _keep(self.trees, "tree", raw, entries)

    def _must_exist(self, sha: str) -> None:
        if sha not in self.blobs and sha not in self.trees and sha not in self.commits:
            raise Rejected("tree.sha is not a valid object")

    def commit(self, tree: str, parents: list[str], message: str, author: dict[str, str]) -> str:
        if tree not in self.trees:
            raise Rejected("Tree SHA does not exist")
        if missing := [parent for parent in parents if parent not in self.commits]:
            raise Rejected(f"Parent SHA does not exist or is not a commit object: {missing[0]}")
        made = Commit(tree, tuple(parents), message, author)
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), repr(author), "", message]
        return _keep(self.commits, "commit", "\n".join(lines).encode(), made)

    def create_ref(self, name: str, sha: str) -> None:
        if name in self.refs:
            raise Rejected("Reference already exists")
        if sha not in self.commits:
            raise Rejected("Object does not exist")
        self.refs[name] = sha

    def update_ref(self, name: str, sha: str, *, force: bool) -> None:
        if name not in self.refs:
            raise Rejected("Reference does not exist")
        if sha not in self.commits:
            raise Rejected("Object does not exist")
        if not force and self.refs[name] not in self.ancestors(sha):
            raise Rejected("Update is not a fast forward")
        self.refs[name] = sha

    def resolve(self, name: str) -> str | None:
        """A commit by branch, full ref or sha."""
        for candidate in (name, f"refs/{name}", f"refs/heads/{name}"):
            if candidate in self.refs:
                return self.refs[candidate]
        return name if name in self.commits else None

    def ancestors(self, sha: str) -> list[str]:
        """Itself first, then its parents, nearest first."""
        seen, todo = [], [sha]
        while todo:
            one = todo.pop(0)
            if one in self.commits and one not in seen:
                seen.append(one)
                todo += self.commits[one].parents
        return seen

    def find(self, commit: str, path: str) -> Entry | None:
        entry = Entry(MODES["tree"], "tree", self.commits[commit].tree)
        for name in filter(None, path.split("/")):
            found = self.trees.get(entry.sha, {}).get(name) if entry.kind == "tree" else None
            if found is None:
                return None
            entry = found
        return entry

    def walk(self, tree: str, *, recursive: bool, prefix: str = "") -> list[tuple[str, Entry]]:
        found = []
        for name, entry in sorted(self.trees[tree].items()):
            found.append((prefix + name, entry))
            if recursive and entry.kind == "tree":
                found += self.walk(entry.sha, recursive=True, prefix=f"{prefix}{name}/")
        return found


def _keep(store: dict[str, Any], kind: str, raw: bytes, value: Any) -> str:
    sha = sha1(f"{kind} {len(raw)}\0".encode() + raw).hexdigest()
    store[sha] = value
    return sha
