"""Routes that a Node application (Express, Fastify, routers like theirs) has in its sources, as an OpenAPI document.

The sources are read as text, and nothing is run: a route whose path is computed is not seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import dirname, join, normpath

from perfgate.init.project.reading import text

ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".mts")
SKIPPED = re.compile(
    r"(^|/)(node_modules|tests?|__tests__|docs|build|dist|public|static|coverage|\.[^/]*)/|\.(test|spec)\."
)
MAX_FILES = 200
MAX_DEPTH = 5  # routers inside routers
METHODS = "get|post|put|patch|delete|head"
_NAME, _STRING = r"[A-Za-z_$][\w$]*", r"""(?P<q>['"`])(?P<path>/[^'"`$\n]*)(?P=q)"""
_COMMENT = re.compile(r"""('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/""", re.DOTALL)
_MADE = re.compile(
    rf"\b(?:const|let|var)\s+(?P<name>{_NAME})[^=\n]*=\s*(?:await\s+)?(?P<new>new\s+)?(?P<maker>[\w$.]+(?:\([^()\n]*\))?(?=\s*\())"
)
_ROOT = re.compile(r"(require\(['\"](express|fastify)['\"]\)|express|fastify|Fastify|Koa|Hono|restify\.createServer)$")
_ROUTER = re.compile(r"(^|\.)Router$|^(Koa)?Router$")
_USUAL = ("app", "server", "router", "routes", "fastify", "instance", "api")  # parameters of plug-ins
_ROUTE = re.compile(rf"\b(?P<on>{_NAME})\s*\.\s*(?P<method>{METHODS})\s*(?:<[^()\n]*>)?\(\s*{_STRING}\s*,")
_CHAIN = re.compile(rf"\b(?P<on>{_NAME})\s*\.\s*route\(\s*{_STRING}\s*\)\s*\.\s*(?P<method>{METHODS})\(")
_OBJECT = re.compile(rf"\b(?P<on>{_NAME})\s*\.\s*route\(\s*\{{(?P<keys>[^{{}}]*)")
_USE = re.compile(rf"\b(?P<on>{_NAME})\s*\.\s*use\(\s*(?:{_STRING}\s*,)?(?P<rest>[^;]{{0,500}}?\))\s*(?:;|\n|\Z)")
_REGISTER = re.compile(
    rf"\b(?P<on>{_NAME})\s*\.\s*register\(\s*(?P<rest>(?:(?!\.register\()[^;]){{0,500}}?prefix\s*:\s*{_STRING})"
)
_IMPORT = re.compile(rf"import\s+(?:\*\s+as\s+)?(?P<name>{_NAME})\s+from\s+['\"](?P<module>\.[^'\"]*)['\"]")
_REQUIRE = re.compile(
    rf"\b(?:const|let|var)\s+(?P<name>{_NAME})\s*=\s*require\(\s*['\"](?P<module>\.[^'\"]*)['\"]\s*\)"
)
_INLINE = re.compile(r"(?:require|import)\(\s*['\"](?P<module>\.[^'\"]*)['\"]\s*\)")
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
    paths: dict[str, dict[str, object]] = {}
    unread: list[str] = []
    sources: list[str] = []
    for name, file in files.items():
        for router, method, path in file.routes:
            for prefix in _prefixes(files, name, router, MAX_DEPTH):
                written = f"{prefix.rstrip('/')}{path}" if path != "/" else prefix or "/"
                sources += [] if name in sources else [name]
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
    for pattern in ("*", "*/*", "*/*/*", "*/*/*/*"):
        for path in sorted(folder.glob(pattern)):
            name = path.relative_to(folder).as_posix()
            if path.suffix in ENDINGS and not SKIPPED.search(name) and read < MAX_FILES:
                read += 1
                yield name, _COMMENT.sub(lambda match: match[1] or " ", text(path))


def _read(source: str, name: str) -> RoutedSource:
    file = RoutedSource()
    for match in _MADE.finditer(source):
        if _ROOT.search(match["maker"]):
            file.roots.add(match["name"])
        elif _ROUTER.search(match["maker"]):
            file.routers.add(match["name"])
    known = {*file.roots, *file.routers, *_USUAL}
    for match in (*_ROUTE.finditer(source), *_CHAIN.finditer(source)):
        if match["on"] in known:
            file.routes.append((match["on"], match["method"], match["path"]))
    for match in _OBJECT.finditer(source):
        method = re.search(rf"method\s*:\s*['\"]({METHODS})['\"]", match["keys"], re.IGNORECASE)
        path = re.search(rf"(?:url|path)\s*:\s*{_STRING}", match["keys"])
        if match["on"] in known and method and path:
            file.routes.append((match["on"], method[1].lower(), path["path"]))
    modules = {
        match["name"]: _module(name, match["module"])
        for match in (*_IMPORT.finditer(source), *_REQUIRE.finditer(source))
    }
    for match in (*_USE.finditer(source), *_REGISTER.finditer(source)):
        for target in _targets(match["rest"], name, modules):
            file.mounts.append((match["on"], match["path"] or "", target))
    return file


def _module(importer: str, module: str) -> str:
    """The file that is imported, from the folder and without its ending."""
    return re.sub(r"\.[cm]?[jt]s$", "", normpath(join(dirname(importer), module)))


def _targets(arguments: str, name: str, modules: Mapping[str, str]) -> Iterator[str]:
    """What is mounted: files without endings, or names of routers of the same file."""
    for match in _INLINE.finditer(arguments):
        yield _module(name, match["module"])
    for word in re.findall(_NAME, arguments):
        yield modules.get(word, word)


def _prefixes(files: Mapping[str, RoutedSource], name: str, router: str, depth: int) -> list[str]:
    """Where the router of that file is mounted; at the top where nothing mounts it."""
    if router in files[name].roots or not depth:
        return [""]
    module = re.sub(r"(/index)?\.[cm]?[jt]s$", "", name)
    found: list[str] = []
    for other, file in files.items():
        for parent, prefix, target in file.mounts:
            is_own = other == name and target == router and parent != router
            is_module = other != name and re.sub(r"/index$", "", target) == module
            if is_own or is_module:
                found += [f"{above.rstrip('/')}{prefix}" for above in _prefixes(files, other, parent, depth - 1)]
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
