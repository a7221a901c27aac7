"""Two ends of a session talk to each other through octets only, with time as an argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.errors import LocalProtocolError
from aldis.smpp import codec, status
from aldis.smpp.command import CommandId
from aldis.smpp.connection import (
    LOST_FACTOR,
    BindAnswered,
    Connection,
    LateResponse,
    MessageTaken,
    RequestArrived,
    ResponseArrived,
    ResponseOverdue,
    SessionEnded,
)
from aldis.smpp.pdus import Bind, BindResp, Empty, MessageIdBody, Pdu, ShortMessageBody
from aldis.smpp.session import Role, SessionState
from aldis.smpp.timers import Timers

TIMERS = Timers(session_init_s=10, enquire_link_s=30, response_s=20)
HELLO = ShortMessageBody(destination_addr="447700900001", short_message=b"hello")


def two_ends() -> tuple[Connection[str], Connection[str]]:
    return Connection(Role.ESME, 0.0, TIMERS), Connection(Role.SMSC, 0.0, TIMERS)


def bound_ends() -> tuple[Connection[str], Connection[str]]:
    esme, smsc = two_ends()
    esme.bind(CommandId.bind_transceiver, Bind("aldis", "secret"))
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    smsc.respond(event.pdu, body=BindResp("smsc"))
    assert esme.receive(smsc.take_output(), 0.0) == [BindAnswered(status.ESME_ROK)]
    assert esme.state is smsc.state is SessionState.BOUND_TRX
    return esme, smsc


def test_a_refused_bind_leaves_the_session_open() -> None:
    esme, smsc = two_ends()
    esme.bind(CommandId.bind_transceiver, Bind("aldis", "wrong"))
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    smsc.respond(event.pdu, status.ESME_RINVPASWD)
    assert esme.receive(smsc.take_output(), 0.0) == [BindAnswered(status.ESME_RINVPASWD)]
    assert not esme.is_bound
    assert not smsc.is_bound


def test_responses_find_their_requests_in_any_order_and_only_once() -> None:
    esme, smsc = bound_ends()
    for name in ("first", "second"):
        esme.request(CommandId.submit_sm, HELLO, name, 0.0)
    requests = [
        event.pdu for event in smsc.receive(esme.take_output(), 0.0) if isinstance(event, RequestArrived)
    ]
    for request in [*reversed(requests), requests[0]]:
        smsc.respond(request, body=MessageIdBody(str(request.sequence_number)))
    answered = esme.receive(smsc.take_output(), 0.0)
    assert answered == [MessageTaken("second", "3"), MessageTaken("first", "2")]
    assert esme.in_flight == 0


@given(st.text(st.characters(max_codepoint=255), max_size=70), st.booleans(), st.booleans())
def test_a_yes_means_the_same_however_it_is_written(name: str, has_nul: bool, has_tlv: bool) -> None:  # noqa: FBT001
    """A plain one is read by a shorter way; what it may not be, a NUL too few or more behind it, is not."""
    esme, smsc = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "mine", 0.0)
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    octets = name.encode("latin-1") + b"\0" * has_nul + b"\x04\x27\x00\x01\x02" * has_tlv
    head = codec.head(16 + len(octets), CommandId.submit_sm_resp, 0, event.pdu.sequence_number)
    (answer,) = esme.receive(head + octets, 0.0)
    assert isinstance(answer, MessageTaken | ResponseArrived)
    assert answer.context == "mine"
    if not octets:  # a yes without a body names nothing
        assert answer == MessageTaken("mine", "")
    elif isinstance(answer, MessageTaken):
        assert codec.decode(head + octets).body == MessageIdBody(answer.message_id)
    else:
        assert not has_nul or has_tlv or "\0" in name
    assert esme.receive(head + octets, 0.0) == []
    assert esme.in_flight == 0


@given(st.lists(st.integers(1, 40), max_size=30))
def test_octets_may_come_in_any_pieces(sizes: list[int]) -> None:
    esme, smsc = bound_ends()
    for number in range(3):
        esme.request(CommandId.submit_sm, HELLO, str(number), 0.0)
    octets, heard = esme.take_output(), []
    for size in sizes:
        heard += smsc.receive(octets[:size], 0.0)
        octets = octets[size:]
    heard += smsc.receive(octets, 0.0)
    assert len(heard) == 3


def test_a_pdu_right_behind_the_bind_response_is_not_lost() -> None:
    esme, smsc = two_ends()
    esme.bind(CommandId.bind_transceiver, Bind("aldis", "secret"))
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    smsc.respond(event.pdu)
    smsc.request(CommandId.deliver_sm, HELLO, "receipt", 0.0)
    assert [type(event) for event in esme.receive(smsc.take_output(), 0.0)] == [BindAnswered, RequestArrived]


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00\x00\x00\x0f" + b"\x00" * 12])
def test_octets_that_cannot_be_framed_end_the_session(octets: bytes) -> None:
    _, smsc = two_ends()
    (event,) = smsc.receive(octets, 0.0)
    assert isinstance(event, SessionEnded)
    assert smsc.receive(b"more", 0.0) == []


def test_a_length_is_judged_before_its_octets_are_awaited() -> None:
    _, smsc = two_ends()
    (event,) = smsc.receive(b"\x7f\xff\xff\xff" + b"\x00" * 12, 0.0)
    assert isinstance(event, SessionEnded)


def test_an_unreadable_request_is_answered_and_the_session_lives() -> None:
    esme, smsc = bound_ends()
    broken = bytes.fromhex("00000012 00000004 00000000 00000007 0001")
    unknown = bytes.fromhex("00000010 00000111 00000000 00000008")
    assert smsc.receive(broken + unknown, 0.0) == []
    answers = smsc.take_output()
    first, second = codec.decode(answers[:16]), codec.decode(answers[16:])
    assert (first.command_id, first.command_status, first.sequence_number) == (
        CommandId.submit_sm_resp,
        status.ESME_RINVMSGLEN,
        7,
    )
    assert (second.command_id, second.command_status) == (CommandId.generic_nack, status.ESME_RINVCMDID)
    esme.request(CommandId.submit_sm, HELLO, "still here", 0.0)
    assert len(smsc.receive(esme.take_output(), 0.0)) == 1


def test_nothing_is_trusted_behind_what_cannot_be_framed() -> None:
    """Behind the peer's unbind responses still count; here they do not, though one is awaited."""
    esme, _ = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "in doubt", 0.0)
    number = codec.header(esme.take_output()).sequence_number
    answer = codec.encode(Pdu(CommandId.submit_sm_resp, number, body=MessageIdBody("1")))
    (ended,) = esme.receive(bytes(16), 0.0)
    assert isinstance(ended, SessionEnded)
    assert esme.receive(answer, 0.0) == []
    assert esme.abandon() == ["in doubt"]


