"""Codes of mistakes in what a budget file says: requests, values, load, what belongs together (B020 and on)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-B020": CodeEntry(
        "An endpoint has no request.",
        "Only endpoints that a hand-written scenario sends may go without.",
        "home: {weight: 2}",
        "Add `request: GET /path`, or name the scenario under `scenarios`.",
    ),
    "PG-B021": CodeEntry(
        "A request has two bodies, or GraphQL variables without a query.",
        "One request has one body.",
        "{json: {...}, form: {...}}",
        "Keep one of `json`, `form`, `body`, `multipart`, `graphql`.",
    ),
    "PG-B022": CodeEntry(
        "A name cannot stand between braces.",
        "Names of values have letters, digits and `_`, do not begin with a digit, and some are reserved.",
        "with: {user-id: uuid}",
        "Rename it: `user_id`.",
    ),
    "PG-B023": CodeEntry(
        "A source of values under `with` is not clear.",
        "Each name has exactly one source: `between`, `choice`, `sequence`, `env`, `uuid`, or a column of `from`.",
        "with: {page: {between: [1, 9], choice: [1]}}",
        "Keep one source, as in `{between: [1, 60]}`.",
    ),
    "PG-B024": CodeEntry(
        "Two headers are the same.",
        "Names of headers ignore upper and lower case.",
        "headers: {Accept: a, accept: b}",
        "Remove one of them.",
    ),
    "PG-B025": CodeEntry(
        "A value `{x}` is used, and nothing gives it.",
        "Values come from the endpoint's `with`, its login, or what an earlier step captures.",
        "request: GET /items/{id} (without `with`)",
        "Define it under `with`, or capture it in an earlier step. `{{` is a literal brace.",
    ),
    "PG-B026": CodeEntry(
        "A template is not well formed.",
        "A brace is not closed, has no name, or closes nothing.",
        "request: GET /items/{id",
        "Close it, or write `{{` and `}}` for literal braces.",
    ),
    "PG-B027": CodeEntry(
        "An environment variable is not set.",
        "`${X}` is filled in when perfgate runs, so that secrets stay out of the file.",
        'headers: {Authorization: "Bearer ${API_TOKEN}"}',
        "Set it (`export API_TOKEN=...`, or `env:` of the CI step), or give a default: `${X:-value}`.",
    ),
    "PG-B028": CodeEntry(
        "`${X}` stands where it is not replaced.",
        "Expectations, captures and sources of values are taken literally, so that a digest of the requests holds.",
        'expect: {json: {"$.id": "${ID}"}}',
        "Under `with` write `{env: NAME}`; elsewhere write the text itself.",
    ),
    "PG-B029": CodeEntry(
        "The value of an environment variable cannot be sent in a header.",
        "It holds a line break or a character beyond Latin-1. Often a secret was stored with its trailing newline.",
        "API_TOKEN=$'secret\\n'",
        "Store it again without the line break.",
    ),
    "PG-B030": CodeEntry(
        "Nothing would be sent.",
        "There are no endpoints and no scenarios, or all weights are 0.",
        "endpoints: {}",
        "Add an endpoint: `endpoints: {home: GET /}`, or give one a weight.",
    ),
    "PG-B031": CodeEntry(
        "A journey has the name of an endpoint, or sends nothing.",
        "Reports go by name, and a journey is made of endpoints.",
        "journeys: {buy: [{think: 1s}]}",
        "Rename it, or add the name of an endpoint to its steps.",
    ),
    "PG-B032": CodeEntry(
        "A step or login names an endpoint that cannot be sent.",
        "There is none of that name, it is a journey, or it has no `request`.",
        "journeys: {buy: [log in]} (without `log in`)",
        "Correct the name, or define it under `endpoints`.",
    ),
    "PG-B033": CodeEntry(
        "A login has a login.",
        "A login is what comes first.",
        "log in: {request: POST /login, login: log in}",
        "Remove `login` from it.",
    ),
    "PG-B034": CodeEntry(
        "`load` says how much in two ways, or in none.",
        "The load is either `rate` (requests are due at their times) or `users` (each waits for its answer), or `stages` of one of them.",
        "load: {rate: 10/s, users: 5, duration: 30s}",
        "Keep one; `arrivals` and `max_users` go with a rate.",
    ),
    "PG-B035": CodeEntry(
        "How long the load lasts is missing, or is there twice.",
        "`stages` have durations of their own; a range (`20s..3m`) says the same as `extend`.",
        "load: {rate: 10/s}",
        "Add `duration: 30s`, or remove the second one.",
    ),
    "PG-B036": CodeEntry(
        "A stage is neither a rate nor users, or stages mix them.",
        "All stages are of one kind.",
        "stages: [{rate: 5/s, for: 10s}, {users: 3, for: 10s}]",
        "Write each as `{rate: 50/s, for: 30s}`.",
    ),
    "PG-B037": CodeEntry(
        "The abort would come after the load is over.",
        "`abort: {for: ...}` is longer than the load.",
        "abort: {errors: 50%, for: 5m} with duration: 30s",
        "Shorten `for`.",
    ),
    "PG-B038": CodeEntry(
        "A part of a request may take longer than the whole.",
        "`connect` or another part exceeds `total`.",
        "timeout: {connect: 20s, total: 10s}",
        "Lower it, or raise `total`.",
    ),
    "PG-B039": CodeEntry(
        "The target is not the URL of a server.",
        "It begins with http:// or https://, has a host, and neither password, query nor braces.",
        "target: 127.0.0.1:8000",
        "Write `target: http://127.0.0.1:8000`; secrets go into `headers`.",
    ),
    "PG-B040": CodeEntry(
        "Requests go to another port than the service listens on.",
        "`target` and `service: {port: ...}` disagree.",
        "target: http://127.0.0.1:8000 with service: {port: 8765}",
        "Give both the same port.",
    ),
    "PG-B041": CodeEntry(
        "A file that the budget file names is not there.",
        "Paths are relative to the budget file.",
        "with: {from: users.csv}",
        "Correct the path, or add the file to the repository.",
    ),
    "PG-B042": CodeEntry(
        "A data file cannot be used.",
        "It is not there, has no header line, no rows, a wrong separator, or a column that is defined elsewhere too.",
        "with: {from: users.csv, user: uuid} (with a column user)",
        'See docs/budgets.md, "Values": the first line names the columns.',
    ),
    "PG-B043": CodeEntry(
        "The file's name cannot be the name of the load test.",
        "Names stand in paths, branches and reports.",
        "-budgets.yaml",
        "Add `name: shop`.",
    ),
    "PG-B044": CodeEntry(
        "Keys under `tls` do not go together.",
        "A key needs its certificate, `insecure` takes any certificate, and TLS is spoken with https targets.",
        "tls: {key: client.key}",
        "Add what is missing, or remove what contradicts.",
    ),
    "PG-B045": CodeEntry(
        "Keys of a poll, a callback, of events or of a WebSocket do not go together.",
        "Some need another one, some exclude each other, and a limit needs what it measures.",
        "budget: {completion_p95: 5s} (without `poll`)",
        "Add or remove the key that the message names.",
    ),
    "PG-B046": CodeEntry(
        "A GraphQL request, or how many clients share it, cannot be understood.",
        "The query has a mistake, or `clients` needs another key.",
        'graphql: "query { search("',
        "Mend the query at the place that the message names.",
    ),
    "PG-B047": CodeEntry(
        "A replay does not go with this.",
        "The recording says what is sent and when, so other keys that say it have no place beside it.",
        "load: {replay: access.log, duration: 30s}",
        "Remove the key that the message names, or the replay.",
    ),
    "PG-B048": CodeEntry(
        "A page cannot be viewed as it is written.",
        "Its name is taken, an interaction is none or several at once, or a file that it needs is not there.",
        'pages: {home: {path: /, interact: [{click: "#buy", wait: 1s}]}}',
        "Change the place that the message names; docs/pages.md has every key.",
    ),
    "PG-B049": CodeEntry(
        "An address under `export` is no place to export to.",
        "Its scheme names no monitoring system, host or port are wrong, or a password stands in it.",
        "export: [prometheus+http://collector:9090]",
        "Write one of the URLs of docs/export.md, such as `remote-write+http://HOST:9090/api/v1/write`.",
    ),
    "PG-B050": CodeEntry(
        "A gRPC call cannot be made as it is written.",
        "Its method or a field of its message is not in the .proto file, the file cannot be compiled, or the packages that "
        "gRPC needs are not installed.",
        "request: POST /shop.Catalog/Serach",
        "Mend the place that the message names; `pip install 'perfgate[grpc]'` installs the packages.",
    ),
    "PG-B051": CodeEntry(
        "A variable without braces is not replaced.",
        "Only `${X}` is replaced: `$X` may be a price, a ticker or a JSON path, and is sent as it stands.",
        'headers: {Authorization: "Bearer $API_TOKEN"}',
        "Write `${API_TOKEN}`; leave what is right as it stands. A secret of GitHub comes in by `env:` of the workflow's step, and is `${NAME}` here too.",
    ),
    "PG-B052": CodeEntry(
        "A page has a limit on `inp`, and no interaction.",
        "The Interaction to Next Paint is that of a click, a key or a choice: a page that is only loaded has none.",
        "pages: {home: {path: /, budget: {inp: 200ms}}}",
        'List what a visitor does, `interact: [{click: "#buy"}]`, or remove the limit. It may stay where Lighthouse measures it and its reports are imported.',
    ),
}
