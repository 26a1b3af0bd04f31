"""The history on a git branch, with real repositories: what a user's clone may look like, and what servers may answer."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from builders import make_acceptance, make_past_run
from processes import start_together

from perfgate import history
from perfgate.git.scratch_repository import PrivateRepository
from perfgate.history import History
from perfgate.history.files.data_branch import MAX_PUSHES
from perfgate.history.transfer import export_runs, import_runs
from perfgate.model.errors import HistoryError
from perfgate.model.outcome import Outcome

TESTS = Path(__file__).parents[1]
BRANCH = "perfgate-data"
NOBODY = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",  # no user.name, no user.email, no credential helper
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
}
ADA = {
    f"GIT_{who}_{key}": f"ada{sign}" for who in ("AUTHOR", "COMMITTER") for key, sign in (("NAME", ""), ("EMAIL", "@x"))
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, env=NOBODY | ADA, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with three commits on main."""
    work, bare = tmp_path / "work", tmp_path / "permission-denied.git"  # no refusal: a name
    subprocess.run(["git", "init", "-q", "-b", "main", str(work)], check=True)
    for number in range(3):
        (work / "code.py").write_text(f"{number}\n")
        git(work, "add", ".")
        git(work, "commit", "-q", "-m", f"commit {number}")
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    return bare


@pytest.fixture
def clone(remote: Path, tmp_path: Path) -> Path:
    """As actions/checkout leaves it: shallow, one branch, detached."""
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--single-branch", f"file://{remote}", str(folder))
    git(folder, "checkout", "-q", "--detach")
    return folder


def opened(folder: Path, url: str = f"git:{BRANCH}", **environ: str) -> History:
    return history.open(url, root=folder, environ=NOBODY | environ)


@pytest.fixture
def store(clone: Path) -> Iterator[History]:
    with opened(clone) as store:
        yield store


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a clone, its `.git` included."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def files(remote: Path, ref: str = BRANCH) -> list[str]:
    return git(remote, "ls-tree", "-r", "--name-only", ref).splitlines()


def plant(remote: Path, path: str, content: str, branch: str = BRANCH) -> None:
    """As somebody would who edits the branch by hand."""
    folder = remote.with_name("planting")
    git(remote.parent, "clone", "-q", "-b", branch, str(remote), str(folder))
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "by hand")
    git(folder, "push", "-q", "origin", f"HEAD:{branch}")


def hook(remote: Path, name: str, script: str) -> None:
    path = remote / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_clone_stays_as_it_is_to_the_last_byte(clone: Path, remote: Path) -> None:
    (clone / "code.py").write_text("not committed\n")
    (clone / "new.py").write_text("not added\n")
    (clone / "staged.py").write_text("added\n")
    git(clone, "add", "staged.py")
    before = state(clone)
    with opened(clone) as store:
        store.save(make_past_run(1))
        store.accept("run-0001", make_acceptance())
        assert store.runs("shop")[0].acceptances == (make_acceptance(),)
        store.delete(["run-0001"])
    assert state(clone) == before
    assert git(remote, "rev-list", "--count", "main") == "3"
    assert git(remote, "for-each-ref", "--format=%(refname)") == f"refs/heads/main\nrefs/heads/{BRANCH}"


