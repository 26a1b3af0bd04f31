"""Values, rows, sessions and logins as an application sees them: real runs against one with members."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from club import Club, open_club
from hosts import workers
from projects import Project, free_port

HEAD = "version: 1\nname: club\ntarget: {}\ngate: {{probe: false}}\n"
FORM_LOGIN = """
endpoints:
  open form:
    request: GET /login
    expect: {status: 200}
    capture: {csrf: {regex: 'name="csrf" value="([^"]+)"'}}
  send form:
    request: POST /login
    form: {user: "{user}", csrf: "{csrf}"}
    with: {from: us.csv}
    expect: {status: 303}
  account: {request: "GET /account?user={user}", expect: {status: 200}}
"""


def users(number: int) -> str:
    """A table of so many."""
    return "user,password\n" + "".join(f"user{one},p\n" for one in range(number))


def run(project: Project, club: Club, text: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """run.json, its endpoints by name."""
    project.write(HEAD.format(club.url) + text)
    project.write(users(7), "us.csv")
    done = project.perfgate("run", "--no-save", *arguments, **environment)
    assert done.returncode in (0, 3), done.stdout + done.stderr  # 3: most have no budget to judge
    found = project.run()
    found["by_name"] = {one["name"]: one for one in found["endpoints"]}
    return found


def failures(found: dict[str, Any]) -> dict[str, Any]:
    return {name: one["failure_examples"] for name, one in found["by_name"].items() if one["failures"]}


def test_ids_never_come_again_and_a_later_step_may_use_them(project: Project):
    text = """
load: {rate: 30/s, duration: 2s, seed: 7}
endpoints:
  create: {request: POST /things, json: {id: "{id}"}, with: {id: uuid}, expect: {status: 201}}
  show: {request: "GET /things/{id}?n={n}", with: {n: {between: [1, 1000000]}}, expect: {status: 200}}
journeys: {make: [create, show]}
"""
    with open_club() as club:
        first = run(project, club, text)
        numbers = [one.target.partition("n=")[2] for one in club.asked if one.method == "GET"]
        for arguments in ([], ["--processes", "2"], ["--base", club.url]):
            assert failures(run(project, club, text, *arguments)) == {}
        created = len(club.of("/things"))

    assert failures(first) == {}
    assert first["seed"] == 7
    assert created == len(club.known) == 4 * 60
    again = [one.target.partition("n=")[2] for one in club.asked if one.method == "GET"][60:120]
    assert Counter(numbers) == Counter(again)  # choices are the seed's


def test_one_row_for_the_whole_iteration_and_a_new_visitor_each_time(project: Project):
    """The commonest login: get the form, capture its token, post it."""
    text = FORM_LOGIN + "journeys: {visit: [open form, send form, account]}\nload: {rate: 30/s, duration: 2s}\n"
    with open_club() as club:
        found = run(project, club, text)
        assert failures(found) == {}
        assert found["by_name"]["visit"]["requests"] == 60
        assert all("session" not in one.cookies for one in club.asked if one.method == "GET" and one.path == "/login")
        assert len(club.sessions) == 60
        assert Counter(club.sessions.values()).most_common()[-1][1] >= 60 // 7  # all users, in turn


@pytest.mark.parametrize("load", ["rate: 30/s, duration: 2s", "users: 3, duration: 2s"])
def test_a_journey_may_be_the_login(project: Project, load: str):
    """Each user logs in once, and stays who that is."""
    project.write(users(100), "many.csv")
    text = (
        FORM_LOGIN.replace("from: us.csv", "from: many.csv, per: user")
        + f"""
  look: {{request: GET /look, login: sign in}}
journeys:
  sign in: [open form, send form]
  visit: {{login: sign in, steps: [account, {{think: 20ms}}, account]}}
load: {{{load}}}
"""
    )
    with open_club() as club:
        found = run(project, club, text)
        assert failures(found) == {}
        assert found["by_name"]["visit"]["requests"] > 0
        assert found["by_name"]["sign in"]["requests"] == len(club.sessions) == found["generator"]["users"]
        assert len(set(club.sessions.values())) == len(club.sessions)
        assert all(one.cookies["session"] in club.sessions for one in club.of("/look"))


def test_no_two_users_share_a_row_and_those_without_one_are_left_out(project: Project):
    text = """
