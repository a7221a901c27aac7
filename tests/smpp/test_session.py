"""Which PDU may come when, leaving in good order, and the timers of a session."""

from __future__ import annotations

import pytest
from tests.smpp.test_connection import HELLO, TIMERS, bound_ends, two_ends

from aldis.errors import LocalProtocolError
from aldis.smpp import codec, status, timers
from aldis.smpp.command import CommandId
from aldis.smpp.connection import BindAnswered, Connection, MessageTaken, RequestArrived, SessionEnded
from aldis.smpp.pdus import BODIES, Bind, BindResp, MessageIdBody, Pdu
from aldis.smpp.session import MAY_RECEIVE, Role, SessionState
from aldis.smpp.timers import Past, TimerAction, Timers

BINDS = {
    SessionState.BOUND_TX: CommandId.bind_transmitter,
    SessionState.BOUND_RX: CommandId.bind_receiver,
    SessionState.BOUND_TRX: CommandId.bind_transceiver,
}
SPOKEN_BY_ESME = {"submit_sm", "submit_multi", "data_sm", "query_sm", "cancel_sm", "replace_sm"}
SPOKEN_BY_SMSC = {"deliver_sm", "data_sm", "alert_notification"}


def ends_in(state: SessionState) -> tuple[Connection[str], Connection[str]]:
    esme, smsc = two_ends()
    if state is SessionState.OPEN:
        return esme, smsc
    esme.bind(BINDS[state], Bind("aldis"))
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    smsc.respond(event.pdu, body=BindResp("smsc"), tlvs={0x0210: b"\x34"})
    esme.receive(smsc.take_output(), 0.0)
    assert esme.state is smsc.state is state
    return esme, smsc


@pytest.mark.parametrize("state", [SessionState.OPEN, *BINDS])
@pytest.mark.parametrize("name", sorted(SPOKEN_BY_ESME | SPOKEN_BY_SMSC))
@pytest.mark.parametrize("role", Role)
def test_a_request_in_each_state(role: Role, state: SessionState, name: str) -> None:
    esme, smsc = ends_in(state)
    hearing, spoken = (smsc, SPOKEN_BY_ESME) if role is Role.SMSC else (esme, SPOKEN_BY_SMSC)
    closed = {Role.SMSC: SessionState.BOUND_RX, Role.ESME: SessionState.BOUND_TX}[role]
    legal = name in spoken and state not in (SessionState.OPEN, closed)
    pdu = Pdu(CommandId[name], 9, body=BODIES[CommandId[name]]())
    events = hearing.receive(codec.encode(pdu), 0.0)
    if legal:
        assert events == [RequestArrived(pdu)]
        assert hearing.take_output() == b""
    elif name == "alert_notification":
        assert (events, hearing.take_output()) == ([], b"")  # it is told, not asked: nothing answers it
    else:
        answer = codec.decode(hearing.take_output())
        assert events == []
        assert (answer.command_status, answer.sequence_number) == (status.ESME_RINVBNDSTS, 9)


def test_the_table_names_all_states() -> None:
    assert set(MAY_RECEIVE) == {(role, state) for role in Role for state in (SessionState.OPEN, *BINDS)}


def test_what_is_told_gets_no_answer() -> None:
    esme, _ = ends_in(SessionState.BOUND_TRX)
    alert = Pdu(CommandId.alert_notification, 3, body=BODIES[CommandId.alert_notification]())
    esme.receive(codec.encode(alert), 0.0)
    esme.respond(alert)
    assert esme.take_output() == b""
    broken = bytes.fromhex("00000011 00000102 00000000 00000004 01")
    assert esme.receive(broken, 0.0) == []
    assert codec.decode(esme.take_output()).command_id == CommandId.generic_nack


def test_leaving_waits_for_what_is_unanswered_and_asks_for_nothing_more() -> None:
    esme, smsc = bound_ends()
    esme.request(CommandId.submit_sm, HELLO, "under way", 0.0)
    (request,) = smsc.receive(esme.take_output(), 0.0)
    esme.unbind()
    assert esme.take_output() == b""
    assert not esme.takes_requests
    assert esme.is_bound
    with pytest.raises(LocalProtocolError):
        esme.request(CommandId.submit_sm, HELLO, "too late", 0.0)
    assert isinstance(request, RequestArrived)
    smsc.respond(request.pdu, body=MessageIdBody("1"))
    (answered,) = esme.receive(smsc.take_output(), 1.0)
    assert answered == MessageTaken("under way", "1")
    assert smsc.receive(esme.take_output(), 1.0) == [SessionEnded("the peer unbound")]
    assert esme.receive(smsc.take_output(), 1.0) == [SessionEnded("unbound in good order")]


def test_an_unbind_that_nobody_answers_ends_the_session_all_the_same() -> None:
    esme, _ = bound_ends()
    silent_since = 15.0
    esme.unbind()
    assert esme.poll(silent_since) == []
    assert esme.poll(silent_since + TIMERS.response_s - 1) == []
    ended = esme.poll(silent_since + TIMERS.response_s)
    assert ended == [SessionEnded("the peer left unbind unanswered")]


@pytest.mark.parametrize(("version", "knows"), [(0x33, False), (0x00, False), (0x34, True), (0x50, True)])
def test_an_old_peer_is_sent_no_tlvs(version: int, *, knows: bool) -> None:
    esme, smsc = two_ends()
    esme.bind(CommandId.bind_transceiver, Bind("aldis", interface_version=version))
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    smsc.respond(event.pdu, body=BindResp("smsc"))
    assert smsc.knows_tlvs is knows
    esme.receive(smsc.take_output(), 0.0)
    assert not esme.knows_tlvs  # its answer named no version


