"""The shape of a page: where it is, how it is viewed, what a visitor does there, and its budget."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from perfgate.budgets.shape.fields import (
    MAP,
    TEXT,
    MapOrText,
    Maybe,
    PositiveDuration,
    Shape,
    optional,
    required,
)
from perfgate.budgets.shape.limits import PageBudget
from perfgate.budgets.shape.texts import Name, Text, UrlPath

Iterations = Annotated[int, Field(ge=3, le=50)]


class TypeShape(Shape):
    into: Text = required("A CSS selector of the field.", "#search")
    text: Text = required("What is typed, key by key.", "lamp")


class SelectShape(Shape):
    from_: Text = required("A CSS selector of the list.", "#size", alias="from")
    option: Text = required("The value or label of the option.", "large")


class InteractionShape(Shape):
    """One of these."""

    click: Maybe[Text] = optional("Click what this CSS selector finds.", "#buy")
    type: Maybe[TypeShape] = optional("Type into a field.", {"into": "#search", "text": "lamp"})
    select: Maybe[SelectShape] = optional("Choose an option of a list.", {"from": "#size", "option": "large"})
    scroll: Maybe[Literal["down"]] = optional("Scroll down by up to three screens.", "down")
    wait: Maybe[PositiveDuration] = optional("Wait so long.", "500ms")
    wait_for: Maybe[Text] = optional("Wait until this CSS selector finds something visible.", ".results")


class StepShape(InteractionShape):
    """One of these."""

    goto: Maybe[UrlPath] = optional("Open this path of the target.", "/basket")


class IterationsShape(Shape):
    min: Maybe[Iterations] = optional("At least so often. Default: 5.", 5)
    max: Maybe[Iterations] = optional("At most so often. Default: 9.", 15)
    within: Maybe[PositiveDuration] = optional("After this time no more than `min`. Default: 2m.", "1m")


ViewsOfPage = Annotated[Annotated[IterationsShape, Tag(MAP)] | Annotated[Iterations, Tag(TEXT)], MapOrText]


class PageShape(Shape):
    path: UrlPath = required("The path of the page on the target.", "/")
    steps: Maybe[Annotated[list[StepShape], Field(min_length=1)]] = optional(
        "The way from `path` to the page that is measured, to which the last step leads: another document, or a new "
        "address within the same (single-page application). `${X}` in texts is from the environment.",
        [{"type": {"into": "#user", "text": "${SHOP_USER}"}}, {"click": "#log-in"}],
    )
    interact: Maybe[Annotated[list[InteractionShape], Field(min_length=1)]] = optional(
        "What a visitor does once the page has loaded, in order. Without it there is no INP.",
        [{"click": "#buy"}, {"wait_for": ".basket"}],
    )
    iterations: Maybe[ViewsOfPage] = optional(
        "How often it is viewed, on each side. Default: 5 times, and up to 9 until every metric with a budget is known "
        "to 10 %.",
        9,
        {"min": 5, "max": 15, "within": "1m"},
    )
    during: Maybe[Literal["load"]] = optional(
        "Views it while the load runs: how the page feels then. Default: apart from the load.", "load"
    )
    login: Maybe[Name] = optional(
        "An endpoint or a journey that is sent once, on each side, before the views: the page gets its cookies, and "
        "what it captures may stand in `path`, `goto` and typed texts (`/orders/{order}`).",
        "log in",
    )
    cache: Maybe[Literal["cold", "warm"]] = optional(
        "Whether the visitor comes for the first or the second time. Default: cold.", "warm"
    )
    throttle: Maybe[Literal["none", "mobileSlow4G", "mobileRegular3G", "desktopDense4G"]] = optional(
        "A slower network and processor, by Lighthouse's names. Default: none.", "mobileSlow4G"
    )
    viewport: Maybe[Literal["desktop", "mobile"]] = optional("The size of the screen. Default: desktop.", "mobile")
    timeout: Maybe[PositiveDuration] = optional("Of one view. Default: 30s.", "1m")
    storage_state: Maybe[Text] = optional(
        "A file with cookies and local storage of somebody who is logged in, as Playwright saves it; relative to the "
        "budget file's folder. Or a variable that holds its path, or what is in it.",
        "login.json",
        "${SHOP_STATE}",
    )
    budget: Maybe[PageBudget] = optional("Limits on the page.", {"lcp": "2.5s +20%", "cls": 0.1})


PageEntry = Annotated[Annotated[PageShape, Tag(MAP)] | Annotated[UrlPath, Tag(TEXT)], MapOrText]
