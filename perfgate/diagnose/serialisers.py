"""Functions of libraries that serialise, parse or render, by their names in a profile. Pure.

What turns values into text or bytes, or into plain values on the way there, and back: formats (JSON, pickle, YAML, CSV,
XML), serialisers (Pydantic, marshmallow, Django REST framework, dataclasses.asdict) and templates. `copy.deepcopy`
copies, and is computing like any other. Libraries in C have no frames of their own: the line that calls them names
them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DUMPS = r"((safe|full|unsafe|round_trip)_)?(_?dumps?|dump_all|_?loads?|load_all|(un)?packb?|encode|decode|raw_decode)"
# module -> functions; `()` in the place of a class, which newer interpreters name and older ones do not
_FORMATS = (
    (r"json(\.(encoder|decoder))?", r"(dumps?|encode|iterencode|_iterencode\w*|loads|decode|raw_decode)"),
    (r"(simplejson|ujson|orjson|rapidjson|u?msgpack|cbor2|bson|tomllib|tomli|toml|yaml|ruamel\.yaml)\b.*", _DUMPS),
    (r"(c?pickle|_pickle|marshal|msgspec|cloudpickle|dill|jsonpickle)\b.*", rf"({_DUMPS}|save\w*)"),
    (r"csv", r"(__next__|writerows?|writeheader|_dict_to_list)"),
    (r"(defusedxml|xml)\b.*", r"(fromstring|tostring|XML|parse(String)?|iterparse|write(xml)?|to(pretty)?xml)"),
    (r"xml\.etree\.ElementTree", r"_serialize_\w+"),
    (r"etree", r"(to|from)string"),
    (r"xmltodict", r"(un)?parse"),
    (r"google\.protobuf\b.*", r"(SerializeToString|ParseFromString|FromString|MessageTo(Dict|Json)|Parse(Dict)?)"),
    (r"flask\.json(\.\w+)*", r"(dumps|loads|jsonify|response)"),
    (r"django\.core\.serializers(\.\w+)*", r"(serialize|deserialize|Deserializer|handle_object|get_dump_object)"),
    (r"django\.core\.cache\.backends\.\w+", r"(dumps|loads)"),
    (r"django\.http\.response\.JsonResponse", r".*"),
    (r"rest_framework\.(renderers|parsers)", r"(render|parse)"),
    (r"starlette\.responses", r"render"),
)
# npm packages, whose functions are named `function (package/file.js)`; JSON is that of V8
_OF_NODE = re.compile(
    r"~(JSON\.(parse|stringify)"
    r"|[^ ]+ \((fast-json-stringify|secure-json-parse|superjson|devalue|serialize-javascript|class-transformer|flatted"
    r"|js-yaml|yaml|xml2js|fast-xml-parser|sax|papaparse|csv-(parse|stringify)|msgpackr?|@msgpack/msgpack|protobufjs|avsc"
    r")/.*\))"
)
# These call the application: its own functions that they call are its own computing, and what the ORM does is its own.
_CALLERS = (
    (r"dataclasses", r"(asdict|astuple|_as(dict|tuple)_inner)"),
    (r"attr\._(funcs|next_gen)", r"as(dict|tuple)"),
    (r"cattrs?\b.*", r"(un)?structure\w*"),
    (r"marshmallow\b.*", r"(dumps?|loads?|_?(de)?serialize|_do_load|get_attribute)"),
    (r"rest_framework\.(serializers|fields|relations)", r"(data|to_representation|to_internal_value|run_validation)"),
    (r"django\.forms\.models", r"model_to_dict"),
    (r"fastapi\.encoders", r"jsonable_encoder"),
    (r"fastapi\.routing", r"serialize_response"),
    (r"fastapi\._compat\b.*", r"\w*serialize\w*"),
    (
        r"pydantic\.(v1\.)?(main|type_adapter|deprecated|tools|root_model)\b.*",
        r"(model_dump(_json)?|dump_(json|python)|serialize\w*|model_validate(_json|_strings)?"
        r"|validate_(json|python|strings)|dict|json|parse_(obj|raw|file)(_as)?)",
    ),
    (r"jinja2\.environment", r"(render|generate|root_render_func)(_async)?"),
    (r"django\.template\b.*", r"(_?render\w*|rendered_content)"),
    (r"(mako|chameleon)\.(template|runtime)", r"_?render\w*"),
    (r"tornado\.template", r"generate"),
)


def _any_of(table: Sequence[tuple[str, str]]) -> re.Pattern[str]:
    return re.compile("~(" + "|".join(rf"{module}\.(\w+\.)?{function}" for module, function in table) + ")")


_FORMAT, _CALLER = _any_of(_FORMATS), _any_of(_CALLERS)
_ORM = re.compile(r"~(django\.db|sqlalchemy|psycopg\w*|asyncpg|pymysql|MySQLdb|sqlite3|tortoise|peewee|pony)\b")

_IN_C = re.compile(
    r"(?<![\w.])(?P<module>orjson|ujson|rapidjson|u?msgpack|cbor2|c?[Pp]ickle|_pickle|marshal|msgspec\.\w+|etree)"
    r"\.(?P<function>dumps?|loads?|(un)?packb?|encode|decode|tostring|fromstring)\("
)


def called_in_c(line: str) -> str:
    """The frame that a serialiser in C would have, of a line of source that calls it; empty where it calls none."""
    match = _IN_C.search(line)
    return f"~{match['module'].lower()}.{match['function']}" if match else ""


def is_serialising(stack: Sequence[str]) -> bool:
    """Whether what runs (the outermost frame first; `~` before a library's) serialises, parses or renders."""
    is_inside = False
    for frame in stack:
        if _FORMAT.fullmatch(frame) or _OF_NODE.fullmatch(frame):
            return True
        if _CALLER.fullmatch(frame):
            is_inside = True
        elif not frame.startswith("~") or _ORM.match(frame):
            is_inside = False
    return is_inside
