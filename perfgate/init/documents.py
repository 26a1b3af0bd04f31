"""The text of a source as JSON or YAML."""

from __future__ import annotations

import json

from perfgate.init.proposal import InitSource, Json


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


def _of_yaml(text: str) -> Json:
    """YAML without dates: `2024-01-31` stays the text that JSON would have."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    loader = type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
    try:
        document = yaml.load(text, Loader=loader)  # a safe loader
        return json.loads(json.dumps(document, default=str)) if isinstance(document, dict) else None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None
