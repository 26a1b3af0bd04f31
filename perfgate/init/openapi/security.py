"""Authentication schemes as headers or query parameters with a variable for the secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfgate.init import naming
from perfgate.init.openapi.references import References
from perfgate.init.proposal import Json
from perfgate.init.templating import is_header_name


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a request needs to be let in. `variables` says what each is to be set to."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    unknown: str = ""  # a scheme that has no equivalent here


def schemes_of(document: Mapping[str, Json], references: References) -> dict[str, Mapping[str, Json]]:
    """The schemes by name."""
    components = document.get("components")
    written = document.get("securityDefinitions") or (
        components.get("securitySchemes") if isinstance(components, dict) else None
    )
    return {str(name): references.resolve(item) for name, item in written.items()} if isinstance(written, dict) else {}


def credentials(alternatives: Sequence[Sequence[str]], schemes: Mapping[str, Mapping[str, Json]]) -> Credentials:
    """The first alternative that can be kept to; none where a request may go without."""
    if not alternatives or any(not names for names in alternatives):
        return Credentials()
    made = [_all_of(names, schemes) for names in alternatives]
    return next((item for item in made if not item.unknown), made[0])


def _all_of(names: Sequence[str], schemes: Mapping[str, Mapping[str, Json]]) -> Credentials:
    parts = [_one(name, schemes.get(name, {})) for name in names]
    cookies = [value for part in parts for key, value in part.headers.items() if key == "Cookie"]
    headers = {key: value for part in parts for key, value in part.headers.items()}
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    return Credentials(
        headers=headers,
        query={key: value for part in parts for key, value in part.query.items()},
        variables={key: value for part in parts for key, value in part.variables.items()},
        unknown=next((part.unknown for part in parts if part.unknown), ""),
    )


def _one(name: str, scheme: Mapping[str, Json]) -> Credentials:
    kind, http = str(scheme.get("type", "")), str(scheme.get("scheme", "bearer")).lower()
    variable = naming.variable_name(name)
    hole = f"${{{variable}}}"
    if kind == "basic" or (kind == "http" and http == "basic"):
        meaning = f"base64 of user:password, for the scheme {name}"
        return Credentials(headers={"Authorization": f"Basic {hole}"}, variables={variable: meaning})
    if kind in ("oauth2", "openIdConnect") or (kind == "http" and http == "bearer"):
        meaning = f"an access token, for the scheme {name}"
        return Credentials(headers={"Authorization": f"Bearer {hole}"}, variables={variable: meaning})
    if kind == "apiKey":
        return _api_key(name, scheme, variable, hole)
    return Credentials(unknown=f"the authentication scheme {name} ({kind or 'not described'}) is not known here")


def _api_key(name: str, scheme: Mapping[str, Json], variable: str, hole: str) -> Credentials:
    place, key = scheme.get("in"), str(scheme.get("name", ""))
    variables = {variable: f"the key that is sent as {key}, for the scheme {name}"}
    if place == "query":
        return Credentials(query={key: hole}, variables=variables)
    if place != "cookie" and not is_header_name(key):
        return Credentials(unknown=f"the authentication scheme {name} has no header that can be sent")
    if place == "cookie":
        return Credentials(headers={"Cookie": f"{key}={hole}"}, variables=variables)
    return Credentials(headers={key: hole}, variables=variables)
