"""A sampled profile: stacks -> CPU seconds per request of each function, and a flame graph's file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from perfgate.diagnose.serialisers import is_serialising

Frame = str  # "shop.search.rank"; a library's begins with "~"
Stack = tuple[Frame, ...]  # the outermost first

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
NO_FUNCTION = re.compile(r"~(\(|threads )")  # frames of the engine itself, and of threads that are not sampled
COLLECTOR = "~(garbage collector)"  # that of Node
NO_NAMES: Mapping[Frame, str] = MappingProxyType({})
MAX_NAME_CHARS = 200  # characters of a name: strangers name files and functions
MIN_INNER_SHARE = (
    0.5  # of the largest growth: a function inside with as much names the cause better than the one around it
)


@dataclass(frozen=True, kw_only=True)
class SampledProfile:
    """What a profiler saw of a service."""

    samples: Mapping[Stack, int]  # of what computes
    rate: float  # samples per second
    loop: Mapping[Stack, int] | None = None  # of event loops, from what the loop calls, waiting ones too
    names: Mapping[Frame, str] = field(default_factory=dict)  # what is shown of a frame, where it is not the frame
    retained: int | None = None  # bytes that heaps keep more, after they were collected
    retained_noise: int = 0  # bytes of it that they keep by themselves
    retainers: Mapping[Frame, int] = field(default_factory=dict)  # bytes of it, by the function that allocated them


@dataclass(frozen=True, kw_only=True)
class FunctionTime:
    """CPU of one function with all that it calls, s per request; `share` of the request's CPU; `depth` of its calls, on
    average; `is_library`: no code of the application. `key` is what it is compared by, where not by its name."""

    name: str
    key: str = ""
    seconds: float
    share: float
    depth: float = 0.0
    is_library: bool = False


@dataclass(frozen=True, kw_only=True)
class FunctionGrowth:
    """A function that takes longer; `change` in s per request, beside the base or the control."""

    function: FunctionTime
    change: float


@dataclass(frozen=True, kw_only=True)
class FunctionBytes:
    """Bytes per request that a function has allocated and that are still in use; `key` as above."""

    name: str
    size: float
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class LoopBlocker:
    """A function of the application that the event loop is in, and the `call` in it that it waits in; `share` of the
    loop's time."""

    name: str
    call: str
    share: float


@dataclass(frozen=True, kw_only=True)
class ProfileFacts:
    """What a profile tells of a request. Functions are the largest first; `serialising` in s of CPU."""

    functions: tuple[FunctionTime, ...] = ()
    serialising: float | None = None
    blockers: tuple[LoopBlocker, ...] = ()  # of the event loop
    retained: float | None = None  # bytes that stay on the heap
    retained_noise: float | None = None
    retainers: tuple[FunctionBytes, ...] = ()


def facts(profile: SampledProfile, cpu: float, requests: int) -> ProfileFacts:
    """`cpu` is what a request takes as a whole, s."""
    known = ProfileFacts(
        functions=functions(profile.samples, cpu, profile.names), serialising=serialising(profile.samples, cpu)
    )
    if profile.retained is None or not requests:
        return known
    by_size = sorted(profile.retainers.items(), key=lambda item: (-item[1], item[0]))
    return replace(
        known,
        retained=profile.retained / requests,
        retained_noise=profile.retained_noise / requests,
        retainers=tuple(
            FunctionBytes(name=_shown(frame, profile.names), size=size / requests, key=frame) for frame, size in by_size
        ),
    )


def path_below(path: str, folders: Iterable[str]) -> str:
    """The path below the innermost of the folders that it lies in; the file's name alone, where it lies in none."""
    inside = [folder.rstrip("/") for folder in folders if path.startswith(f"{folder.rstrip('/')}/")]
    return path[len(max(inside, key=len)) + 1 :] if inside else path.rpartition("/")[2]


