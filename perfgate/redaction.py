"""Keeps the values of secrets out of everything that is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

SHORTEST = 4  # characters: shorter values are no secrets, and would blot out innocent text


@dataclass(frozen=True)
class Redactor:
    """Replaces the values of secrets in text by their names."""

    values: Mapping[str, str] = field(default_factory=dict)  # name -> value

    def __call__(self, text: str) -> str:
        for name, value in sorted(self.values.items(), key=lambda item: -len(item[1])):
            text = text.replace(value, f"[{name}]")
        return text


def redactor(names: Collection[str], environ: Mapping[str, str]) -> Redactor:
    """For the values that these environment variables have now."""
    return Redactor({name: environ[name] for name in names if len(environ.get(name, "")) >= SHORTEST})
