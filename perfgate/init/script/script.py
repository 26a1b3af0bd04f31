"""A script as far as its text says it: constants, functions, imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfgate.init.script.expressions import Evaluation, expression
from perfgate.init.script.tokens import NAME, STRING, Token, closing, separated, tokens
from perfgate.init.script.values import Json, Unknown

DECLARING = ("const", "let", "var")
CHANGING = ("+=", "-=", "*=", "/=", "%=", "**=", "||=", "&&=", "??=", "++", "--")
CHANGED = "it is changed while it runs"
DEFAULT = "default"
MAX_TYPE_TOKENS = 30


@dataclass(frozen=True, kw_only=True)
class ScriptFunction:
    parameters: tuple[str, ...]
    start: int  # of the body, in the tokens of the script
    end: int


@dataclass(kw_only=True)
class ReadScript:
    script: Sequence[Token]
    scope: dict[str, Json] = field(default_factory=dict)
    functions: dict[str, ScriptFunction] = field(default_factory=dict)
    modules: dict[str, tuple[str, int]] = field(default_factory=dict)  # name in the script -> module, line
    members: dict[str, str] = field(default_factory=dict)  # name in the script -> name in its module

    def names_from(self, module: str) -> Mapping[str, str]:
        """Names that are imported from a module, and what they are there; empty for the module itself."""
        return {name: self.members.get(name, "") for name, (source, _) in self.modules.items() if source == module}


def read(text: str) -> ReadScript:
    """The script's own level; what is within functions is not looked at. Raises ScriptError."""
    made = ReadScript(script=tokens(text))
    script, index = made.script, 0
    while index < len(script):
        token = script[index]
        if token.kind == NAME and token.text == "import":
            index = _import(made, index)
            continue
        function, end = function_at(script, index + (1 if token.text == DEFAULT else 0))
        if function and (token.text == DEFAULT or token.text in ("function", "async")):
            name = DEFAULT if token.text == DEFAULT else _name_of(script, index)
            made.functions[name] = function
            own = _name_of(script, index + 1) if token.text == DEFAULT else ""
            made.functions.setdefault(own or DEFAULT, function)
            index = end
        elif token.text == DEFAULT and index + 1 < len(script) and script[index + 1].text in made.functions:
            made.functions[DEFAULT] = made.functions[script[index + 1].text]
            index += 2
        elif token.kind == NAME and token.text in DECLARING:
            index = _declaration(made, index + 1)
        elif token.text in made.scope and index + 1 < len(script) and script[index + 1].is_mark("=", ".", "["):
            keys, start = assigned(script, index, Evaluation(made.scope))
            value = expression(script, start) if start else ()
            if start:
                made.scope[token.text] = with_value(made.scope[token.text], keys, Evaluation(made.scope).of(value))
            index = start + len(value) if start else index + 1
        else:
            index = closing(script, index) + 1 if token.is_mark("{", "(", "[") else index + 1
    for function in set(made.functions.values()):
        _forget_changed(made, function)
    return made


def _forget_changed(made: ReadScript, function: ScriptFunction) -> None:
    """Makes unknown what a function changes of the script's own level: it may have been called."""
    for index in range(function.start, min(function.end, len(made.script) - 1)):
        name, before, following = made.script[index].text, made.script[index - 1], made.script[index + 1]
        is_changed = following.is_mark(*CHANGING) or before.is_mark("++", "--")
        is_set = following.is_mark("=") and before.text not in DECLARING
        if name in made.scope and not before.is_mark(".", "?.") and (is_changed or is_set):
            made.scope[name] = Unknown(f"`{name}` is made while it runs")


def function_at(script: Sequence[Token], index: int) -> tuple[ScriptFunction | None, int]:
    """The function that begins at a token, and where what follows it begins; None where none does."""
    start = index
    if index < len(script) and script[index].text == "async":
        index += 1
    is_named = index < len(script) and script[index].kind == NAME and script[index].text == "function"
    if is_named:
        index += 1
        while index < len(script) and not script[index].is_mark("("):
            if script[index].kind != NAME and not script[index].is_mark("*"):
                return None, start
            index += 1
    if index >= len(script):
        return None, start
    if script[index].kind == NAME and not is_named:
        end = index
        parameters: tuple[str, ...] = (script[index].text,)
    elif script[index].is_mark("("):
        end = closing(script, index)
        parameters = tuple(part[0].text if part else "" for part in separated(script[index + 1 : end]))
    else:
        return None, start
    index = _behind_type(script, end + 1, "{" if is_named else "=>")
    if not is_named:
        if index >= len(script) or not script[index].is_mark("=>"):
            return None, start
        index += 1
    if index < len(script) and script[index].is_mark("{"):
        end = closing(script, index)
        return ScriptFunction(parameters=parameters, start=index + 1, end=end), end + 1
    body = expression(script, index)
    return ScriptFunction(parameters=parameters, start=index, end=index + len(body)), index + len(body)