def functions(
    samples: Mapping[Stack, int], cpu: float, names: Mapping[Frame, str] = NO_NAMES
) -> tuple[FunctionTime, ...]:
    """Each function once per stack, however often it calls itself. `cpu` is what a request takes as a whole, s."""
    total = sum(samples.values())
    if not total:
        return ()
    counts: dict[Frame, int] = {}
    depths: dict[Frame, float] = {}
    for stack, number in samples.items():
        for frame in set(stack):
            counts[frame] = counts.get(frame, 0) + number
            depths[frame] = depths.get(frame, 0.0) + number * stack.index(frame)
    times = [
        FunctionTime(
            name=_shown(frame, names),
            key=frame,
            seconds=cpu * number / total,
            share=number / total,
            depth=depths[frame] / number,
            is_library=frame.startswith("~"),
        )
        for frame, number in counts.items()
    ]
    return tuple(sorted(times, key=lambda item: (-item.seconds, item.name)))


def serialising(samples: Mapping[Stack, int], cpu: float) -> float:
    """CPU of serialising, parsing and rendering, in s per request. `cpu` as above."""
    inside = sum(number for stack, number in samples.items() if is_serialising(stack))
    return cpu * inside / max(1, sum(samples.values()))


def grown(before: Iterable[FunctionTime], now: Iterable[FunctionTime], least: float) -> tuple[FunctionGrowth, ...]:
    """The functions that take at least `least` s longer per request, and explain it best: the innermost of those with
    about as much, the application's own before a library's."""
    known = {item.key or item.name: item.seconds for item in before}
    growths = [
        FunctionGrowth(function=item, change=item.seconds - known.get(item.key or item.name, 0.0)) for item in now
    ]
    more = [item for item in growths if item.change >= least]
    own = [item for item in more if not item.function.is_library] or more
    if not own:
        return ()
    most = max(item.change for item in own)
    chosen = [item for item in own if item.change >= MIN_INNER_SHARE * most]
    return tuple(sorted(chosen, key=lambda item: (-item.function.depth, -item.change)))


def blockers(loop: Mapping[Stack, int], names: Mapping[Frame, str] = NO_NAMES) -> tuple[LoopBlocker, ...]:
    """What keeps event loops from their other work, longest first. `loop` are samples from what the loop calls, of
    those that wait as well; one that waits in the loop's own selector is idle."""
    total, counts = sum(loop.values()), dict[Frame, dict[Frame, int]]()
    for inside, number in loop.items():
        own = [frame for frame in inside if not frame.startswith("~")]
        if own:
            calls, call = counts.setdefault(_shown(own[-1], names), {}), _shown(inside[-1], names)
            calls[call] = calls.get(call, 0) + number
    found = [
        LoopBlocker(name=own, call=max(calls, key=lambda call: calls[call]), share=sum(calls.values()) / total)
        for own, calls in counts.items()
    ]
    return tuple(sorted(found, key=lambda item: (-item.share, item.name)))


def _shown(frame: Frame, names: Mapping[Frame, str]) -> str:
    return names.get(frame, frame.lstrip("~"))


def speedscope(
    samples: Mapping[Stack, int], name: str, rate: float, shown: Mapping[Frame, str] = NO_NAMES
) -> dict[str, Any]:
    """A file for speedscope.app; `shown` are names of frames."""
    names = list(dict.fromkeys(frame for stack in samples for frame in stack))
    index = {frame: at for at, frame in enumerate(names)}
    rows = sorted(samples.items())
    weights = [number / rate for _, number in rows]
    return {
        "$schema": SCHEMA,
        "name": name,
        "exporter": "perfgate",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": _shown(frame, shown)} for frame in names]},
        "profiles": [
            {
                "type": "sampled",
                "name": name,
                "unit": "seconds",
                "startValue": 0,
                "endValue": sum(weights),
                "samples": [[index[frame] for frame in stack] for stack, _ in rows],
                "weights": weights,
            }
        ],
    }