def test_the_depth_of_a_full_clone_stays_too(remote: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", f"file://{remote}", "full")
    with opened(tmp_path / "full") as store:
        store.save(make_past_run(1))
        store.runs("shop")
    assert git(tmp_path / "full", "rev-parse", "--is-shallow-repository") == "false"
    assert git(tmp_path / "full", "rev-list", "--count", "HEAD") == "3"


def test_the_branch_is_an_orphan_that_explains_itself(store: History, remote: Path) -> None:
    store.save(make_past_run(1))
    store.save(make_past_run(2, branch="feature/x"))
    assert git(remote, "log", "--format=%an <%ae> %s", BRANCH).splitlines() == [
        "perfgate <perfgate@users.invalid> Run run-0002",
        "perfgate <perfgate@users.invalid> Run run-0001",
    ]
    first = "2026-01-05T10%3A00%3A00Z,pass,0000000000000000000000000000000000000001,run-0001.json"
    second = "2026-01-05T11%3A00%3A00Z,pass,0000000000000000000000000000000000000002,run-0002.json"
    assert files(remote) == [
        "README.md",
        f"distributions/shop/feature%2Fx/{second}",
        f"distributions/shop/main/{first}",
        "format.json",
        f"runs/shop/feature%2Fx/{second}",
        f"runs/shop/main/{first}",
    ]
    assert "perfgate history list" in git(remote, "show", f"{BRANCH}:README.md")


def test_the_environment_can_name_the_committer(clone: Path, remote: Path) -> None:
    with opened(clone, GIT_COMMITTER_NAME="Grace\n", GIT_COMMITTER_EMAIL="<grace@example.com>") as store:
        store.save(make_past_run(1))
    assert git(remote, "log", "--format=%cn <%ce>", BRANCH) == "Grace <grace@example.com>"


def test_from_a_linked_work_tree_a_subfolder_and_a_submodule(clone: Path, remote: Path, tmp_path: Path) -> None:
    (clone / "sub").mkdir()
    git(clone, "worktree", "add", "-q", str(tmp_path / "linked"))
    git(tmp_path, "init", "-q", "super")
    git(tmp_path / "super", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(remote), "shop")
    for number, folder in enumerate([clone / "sub", tmp_path / "linked", tmp_path / "super/shop"]):
        with opened(folder) as store:
            store.save(make_past_run(number))
            assert len(store.entries()) == number + 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_another_user_is_not_trusted(clone: Path) -> None:
    """As in a job that runs in a container."""
    for path in (clone, *clone.rglob("*")):
        os.chown(path, 65534, 65534)
    with opened(clone) as store, pytest.raises(HistoryError, match="dubious ownership") as caught:
        store.entries()
    assert f"git config --global --add safe.directory {clone}" in str(caught.value)


def test_a_relative_url_counts_from_the_top_of_the_work_tree(clone: Path, remote: Path) -> None:
    git(clone, "remote", "set-url", "origin", f"../{remote.name}")
    (clone / "sub").mkdir()
    with opened(clone / "sub") as store:
        store.save(make_past_run(1))
    assert len(files(remote)) == 4


def test_without_a_remote_the_branch_is_in_the_repository_itself(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "alone")
    for number in range(2):  # the first time without any commit
        with opened(tmp_path / "alone") as store:
            store.save(make_past_run(number))
            assert len(store.entries()) == number + 1
        (tmp_path / "alone/code.py").write_text("code")
        git(tmp_path / "alone", "add", ".")
        git(tmp_path / "alone", "commit", "-q", "--allow-empty", "-m", "code")
    assert git(tmp_path / "alone", "status", "--porcelain") == ""
    git(tmp_path / "alone", "checkout", "-q", BRANCH)
    with opened(tmp_path / "alone") as store, pytest.raises(HistoryError, match="refuses to be written") as caught:
        store.save(make_past_run(3))
    assert "check out another one" in caught.value.hint
    assert git(tmp_path / "alone", "status", "--porcelain") == ""


def test_in_a_shallow_clone_that_lost_its_remote(clone: Path) -> None:
    git(clone, "remote", "remove", "origin")
    for number in range(2):
        with opened(clone) as store:
            store.save(make_past_run(number))
            assert len(store.entries()) == number + 1


def test_an_older_git_is_named(clone: Path, tmp_path: Path) -> None:
    """It repeats the options that it does not know, as git before 2.31 does."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = shutil.which("git")
    program.write_text(
        f'#!/bin/sh\nfor each; do [ "$each" = --path-format=absolute ] && echo "$each"; done\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    with (
        opened(clone, PATH=path) as store,
        pytest.raises(HistoryError, match=r"git 2\.31 or newer is needed; here is git"),
    ):
        store.entries()


def test_inside_a_hook_of_another_repository(clone: Path, remote: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "other")
    with opened(clone, GIT_DIR=str(tmp_path / "other/.git"), GIT_INDEX_FILE=str(tmp_path / "index")) as store:
        store.save(make_past_run(1))
    assert len(files(remote)) == 4


def test_somebody_elses_files_may_have_any_name(store: History, remote: Path) -> None:
    store.save(make_past_run(1, acceptances=[make_acceptance()]))
    names = ['accepted/run-0001/a "b" \\ c.json', "zażółć.txt", "runs/-x", "with\nline"]
    for name in names:
        plant(remote, name, "x")
        (remote.parent / "planting").rename(remote.parent / uuid4().hex)
    store.save(make_past_run(2))
    assert store.delete(["run-0001"]) == 1
    kept = git(remote, "ls-tree", "-r", "-z", "--name-only", BRANCH).split("\0")
    assert set(names[1:]) <= set(kept)
    assert [path for path in kept if "run-0001" in path] == []


def test_another_remote_can_be_named(clone: Path, remote: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "other.git")
    git(clone, "remote", "add", "results", str(tmp_path / "other.git"))
    with opened(clone, f"git:{BRANCH}@results") as store:
        store.save(make_past_run(1))
    assert len(files(tmp_path / "other.git")) == 4
    assert git(remote, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


@pytest.mark.parametrize("hash_", ["sha1", "sha256"])
def test_both_kinds_of_object_names(hash_: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", f"--object-format={hash_}", "alone")
    with opened(tmp_path / "alone") as store:
        store.save(make_past_run(1))
        assert len(store.entries()) == 1


def test_a_forced_push_is_followed(clone: Path, store: History, remote: Path) -> None:
    store.save(make_past_run(1))
    first = git(remote, "rev-parse", BRANCH)
    store.save(make_past_run(2))
    git(remote, "update-ref", f"refs/heads/{BRANCH}", first)
    assert [entry.id for entry in store.entries()] == ["run-0001"]
    store.save(make_past_run(3))
    assert [entry.id for entry in store.entries()] == ["run-0003", "run-0001"]
    git(remote, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert store.entries() == ()
    store.save(make_past_run(4))
    assert [entry.id for entry in store.entries()] == ["run-0004"]


def test_pruning_drops_the_past_of_the_branch_and_keeps_other_files(store: History, remote: Path) -> None:
    for number in (1, 2, 3):
        store.save(make_past_run(number, acceptances=[make_acceptance()]))
    plant(remote, "charts/p95.svg", "<svg/>")
    assert store.delete(["run-0001", "run-0002"]) == 2
    assert git(remote, "rev-list", "--count", BRANCH) == "1"
    kept = files(remote)
    assert [path for path in kept if "run-000" in path and "run-0003" not in path] == []
    assert {"charts/p95.svg", "README.md", "format.json"} <= set(kept)
    assert store.get("run-0003").acceptances == (make_acceptance(),)


def test_where_a_rule_forbids_to_drop_the_past_a_commit_forgets(store: History, remote: Path) -> None:
    for number in (1, 2):
        store.save(make_past_run(number))
    git(remote, "config", "receive.denyNonFastForwards", "true")
    assert store.delete(["run-0001"]) == 1
    assert git(remote, "rev-list", "--count", BRANCH) == "3"
    assert [entry.id for entry in store.entries()] == ["run-0002"]


RULE = 'echo "error: GH013: Repository rule violations found for refs/heads/perfgate-data." >&2; exit 1'


def test_a_protected_branch_says_what_to_do(store: History, remote: Path) -> None:
    store.save(make_past_run(1))
    hook(remote, "pre-receive", RULE)
    with pytest.raises(HistoryError, match="GH013: Repository rule violations") as caught:
        store.save(make_past_run(2))
    assert "rule" in caught.value.hint
    assert "git:OTHER-NAME" in caught.value.hint
    assert "perfgate history add" in caught.value.hint
    with pytest.raises(HistoryError, match="GH013"):
        store.delete(["run-0001"])
    assert [entry.id for entry in store.entries()] == ["run-0001"]


def test_a_branch_below_the_name_is_in_the_way(store: History, remote: Path) -> None:
    git(remote, "branch", f"{BRANCH}/old", "main")
    with pytest.raises(HistoryError, match="refuses to be written") as caught:
        store.save(make_past_run(1))
    assert "a branch A beside a branch A/B" in caught.value.hint


def test_settings_that_the_user_has_for_some_folders_count(clone: Path, tmp_path: Path) -> None:
    """As people keep accounts apart, and as actions/checkout keeps its credentials."""
    own, everywhere = tmp_path / "own.config", tmp_path / "everywhere.config"
    own.write_text('[http "https://shop.example/"]\n\textraheader = X-Own: 1\n')
    everywhere.write_text(
        f'[includeIf "gitdir:{clone}/"]\n\tpath = {own}\n[http "https://shop.example/"]\n\textraheader = X-All: 1\n'
    )
    repository = PrivateRepository(remote="", folder=clone, environ=NOBODY | {"GIT_CONFIG_GLOBAL": str(everywhere)})
    headers = repository.git("config", "--get-all", "http.https://shop.example/.extraheader").decode().split("\n")
    assert sorted(filter(None, headers)) == ["X-All: 1", "X-Own: 1"]
    repository.close()


def test_a_push_that_got_through_although_the_line_broke_counts(store: History, remote: Path) -> None:
    hook(remote, "post-receive", "kill -9 $PPID")
    assert store.save(make_past_run(1)) is True
    assert [entry.id for entry in store.entries()] == ["run-0001"]
    assert git(remote, "rev-list", "--count", BRANCH) == "1"


def test_others_that_are_always_quicker_end_in_an_error(
    store: History, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfgate.history.files.data_branch.MAX_PAUSE_S", 0.0)
    store.save(make_past_run(1))
    somebody = "GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x"
    hook(remote, "update", f'git update-ref $1 "$({somebody} git commit-tree $1^{{tree}} -p $1 -m quicker)"')
    with pytest.raises(HistoryError, match=f"{MAX_PUSHES} times"):
        store.save(make_past_run(2))
    assert git(remote, "rev-list", "--count", BRANCH) == str(1 + MAX_PUSHES)


def test_a_remote_that_is_not_there_is_an_error_never_an_empty_history(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "file:///nonexistent/remote.git")
    with opened(clone) as store:
        for act in (store.entries, lambda: store.runs("shop"), lambda: store.save(make_past_run(1))):
            with pytest.raises(HistoryError, match="cannot be reached"):
                act()


def test_a_broken_file_is_left_out_and_named(clone: Path, remote: Path) -> None:
    said: list[str] = []
    with history.open(f"git:{BRANCH}", root=clone, environ=NOBODY, say=said.append) as store:
        for number in (1, 2, 3):
            store.save(make_past_run(number, acceptances=[make_acceptance()]))
        broken = next(path for path in files(remote) if path.startswith("runs/") and "run-0002" in path)
        said_of = next(path for path in files(remote) if path.startswith("accepted/run-0003"))
        plant(remote, broken, '{"run": ')
        (remote.with_name("planting") / said_of).write_text("[]")
        (remote.with_name("planting") / "runs/notes.txt").write_text("hello")
        git(remote.with_name("planting"), "add", "-A")
        git(remote.with_name("planting"), "commit", "-q", "-m", "more")
        git(remote.with_name("planting"), "push", "-q", "origin", f"HEAD:{BRANCH}")
        assert [past_run.run.id for past_run in store.runs("shop", limit=2)] == ["run-0003", "run-0001"]
        assert [past_run.acceptances for past_run in store.runs("shop")] == [(), (make_acceptance(),)]
        with pytest.raises(HistoryError, match="run-0002"):
            store.get("run-0002")
        assert store.delete(["run-0002"]) == 1
    assert len(said) == 3  # each once
    assert [word for word in (broken, "accepted/run-0003/", "runs/notes.txt") if word not in "\n".join(said)] == []


def test_when_all_are_broken_it_is_an_error(store: History, remote: Path) -> None:
    store.save(make_past_run(1))
    plant(remote, next(path for path in files(remote) if path.startswith("runs/")), "{}")
    with pytest.raises(HistoryError, match="damaged"):
        store.runs("shop")


def test_a_run_under_another_name_is_not_taken_for_it(store: History, remote: Path) -> None:
    store.save(make_past_run(1, branch="fork:main"))
    path = next(path for path in files(remote) if path.startswith("runs/"))
    plant(remote, path.replace("fork%3Amain", "main"), git(remote, "show", f"{BRANCH}:{path}"))
    with pytest.raises(HistoryError, match="damaged"):
        store.runs("shop", branch="main")


def test_a_branch_of_code_is_refused(clone: Path, remote: Path) -> None:
    with opened(clone, "git:main") as store:
        for act in (store.entries, lambda: store.save(make_past_run(1)), lambda: store.delete(["x"])):
            with pytest.raises(HistoryError, match="no perfgate history"):
                act()
    assert git(remote, "rev-list", "--count", "main") == "3"


def test_a_newer_history_is_refused(store: History, remote: Path) -> None:
    store.save(make_past_run(1))
    plant(remote, "format.json", '{"format": "perfgate-history", "schema": 2}')
    store.close()
    with pytest.raises(HistoryError, match="newer perfgate"):
        store.entries()


@pytest.mark.parametrize("name", ["", "-x", "a b", "a..b", "refs/heads/x", "/x", "x.lock", "x@", "x@-u"])
def test_a_name_that_no_branch_can_have(name: str, clone: Path) -> None:
    with pytest.raises(HistoryError):
        opened(clone, f"git:{name}").entries()


def test_outside_a_repository_it_says_so(tmp_path: Path) -> None:
    with opened(tmp_path) as store, pytest.raises(HistoryError, match="not a git repository") as caught:
        store.entries()
    assert "git:perfgate-data@https://" in caught.value.hint


def test_tokens_reach_the_server_but_neither_arguments_nor_messages(clone: Path, tmp_path: Path) -> None:
    """What actions/checkout leaves: a header in a file that is included for this repository alone."""
    secret = "AUTHORIZATION: basic c2VjcmV0"
    (tmp_path / "credentials").write_text(f'[http "http://127.0.0.1:9/"]\n\textraheader = {secret}\n')
    git(clone, "config", f"includeIf.gitdir:{clone}/.git.path", str(tmp_path / "credentials"))
    git(clone, "remote", "set-url", "origin", "http://user:hunter2@127.0.0.1:9/shop.git")
    private = PrivateRepository(remote="", folder=clone, environ=NOBODY)
    assert private.git("config", "--get", "http.http://127.0.0.1:9/.extraheader").decode().strip() == secret
    private.close()
    with opened(clone) as store, pytest.raises(HistoryError) as caught:
        store.save(make_past_run(1))
    assert [word for word in ("hunter2", "user:", "c2VjcmV0") if word in str(caught.value)] == []


@contextmanager
def server_with_login(status: int) -> Iterator[tuple[str, list[str]]]:
    """Address of a server that wants to know who it is, then answers with that status, and what it is sent of that."""
    seen: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            word = self.headers.get("Authorization", "")
            seen.append(word)
            self.send_response(status if word else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="shop"')
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", seen
        server.shutdown()


@pytest.fixture
def arguments(tmp_path: Path) -> Path:
    """What git is called with, a line for each call, where `bin` comes first in PATH."""
    spied = tmp_path / "bin" / "git"
    spied.parent.mkdir()
    spied.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nexec {shutil.which("git")} "$@"\n')
    spied.chmod(0o755)
    return tmp_path / "arguments"


def test_a_password_in_a_url_is_in_no_process_list(arguments: Path, tmp_path: Path) -> None:
    """git hands the URL of a remote on to a program of its own, as an argument that everybody on the machine can read."""
    path = f"{tmp_path}/bin:{NOBODY['PATH']}"
    with (
        server_with_login(404) as (host, seen),
        opened(tmp_path, f"git:{BRANCH}@http://ci:hunt%65r2@{host}/shop.git", PATH=path) as store,
    ):
        try:
            entries = store.entries()
        except HistoryError as error:
            caught = error
        else:
            pytest.fail(f"{entries} of a server that was asked {seen} by git {arguments.read_text()!r}")

    assert seen[-1] == f"Basic {b64encode(b'ci:hunter2').decode()}"
    told = arguments.read_text() + str(caught) + caught.hint
    assert "ls-remote" in told
    assert [word for word in ("hunter2", "hunt%65r2", "ci:") if word in told] == []


HELPER = '[credential]\n\thelper = "!f() { test $1 = get && echo password=hunter2; }; f"\n'


@pytest.mark.parametrize(
    ("userinfo", "settings", "askpass", "sent"),
    [
        ("hunter2", "", "", "hunter2:"),
        ("hunter2", "[credential]\n\thelper = store --file={folder}/stored\n", "", "hunter2:"),
        ("ci:hunter2@home", "", "", "ci:hunter2@home"),
        ("ci", HELPER, "", "ci:hunter2"),
        ("ci", "", "echo hunter2", "ci:hunter2"),
        ("hunter2", "", "exit 1", "hunter2:"),
        ("hunter2%0Ahost=shop.example", HELPER, "", "hunter2:"),
    ],
    ids=["token", "token and a store", "password with an @", "helper", "askpass", "askpass without", "line break"],
)
def test_a_token_in_a_url_is_in_no_process_list_and_no_file(
    arguments: Path, tmp_path: Path, userinfo: str, settings: str, askpass: str, sent: str
) -> None:
    (tmp_path / "settings").write_text(settings.format(folder=tmp_path) if "{folder}" in settings else settings)
    environ = {"PATH": f"{tmp_path}/bin:{NOBODY['PATH']}", "GIT_CONFIG_GLOBAL": str(tmp_path / "settings")}
    if askpass:
        program = tmp_path / "askpass"
        program.write_text(f'#!/bin/sh\necho "askpass $@" >> {arguments}\n{askpass}\n')
        program.chmod(0o755)
        environ["GIT_ASKPASS"] = str(program)
    with (
        server_with_login(200) as (host, seen),
        opened(tmp_path, f"git:{BRANCH}@http://{userinfo}@{host}/shop.git", **environ) as store,
    ):
        assert store.entries() == ()

    assert f"Basic {b64encode(sent.encode()).decode()}" in seen
    told = arguments.read_text()
    assert "ls-remote" in told
    assert [word for word in ("hunter2", "ci@") if word in told] == []
    assert ("askpass Password" in told) is bool(askpass)
    assert not (tmp_path / "stored").exists()


def test_hundreds_of_runs_are_listed_and_read(store: History, remote: Path) -> None:
    store.save_all([make_past_run(number) for number in range(300)])
    assert git(remote, "rev-list", "--count", BRANCH) == "1"
    assert len(store.runs("shop", limit=250)) == 250


def test_the_branch_and_the_file_turn_into_each_other(clone: Path, store: History, tmp_path: Path) -> None:
    runs = [
        make_past_run(
            number,
            branch=["main", "feature/x", ""][number % 3],
            outcome=list(Outcome)[number % len(Outcome)],
            failed=[("list products", "p95")] if number % 2 else [],
            acceptances=[make_acceptance(reason=str(which)) for which in range(number % 4)],
        )
        for number in range(12)
    ]
    with history.open("sqlite:///one.db", root=tmp_path) as one, history.open("sqlite:///two.db", root=tmp_path) as two:
        one.save_all(runs)
        for source, target, name in ((one, store, "a.jsonl"), (store, two, "b.jsonl"), (two, two, "c.jsonl")):
            export_runs(source, tmp_path / name)
            import_runs(target, tmp_path / name)
        assert list(two.get_all(past_run.run.id for past_run in runs)) == runs
        assert one.entries() == store.entries() == two.entries()
    first, *others = ((tmp_path / name).read_bytes() for name in ("a.jsonl", "b.jsonl", "c.jsonl"))
    assert others == [first, first]


WRITER = """
import os, sys
from pathlib import Path
from builders import make_past_run
from perfgate import history
mine = make_past_run(int(sys.argv[2]))
with history.open(sys.argv[1], root=Path.cwd(), environ=os.environ) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    store.save(mine)
"""


@pytest.mark.parametrize("writers", [6, pytest.param(30, marks=pytest.mark.slow)])
def test_writers_at_once_are_all_stored(writers: int, remote: Path, tmp_path: Path) -> None:
    """The branch does not exist when they start."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, f"git:{BRANCH}@file://{remote}", str(number)],
            env=NOBODY | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(writers)
    ]
    assert start_together(processes, 240) == [""] * writers
    with opened(tmp_path, f"git:{BRANCH}@file://{remote}") as store:
        assert [entry.id for entry in store.entries()] == [f"run-{number:04d}" for number in reversed(range(writers))]
    assert git(remote, "rev-list", "--count", BRANCH) == str(writers)
