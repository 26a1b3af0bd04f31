"""The comment in a real browser with the real Mermaid."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from report.samples import HOSTILE, drawn_facts, shop_facts
from services.needs import lacking

from perfgate.report.markdown import comment

SCRIPT = Path(__file__).parents[2] / "docs" / "comment_pictures.py"
PNG = b"\x89PNG"

pytestmark = pytest.mark.needs("chromium", "npm")


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    known = importlib.util.spec_from_file_location("comment_pictures", SCRIPT)
    assert known is not None
    assert known.loader is not None
    module = importlib.util.module_from_spec(known)
    known.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def files(pictures: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    try:
        unpacked: dict[str, Path] = pictures.unpacked(tmp_path_factory.mktemp("packages"))
    except subprocess.CalledProcessError as error:
        lacking(f"npm's packages: {error.stderr[-200:]}")
    return unpacked


def test_mermaid_draws_every_chart_whatever_the_names(pictures: ModuleType, files: dict[str, Path], tmp_path: Path):
    texts = [comment.render(shop_facts()), *(comment.render(drawn_facts(name)) for name in HOSTILE)]

    said = pictures.drawn("\n\n".join(texts), files, tmp_path)

    assert said == ["ok"] * (len(HOSTILE) + 2)


def test_mermaid_is_asked_for_real(pictures: ModuleType, files: dict[str, Path], tmp_path: Path):
    (said,) = pictures.drawn('```mermaid\nxychart-beta\n    x-axis ["a" "b"\n```', files, tmp_path)

    assert "Parse error" in said


def test_a_browser_shows_it(pictures: ModuleType, files: dict[str, Path], tmp_path: Path):
    picture = tmp_path / "comment.png"

    pictures.photograph(pictures.page(comment.render(shop_facts()), files, "light"), picture, tmp_path)

    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 50_000


def test_a_picture_ends_where_the_comment_ends(pictures: ModuleType, files: dict[str, Path], tmp_path: Path):
    text, picture = pictures.page("**PASS**: 3 budgets kept", files, "dark"), tmp_path / "short.png"

    pictures.photograph(text, picture, tmp_path)

    assert 60 < int.from_bytes(picture.read_bytes()[20:24], "big") < 200  # of a PNG, these bytes are its height
