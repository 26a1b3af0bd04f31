"""The text of a source as JSON or YAML."""

from __future__ import annotations

import json
import re

from perfgate.init.proposal import InitSource, Json

_LOOKS_OPENAPI = re.compile(r"(?m)^(openapi|swagger)\s*:")
_BOOLEAN = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")


def source(name: str, text: str) -> InitSource:
    """The source with its document, where the text is one."""
    return InitSource(name=name, text=text, document=parsed(text))


def parsed(text: str) -> Json:
    """The map or list that the text is as JSON, else as YAML; None where it is neither."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start and start in "{[":
        try:
            return json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            return None
    return _of_yaml(text) if "\nopenapi" in f"\n{text}" or "\nswagger" in f"\n{text}" or "paths:" in text else None


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
    elif _LOOKS_OPENAPI.search(text):
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
        return json.loads(json.dumps(document, default=str)) if isinstance(document, dict) else None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None
