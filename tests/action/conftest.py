"""A clone of this repository as a workflow has it, with a short load, and a GitHub."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from action.workplace import READS_ITS_ANCESTORS, ROOT, Workplace, git, short_load
from fake_github.server import FakeGitHub


@pytest.fixture(scope="session")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be on GitHub if this folder were pushed: a bare repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT)
    source = tmp_path_factory.mktemp("source")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    (source / "budgets.yaml").write_text(short_load((source / "budgets.yaml").read_text()))
    (source / "ancestors.sh").write_text(READS_ITS_ANCESTORS)
    git("init", "--quiet", "--initial-branch=main", folder=source)
    git("add", "--all", folder=source)
    git("commit", "--quiet", "--message=everything", folder=source)
    bare = tmp_path_factory.mktemp("remote") / "shop.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(source), str(bare)], check=True)
    return bare


@pytest.fixture
def workplace(remote: Path, github: FakeGitHub, tmp_path: Path) -> Workplace:
    own = tmp_path / "shop.git"
    shutil.copytree(remote, own)
    return Workplace(remote=own, github=github, folder=tmp_path, repo=github.add_repository())
