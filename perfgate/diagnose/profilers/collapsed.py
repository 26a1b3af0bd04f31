"""py-spy's collapsed stacks -> samples, whose functions are named as one would import them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from perfgate.diagnose.profile import MAX_NAME_CHARS, Frame, Stack, path_below
from perfgate.diagnose.serialisers import called_in_c

LIBRARY = re.compile(r".*/(?:site-packages|dist-packages|lib/python\d+\.\d+)/")
_RAW_LINE = re.compile(r"(.+) (\d+)\s*")
_RAW_FRAME = re.compile(r"(.*) \((.*?)(?::(\d+))?\)\s*")
# Calls that let other threads run meanwhile, in a line of source: sockets, files, drivers in C, zlib and the
# kernel's random numbers. Their thread is ready as soon as they have ended: a sampler sees it there until it gets the
# interpreter's lock and a CPU.
_LETS_OTHERS_RUN = re.compile(
    r"\b(recv\w*|send\w*|accept|connect|select|poll|read(into)?|write|fsync|acquire|wait|sleep"
    r"|execute|fetch\w*|(de)?compress|_?urandom)\("
)
_READY = "~(ready)"  # the innermost frame of a thread in one of them
_RUNS_ONCE = re.compile(r"~asyncio\.base_events\.(\w+\.)?_run_once")
_RUNS = re.compile(r"~(asyncio\.runners|uvloop)\.(\w+\.)?run")


def stacks(
    raw: str, folders: Sequence[str] = (), source: Callable[[str, int], str] = lambda _path, _line: ""
) -> dict[Stack, int]:
    """Samples by stack, of py-spy's raw format (`a (f.py:1);b (f.py) 12`). `folders` are those that the application's
    own modules are named from: base and head run from different ones. `source` reads a line of a file: a serialiser in
    C that it calls gets a frame, and so does a thread that may only be ready: see `running`."""
    samples: dict[Stack, int] = {}
    for line in raw.splitlines():
        if match := _RAW_LINE.fullmatch(line):
            parts = match[1].split(";")
            frames = [frame for part in parts if (frame := frame_name(part, folders))]
            innermost = _RAW_FRAME.fullmatch(parts[-1].strip())
            text = source(innermost[2], int(innermost[3])) if innermost and innermost[3] else ""
            if inner := called_in_c(text) or (_READY if _LETS_OTHERS_RUN.search(text) else ""):
                frames.append(inner)
            samples[tuple(frames)] = samples.get(tuple(frames), 0) + int(match[2])
    return samples


def running(samples: Mapping[Stack, int], most: float | None = None) -> dict[Stack, int]:
    """Samples of what ran, of all that were ready to. Threads that wait for the interpreter's lock or for a CPU are
    ready as well, most of them where they have just been woken: what is more than the CPU time allows (`most`, in
    samples) is taken from there."""
    ready = sum(number for stack, number in samples.items() if stack[-1:] == (_READY,))
    excess = max(0.0, sum(samples.values()) - most) if most else 0.0
    kept = 1 - min(1.0, excess / ready) if ready else 1.0
    result: dict[Stack, int] = {}
    for stack, number in samples.items():
        is_ready = stack[-1:] == (_READY,)
        if count := round(number * kept) if is_ready else number:
            own = stack[:-1] if is_ready else stack
            result[own] = result.get(own, 0) + count
    return result


def weighed(processes: Sequence[tuple[Mapping[Stack, int], float]]) -> dict[Stack, int]:
    """Samples of several processes together, each with the CPU time (s) that it took meanwhile: as many in all, shared
    out by CPU time. A sampler sees a process that hardly computes as often as one that does nothing else."""
    cpu = sum(seconds for samples, seconds in processes if samples)  # what computed unseen has no share
    total = sum(sum(samples.values()) for samples, _ in processes)
    result: dict[Stack, int] = {}
    for samples, seconds in processes:
        own = sum(samples.values())
        scale = seconds / cpu * total / own if cpu and own else 1.0
        for stack, number in samples.items():
            if weight := round(number * scale):
                result[stack] = result.get(stack, 0) + weight
    return result


def frame_name(text: str, folders: Sequence[str] = ()) -> Frame:
    """`rank (/srv/app/shop/search.py)` -> `shop.search.rank`; a library's begins with `~`. Empty for what is no
    function, such as the name of a process."""
    match = _RAW_FRAME.fullmatch(text.strip())
    if not match:
        return "" if text.startswith(("process ", "thread ")) else text.strip()[:MAX_NAME_CHARS]
    function, path = match[1], match[2]
    mark = ""
    if library := LIBRARY.match(path):
        path, mark = path[library.end() :], "~"
    elif path.startswith("<frozen") or not path.endswith(".py"):
        mark = "~"
    else:
        path = path_below(path, folders)
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".").strip(".<>")
    return f"{mark}{module}.{function}"[:MAX_NAME_CHARS]


def inside_loops(samples: Mapping[Stack, int]) -> dict[Stack, int]:
    """Samples of the threads that run an event loop, each from what the loop calls."""
    result: dict[Stack, int] = {}
    for stack, number in samples.items():
        inside = _inside_loop(stack)
        if inside is not None:
            result[inside] = result.get(inside, 0) + number
    return result


def _inside_loop(stack: Stack) -> Stack | None:
    """The frames that an event loop has called; None for a thread without one. A loop written in C has no frame of its
    own: what is called then is below the one that runs it."""
    for runs in (_RUNS_ONCE, _RUNS):
        at = max((at for at, frame in enumerate(stack) if runs.fullmatch(frame)), default=-1)
        if at >= 0:
            return stack[at + 1 :]
    return None
