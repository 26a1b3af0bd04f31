"""The rooms of the package, what each may import, and figures that say how easily a stranger finds the way.

`python tests/house.py` prints the figures beside their limits; --arrows the arrows, --large what is long or wide.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "perfgate"

# A room is a folder, or a single module that stands for one (`report.__init__`: the door of a room with inner rooms).
# Every module belongs to the room with the longest matching name; what is in none fails.
ROOMS: dict[str, str] = {
    "__init__": "",
    "__main__": "cli",
    "cli": "codes export.__init__ workflows workflows.steps budgets scenarios report history publish.github ci files text model demo diagnose report.__init__ report.formats report.html report.markdown report.terminal report.charts history.__init__ history.files publish.__init__ __init__ workflows.doctor model.budget_file",
    "pytest_plugin": "__init__ cli",
    "codes": "",
    "workflows": "workflows.steps init init.__init__ init.project net diagnose.explaining diagnose.profiling diagnose.rules diagnose.second_pass diagnose.solo_counting diagnose.probes diagnose middleware budgets scenarios loadtest measure measure.importers gate.__init__ report report.__init__ history history.__init__ recording files text ci runner.reference model diagnose.traces model.budget_file",
    "workflows.steps": "init.__init__ middleware budgets scenarios loadtest measure gate.__init__ report history history.__init__ recording files text ci runner model git pages budgets.convert model.budget_file",
    "workflows.doctor": "workflows.steps budgets scenarios loadtest loadtest.service history.__init__ recording git ci net text model model.budget_file",
    # stages
    "init.__init__": "init.access_log init.har init.curl init.tools init.openapi init model",
    "init.access_log": "init.recorded init.openapi init text model",
    "init.har": "init.recorded init text model",
    "init.curl": "init.recorded init model",
    "init.tools": "init.recorded init.script init model",
    "init.script": "",
    "init.recorded": "init.openapi init",
    "init.openapi": "init model",
    "init.project": "model",
    "init": "model",
    "budgets": "budgets.checks budgets.convert budgets.shape budgets.yaml model model.budget_file",
    "budgets.checks": "budgets.convert budgets.shape budgets.yaml text model model.budget_file",
    "budgets.convert": "budgets.shape budgets.yaml text model model.budget_file",
    "budgets.shape": "budgets.yaml text model model.budget_file",
    "budgets.yaml": "model model.budget_file",
    "scenarios": "text model model.budget_file",
    "loadtest": "loadtest.locust loadtest.service recording model model.budget_file",
    "loadtest.locust": "loadtest.process loadtest.service recording runner.reference runner text model model.budget_file",
    "loadtest.service": "loadtest.process git net recording runner text model model.budget_file",
    "loadtest.process": "text",
    "pages": "stats text model model.budget_file",
    "measure": "measure.importers.__init__ measure.importers recording runner.reference stats text model model.budget_file",
    "measure.importers.__init__": "measure.importers.tables measure.importers.summaries measure.importers.streams measure.importers.pages "
    "measure.importers model",
    "measure.importers.pages": "measure.importers stats text",
    "measure.importers.summaries": "measure.importers.streams measure.importers model",
    "measure.importers.tables": "measure.importers",
    "measure.importers.streams": "measure.importers",
    "measure.importers": "text model",
    "gate.__init__": "gate.verdict gate.calibration gate.history gate",
    "gate.calibration": "gate.verdict gate.ab gate.history gate stats text model model.budget_file",
    "gate.verdict": "gate.ab gate.history gate recording stats text model model.budget_file",
    "gate.ab": "gate.history gate stats text model recording",
    "gate.history": "gate recording stats text model model.budget_file",
    "gate": "stats model recording model.budget_file",
    "diagnose.explaining": "diagnose.rules diagnose.second_pass diagnose model",
    "diagnose.rules": "diagnose model",
    "diagnose.profiling": "diagnose.second_pass diagnose.probes diagnose.profilers diagnose model",
    "diagnose.second_pass": "diagnose.probes diagnose model",
    "diagnose.solo_counting": "diagnose.probes diagnose model",
    "diagnose.profilers": "diagnose model",
    "diagnose.probes": "diagnose.probes.planner diagnose net runner model",
    "diagnose.probes.planner": "diagnose",
    "diagnose": "stats text model",
    "diagnose.traces": "diagnose net text model",
    "report.__init__": "report.html report.markdown report.charts report.terminal report files recording model text",
    "report.formats": "report.html report.markdown report.terminal report files",
    "report.html": "report files recording model text model.budget_file",
    "report.markdown": "report.charts report text model model.budget_file",
    "report.charts": "report.terminal report stats text model model.budget_file",
    "report.terminal": "report stats text model model.budget_file",
    "report": "recording text model model.budget_file",
    "publish.__init__": "publish.github publish model",
    "export.__init__": "export text model",
    "export": "net text model model.budget_file __init__",
    "publish.github": "publish ci net text model __init__",
    "publish": "net text model __init__",
    "history.__init__": "history.files history.sql history model",
    "history.files": "history.sql history files git net text model",
    "history.sql": "history model",
    "history": "files recording model",
    # inside Locust
    "runtime": "runtime.process runtime.callbacks runtime.streams runtime.users runtime.scenario runtime.http",
    "runtime.process": "runtime.users runtime.record runtime.scenario runtime.http recording text model.budget_file",
    "runtime.streams": "runtime.users runtime.scenario runtime.http",
    "runtime.callbacks": "runtime.users runtime.scenario runtime.http recording",
    "runtime.users": "runtime.record runtime.scenario runtime.http recording text model.budget_file",
    "runtime.record": "runtime.scenario runtime.http recording text model",
    "runtime.scenario": "runtime.http recording text __init__",
    "runtime.http": "recording net",
    # tools
    "files": "recording model",
    "ci": "git model",
    "git": "runner",
    "stats": "",
    "recording": "model stats model.budget_file",
    "net": "model",
    "runner": "model",
    "runner.reference": "model",
    "text": "model model.budget_file",
    "model": "model.budget_file",
    "model.budget_file": "",
    "middleware": "",
    "demo": "demo.faults demo.errors",
    "demo.faults": "demo.errors",
    "demo.errors": "",
}

MAX_TOP_MODULES = 12
MAX_FOLDER_FILES = 16
MAX_ARROWS = 99
MAX_INNER_ARROWS = 399
MAX_SHARE = 0.01
MAX_LINES, MAX_PARAMETERS = 250, 6  # of a file, of a function: past them, look for the second idea or the missing type
MAX_LONG_FILES, MAX_WIDE_FUNCTIONS = 12, 3  # some hold one idea all the same

VERBS_APART = ("cli",)  # one file per verb
APART = ("demo",)  # the application of the README
FIELD_NAMES = (
    "Endpoint",
    "Expectation",
    "Capture",
    "Rows",
    "StatedTime",
    "Events",
    "Grpc",
    "WebSocket",
)  # a scenario's, as the budget file's of the same name
PLUG_IN = re.compile(r"perfgate(\.\w+){2,}(:\w+)?")  # how a dict of plug-ins names one: it counts as an import
ODD_BEGINNING = re.compile(  # neither a verb nor a noun: the sentence began in the name above it
    r"(Of|As|By|With|And|The same|Without|For|From|In|At|To|Under|Over|Before|After|Since|Until|Once|So|Also|Now|Its?"
    r"|This|That)\b"
)
STORY_WORDS = frozenset(
    "one found said told tell tells asked held hold heard seen knew given wanted meant thought kept lent withheld "
    "settled gone came noted joined twins storm patience manner desk hang parcel".split()
)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name below `perfgate`: `budgets.reading`; that of a package ends in `__init__`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


KNOWN = {name_of(path): path for path in modules()}


def room_of(name: str) -> str | None:
    """The room that a module (as named by `name_of`) belongs to: itself or its folder, if the table lists it."""
    if name in ROOMS:
        return name
    folder = name.rpartition(".")[0]
    return folder if folder in ROOMS else None


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree))


def is_typing_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(path: Path, *, typing_too: bool = True) -> Iterator[str]:
    """Absolute dotted names of everything that a module imports, inside functions and by name as well; submodules spelt
    out."""
    tree = tree_of(path)
    skipped: set[int] = set()
    if not typing_too:
        skipped = {id(inner) for block in nodes(tree) if is_typing_block(block) for inner in ast.walk(block)}
    for node in nodes(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Dict):
            texts = [value.value for value in node.values if isinstance(value, ast.Constant)]
            yield from (text.replace(":", ".") for text in texts if isinstance(text, str) and PLUG_IN.fullmatch(text))


def module_named(dotted: str) -> str | None:
    """The module of the package that an imported name is in, as `name_of` names it; None for other packages."""
    parts = dotted.split(".")
    if parts[0] != "perfgate":
        return None
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[1:length])
        if name in KNOWN:
            return name
        package = f"{name}.__init__".lstrip(".")
        if package in KNOWN:
            return package
    return None


@cache
def modules_imported(path: Path, *, typing_too: bool = True) -> frozenset[str]:
    found = {module_named(dotted) for dotted in imports(path, typing_too=typing_too)}
    return frozenset(name for name in found if name is not None and name != name_of(path))


def arrows() -> set[tuple[str, str]]:
    """Pairs of rooms of which the first imports the second."""
    pairs = {
        (room_of(name) or "?", room_of(other) or "?")
        for name, path in KNOWN.items()
        for other in modules_imported(path)
    }
    return {(first, second) for first, second in pairs if first != second}


def top_arrows() -> set[tuple[str, str]]:
    """The same between the folders at the top of the package."""
    tops = {(first.split(".")[0], second.split(".")[0]) for first, second in arrows()}
    return {(first, second) for first, second in tops if first != second and not second.startswith("__")}


def rooms_on_a_cycle() -> list[str]:
    """Rooms at the top that lead back to themselves, by way of their inner rooms: `budgets.yaml` -> `net` -> `budgets`."""
    edges: dict[str, set[str]] = {}
    for first, second in top_arrows():
        edges.setdefault(first, set()).add(second)
    return on_cycles(edges)


def unused_permissions() -> list[str]:
    """What the table allows and no module imports."""
    used = arrows()
    return [f"{room}: {other}" for room, rooms in ROOMS.items() for other in rooms.split() if (room, other) not in used]


def on_cycles(edges: Mapping[str, Set[str]]) -> list[str]:
    """The nodes from which a way leads back to themselves."""

    def reaches(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(edges.get(start, ()))
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += edges.get(name, ())
        return seen

    return [name for name in edges if name in reaches(name)]


def module_cycles() -> list[str]:
    edges = {name: modules_imported(path, typing_too=False) for name, path in KNOWN.items()}
    return on_cycles(edges)


def folder_sizes() -> Counter[str]:
    return Counter(str(path.parent.relative_to(PACKAGE)) for path in modules())


def own_trees() -> Iterator[ast.Module]:
    for path in modules():
        if path.relative_to(PACKAGE).parts[0] not in APART:
            yield tree_of(path)


def docstrings() -> Iterator[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for tree in own_trees():
        texts = (ast.get_docstring(node) for node in nodes(tree) if isinstance(node, documented))
        yield from (text for text in texts if text)


def names_bound(tree: ast.Module) -> Iterator[str]:
    """Every name at the place where it is given: functions, classes, parameters, variables, attributes."""
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def story_names() -> list[str]:
    return [name for tree in own_trees() for name in names_bound(tree) if name.strip("_") in STORY_WORDS]


def shared_class_names() -> list[str]:
    """Names of classes that mean something else in another module."""
    classes = (node for tree in own_trees() for node in nodes(tree) if isinstance(node, ast.ClassDef))
    names = Counter(node.name.strip("_") for node in classes)
    return sorted(name for name, count in names.items() if count > 1 and name not in FIELD_NAMES)


def long_files() -> list[str]:
    return [name for name, path in KNOWN.items() if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES]


def wide_functions() -> list[str]:
    """Functions with many parameters, apart from verbs, whose parameters are options, and constructors of what a
    scenario is written in."""
    found = []
    for name, path in KNOWN.items():
        if name.split(".")[0] in (*APART, *VERBS_APART):
            continue
        for node in nodes(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
                given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                if sum(argument.arg not in ("self", "cls") for argument in given) > MAX_PARAMETERS:
                    found.append(f"{name}.{node.name}")
    return found


def share(part: Iterable[object], whole: Iterable[object]) -> float:
    return sum(1 for _ in part) / sum(1 for _ in whole)


def largest_folder() -> int:
    return max(size for name, size in folder_sizes().items() if name not in VERBS_APART)


def odd_docstrings() -> float:
    return share((text for text in docstrings() if ODD_BEGINNING.match(text)), docstrings())


def story_word_share() -> float:
    return share(story_names(), (name for tree in own_trees() for name in names_bound(tree)))


# What is measured, and its limit: by name.
FIGURES: dict[str, tuple[Callable[[], float], float]] = {
    "modules at the top of the package": (lambda: folder_sizes()["."], MAX_TOP_MODULES),
    "largest flat folder (verbs of cli/ apart)": (largest_folder, MAX_FOLDER_FILES),
    "modules on an import cycle": (lambda: len(module_cycles()), 0),
    "rooms at the top": (lambda: len({name.split(".")[0] for name in ROOMS if "__" not in name}), float("inf")),
    "arrows between them": (lambda: len(top_arrows()), MAX_ARROWS),
    "rooms at the top on a cycle": (lambda: len(rooms_on_a_cycle()), 0),
    "rooms, inner ones too": (lambda: len(ROOMS), float("inf")),
    "arrows between those": (lambda: len(arrows()), MAX_INNER_ARROWS),
    'docstrings that begin with "Of", "As", "By" ..., %': (lambda: 100 * odd_docstrings(), 100 * MAX_SHARE),
    "story words as names, %": (lambda: 100 * story_word_share(), 100 * MAX_SHARE),
    f"files over {MAX_LINES} lines": (lambda: len(long_files()), MAX_LONG_FILES),
    f"functions with more than {MAX_PARAMETERS} parameters": (lambda: len(wide_functions()), MAX_WIDE_FUNCTIONS),
    "class names with several meanings": (lambda: len(shared_class_names()), 0),
}


def main() -> None:
    for name, (measure, limit) in FIGURES.items():
        value = measure()
        mark = "" if value <= limit else "  <- too many"
        most = "" if limit == float("inf") else f"at most {limit:g}"
        print(f"{name:55} {value:8.4g}   {most}{mark}")
    for name in (*long_files(), *wide_functions()) if "--large" in sys.argv else ():
        print(name)
    for first, second in sorted(arrows()) if "--arrows" in sys.argv else ():
        print(f"{first} -> {second}")


if __name__ == "__main__":
    main()
