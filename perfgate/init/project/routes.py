"""Routes that a Node application (Express, Fastify, routers like theirs) has in its sources, as an OpenAPI document.

The sources are read as text, and nothing is run: a route whose path is computed is not seen.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath

from perfgate.init.project.reading import text

ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".mts")
SKIPPED = ("node_modules", "test", "tests", "__tests__", "e2e", "docs", "build", "dist", "public", "static", "coverage")
MAX_FILES = 200
MAX_FOLDERS = 8  # one inside the other
MAX_DEPTH = 5  # routers inside routers
METHODS = "get|post|put|patch|delete|head"
_NAME, _STRING = r"[A-Za-z_$][\w$]*", r"""(?P<q>['"`])(?P<path>/[^'"`$\n]*)(?P=q)"""
_COMMENT = re.compile(r"""('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/""", re.DOTALL)
_MADE = re.compile(
    rf"\b(?:const|let|var)\s+(?P<name>{_NAME})[^=\n]*=\s*(?:await\s+)?(?:new\s+)?"
    r"(?P<maker>[\w$.]+(?:\([^()\n]*\)(?:\.[\w$]+)?)?)\s*\((?P<done>\s*\)\s*(?=\.))?"
)
_ROOT = re.compile(r"(require\(['\"](express|fastify)['\"]\)|express|fastify|Fastify|Koa|Hono|restify\.createServer)$")
_ROUTER = re.compile(r"(^|\.)Router$|^(Koa)?Router$")
_USUAL_ROUTERS = ("app", "server", "router", "routes", "fastify", "instance", "api")  # parameters of plug-ins
_CLIENTS = ("instance", "api")  # of them: what an HTTP client is called as well, where a file imports it
_ROUTE = re.compile(rf"\b(?P<on>{_NAME})\s*\.\s*(?P<method>{METHODS})\s*(?:<[^()\n]*>)?\(\s*{_STRING}\s*,")
_CHAIN = re.compile(rf"\b(?P<on>{_NAME})\s*\.\s*route\(\s*{_STRING}\s*\)\s*\.\s*(?P<method>{METHODS})\(")
_OBJECT = re.compile(rf"\b(?P<on>{_NAME})\s*\.\s*route\(\s*\{{(?P<keys>[^{{}}]*)")
_MOUNT = re.compile(  # a link of a chain has no name of its own
    rf"(?:\b(?P<on>{_NAME})\s*)?\.\s*(?:use|register)\(\s*(?:{_STRING}\s*,)?(?P<rest>[^;]{{0,500}}?\))\s*(?:;|\n|\Z)"
)
_PREFIX = re.compile(rf"prefix\s*:\s*{_STRING}")
_FROM = r"['\"](?P<module>\.[^'\"]*)['\"]"
_NAMES = rf"(?:\*\s*as\s+)?(?P<names>{_NAME}|\{{[^{{}}]*\}})"
_IMPORTED = (
    re.compile(rf"\bimport\s+{_NAMES}\s+from\s+{_FROM}"),
    re.compile(rf"\b(?:const|let|var)\s+{_NAMES}\s*=\s*require\(\s*{_FROM}\s*\)"),
)
_INLINE = re.compile(r"(?:require|import)\(\s*['\"](?P<module>\.[^'\"]*)['\"]\s*\)")
_QUOTED = re.compile(r"""'[^'\n]*'|"[^"\n]*"|`[^`]*`""")
_PART = re.compile(r":(?P<name>\w+)(?:\([^()/]*\))?")
_NUMBER = re.compile(r"(^|_)(id|ids|no|num|number|page|year)$|Id$")


@dataclass
class RoutedSource:
    """What a source file has: routes (router, method, path), and what it mounts (router, prefix, name or file)."""

    routes: list[tuple[str, str, str]] = field(default_factory=list)
    mounts: list[tuple[str, str, str]] = field(default_factory=list)
    roots: set[str] = field(default_factory=set)
    routers: set[str] = field(default_factory=set)


def routes(folder: Path) -> Mapping[str, object]:
    """An OpenAPI document of the routes; empty where there are none. `x-sources` are the files that have them, and
    `x-unread` the routes with a pattern that is no path."""
    if not _is_node(folder):
        return {}
    files = {name: _read(source, name) for name, source in _sources(folder)}
    mounted = cache(lambda name, router: _prefixes(files, name, router, MAX_DEPTH))
    paths: dict[str, dict[str, object]] = {}
    unread: list[str] = []
    sources = [name for name, file in files.items() if file.routes]
    for name, file in files.items():
        for router, method, path in file.routes:
            for prefix in mounted(name, router):
                written = f"{prefix.rstrip('/')}{path}" if path != "/" else prefix or "/"
                if (template := _template(written)) is None:
                    unread.append(f"{method.upper()} {written}")
                else:
                    paths.setdefault(template, {}).setdefault(method, _operation(template))
    return {"openapi": "3.0.0", "info": {}, "paths": paths, "x-sources": sources, "x-unread": unread} if paths else {}


def _is_node(folder: Path) -> bool:
    try:
        return isinstance(json.loads(text(folder / "package.json")), dict)
    except ValueError:
        return False


def _sources(folder: Path) -> Iterator[tuple[str, str]]:
    """Names from the folder, and texts without comments."""
    read = 0
    for place, folders, names in os.walk(folder):
        inside = Path(place).relative_to(folder)
        is_deep = len(inside.parts) >= MAX_FOLDERS
        folders[:] = [] if is_deep else sorted(item for item in folders if item not in SKIPPED and item[0] != ".")
        for name in sorted(names):
            if name.endswith(ENDINGS) and not re.search(r"\.(test|spec|d)\.", name) and read < MAX_FILES:
                read += 1
                source = text(Path(place, name))
                yield (inside / name).as_posix(), _COMMENT.sub(lambda match: match[1] or " ", source)


def _read(source: str, name: str) -> RoutedSource:
    file = RoutedSource()
    others = {*_CLIENTS} & {local for local, _ in _imported(source)}  # an HTTP client may be called `api` too
    for match in _MADE.finditer(source):
        if _ROOT.search(match["maker"]):
            file.roots.add(match["name"])
        elif _ROUTER.search(match["maker"]):
            file.routers.add(match["name"])
        else:
            others.add(match["name"])
    known = {*file.roots, *file.routers, *(name for name in _USUAL_ROUTERS if name not in others)}
    for match in (*_ROUTE.finditer(source), *_CHAIN.finditer(source)):
        if match["on"] in known:
            file.routes.append((match["on"], match["method"], match["path"]))
    for match in _OBJECT.finditer(source):
        method = re.search(rf"method\s*:\s*['\"]({METHODS})['\"]", match["keys"], re.IGNORECASE)
        path = re.search(rf"(?:url|path)\s*:\s*{_STRING}", match["keys"])
        if match["on"] in known and method and path:
            file.routes.append((match["on"], method[1].lower(), path["path"]))
    file.mounts += _mounts(source, name)
    return file


def _mounts(source: str, name: str) -> Iterator[tuple[str, str, str]]:
    modules = {local: _module(name, module) for local, module in _imported(source)}
    chained = {match.end(): match["name"] for match in _MADE.finditer(source) if match["done"]}
    on = ""
    for match in _MOUNT.finditer(source):
        made = source[: match.start()].rstrip().endswith("Router()")
        on = match["on"] or chained.get(match.start()) or ("default" if made else on)
        prefix = _PREFIX.search(match["rest"])
        for target in _targets(match["rest"], name, modules):
            yield on, match["path"] or (prefix["path"] if prefix else ""), target


def _imported(source: str) -> Iterator[tuple[str, str]]:
    """Local names, and the modules that they are of."""
    for pattern in _IMPORTED:
        for match in pattern.finditer(source):
            for local in re.findall(rf"({_NAME})\s*(?:[,}}]|\Z)", match["names"]):
                yield local, match["module"]


def _module(importer: str, module: str) -> str:
    """The file that is imported, from the folder and without its ending."""
    return re.sub(r"\.[cm]?[jt]s$", "", normpath(join(dirname(importer), module)))


def _targets(arguments: str, name: str, modules: Mapping[str, str]) -> Iterator[str]:
    """What is mounted: files without endings, or names of routers of the same file."""
    for match in _INLINE.finditer(arguments):
        yield _module(name, match["module"])
    for word in re.findall(_NAME, _QUOTED.sub("", arguments)):
        yield modules.get(word, word)


def _prefixes(files: Mapping[str, RoutedSource], name: str, router: str, depth: int) -> list[str]:
    """Where the router of that file is mounted: in the file itself, or else where the file is imported; at the top
    where nothing mounts it."""
    if router in files[name].roots or not depth:
        return [""]
    module = re.sub(r"(/index)?\.[cm]?[jt]s$", "", name)
    own = [(name, parent, prefix) for parent, prefix, to in files[name].mounts if to == router != parent]
    imported = [
        (other, parent, prefix)
        for other, file in files.items()
        for parent, prefix, target in file.mounts
        if other != name and re.sub(r"/index$", "", target) == module
    ]
    found = [
        f"{above.rstrip('/')}{prefix}"
        for other, parent, prefix in own or imported
        for above in _prefixes(files, other, parent, depth - 1)
    ]
    return list(dict.fromkeys(found)) or [""]


def _template(path: str) -> str | None:
    """The path as OpenAPI writes it, without its optional parts; None for a pattern."""
    path = re.sub(r"/?\{[^{}]*\}", "", path)  # optional, in Express 5
    path = re.sub(r"/:\w+(\([^()/]*\))?\?", "", path)  # and in Express 4
    path = _PART.sub(lambda match: f"{{{match['name']}}}", path) or "/"
    return None if re.search(r"[*?+()\\\s:]", path) else path


def _operation(template: str) -> Mapping[str, object]:
    """A parameter for each hole; a number where its name says that it is one. A text that is a number fits a column
    of either kind."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "integer", "example": 1}
                if _NUMBER.search(name)
                else {"type": "string", "example": "1"},
            }
            for name in re.findall(r"\{(\w+)\}", template)
        ],
        "responses": {},
    }