load: {rate: 30/s, duration: 3s}
endpoints:
  enter: {request: POST /enter, json: {user: "{user}"}, with: {from: us.csv, per: user}}
  leave: {request: POST /leave, json: {user: "{user}"}}
journeys: {visit: [enter, {think: 500ms}, leave]}
"""
    with open_club() as club:
        found = run(project, club, text)
        inside: set[str] = set()
        for one in club.asked:
            assert (one.json["user"] in inside) is (one.path == "/leave")
            inside ^= {one.json["user"]}
        entered = len(club.of("/enter"))
    assert {one.json["user"] for one in club.asked} == {f"user{number}" for number in range(7)}
    assert entered == found["generator"]["sent"] > 14
    assert found["generator"]["without_rows"] == 90 - entered > 0


def test_a_session_that_is_kept(project: Project):
    text = """
load: {users: 2, duration: 2s, session: keep}
endpoints:
  first: {request: GET /first}
  form: {request: GET /login}
"""
    with open_club() as club:
        run(project, club, text)
        csrf = [one.cookies.get("csrf") for one in club.of("/login")]
        assert csrf.count(None) == 2  # each user's first
        assert all("csrf" not in one.cookies for one in club.of("/first"))  # it is for /login only


def test_logins_that_expire_are_renewed(project: Project):
    text = """
load: {{rate: 20/s, duration: 3s}}
endpoints:
  log in: {{request: POST /token, json: {{user: "{{user}}"}}, with: {{from: us.csv}}, capture: {{token: $.access_token}}}}
  mine:
    request: GET /api/{{user}}
    headers: {{Authorization: "Bearer {{token}}"}}
    login: {login}
"""
    with open_club(token_life=1.0) as club:
        found = run(project, club, text.format(login="{as: log in, every: 500ms}"))
        assert failures(found) == {}
    with open_club(token_life=1.0) as club:
        found = run(project, club, text.format(login="{as: log in, every: 10m}"))
        refused = club.answers.count(("/token", 401)) + sum(status == 401 for _, status in club.answers)
        assert failures(found) == {}
        assert refused > 0
        assert [note for note in found["warnings"] if note.startswith(f"{refused:,} login")]
    with open_club(token_life=1.0) as club:
        found = run(project, club, text.format(login="log in"))
        refused = sum(status == 401 for _, status in club.answers)
        assert found["by_name"]["mine"]["failures"] == refused > 0  # an error is one,
        assert refused <= found["generator"]["users"] * 5  # and the next visit logs in anew


def test_rows_that_run_out_are_said_and_nothing_is_proven(project: Project):
    text = """
load: {rate: 30/s, duration: 3s}
endpoints:
  once: {request: POST /once, json: {user: "{user}"}, with: {from: us.csv, once: true}, budget: {errors: 90%, p50: 9s}}
"""
    with open_club() as club:
        found = run(project, club, text)
        assert len(club.of("/once")) == 7
    generator = found["generator"]
    assert (generator["due"], generator["sent"], generator["without_rows"]) == (90, 7, 83)
    assert any("us.csv has no rows left" in note for note in found["warnings"])
    outcomes = {one["outcome"] for one in project.verdict()["findings"]}
    assert outcomes == {"inconclusive"}
    assert all("83 iterations had no row" in one["sentence"] for one in project.verdict()["findings"])


def test_what_a_text_becomes(project: Project):
    text = """
load: {users: 1, duration: 1s}
x-parts:
  headers: &headers {X-Tok: "${TOK}"}
endpoints:
  path: {request: "GET /e?t=${TOK}&x={x}&c={c}&o={o}", headers: *headers, with: {x: true, c: {choice: [false]}, o: {choice: [{a: null}]}}}
  form: {request: POST /form, form: {x: "{x}", n: "{n}"}, with: {x: true, n: {choice: [null]}}}
  face: {request: POST /face, json: {face: "\\ud83d\\ude00"}}
  words: {request: "GET /words/{word}", with: {from: words.csv, separator: ";"}}