def test_requests_with_the_same_number_are_both_answered() -> None:
    esme, smsc = bound_ends()
    twice = codec.encode(Pdu(CommandId.submit_sm, 5, body=HELLO))
    events = smsc.receive(twice + twice, 0.0)
    assert len(events) == 2
    for event in events:
        assert isinstance(event, RequestArrived)
        smsc.respond(event.pdu, body=MessageIdBody("1"))
    assert esme.receive(smsc.take_output(), 0.0) == []  # it had asked for neither


@pytest.mark.parametrize(
    ("past", "now", "bound", "due"),
    [
        (Past(0, 0, 0, None), 9, False, TimerAction.NOTHING),
        (Past(0, 0, 0, None), 10, False, TimerAction.CLOSE_NEVER_BOUND),
        (Past(0, 0, 0, None), 29, True, TimerAction.NOTHING),
        (Past(0, 0, 0, None), 30, True, TimerAction.ENQUIRE),
        (Past(0, 25, 25, None), 54, True, TimerAction.NOTHING),
        (Past(0, 9, 9, None, 5), 28, True, TimerAction.NOTHING),
        (Past(0, 9, 9, None, 5), 29, True, TimerAction.ENQUIRE),  # nothing came while a request waits
        (Past(0, 3, 9, None, 9), 28, True, TimerAction.NOTHING),
        (Past(0, 0, 0, 30), 49, True, TimerAction.NOTHING),
        (Past(0, 0, 0, 30), 50, True, TimerAction.CLOSE_PEER_SILENT),
        (Past(0, 45, 0, 30), 50, True, TimerAction.NOTHING),  # it said something else meanwhile
        (Past(0, 595, 0, None), 600, True, TimerAction.UNBIND_INACTIVE),
        (Past(0, 595, 300, None), 600, True, TimerAction.NOTHING),
    ],
)
def test_the_timers(past: Past, now: float, due: TimerAction, *, bound: bool) -> None:
    limits = Timers(session_init_s=10, enquire_link_s=30, response_s=20, inactivity_s=600)
    assert timers.due(limits, past, now, bound=bound) is due


def test_a_session_that_only_says_it_lives_is_ended() -> None:
    esme, smsc = Connection[str](Role.ESME, 0.0, Timers(inactivity_s=60)), two_ends()[1]
    esme.bind(CommandId.bind_transceiver, Bind("aldis"))
    (event,) = smsc.receive(esme.take_output(), 0.0)
    assert isinstance(event, RequestArrived)
    smsc.respond(event.pdu, body=BindResp("smsc"))
    esme.receive(smsc.take_output(), 0.0)
    esme.request(CommandId.submit_sm, HELLO, "a", 10.0)
    (event,) = smsc.receive(esme.take_output(), 10.0)
    assert isinstance(event, RequestArrived)
    smsc.respond(event.pdu, body=MessageIdBody("1"))
    esme.receive(smsc.take_output(), 20.0)
    for moment in (50.0, 79.0):
        esme.poll(moment)
        smsc.receive(esme.take_output(), moment)
        esme.receive(smsc.take_output(), moment)
    esme.poll(80.0)
    assert codec.decode(esme.take_output()).command_id == CommandId.unbind


def test_what_answers_the_bind_without_a_readable_body_answers_it() -> None:
    esme, _ = two_ends()
    esme.bind(CommandId.bind_transceiver, Bind("aldis"))
    yes = bytes.fromhex("00000010 80000009 00000000 00000001")
    assert esme.receive(yes, 0.0) == [BindAnswered(status.ESME_ROK)]
    assert esme.is_bound
    for octets, expected in (
        ("00000013 80000009 0000000e 00000001 0000aa", status.ESME_RINVPASWD),
        ("00000010 80000000 00000000 00000001", status.ESME_RBINDFAIL),  # a nack is no yes
        ("00000010 80000000 00000003 00000001", status.ESME_RINVCMDID),
    ):
        esme, _ = two_ends()
        esme.bind(CommandId.bind_transceiver, Bind("aldis"))
        assert esme.receive(bytes.fromhex(octets), 0.0) == [BindAnswered(expected)]
        assert not esme.is_bound


def test_an_answer_to_enquire_link_counts_however_it_looks() -> None:
    esme, _ = bound_ends()
    esme.poll(TIMERS.enquire_link_s)
    number = codec.header(esme.take_output()).sequence_number
    octets = bytes.fromhex("00000011 80000015 00000000") + number.to_bytes(4, "big") + b"\x00"
    assert esme.receive(octets, TIMERS.enquire_link_s + 1) == []
    assert esme.poll(TIMERS.enquire_link_s + TIMERS.response_s + 1) == []


def test_responses_behind_the_peer_s_unbind_still_count() -> None:
    esme, smsc = bound_ends()
    for name in ("a", "b"):
        esme.request(CommandId.submit_sm, HELLO, name, 0.0)
    requests = [
        event.pdu for event in smsc.receive(esme.take_output(), 0.0) if isinstance(event, RequestArrived)
    ]
    unbind = codec.encode(Pdu(CommandId.unbind, 77, body=BODIES[CommandId.unbind]()))
    for request in requests:
        smsc.respond(request, body=MessageIdBody("1"))
    submit = codec.encode(Pdu(CommandId.deliver_sm, 78, body=HELLO))
    events = esme.receive(unbind + submit + smsc.take_output(), 1.0)
    assert events[0] == SessionEnded("the peer unbound")
    assert [event.context for event in events if isinstance(event, MessageTaken)] == ["a", "b"]
    assert not any(isinstance(event, RequestArrived) for event in events)


def test_a_long_silence_before_leaving_does_not_count_as_one_after_it() -> None:
    esme, _ = bound_ends()
    assert esme.poll(29.0) == []
    esme.unbind()
    assert esme.poll(29.2) == []
