"""A sampled profile: collapsed stacks -> CPU seconds per request of each function, and a flame graph's file. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfgate.diagnose.serialisers import called_in_c, is_serialising

Frame = str  # "shop.search.rank"
Stack = tuple[Frame, ...]  # the outermost first

LIBRARY = re.compile(r".*/(?:site-packages|dist-packages|lib/python\d+\.\d+)/")
SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_RAW_LINE = re.compile(r"(.+) (\d+)\s*")
_RAW_FRAME = re.compile(r"(.*) \((.*?)(?::(\d+))?\)\s*")
_MAX_NAME_CHARS = 200  # characters of a name: strangers name files and functions
_RUNS_ONCE = re.compile(r"~asyncio\.base_events\.(\w+\.)?_run_once")
_RUNS = re.compile(r"~(asyncio\.runners|uvloop)\.(\w+\.)?run")
MIN_INNER_SHARE = (
    0.5  # of the largest growth: a function inside with as much names the cause better than the one around it
)


@dataclass(frozen=True, kw_only=True)
class FunctionTime:
    """CPU of one function with all that it calls, s per request; `share` of the request's CPU; `depth` of its calls, on
    average; `is_library`: no code of the application."""

    name: str
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
class LoopBlocker:
    """A function of the application that the event loop is in, and the `call` in it that it waits in; `share` of the
    loop's time."""

    name: str
    call: str
    share: float


def stacks(
    raw: str, folders: Sequence[str] = (), source: Callable[[str, int], str] = lambda _path, _line: ""
) -> dict[Stack, int]:
    """Samples by stack, of py-spy's raw format (`a (f.py:1);b (f.py) 12`). `folders` are those that the application's
    own modules are named from: base and head run from different ones. `source` reads a line of a file: a serialiser in
    C that it calls gets a frame."""
    samples: dict[Stack, int] = {}
    for line in raw.splitlines():
        if match := _RAW_LINE.fullmatch(line):
            parts = match[1].split(";")
            frames = [frame for part in parts if (frame := frame_name(part, folders))]
            innermost = _RAW_FRAME.fullmatch(parts[-1].strip())
            if innermost and innermost[3] and (inner := called_in_c(source(innermost[2], int(innermost[3])))):
                frames.append(inner)
            samples[tuple(frames)] = samples.get(tuple(frames), 0) + int(match[2])
    return samples


def frame_name(text: str, folders: Sequence[str] = ()) -> Frame:
    """`rank (/srv/app/shop/search.py)` -> `shop.search.rank`; a library's begins with `~`. Empty for what is no
    function, such as the name of a process."""
    match = _RAW_FRAME.fullmatch(text.strip())
    if not match:
        return "" if text.startswith(("process ", "thread ")) else text.strip()[:_MAX_NAME_CHARS]
    function, path = match[1], match[2]
    mark = ""
    if library := LIBRARY.match(path):
        path, mark = path[library.end() :], "~"
    elif path.startswith("<frozen") or not path.endswith(".py"):
        mark = "~"
    else:
        inside = [folder for folder in folders if path.startswith(f"{folder.rstrip('/')}/")]
        path = path[len(max(inside, key=len).rstrip("/")) + 1 :] if inside else path.rpartition("/")[2]
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".").strip(".<>")
    return f"{mark}{module}.{function}"[:_MAX_NAME_CHARS]


def functions(samples: Mapping[Stack, int], cpu: float) -> tuple[FunctionTime, ...]:
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
            name=frame.lstrip("~"),
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
    known = {item.name: item.seconds for item in before}
    growths = [FunctionGrowth(function=item, change=item.seconds - known.get(item.name, 0.0)) for item in now]
    more = [item for item in growths if item.change >= least]
    own = [item for item in more if not item.function.is_library] or more
    if not own:
        return ()
    most = max(item.change for item in own)
    chosen = [item for item in own if item.change >= MIN_INNER_SHARE * most]
    return tuple(sorted(chosen, key=lambda item: (-item.function.depth, -item.change)))


def blockers(samples: Mapping[Stack, int]) -> tuple[LoopBlocker, ...]:
    """What keeps event loops from their other work, longest first. `samples` have threads that wait as well; one that
    waits in the loop's own selector is idle."""
    total, counts = 0, dict[Frame, dict[Frame, int]]()
    for stack, number in samples.items():
        inside = _inside_loop(stack)
        if inside is None:
            continue
        total += number
        own = [frame for frame in inside if not frame.startswith("~")]
        if own:
            calls, call = counts.setdefault(own[-1], {}), inside[-1].lstrip("~")
            calls[call] = calls.get(call, 0) + number
    found = [
        LoopBlocker(name=own, call=max(calls, key=lambda call: calls[call]), share=sum(calls.values()) / total)
        for own, calls in counts.items()
    ]
    return tuple(sorted(found, key=lambda item: (-item.share, item.name)))


def _inside_loop(stack: Stack) -> Stack | None:
    """The frames that an event loop has called; None for a thread without one. A loop written in C has no frame of its
    own: what is called then is below the one that runs it."""
    for runs in (_RUNS_ONCE, _RUNS):
        at = max((at for at, frame in enumerate(stack) if runs.fullmatch(frame)), default=-1)
        if at >= 0:
            return stack[at + 1 :]
    return None


def speedscope(samples: Mapping[Stack, int], name: str, rate: float) -> dict[str, Any]:
    """A file for speedscope.app."""
    names = list(dict.fromkeys(frame for stack in samples for frame in stack))
    index = {frame: at for at, frame in enumerate(names)}
    rows = sorted(samples.items())
    weights = [number / rate for _, number in rows]
    return {
        "$schema": SCHEMA,
        "name": name,
        "exporter": "perfgate",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": frame.lstrip("~")} for frame in names]},
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
