"""What a budget file says under `budget:`: the criteria of each metric, written as a text or in two levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, Tag, WithJsonSchema, create_model
from pydantic_core import core_schema

from perfgate.budgets.shape.fields import MAP, TEXT, MapOrText, Shape, optional, problem
from perfgate.model.budget_file import Criterion, Json, Severity
from perfgate.model.metric import METRICS, Metric, ResultKind, Unit
from perfgate.text.criteria import accepted_criteria, criteria_pattern, parse_criteria
from perfgate.text.units import UnitError

NO_LIMIT = "none"  # drops what `defaults.budget` says about a metric

_EXAMPLES: Mapping[Unit, tuple[Json, ...]] = {
    Unit.SECONDS: ("300ms", "300ms +10%", "+20ms", {"fail": "120ms +10%", "warn": "100ms +5%"}, NO_LIMIT),
    Unit.BYTES: ("40kB +20%", "+5kB", {"fail": "64KiB", "warn": "48KiB"}, NO_LIMIT),
    Unit.RATIO: ("1%", "1% +0.5pp", {"fail": "1%", "warn": "0.1%"}, NO_LIMIT),
    Unit.PER_SECOND: ("100/s", "100/s -10%", "-5/s", NO_LIMIT),
    Unit.COUNT: ("3", "3 +0", "+1", "+10%", {"fail": "10", "warn": "3"}, NO_LIMIT),
}


_SHARE_EXAMPLES: tuple[Json, ...] = ("90%", "90% -5pp", "-5pp", {"fail": "80%", "warn": "90%"}, NO_LIMIT)  # of shares


def _examples(metric: Metric) -> tuple[Json, ...]:
    return _SHARE_EXAMPLES if metric.unit is Unit.RATIO and metric.higher_is_better else _EXAMPLES[metric.unit]


def criteria(entry: Json, metric: Metric) -> tuple[Criterion, ...]:
    """Criteria of a text, or of a map with `fail` and `warn`; none for `none`. Raises UnitError for anything else."""
    if entry == NO_LIMIT:
        return ()
    entry = _as_written(entry)
    if isinstance(entry, str):
        return parse_criteria(entry, metric)
    levels = [severity for severity in Severity if isinstance(entry, dict) and severity.value in entry]
    texts = [_as_written(entry[severity.value]) for severity in levels]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise UnitError(f"not a limit on {metric.name}", hint=accepted_criteria(metric))
    pairs = zip(texts, levels, strict=True)
    return tuple(criterion for text, level in pairs for criterion in parse_criteria(text, metric, level))


def merged(default: Iterable[Criterion], own: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """`own` criteria, and those of `default` of a kind and severity that `own` does not say."""
    text = {(criterion.kind, criterion.severity) for criterion in own}
    inherited = tuple(criterion for criterion in default if (criterion.kind, criterion.severity) not in text)
    ranks = {severity: rank for rank, severity in enumerate(Severity)}
    return tuple(sorted(own + inherited, key=lambda criterion: (ranks[criterion.severity], criterion.kind.value)))


def _as_written(value: Any) -> Any:
    """A number as its text: a count, or a limit without its unit, which says more than that it is not a text."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class _Becomes:
    """Lets a model that is made at run time stand where mypy wants a static type."""

    def __init__(self, model: type[Shape]) -> None:
        self.model = model

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return handler.generate_schema(self.model)


def _limit(metric: Metric, *, levels: bool) -> Any:
    """The type of a budget text of `metric`."""

    def parse(text: str) -> str:
        if text == NO_LIMIT and levels:
            return text
        try:
            parse_criteria(text, metric)
        except UnitError as error:
            raise problem(error.message, error.hint, code="PG-B011") from error
        return text

    pattern = criteria_pattern(metric)
    pattern = f"^{NO_LIMIT}$|{pattern}" if levels else pattern
    text = {"type": "string", "pattern": pattern}
    number = {"type": "number", "minimum": 0}
    in_editors = WithJsonSchema({"anyOf": [text, number]} if metric.unit is Unit.COUNT else text)
    return Annotated[str, AfterValidator(parse), BeforeValidator(_as_written), in_editors]


@cache  # an endpoint's, a page's and a journey's limits on a metric are written alike
def _entry(metric: Metric) -> Any:
    level = _limit(metric, levels=False)
    example = _examples(metric)[0]
    levels: Any = create_model(
        f"LevelsOf_{metric.name}",
        __base__=Shape,
        fail=(level, optional("Beyond this, the build fails.", example)),
        warn=(level, optional("Beyond this, the report warns.", example)),
    )
    text = _limit(metric, levels=True)
    return Annotated[Annotated[levels, Tag(MAP)] | Annotated[text, Tag(TEXT)], MapOrText]


def _shape(name: str, kind: ResultKind) -> type[Shape]:
    fields: dict[str, Any] = {
        metric.name: (_entry(metric), optional(f"Limit on the {metric.meaning}.", *_examples(metric)))
        for metric in METRICS.values()
        if kind in metric.kinds
    }
    return create_model(name, __base__=Shape, **fields)


EndpointBudget = Annotated[Shape, _Becomes(_shape("EndpointBudget", "endpoint"))]
PageBudget = Annotated[Shape, _Becomes(_shape("PageBudget", "page"))]
JourneyBudget = Annotated[Shape, _Becomes(_shape("JourneyBudget", "journey"))]
