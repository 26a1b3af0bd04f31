"""An existing locustfile: it runs as it is, and its requests are judged by their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from perfgate.init.proposal import FileProposal, InitSource, Json, Omission, ProposalOptions
from perfgate.init.yaml_text import text
from perfgate.model.errors import UsageError

DEFAULT_USERS = 10
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
MAX_NAMES = 40


def recognizes(source: InitSource) -> bool:
    tree = _tree(source)
    return tree is not None and any(
        (isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "locust")
        or (isinstance(node, ast.Import) and any(alias.name.partition(".")[0] == "locust" for alias in node.names))
        for node in ast.walk(tree)
    )


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    tree = _tree(source)
    if tree is None:
        raise UsageError(
            f"{source.name} is not Python", hint="`python -m py_compile FILE` says where it breaks", code="PG-N002"
        )
    names = list(dict.fromkeys(_names(tree)))
    notes = ["The defaults hold for every name that the locustfile's requests have."]
    if names:
        notes.append("For limits of its own, name a request under `endpoints`, without `request`. Seen in the code:")
        notes += [f"  {text(name)}: {{budget: {{p95: 500ms}}}}" for name in names[:MAX_NAMES]]
    omissions = [
        Omission(f"a request in line {line}", "its name is made while it runs; look it up in the first report")
        for line in _unnamed(tree)
    ]
    if any(isinstance(node, ast.ClassDef) and _is_shape(node) for node in ast.walk(tree)):
        omissions.append(Omission("the LoadTestShape", "perfgate's `load` says how much load there is"))
    return FileProposal(
        target=options.target or _host(tree),
        scenarios=(source.name,),
        omissions=tuple(omissions),
        users=DEFAULT_USERS,
        notes=tuple(notes),
    )


def _tree(source: InitSource) -> ast.Module | None:
    if "locust" not in source.text:
        return None
    try:
        return ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls of `self.client.get(...)` and the like."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in METHODS
            and isinstance(node.func.value, ast.Attribute | ast.Name)
            and ast.unparse(node.func.value).endswith("client")
        ):
            yield node


def _names(tree: ast.Module) -> Iterator[str]:
    for call in _calls(tree):
        if isinstance(name := _name(call), str):
            yield name


def _unnamed(tree: ast.Module) -> Iterator[int]:
    return (call.lineno for call in _calls(tree) if not isinstance(_name(call), str))


def _name(call: ast.Call) -> Json:
    """The name that Locust gives the request: `name`, else the path; None where only a run can say it."""
    named = next((keyword.value for keyword in call.keywords if keyword.arg == "name"), None)
    index = 1 if isinstance(call.func, ast.Attribute) and call.func.attr == "request" else 0
    value = named or (call.args[index] if len(call.args) > index else None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _host(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            is_host = any(isinstance(target, ast.Name) and target.id == "host" for target in node.targets)
            if is_host and isinstance(node.value.value, str) and node.value.value.startswith("http"):
                return node.value.value.rstrip("/")
    return ""


def _is_shape(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).endswith("LoadTestShape") for base in node.bases)