@pytest.mark.parametrize(
    ("parameters", "body"),
    [(b"7\0\x00\x01\x02", MessageIdBody("7")), (b"7\0\0", MessageIdBody("7"))],
    ids=["half a tag", "a NUL too many"],
)
def test_a_response_with_a_broken_body_still_answers(parameters: bytes, body: MessageIdBody) -> None:
    esme, smsc = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "mine", 0.0)
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    number = event.pdu.sequence_number.to_bytes(4, "big")
    size = (16 + len(parameters)).to_bytes(4, "big")
    broken = size + bytes.fromhex("80000004 00000000") + number + parameters
    (answer,) = esme.receive(broken, 0.0)
    assert isinstance(answer, ResponseArrived)
    assert answer.context == "mine"
    assert answer.pdu.body == body


def test_a_request_that_the_state_forbids_is_refused() -> None:
    _, smsc = two_ends()
    assert smsc.receive(codec.encode(Pdu(CommandId.submit_sm, 5, body=HELLO)), 0.0) == []
    answer = codec.decode(smsc.take_output())
    assert (answer.command_id, answer.command_status) == (CommandId.submit_sm_resp, status.ESME_RINVBNDSTS)


def test_we_cannot_say_what_the_state_forbids() -> None:
    esme, _ = two_ends()
    with pytest.raises(LocalProtocolError):
        esme.request(CommandId.submit_sm, HELLO, "too early", 0.0)


def test_silence_is_asked_about_and_an_answer_calms() -> None:
    esme, smsc = bound_ends()
    assert esme.poll(29.9) == []
    assert esme.take_output() == b""
    esme.poll(30.0)
    assert smsc.receive(esme.take_output(), 30.0) == []  # answered by itself
    esme.receive(smsc.take_output(), 30.1)
    assert esme.poll(50.2) == []


def test_a_peer_that_does_not_answer_is_left() -> None:
    esme, _ = bound_ends()
    esme.poll(30.0)
    assert esme.poll(49.9) == []
    (event,) = esme.poll(50.0)
    assert isinstance(event, SessionEnded)


def test_a_session_that_is_never_bound_ends() -> None:
    _, smsc = two_ends()
    assert smsc.poll(9.9) == []
    assert isinstance(smsc.poll(10.0)[0], SessionEnded)