"""
    project.write("word;count\ntea;1\npot;2\n   \n", "words.csv")
    with open_club() as club:
        assert failures(run(project, club, text, TOK="p@ss #1 %41&x=1")) == {}
        assert {one.target for one in club.of("/e")} == {
            "/e?t=p%40ss%20%231%20%2541%26x%3D1&x=true&c=false&o=%7B%22a%22%3Anull%7D"
        }
        assert club.of("/e")[0].headers["x-tok"] == "p@ss #1 %41&x=1"
        assert {one.body for one in club.of("/form")} == {"x=true&n=null"}
        assert club.of("/face")[0].json == {"face": "\U0001f600"}
        assert {one.path for one in club.asked if one.path.startswith("/words")} == {"/words/tea", "/words/pot"}


def test_answers_that_only_look_like_success(project: Project):
    text = """
load: {users: 1, duration: 1s}
endpoints:
  query: {request: POST /graphql, graphql: "{ nothing }"}
  expected: {request: POST /graphql, graphql: "{ nothing }", expect: {json: {"$.errors[0].message": no such field}}}
  members: GET /members
  moved: {request: GET /members, expect: {status: 302}}
"""
    with open_club() as club:
        found = run(project, club, text)
    assert failures(found) == {"query": ["graphql: 'no such field'"]}
    assert [note for note in found["warnings"] if "redirects" in note] == [
        "All successes of `members` were redirects (status 3xx). If that is right, add `expect: {status: ...}`; else "
        "`follow_redirects: true`, or log in first. [PG-G009]"
    ]


HAND_WRITTEN = """
import gevent
from locust import HttpUser, task
from perfgate.runtime import Endpoint, Visitor

started = []

class Member(Visitor):
    host = "http://127.0.0.1"

    def on_start(self):
        started.append(self)
        if len(started) <= 20:
            raise ERROR

    @task
    def look(self):
        self.send(LOOK)

LOOK = Endpoint("look", "GET", "/look")
"""
TROUBLE = ['RuntimeError("cannot log in")', "gevent.Timeout(1)"]  # the latter is no Exception


@pytest.mark.parametrize("error", TROUBLE)
def test_users_that_cannot_start_give_their_places_back(project: Project, error: str):
    project.write(HAND_WRITTEN.replace("ERROR", error), "member.py")
    text = """
load: {rate: 50/s, duration: 2s, max_users: 20}
scenarios: [member.py]
endpoints: {look: {budget: {errors: 1%}}}
"""
    with open_club() as club:
        project.write(HEAD.format(club.url) + text)
        done = project.perfgate("run", "--no-save")
        assert done.returncode in (0, 1), done.stderr
        assert len(club.of("/look")) == 80
    assert project.run()["generator"]["dropped"] == 0


UNLUCKY = """
import gevent
from perfgate.runtime import Endpoint, Visitor
from locust import task

LOOK = Endpoint("look", "GET", "/look")

class Unlucky(Visitor):
    abstract = True
    host = "http://127.0.0.1"

    def on_stop(self):
        raise RuntimeError("cannot log out")

    @task
    def look(self):
        self.send(LOOK)
        raise gevent.Timeout(1)

class Member(Unlucky):
    pass

class Guest(Unlucky):
    pass
"""


def test_visits_that_break_off_give_their_places_back(project: Project):
    """Two classes of users and one place: each visit of the other class begins where one has ended."""
    project.write(UNLUCKY, "unlucky.py")
    text = """
load: {rate: 50/s, duration: 2s, max_users: 1}
scenarios: [unlucky.py]
endpoints: {look: {budget: {errors: 1%}}}
"""
    with open_club() as club:
        project.write(HEAD.format(club.url) + text)
        done = project.perfgate("run", "--no-save")
        assert done.returncode in (0, 1), done.stderr
        assert len(club.of("/look")) > 10  # one, if no place were given back


def test_users_of_hand_written_scenarios_are_counted(project: Project):
    project.write(
        "from locust import HttpUser, constant, task\n\nclass Member(HttpUser):\n    wait_time = constant(0.05)\n\n"
        '    @task\n    def look(self):\n        self.client.get("/look", name="look")\n',
        "member.py",
    )
    text = "load: {users: 3, duration: 2s}\nscenarios: [member.py]\nendpoints: {look: {budget: {errors: 1%}}}\n"
    with open_club() as club:
        project.write(HEAD.format(club.url) + text)
        done = project.perfgate("run", "--no-save")
        assert done.returncode == 0, done.stderr
    assert project.run()["generator"]["users"] == 3


def test_check_needs_no_secrets_and_sees_ports_that_differ(project: Project):
    project.write("""version: 1
