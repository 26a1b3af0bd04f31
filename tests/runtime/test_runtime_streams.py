"""Event streams as bytes: whatever the chunks, the same events."""

from __future__ import annotations

from itertools import pairwise
from time import monotonic_ns, time_ns
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, TextMessage

from perfgate.runtime.scenario.stated_times import stated
from perfgate.runtime.streams import replies
from perfgate.runtime.streams.messages import EventParser, Message
from perfgate.runtime.streams.recording import MessageRecord
from perfgate.runtime.streams.replies import AwaitedReplies
from perfgate.runtime.streams.talk import Talk

STREAM = (
    b"\xef\xbb\xbf: comment\n\ndata: one\n\nevent: add\r\ndata: two\r\ndata: lines\r\nid: 7\r\n\r\n"
    b"data\n\ndata:x\rdata: y\r\rretry: 5\n\nevent: none\n\ndata: cut"
)
EVENTS = [(b"one", ""), (b"two\nlines", "add"), (b"", ""), (b"x\ny", "")]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_in_any_pieces(cuts: list[int]):
    parser, edges = EventParser(), [0, *sorted(cuts), len(STREAM)]
    found = []
    for number, (start, end) in enumerate(pairwise(edges)):
        found += [(message.content, message.event) for message in parser.feed(STREAM[start:end], number)]

    assert found == EVENTS


def test_an_event_is_timed_by_the_piece_that_completes_it():
    parser = EventParser()
    assert parser.feed(b"data: 1\n", 10) == []
    [first, second] = parser.feed(b"\ndata: 2\n\ndata: 3", 20)
    assert [(one.content, one.arrived) for one in (first, second)] == [(b"1", 20), (b"2", 20)]
    [third] = parser.feed(b"\n\n", 30)
    assert third.arrived == 30


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"\xff"])
def test_what_is_not_json_says_so(content: bytes):
    [message] = EventParser().feed(b"data: " + content + b"\n\n", 1)
    with pytest.raises(ValueError, match=r".*"):
        _ = message.json


@pytest.mark.parametrize("reply", ["next", "$.id"])
def test_a_reply_that_comes_before_its_sender_goes_on_is_that_message_s(reply: str):
    """On a busy generator the reply is read first: the replies after it must not shift by one."""
    awaited = AwaitedReplies(reply)

    first = awaited.expect('{"id": 1}')
    early = awaited.answered(Message(b'{"id": 1}', 0))
    first.left = 10  # the sender goes on
    second = awaited.expect('{"id": 2}')
    late = awaited.answered(Message(b'{"id": 2}', 0))

    assert (early, late) == (first, second)
    assert awaited.answered(Message(b'{"id": 3}', 0)) is None


@pytest.mark.parametrize("reply", ["next", "$.id"])
def test_a_message_without_a_reply_is_given_up_once(reply: str):
    awaited = AwaitedReplies(reply)
    first, second = awaited.expect('{"id": 1}'), awaited.expect('{"id": 2}')
    first.due, second.due = 10, 20

    assert awaited.give_up(before=10) == []
    assert (awaited.give_up(before=11), awaited.give_up(before=11), len(awaited)) == ([first], [], 1)
    if reply != "next":
        assert awaited.answered(Message(b'{"id": 1}', 0)) is None  # a late reply is no other's
    assert awaited.answered(Message(b'{"id": 2}', 0)) is second
    assert not awaited


def test_of_many_open_messages_each_has_its_own_reply(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replies, "MAX_AWAITED_REPLIES", 2)
    awaited = AwaitedReplies("next")
    sent = [awaited.expect("hi") for _ in range(4)]
    assert [awaited.answered(Message(b"hi", 0)) for _ in range(5)] == [*sent, None]

    by_id = AwaitedReplies("$.id")
    first, _, third = (by_id.expect(f'{{"id": {number}}}') for number in range(3))
    assert by_id.answered(Message(b'{"id": 2}', 0)) is None  # beyond what is waited for
    assert by_id.answered(Message(b'{"id": 0}', 0)) is first is not third


def test_messages_without_the_value_answer_nothing():
    awaited = AwaitedReplies("$.id")
    awaited.expect('{"hello": 1}')

    assert awaited.answered(Message(b'{"broadcast": 1}', 0)) is None
    assert awaited.answered(Message(b"not JSON", 0)) is None


