"""Shape of pages -> PageSpec."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.budgets.shape.page_shape import InteractionShape, IterationsShape, PageShape, StepShape
from perfgate.model.budget_file import Interaction, PageSpec


def pages(written: Mapping[str, PageShape | str]) -> tuple[PageSpec, ...]:
    shapes = {name: item if isinstance(item, PageShape) else PageShape(path=item) for name, item in written.items()}
    return tuple(_page(name, shape) for name, shape in shapes.items())


def _page(name: str, shape: PageShape) -> PageSpec:
    min_views, max_views, within = _iterations(shape.iterations)
    return PageSpec(
        name=name,
        path=shape.path,
        steps=tuple(_interaction(item) for item in shape.steps or ()),
        interact=tuple(_interaction(item) for item in shape.interact or ()),
        fewest=min_views,
        most=max_views,
        within=within,
        during=shape.during or PageSpec.during,
        login=shape.login or PageSpec.login,
        cache=shape.cache or PageSpec.cache,
        throttle=shape.throttle or PageSpec.throttle,
        viewport=shape.viewport or PageSpec.viewport,
        timeout=shape.timeout or PageSpec.timeout,
        storage_state=shape.storage_state or PageSpec.storage_state,
    )


def _iterations(written: IterationsShape | int | None) -> tuple[int, int, float]:
    """Returns the fewest and the most iterations, and the seconds for them."""
    if isinstance(written, int):
        return written, written, PageSpec.within
    shape = written or IterationsShape()
    min_views = shape.min or min(PageSpec.fewest, shape.max or PageSpec.fewest)
    return min_views, max(min_views, shape.max or PageSpec.most), shape.within or PageSpec.within


def _interaction(shape: InteractionShape) -> Interaction:
    if shape.type:
        return Interaction(act="type", target=shape.type.into, text=shape.type.text)
    if shape.select:
        return Interaction(act="select", target=shape.select.from_, text=shape.select.option)
    if shape.scroll:
        return Interaction(act="scroll", target=shape.scroll)
    if shape.wait:
        return Interaction(act="wait", seconds=shape.wait)
    if isinstance(shape, StepShape) and shape.goto:
        return Interaction(act="goto", target=shape.goto)
    if shape.wait_for:
        return Interaction(act="wait_for", target=shape.wait_for)
    return Interaction(act="click", target=shape.click or "")