target: http://127.0.0.1:8765
service: {command: "x --port ${PORT}", port: 8765}
load: {users: 1, duration: 1s}
endpoints: {a: {request: "GET /?t=${TOKEN}", with: {u: {env: NAME}}}}
""")
    done = project.perfgate("check")
    assert done.returncode == 0
    assert "fine. 1 endpoint" in done.stdout
    assert "budgets.yaml:5: the environment variable TOKEN is not set; `perfgate run` needs it." in done.stderr
    assert "the environment variable NAME is not set" in done.stderr
    assert project.perfgate("run").returncode == 2

    path = project.folder / "budgets.yaml"
    path.write_text(path.read_text().replace("1:8765", "1:8766"))
    done = project.perfgate("check")
    assert done.returncode == 2
    assert "requests go to port 8766, and the service listens on port 8765" in done.stderr


LOGINS = re.search(
    "^## Logins$(.*?)^## ",
    (Path(__file__).parents[2] / "docs" / "budgets.md").read_text("utf-8"),
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = re.findall("^```yaml\n(.*?)^```", LOGINS[1] if LOGINS else "", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("example", "sends"), [*zip(EXAMPLES, ("account", "orders", "keyed"), strict=True)])
def test_every_login_of_the_docs_logs_in(project: Project, example: str, sends: str):
    project.write(users(60), "users.csv")
    text = example + ("endpoints: {keyed: GET /keyed}\n" if sends == "keyed" else "")
    with open_club() as club:
        found = run(project, club, text + "load: {rate: 20/s, duration: 2s}\n", API_TOKEN="s3cret")
    assert failures(found) == {}
    assert found["by_name"][sends]["requests"] >= 40 * (1 + (sends == "account")) * 0.4


def test_users_of_several_processes_do_not_share_rows(project: Project):
    """Reported of Locust (issues 389 and 987): workers hand out the same credentials."""
    text = """
load: {users: 6, duration: 2s}
endpoints:
  once: {request: POST /once, json: {user: "{user}"}, with: {from: us.csv, per: user}, login: sign in}
  sign in: {request: POST /token, json: {user: "{user}"}, with: {from: us.csv, per: user}, capture: {token: $.access_token}}
  mine: {request: "GET /api/{user}", headers: {Authorization: "Bearer {token}"}, login: sign in}
"""
    with open_club() as club:
        found = run(project, club, text, "--processes", "2")
        assert failures(found) == {}
        users = sorted(one.json["user"] for one in club.of("/token"))
    assert users == [f"user{number}" for number in range(6)]


@pytest.mark.load
@pytest.mark.parametrize("how", ["processes", pytest.param("workers", marks=pytest.mark.slow)])
def test_weights_are_exact_and_no_data_comes_twice_over_processes(project: Project, how: str):
    text = """
load: {rate: 60/s, duration: 2s, arrivals: even}
endpoints:
  take: {weight: 3, request: POST /things, json: {id: "row {user}"}, with: {from: many.csv, once: true}, expect: {status: 201}}
  count: {weight: 2, request: POST /things, json: {id: "number {n}"}, with: {n: {sequence: 1}}, expect: {status: 201}}
  make: {request: POST /things, json: {id: "{id}"}, with: {id: uuid}, expect: {status: 201}}
"""
    project.write(users(120), "many.csv")  # a process has every other row
    port = free_port()
    arguments = {
        "processes": ["--processes", "2"],
        "workers": ["--workers", "2", "--master-host", "127.0.0.1", "--master-port", str(port)],
    }[how]
    with open_club() as club, workers(2 if how == "workers" else 0, port):
        found = run(project, club, text, *arguments)

    assert failures(found) == {}  # the same thing a second time is a 409
    assert len(club.known) == len(club.of("/things")) == found["generator"]["sent"]
    if how == "processes":  # separate workers may begin too late for the first arrivals
        assert {name: one["requests"] for name, one in found["by_name"].items()} == {
            "take": 60,
            "count": 40,
            "make": 20,
        }