def test_without_a_reply_no_message_is_one():
    awaited = AwaitedReplies("")
    awaited.expect("hello")
    assert awaited.answered(Message(b"hello", 0)) is None


def test_a_stream_without_a_message_counts_as_a_timeout_of_the_first_one():
    """Else of streams of which half stay mute only the others would be measured."""
    found = []
    mute = MessageRecord(lambda *values: found.append(values), began=1)
    mute.finish()
    [(aspect, began, took, failure)] = found
    assert (aspect, began, took > 0, failure.kind) == ("first_message", 1, True, "timeout")

    found.clear()
    spoken = MessageRecord(lambda *values: found.append(values), began=1)
    spoken.add(Message(b"hi", 2))
    spoken.finish()
    assert [aspect for aspect, *_ in found] == ["first_message"]


@pytest.mark.parametrize("value", ["1e999", "1" * 400, '"soon"', "true"])
def test_a_time_that_is_no_number_is_not_stated(value: str):
    assert stated("$.at").moment(Message(b'{"at": %s}' % value.encode(), 0)) is None


class LoopbackChannel:
    """A connection on which what is sent leaves at once. `connect` is the time of the way there and back, ns."""

    def __init__(self, connect: int = 0) -> None:
        self.connect, self.size = connect, 0
        self.wire = SimpleNamespace(sent=0, left=0, send=self._send)

    def _send(self, data: bytes) -> None:
        self.wire.sent, self.wire.left = time_ns(), monotonic_ns()


def make_talk(connect: int = 0, reply: str = "next", answered: int = 0) -> tuple[Talk, list]:
    """A talk of which the server has closed the connection normally after one reply to two messages, and what was
    recorded of its messages."""
    recorded: list = []
    server = Connection(ConnectionType.SERVER)
    talk = Talk(
        LoopbackChannel(connect),  # type: ignore[arg-type]
        MessageRecord(lambda *_: None, began=1),
        reply,
        reply_timeout=10**9,
        record=lambda at, took, failure: recorded.append(failure),
    )
    talk.awaits_ready(())
    for number in range(2):
        talk.say(f'{{"id": {number}}}', expects_reply=True)
    for frame in (TextMessage(f'{{"id": {answered}}}'), CloseConnection(1000)):
        for message in talk.messages(server.send(frame), time_ns()):
            talk.take(message)
    assert talk.closed is not None
    assert talk.closed.is_whole
    return talk, recorded


@pytest.mark.parametrize("reply", ["next", "$.id"])
def test_a_message_that_a_normal_close_leaves_without_its_reply_is_an_error(reply: str):
    talk, recorded = make_talk(reply=reply)

    with pytest.raises(ValueError, match="the server closed it with 1000 and left 1 of 2 messages without a reply"):
        talk.check_good_end(talk.closed)
    assert [failure and failure.kind for failure in recorded] == [None, "expectation"]


@pytest.mark.parametrize("reply", ["next", "$.id"])
def test_a_message_after_the_last_that_was_to_be_answered_is_no_error(reply: str):
    """As with `count`: the server closes after as many replies, while more messages are on their way."""
    talk, recorded = make_talk(reply=reply)

    talk.check_good_end(talk.closed, is_enough=True)
    assert recorded == [None]


def test_a_message_before_the_last_that_was_answered_needs_its_reply_also_where_enough_came():
    talk, _ = make_talk(reply="$.id", answered=1)

    with pytest.raises(ValueError, match="left 1 of 2 messages without a reply"):
        talk.check_good_end(talk.closed, is_enough=True)


def test_a_message_that_crosses_the_closing_frame_is_no_error():
    talk, recorded = make_talk(connect=60 * 10**9)

    talk.check_good_end(talk.closed)
    assert recorded == [None]


def test_a_normal_close_after_all_replies_is_no_error():
    talk, recorded = make_talk()
    talk.take(Message(b'{"id": 1}', time_ns()))

    talk.check_good_end(talk.closed)
    assert recorded == [None, None]


def test_a_normal_close_before_anything_could_be_sent_is_an_error():
    talk, _ = make_talk(connect=60 * 10**9)
    talk.ready.clear()

    with pytest.raises(ValueError, match="closed it with 1000 before a message met `ready`"):
        talk.check_good_end(talk.closed)
