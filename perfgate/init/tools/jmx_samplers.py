"""HTTP samplers of a JMeter plan as endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote_plus

from perfgate.init import recorded
from perfgate.init.proposal import Endpoint, Json
from perfgate.init.recorded import Recorded
from perfgate.init.secrets import Secrets
from perfgate.init.templating import split_url
from perfgate.init.tools.conversion import UnsendableError, checked_method, split_base
from perfgate.init.tools.jmx_scope import HTTP_KEYS, DataFile, PlanScope, arguments_of
from perfgate.init.tools.jmx_tree import PlanElement, XmlElement
from perfgate.init.tools.jmx_variables import PlanVariables

HTTP_SAMPLERS = ("HTTPSamplerProxy", "HTTPSampler", "HTTPSampler2", "HTTPSampler3")
WITH_QUERY = ("GET", "HEAD", "DELETE", "OPTIONS")
STANDARD_PORTS = ("http:80", "https:443")
Text = Callable[[str], str]  # fills variables in
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")


def endpoint_of(
    element: PlanElement, scope: PlanScope, variables: PlanVariables, captured: Sequence[str], secrets: Secrets
) -> tuple[str, Endpoint]:
    """Origin and endpoint; `captured` are the values that earlier requests give. Raises UnsendableError."""
    values = {name: name for file in scope.data if file.path for name in file.names} | {name: name for name in captured}

    def text(written: str) -> str:
        return variables.text(written, values)

    method = checked_method(text(element.xml.value("HTTPSampler.method")).strip().upper() or "GET")
    origin, path, query = _url(element.xml, {key: text(value) for key, value in scope.defaults.items()}, text)
    headers = {text(name): text(value) for name, value in scope.headers.items()}
    arguments = [*scope.arguments, *arguments_of(element.xml)]
    pairs = [_pair(item, text) for item in arguments]
    if _has_files(element.xml):
        raise UnsendableError("it sends files: write it by hand under `multipart`")
    is_raw = element.xml.is_true("HTTPSampler.postBodyRaw") or bool(pairs and not any(name for name, _, _ in pairs))
    is_multipart = element.xml.is_true("HTTPSampler.DO_MULTIPART_POST") and not is_raw
    encoded = "&".join(_encoded(*pair) for pair in pairs)
    body, media_type = "", ""
    if is_raw:
        declared = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        body, media_type = "".join(value for _, value, _ in pairs), declared
    elif method in WITH_QUERY:
        query = "&".join(filter(None, (query, encoded)))
    elif not is_multipart and pairs:
        body, media_type = encoded, recorded.FORM
    sent = Recorded(method=method, path=path, query=query, headers=headers, body=body, media_type=media_type)
    made = recorded.endpoint(sent, _VARIABLE.sub(r"{\1}", element.title), secrets)
    if is_multipart and pairs and method not in WITH_QUERY:
        made = replace(made, body_key="multipart", body=secrets.fields({name: value for name, value, _ in pairs}))
    texts = (path, query, body, *headers.values(), *(value for _, value, _ in pairs))
    return origin, _with_values(
        replace(made, expect=scope.expect, captures=scope.captures), texts, scope.data, values, variables
    )


def _with_values(
    endpoint: Endpoint,
    texts: Sequence[str],
    data: Sequence[DataFile],
    values: Mapping[str, str],
    variables: PlanVariables,
) -> Endpoint:
    """The endpoint with its variables as values of an iteration or of the environment, and where they come from."""
    used = {name for text in texts for name in _VARIABLE.findall(text)}
    drawn = {name: source for name, source in variables.drawn.items() if name in used and name not in values}
    holes = sorted(used & {*values, *drawn})
    made = recorded.with_variables(endpoint, "|".join(sorted(used)), holes) if used else endpoint
    sources: dict[str, Json] = dict(drawn)
    for file in data:
        if file.path and used & set(file.names):
            sources = {"from": file.path, **file.settings, **sources}
    return replace(made, values=sources)


def _url(xml: XmlElement, defaults: Mapping[str, str], text: Text) -> tuple[str, str, str]:
    """Origin (empty where a variable names the host, or nothing does), path and query. Raises UnsendableError."""
    domain, port, protocol, path = (
        text(xml.value(f"HTTPSampler.{key}")).strip() or defaults.get(key, "") for key in HTTP_KEYS
    )
    if "://" in path:
        return split_base(path)
    path, _, query = path.partition("#")[0].partition("?")
    path = path if path.startswith("/") else f"/{path}"
    protocol = protocol.lower() or "http"
    if not domain or "${" in domain or "${" in port:
        return "", path, query
    place = f":{port}" if port and f"{protocol}:{port}" not in STANDARD_PORTS else ""
    origin, _, _ = split_url(f"{protocol}://{domain}{place}")
    if not origin:
        raise UnsendableError("its URL cannot be read")
    return origin, path, query


def _pair(argument: XmlElement, text: Text) -> tuple[str, str, bool]:
    """Name and value of an argument, and whether they are encoded already."""
    is_done = not argument.is_true("HTTPArgument.always_encode")
    return text(argument.value("Argument.name")), text(argument.value("Argument.value")), is_done


def _encoded(name: str, value: str, is_done: bool) -> str:
    return f"{name}={value}" if is_done else f"{quote_plus(name, safe='${}')}={quote_plus(value, safe='${}')}"


def _has_files(xml: XmlElement) -> bool:
    files = xml.part("HTTPsampler.Files")
    listed = files.part("HTTPFileArgs.files") if files else None
    old = xml.value("HTTPSampler.FILE_NAME")
    return bool(old) or any(item.value("File.path") for item in (listed.inner if listed else ()))