def test_a_peer_that_says_nothing_is_asked_and_left_with_all_in_doubt() -> None:
    esme, _ = bound_ends()
    for name in ("a", "b"):
        esme.request(CommandId.submit_sm, HELLO, name, 5.0)
    esme.take_output()
    assert esme.poll(24.9) == []
    assert esme.take_output() == b""
    assert esme.poll(25.0) == []
    assert codec.decode(esme.take_output()).command_id == CommandId.enquire_link
    assert esme.poll(44.9) == []
    assert esme.poll(45.0) == [SessionEnded("the peer left enquire_link unanswered")]
    assert esme.abandon() == ["a", "b"]


def test_a_peer_that_lives_and_answers_no_submit_is_left_late() -> None:
    esme, smsc = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "a", 0.0)
    events = []
    for moment in range(0, 200, 5):
        events += esme.poll(float(moment))
        smsc.receive(esme.take_output(), float(moment))  # it answers enquire_link by itself
        esme.receive(smsc.take_output(), float(moment))
        assert esme.is_slow(float(moment)) == (20 <= moment < 80)
    assert events == [ResponseOverdue("a")]
    assert esme.in_flight == 0  # its place is free
    assert esme.poll(200.0) == [SessionEnded("the peer leaves requests unanswered")]


@pytest.mark.parametrize("late_s", [21, 40, 79, 81, 150])
def test_an_answer_that_comes_late_is_an_answer(late_s: int) -> None:
    """Whatever `response_s` is: a slow carrier is asked once, and what it calls a message is heard."""
    esme, smsc = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "slow", 0.0)
    (slow,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(slow, RequestArrived)
    events = []
    for moment in range(late_s):
        events += esme.poll(float(moment))
        smsc.receive(esme.take_output(), float(moment))
        esme.receive(smsc.take_output(), float(moment))
    smsc.respond(slow.pdu, body=MessageIdBody("2"))
    answer = smsc.take_output()
    events += esme.receive(answer + answer, float(late_s))  # the second of them changes nothing
    if late_s < LOST_FACTOR * TIMERS.response_s:
        assert events == [MessageTaken("slow", "2")]
    else:
        overdue, late = events
        assert overdue == ResponseOverdue("slow")
        assert isinstance(late, LateResponse)
        assert (late.context, late.pdu.body) == ("slow", MessageIdBody("2"))


def test_one_answer_that_is_lost_does_not_end_a_session_that_has_nothing_to_do() -> None:
    esme, smsc = bound_ends()
    for name in ("lost", "answered"):
        esme.request(CommandId.submit_sm, HELLO, name, 0.0)
    _, answered = smsc.receive(esme.take_output(), 1.0)
    assert isinstance(answered, RequestArrived)
    smsc.respond(answered.pdu, body=MessageIdBody("2"))
    esme.receive(smsc.take_output(), 1.0)
    events = []
    for moment in range(0, 1000, 5):
        events += esme.poll(float(moment))
        smsc.receive(esme.take_output(), float(moment))
        esme.receive(smsc.take_output(), float(moment))
    assert events == [ResponseOverdue("lost")]


def test_a_late_answer_still_counts_while_others_are_answered() -> None:
    esme, smsc = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "slow", 0.0)
    (slow,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(slow, RequestArrived)
    for moment in range(15, 80, 15):
        esme.request(CommandId.submit_sm, HELLO, "quick", float(moment))
        (quick,) = smsc.receive(esme.take_output(), float(moment))
        assert isinstance(quick, RequestArrived)
        smsc.respond(quick.pdu, body=MessageIdBody("1"))
        assert len(esme.receive(smsc.take_output(), float(moment))) == 1
        assert esme.poll(float(moment)) == []
    assert esme.poll(80.0) == [ResponseOverdue("slow")]
    smsc.respond(slow.pdu, body=MessageIdBody("2"))
    (late,) = esme.receive(smsc.take_output(), 81.0)
    assert isinstance(late, LateResponse)
    assert late.context == "slow"


def test_unbind_ends_both_ends_in_good_order() -> None:
    esme, smsc = bound_ends()
    esme.unbind()
    assert smsc.receive(esme.take_output(), 0.0) == [SessionEnded("the peer unbound")]
    assert esme.receive(smsc.take_output(), 0.0) == [SessionEnded("unbound in good order")]


def test_what_was_in_flight_comes_back_oldest_first() -> None:
    esme, _ = bound_ends()
    for name in ("a", "b", "c"):
        esme.request(CommandId.submit_sm, HELLO, name, 0.0)
    assert esme.abandon() == ["a", "b", "c"]
    assert esme.abandon() == []


def test_a_generic_nack_answers_its_request() -> None:
    esme, _ = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "refused", 0.0)
    number = codec.header(esme.take_output()).sequence_number
    (event,) = esme.receive(codec.encode(Pdu(CommandId.generic_nack, number, 8, Empty())), 0.0)
    assert isinstance(event, ResponseArrived)
    assert event.context == "refused"
