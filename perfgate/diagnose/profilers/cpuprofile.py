"""What V8 tells of a process (profiles of the DevTools protocol, as node_end.js returns them) -> samples. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple
from urllib.parse import unquote
from zlib import crc32

from perfgate.diagnose.profile import COLLECTOR, MAX_NAME_CHARS, Frame, SampledProfile, Stack, path_below

RATE = 1e6  # a sample counts as the microseconds until the next
HEAP_NOISE_BYTES = 1_000_000  # bytes by which any heap grows: few requests show no leak
MODULES = "/node_modules/"
INSPECTOR = "(node:inspector)"
OWN_SCRIPT = "perfgate:"  # begins the URL of what the profiler itself runs in the process
NATIVE, IDLE, ROOT = "~(program)", "~(idle)", "~(root)"
THREADS = "~threads beside the event loop (crypto, zlib, workers)"
LineText = Callable[[str, int], str]  # of a file, by its path and number; empty where it cannot be read


class NamedFrame(NamedTuple):
    """`frame` is what base and head have in common: a line number is only shown."""

    frame: Frame
    shown: str


class ProcessProfile:
    """One process. `folders` are those that the application's own files are named from."""

    def __init__(self, reply: Mapping[str, Any], folders: Sequence[str], line_text: LineText) -> None:
        self._reply, self._folders, self._line_text = reply, folders, line_text
        self.names: dict[Frame, str] = {}

    @cached_property
    def samples(self) -> dict[Stack, int]:
        """Microseconds by stack, idle ones too."""
        profile = self._reply["profile"]
        stacks = self._stacks(profile["nodes"])
        result: dict[Stack, int] = {}
        before: Stack = ()
        for node, took in _until(profile, profile["endTime"] - self._reply["tail"]):
            stack = stacks[node]
            if stack == (COLLECTOR,):  # whose garbage it is: V8 says no more than that it collects
                stack = stack if before in ((IDLE,), (NATIVE,)) else (*before, COLLECTOR)
            else:
                before = stack
            if OWN_SCRIPT not in stack:
                result[stack] = result.get(stack, 0) + took
        return result

    @property
    def retained(self) -> int:
        """Bytes that the heap keeps more, after it was collected."""
        return max(0, int(self._reply["retained"]))

    @cached_property
    def retainers(self) -> dict[Frame, int]:
        """Bytes that are in use, by the function of the application that has them allocated."""
        result: dict[Frame, int] = {}
        for item in self._reply["allocated"]:
            stack = tuple(filter(ROOT.__ne__, map(self._frame, item["stack"])))
            own = [frame for frame in stack if not frame.startswith("~")] or list(stack)
            if own and OWN_SCRIPT not in stack and not any(INSPECTOR in frame for frame in stack):
                result[own[-1]] = result.get(own[-1], 0) + int(item["size"])
        return result

    def _stacks(self, nodes: Sequence[Mapping[str, Any]]) -> dict[int, Stack]:
        """Each node's, the outermost frame first."""
        parents = {child: node["id"] for node in nodes for child in node.get("children", ())}
        frames = {node["id"]: self._frame(node["callFrame"]) for node in nodes}

        def outwards(node: int | None) -> Iterator[Frame]:
            while node is not None:
                yield frames[node]
                node = parents.get(node)

        return {node: tuple(reversed([frame for frame in outwards(node) if frame != ROOT])) for node in frames}

    def _frame(self, call: Mapping[str, Any]) -> Frame:
        path, text = unquote(str(call["url"])).removeprefix("file://"), ""
        if not call["functionName"] and path.startswith("/"):
            text = self._line_text(path, int(call["lineNumber"]) + 1)
        frame = named(call, self._folders, text)
        self.names[frame.frame] = frame.shown
        return frame.frame


def merged(profiles: Iterable[ProcessProfile], computed: float, computed_beside: float) -> SampledProfile:
    """All processes of a service. `computed_beside` of its CPU seconds are those of threads that the profiles do not
    see: they have a stack of their own where they are the greater part, and are else the collector's."""
    each = list(profiles)
    samples, loop, retainers = dict[Stack, int](), dict[Stack, int](), dict[Frame, int]()
    for profile in each:
        for stack, took in profile.samples.items():
            inside = _to_call(stack)
            loop[inside] = loop.get(inside, 0) + took
            if stack != (IDLE,):
                samples[stack] = samples.get(stack, 0) + took
        for frame, size in profile.retainers.items():
            retainers[frame] = retainers.get(frame, 0) + size
    in_loop = computed - computed_beside
    if computed_beside > in_loop > 0:
        samples[THREADS,] = round(sum(samples.values()) * computed_beside / in_loop)
    return SampledProfile(
        samples=samples,
        rate=RATE,
        loop=loop,
        names={frame: shown for profile in each for frame, shown in profile.names.items()},
        retained=sum(profile.retained for profile in each),
        retained_noise=HEAP_NOISE_BYTES * len(each),
        retainers=retainers,
    )


def _until(profile: Mapping[str, Any], end: float) -> Iterator[tuple[int, int]]:
    """Node and microseconds of each sample that begins before then."""
    begins = list(accumulate(profile["timeDeltas"], initial=profile["startTime"]))[1:]
    for node, at, following in zip(profile["samples"], begins, [*begins[1:], profile["endTime"]], strict=False):
        if at < end:
            yield node, max(0, int(min(following, end) - at))


def _to_call(stack: Stack) -> Stack:
    """The stack as far as the function that the application's innermost calls."""
    own = max((at for at, frame in enumerate(stack) if not frame.startswith("~")), default=len(stack))
    return stack[: own + 2]


def named(call: Mapping[str, Any], folders: Sequence[str] = (), line_text: str = "") -> NamedFrame:
    """`rank` in file:///srv/app/routes/search.js -> `rank (routes/search.js)`, shown with its line. A library's and
    Node's own begin with `~`. A function without a name is known by the text of its line."""
    function, line = str(call["functionName"]).replace("`", "'")[:MAX_NAME_CHARS], int(call["lineNumber"]) + 1
    path = unquote(str(call["url"])).removeprefix("file://").replace("`", "'")
    if path.startswith(OWN_SCRIPT):
        frame = f"~JSON.{function}" if function in ("parse", "stringify") else OWN_SCRIPT
        return NamedFrame(frame, frame.lstrip("~"))
    if not path:
        return NamedFrame(f"~{function or '(anonymous)'}", function or "(anonymous)")
    if path.startswith("node:"):
        shown = f"{function or 'anonymous'} ({path})"
        return NamedFrame(f"~{shown}", shown)
    path, mark = _place(path, folders), "~" if MODULES in path else ""
    if function:
        return NamedFrame(f"{mark}{function} ({path})", f"{function} ({path}:{line})")
    text = f"{crc32(line_text.strip().encode()):x}" if line_text else f"{line}"
    return NamedFrame(f"{mark}anonymous {text} ({path})", f"anonymous ({path}:{line})")


def _place(path: str, folders: Sequence[str]) -> str:
    """The path below the package or the folder of the application."""
    below = path.rpartition(MODULES)[2] if MODULES in path else path_below(path, folders)
    return below[-MAX_NAME_CHARS:]
