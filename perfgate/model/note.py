"""Note: a sentence for people that is kept beside a result: a doubt, a warning, what changed."""

from __future__ import annotations

from typing import NewType

Note = NewType("Note", str)  # made by `text.notes.note`, which gives it the code that `perfgate explain` knows