def assigned(script: Sequence[Token], index: int, evaluation: Evaluation) -> tuple[list[Json], int]:
    """The keys of `name.key["key"] = value` and the beginning of its value, which is 0 for anything else."""
    keys: list[Json] = []
    at = index + 1
    while at + 1 < len(script) and script[at].is_mark(".", "["):
        end = closing(script, at) if script[at].is_mark("[") else at + 1
        keys.append(evaluation.of(script[at + 1 : end]) if script[at].is_mark("[") else script[end].text)
        at = end + 1
    return keys, at + 1 if at + 1 < len(script) and script[at].is_mark("=") else 0


def with_value(root: Json, keys: Sequence[Json], value: Json) -> Json:
    """The object with a value at a path of keys; unknown where it is none."""
    if not keys:
        return value
    first, *rest = keys
    if not isinstance(root, dict) or not isinstance(first, str):
        return root if isinstance(root, Unknown) else Unknown(CHANGED)
    return {**root, first: with_value(root.get(first, {} if rest else None), rest, value)}


def _behind_type(script: Sequence[Token], index: int, mark: str) -> int:
    """The index of the mark behind a type of TypeScript, where there is one: `(): Promise<void> =>`."""
    if index < len(script) and script[index].is_mark(":"):
        for end in range(index, min(len(script), index + MAX_TYPE_TOKENS)):
            if script[end].is_mark(mark):
                return end
    return index


def declared(script: Sequence[Token], index: int) -> tuple[str, int]:
    """Name and the beginning of the value of `name = value` or `name: Type = value`; no name where it is neither."""
    if index + 1 >= len(script) or script[index].kind != NAME:
        return "", index + 1
    at = index + 1
    while (
        script[at].is_mark(":")
        or script[at - 1].is_mark(":", ".", "<", ">", "|", ",")
        or script[at].is_mark(".", "<", ">", "|", "[")
    ):
        at += 1
        if at >= len(script):
            return "", index + 1
    return (script[index].text, at + 1) if script[at].is_mark("=") else ("", index + 1)


def _declaration(made: ReadScript, index: int) -> int:
    """Takes in one declaration; those behind a comma follow."""
    script = made.script
    name, start = declared(script, index)
    if not name:
        return closing(script, index) + 1 if index < len(script) and script[index].is_mark("{", "[") else index
    function, end = function_at(script, start)
    if function:
        made.functions[name] = function
    else:
        value = expression(script, start)
        end = start + len(value)
        if len(value) > 2 and value[0].text == "require" and value[2].kind == STRING:
            made.modules[name] = (value[2].value, value[0].line)
            made.scope[name] = Unknown(f"`{name}` is imported from {value[2].value}")
        else:
            made.scope[name] = Evaluation(made.scope).of(value)
    return _declaration_behind(made, end)


def _declaration_behind(made: ReadScript, end: int) -> int:
    script = made.script
    while end < len(script) and script[end].is_mark(","):
        name, start = declared(script, end + 1)
        if not name:
            return end + 1
        value = expression(script, start)
        made.scope[name] = Evaluation(made.scope).of(value)
        end = start + len(value)
    return end


def _import(made: ReadScript, index: int) -> int:
    """Takes in `import http, { a as b } from "module"`."""
    script, at = made.script, index + 1
    names: dict[str, str] = {}
    while at < len(script) and script[at].kind != STRING:
        token = script[at]
        if token.is_mark("{"):
            end = closing(script, at)
            for part in separated(script[at + 1 : end]):
                if part:
                    names[part[-1].text] = part[0].text
            at = end
        elif token.is_mark(";", "(") or (token.line > script[index].line and token.text in (*DECLARING, "import")):
            return at
        elif token.kind == NAME and token.text not in ("from", "as", "type"):
            names[token.text] = ""
        at += 1
    module = str(script[at].value) if at < len(script) else ""
    for name, member in names.items():
        made.modules[name] = (module, script[index].line)
        made.members[name] = member
        made.scope[name] = Unknown(f"`{name}` is imported from {module}")
    if not names:
        made.modules[module] = (module, script[index].line)
    return at + 1


def _name_of(script: Sequence[Token], index: int) -> str:
    """The name of the function that begins there: `async function* name`."""
    for token in script[index : index + 4]:
        if token.is_mark("("):
            break
        if token.kind == NAME and token.text not in ("async", "function"):
            return token.text
    return ""
