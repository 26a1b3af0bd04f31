"""What a diagnosis hears of the answers to requests that it sends again."""

from __future__ import annotations

from runtime.test_runtime_in_locust import in_locust

TWO_USERS = """
import gevent
from locust.env import Environment
from perfgate.runtime.http.responses import Response
from perfgate.runtime.users.replay import ObservedAnswer

answers = ObservedAnswer(Environment(), "orders")
answers.is_recording = True

def user():
    for opened in (1, 0, 1):
        response = Response(200, service=1)
        response.connections = opened
        answers.record(("GET", "orders"), 0, response, None)

gevent.joinall([gevent.spawn(user), gevent.spawn(user)], raise_error=True)
result = [sample["connections"] for sample in answers.samples]
"""


def test_the_connection_that_every_user_has_to_open_is_no_sign_of_closed_ones():
    assert in_locust(TWO_USERS) == [None, 0, 1] * 2
