"""Puts tests/ on the path, so that every test file can say `from builders import make_run`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
