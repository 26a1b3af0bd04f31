"""The verdict as publishers take it: an `Announcement`, in the words of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Annotation, Announcement, Broken, Correction, NotMeasured, Occasion
from perfgate.model.verdict import Finding
from perfgate.report import words
from perfgate.report.escaping import attribute, code, plain, prose
from perfgate.report.facts import Facts, finite
from perfgate.report.headline import headline
from perfgate.report.markdown import comment
from perfgate.report.undecided import is_mostly_undecided

MAX_ANNOTATIONS = 10  # GitHub shows ten of each kind per step, and nobody reads more
MAX_TITLE_CHARS = 100  # characters
MAX_REASON_CHARS = 400  # characters of why nothing was measured
LOCAL = ("127.0.0.1", "localhost", "::1")

_BROKEN = (Outcome.FAIL, Outcome.NO_DATA)
_WORTH_A_LINE = (*_BROKEN, Outcome.WARN)


def announce(
    facts: Facts, text: str, *, budget: str, blocks: bool, files: Mapping[str, str], topic: str = ""
) -> Announcement:
    """Everything that publishers need. `text` is the comment (`comment.render`); `budget` is the budget file's path in
    the repository; `blocks`: the build fails; `files`: what -> path.

    One comment is kept per budget file and target, or per `topic` if there is one (preview deployments have a new
    address each time). Any port of this machine is one target.
    """
    where = topic or _host(facts.run.target)
    failed = sum(finding.outcome in _BROKEN for finding in facts.verdict.findings)
    undecided = (Outcome.INCONCLUSIVE,) if blocks and not failed else ()  # then that is why the build fails
    notable = [finding for finding in facts.findings if finding.outcome in (*_WORTH_A_LINE, *undecided)]
    return Announcement(
        key=_key(budget, facts.verdict.name, where),
        title=plain(f"perfgate: {facts.verdict.name}{f' ({where})' if where else ''}", MAX_TITLE_CHARS),
        outcome=facts.verdict.outcome,
        failed=failed,
        blocks=blocks,
        headline=headline(facts),
        comment=text,
        summary=comment.summary(facts),
        annotations=tuple(_annotations(notable[:MAX_ANNOTATIONS], budget)),
        more_annotations=max(0, len(notable) - MAX_ANNOTATIONS),
        occasion=_occasion(facts, budget),
        files=files,
        is_mostly_undecided=is_mostly_undecided(facts),
    )


def correct(failure: NotMeasured, *, budget: str, topic: str = "") -> Correction:
    """The correction of the comment that `announce` would have kept: that there is no verdict on this commit, and
    why."""
    at = f" at {code(failure.commit[:7])}" if failure.commit else ""
    log = f' <a href="{attribute(failure.url, 500)}">The job\'s log</a> says more.' if _is_link(failure.url) else ""
    return Correction(
        key=_key(budget, failure.name, topic or _host(failure.target)),
        comment=(
            f"### 🚫 {code(failure.name)} NOT MEASURED{at}\n\n{prose(failure.reason, MAX_REASON_CHARS)}\n\n"
            f"There is no verdict on the newest commit.{log}"
        ),
    )


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _key(budget: str, name: str, where: str) -> str:
    return "\n".join((budget, name, where))


def _occasion(facts: Facts, budget: str) -> Occasion:
    """What failed already is told by the newest decided run before this one of its branch."""
    run, verdict = facts.run, facts.verdict
    earlier = [
        item for item in facts.before if item.run.branch == run.branch and item.outcome is not Outcome.INCONCLUSIVE
    ]
    failed = set(earlier[-1].failed) if earlier else set()
    broken = [finding for finding in facts.findings if finding.outcome in _BROKEN]
    undecided = [(item.endpoint, item.metric) for item in facts.findings if item.outcome is Outcome.INCONCLUSIVE]
    return Occasion(
        run=plain(run.id, MAX_TITLE_CHARS),
        name=plain(run.name, MAX_TITLE_CHARS),
        budget=budget,
        started=plain(run.started, 40),
        commit=plain(run.commit, 64) if run.commit else "",
        branch=plain(run.branch, MAX_TITLE_CHARS) if run.branch else "",
        url=run.url if _is_link(run.url) else "",
        on_baseline=bool(run.branch) and run.pull_request is None and run.branch == verdict.baseline_branch,
        recovered=bool(failed) and not broken and not failed & set(undecided),
        broken=tuple(
            Broken(
                endpoint=plain(item.endpoint, MAX_TITLE_CHARS),
                metric=plain(item.metric, 40),
                outcome=item.outcome,
                sentence=plain(item.sentence, 500),
                measured=finite(item.measured),
                baseline=finite(item.baseline),
                change=finite(item.change),
                is_new=(item.endpoint, item.metric) not in failed,
            )
            for item in broken
        ),
        undecided=tuple((plain(name, MAX_TITLE_CHARS), plain(metric, 40)) for name, metric in undecided),
    )


def _host(target: str) -> str:
    """ "shop.example:8443"; nothing for this machine."""
    try:
        address = urlsplit(target)
        local = address.hostname in LOCAL
    except ValueError:
        return plain(target, 60)
    return "" if local else plain(address.netloc.rpartition("@")[2], 60) if address.netloc else ""


def _annotations(findings: Sequence[Finding], budget: str) -> Iterator[Annotation]:
    for finding in findings:
        yield Annotation(
            path=budget,
            line=max(0, finding.line),
            serious=finding.outcome in _BROKEN,
            title=plain(f"{finding.endpoint} {finding.metric}: {words.word(finding.outcome)}", MAX_TITLE_CHARS),
            message=plain(finding.sentence, 500),
        )
