"""The text of a source as JSON or YAML."""

from __future__ import annotations

import json
import re

from perfgate.init.proposal import InitSource, Json

_LOOKS_YAML = re.compile(  # OpenAPI, and Insomnia's exports: a key at the margin, or the first of an indented text
    r"(?m)(?:^|\A(?:[\ufeff\s]|(?:#|---).*\n)*)"
    r"(?:(?:openapi|swagger|paths|__export_format)\s*:|type\s*:\s*[\"']?\w+\.insomnia\.rest/)"
)
_HALF = re.compile(r"[\ud800-\udfff]")  # of a surrogate pair
MAX_NODES = 5_000_000  # values of a document with its aliases: one that is larger is made to fill the memory
_BOOLEAN = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")


def source(name: str, text: str) -> InitSource:
    """The source with its document, where the text is one."""
    text = _HALF.sub("\ufffd", text)
    return InitSource(name=name, text=text, document=parsed(text))


def parsed(text: str) -> Json:
    """The map or list that the text is as JSON, else as YAML; None where it is neither."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start and start in "{[":
        try:
            document = json.loads(text.lstrip("\ufeff"))
            return _whole(document) if "\\ud" in text.lower() else document
        except (ValueError, RecursionError):
            return None
    return _of_yaml(text) if _LOOKS_YAML.search(text) else None


def _whole(value: Json) -> Json:
    """The value without halves of surrogate pairs in its texts, which JSON can have and no request."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def problem(text: str) -> str:
    """Why a text that looks like JSON or YAML is neither; empty for others."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start and start in "{[":
        try:
            json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError) as error:
            return (
                "" if _is_json(text.strip().partition("\n")[0]) else f"it is not JSON: {error}"
            )  # lines of JSON are fine
    elif _LOOKS_YAML.search(text):
        import yaml

        try:
            yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" in line {mark.line + 1}" if mark else ""
            return f"it is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}{where}"
    return ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _of_yaml(text: str) -> Json:
    """YAML as OpenAPI has it, of version 1.2: `on` and `NO` are texts, and so is `2024-01-31`."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [
            (tag, _BOOLEAN if tag == "tag:yaml.org,2002:bool" else pattern)
            for tag, pattern in pairs
            if tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    loader = type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
    try:
        document = yaml.load(text, Loader=loader)  # a safe loader
        is_usual = isinstance(document, dict) and _nodes(document, {}) <= MAX_NODES
        return json.loads(json.dumps(document, default=str)) if is_usual else None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None


def _nodes(value: Json, known: dict[int, int]) -> int:
    """The number of values in a document whose aliases are written out. `known` has it by what is counted already."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = 1
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_nodes(item, known) for item in inner)
    return known[id(value)]
