"""Makes the pictures of README and docs from real runs of the demo shop: python docs/pictures.py [past|pull-request]

- past: `perfgate run` on the sound shop for several commits and then with a slow search: what the terminal shows of the
  last run, and its chart. Five minutes, on a machine that does nothing else.
- pull-request: a branch whose search asks the database once per product, compared with main: the comment
  and the report. Three minutes.

Needs `chromium`, `npm` (packages are unpacked, nothing is installed) and a font with emoji.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import comment_pictures
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from perfgate import history
from perfgate.cli.finding import judged_run
from perfgate.files import run_folder
from perfgate.model.report import Drawing
from perfgate.report.charts import gallery
from perfgate.report.facts import Facts
from perfgate.report.markdown import comment
from perfgate.report.terminal import console

ROOT = Path(__file__).parent.parent
IMAGES = Path(__file__).parent / "images"
COLUMNS = 92
COMMENT_HEIGHT = 620  # pixels
COMMITS = 7
CALM_RATE = "rate: 40/s"  # of the pull request: two shops share the machine
CALM_DURATION = "duration: 70s"
THEMES = ("light", "dark")
FAULT = "search:slow=3"
REPEATED = "search:n+1"
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # of `perfgate`, for the service
GIT = {f"GIT_{who}_{what}": "perfgate" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=environment(), check=True)


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **GIT, "GIT_CONFIG_GLOBAL": os.devnull, **more}


@contextmanager
def repository() -> Iterator[Path]:
    """A folder with the shop's budget file, on main."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        git(folder, "init", "--quiet", "--initial-branch", "main")
        shutil.copy(ROOT / "budgets.yaml", folder)
        git(folder, "add", "budgets.yaml")  # so that no run has uncommitted changes
        yield folder


def measured(folder: Path, commit: str, *options: str, **more: str) -> int:
    """The exit code of a run on a new commit."""
    git(folder, "commit", "--quiet", "--all", "--allow-empty", "-m", commit)
    perfgate = str(Path(sys.executable).parent / "perfgate")
    command = [perfgate, "run", "--budget", "budgets.yaml", *options]
    return subprocess.run(command, cwd=folder, env=environment(**more), check=False).returncode


def newest_run(folder: Path) -> Path:
    newest = run_folder.find("latest", folder)
    assert newest is not None
    return newest


def newest_facts(folder: Path) -> Facts:
    newest = newest_run(folder)
    with history.open("sqlite:///.perfgate/history.db", root=folder) as store:
        past_runs = store.runs("shop")
    return Facts(verdict=run_folder.read_verdict(newest), run=run_folder.read_run(newest), past_runs=past_runs)


def terminal(facts: Facts) -> str:
    """What a terminal shows of a run, as SVG."""
    screen = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    screen.print(Text(f'$ PERFGATE_DEMO_FAULTS="{FAULT}" perfgate run --budget budgets.yaml', style="bold"))
    console.show(facts, screen)
    return screen.export_svg(title="perfgate")


def trend(facts: Facts) -> Drawing:
    """The chart of search's p95, drawn as for a comment."""
    search = next(finding for finding in facts.findings if (finding.endpoint, finding.metric) == ("search", "p95"))
    drawings, doubts = gallery.draw(facts, [search])
    assert not doubts, doubts
    return drawings[0]


def photograph_run(folder: Path) -> None:
    facts = newest_facts(folder)
    (IMAGES / "terminal.svg").write_text(terminal(facts), encoding="utf-8")
    drawing = trend(facts)
    for theme, picture in zip(THEMES, (drawing.light, drawing.dark), strict=True):
        (IMAGES / f"search-p95-{theme}.png").write_bytes(picture)


def past() -> None:
    with repository() as folder:
        assert [measured(folder, f"commit {number}") for number in range(COMMITS)] == [0] * COMMITS
        assert measured(folder, "slower search", PERFGATE_DEMO_FAULTS=FAULT) == 1
        photograph_run(folder)


def pull_request() -> None:
    with repository() as folder:
        git(folder, "commit", "--quiet", "-m", "shop")
        git(folder, "switch", "--quiet", "--create", "related-products")
        budgets = folder / "budgets.yaml"
        slower = f"sh -c 'PERFGATE_DEMO_FAULTS={REPEATED} exec perfgate demo --port ${{PORT}}'"
        text = budgets.read_text(encoding="utf-8").replace("perfgate demo --port ${PORT}", slower)
        text = text.replace("p50: +60%", "p50: +20%").replace("80ms +60%", "80ms +20%")
        text = text.replace("rate: 100/s", CALM_RATE).replace("duration: 25s", CALM_DURATION)
        budgets.write_text(text, encoding="utf-8")
        assert measured(folder, "related products", "--base-ref", "main", PATH=PATH) == 1
        os.chdir(folder)
        newest, facts = judged_run("latest", budgets, "")
        photograph_comment(comment.render(facts, link="https://github.com/acme/shop/actions/runs/1"))
        photograph_report(newest / "report.html")


def photograph_comment(markdown: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = comment_pictures.unpacked(folder)
        for theme in THEMES:
            page = comment_pictures.page(markdown, files, theme)
            comment_pictures.photograph(page, IMAGES / f"comment-{theme}.png", folder, height=COMMENT_HEIGHT)


def photograph_report(page: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in THEMES:
            tab = browser.new_page(viewport={"width": 1240, "height": 1640}, color_scheme=theme)
            tab.goto(page.as_uri())
            tab.wait_for_selector("html.ready")
            tab.screenshot(path=IMAGES / f"report-{theme}.png")
        browser.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    makers = {"past": past, "pull-request": pull_request}
    for name in sys.argv[1:] or makers:
        makers[name]()


if __name__ == "__main__":
    main()
