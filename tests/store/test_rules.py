"""What decides what a store writes, whatever the engine."""

from __future__ import annotations

import pytest

from aldis.errors import TransitionRefused
from aldis.store.rules.attempts import Requeued, led_to, reported_before
from aldis.store.rules.endings import Ending, heard_by, of_cancelled, of_lost, without_doubt
from aldis.store.rules.maintenance import IN_HAND_MS, Reviewed, backup_of, look_at
from aldis.traffic.message import AttemptResult
from aldis.traffic.postback import Notify
from aldis.traffic.states import Event, State

NOW = 1_000_000
PATIENCE_MS = 500


@pytest.mark.parametrize(
    ("state", "expires_at", "sent_at", "doubts", "verdict"),
    [
        (State.QUEUED, NOW, 0, 0, Ending(1, State.QUEUED, State.EXPIRED, "validity passed", NOW)),
        (State.QUEUED, NOW, 0, 1, Ending(1, State.QUEUED, State.UNCONFIRMED, "validity passed", NOW)),
        (State.QUEUED, NOW + 1, 0, 0, NOW + 1),
        (State.SENT, 0, NOW - 500, 0, Ending(1, State.SENT, State.UNCONFIRMED, "no receipt", NOW)),
        (State.SENT, 0, NOW - 499, 0, NOW + 1),
        (State.SENDING, 0, 0, 0, NOW + IN_HAND_MS),
    ],
)
def test_a_deadline_ends_a_message_or_says_when_to_look_again(
    state: State, expires_at: int, sent_at: int, doubts: int, verdict: Ending | int
) -> None:
    message = Reviewed(1, state, expires_at, sent_at, doubts)
    assert look_at(message, NOW, PATIENCE_MS, ()) == verdict
    assert look_at(message, NOW, PATIENCE_MS, {1}) == NOW + IN_HAND_MS


@pytest.mark.parametrize(
    ("notify", "expected", "state", "is_owed"),
    [
        (Notify.ENDED, State.SENT, State.DELIVERED, True),
        (Notify.FAILED, State.SENT, State.DELIVERED, False),
        (Notify.FAILED, State.SENT, State.UNDELIVERED, True),
        (Notify.FAILED, State.UNCONFIRMED, State.DELIVERED, True),
        (Notify.SENT, State.SENT, State.UNDELIVERED, False),
        (Notify.NOTHING, State.SENT, State.UNDELIVERED, False),
    ],
)
def test_who_is_told_of_an_ending(notify: Notify, expected: State, state: State, *, is_owed: bool) -> None:
    assert bool(notify.value & heard_by(Ending(1, expected, state, "", NOW))) is is_owed


def test_what_was_submitted_and_not_answered_ends_in_doubt_until_it_is_known_to_be_delivered() -> None:
    ended = of_cancelled([(1, "queued", 0), (2, "queued", 1), (3, "queued", 2)], "opted out", NOW)
    assert [each.state for each in ended] == [State.DELETED, State.UNCONFIRMED, State.UNCONFIRMED]
    told = without_doubt(ended, {1, 2})
    assert [each.state for each in told][1:] == [State.DELIVERED, State.UNCONFIRMED]
    assert [each.reason for each in told][1:] == ["", "opted out"]
    assert of_lost([(4, "sending")], NOW) == [Ending(4, State.SENDING, State.UNCONFIRMED, "in doubt", NOW)]


def test_attempts_at_one_message_follow_one_another() -> None:
    results = [
        AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=NOW + 5, reason="busy", in_doubt=True),
        AttemptResult(1, Event.RELEASED, due_at=NOW + 9, reason="link down"),
        AttemptResult(1, Event.SUBMIT_REJECTED, reason="no"),
    ]
    again, ended = led_to(results, {1: State.QUEUED}, NOW)
    assert again == [
        Requeued(1, State.QUEUED, State.QUEUED, NOW + 5, "busy", 1, 1),
        Requeued(1, State.QUEUED, State.QUEUED, NOW + 9, "link down", 0, 0),
    ]
    assert ended == [Ending(1, State.QUEUED, State.REJECTED, "no", NOW, 1)]
    for wrong in (AttemptResult(2, Event.SUBMIT_REJECTED), AttemptResult(1, Event.RECEIPT_DELIVERED)):
        with pytest.raises(TransitionRefused):
            led_to([wrong], {1: State.QUEUED}, NOW)
    with pytest.raises(TransitionRefused):
        led_to([results[2]] * 2, {1: State.QUEUED}, NOW)


@pytest.mark.parametrize(
    ("found", "ending"),
    [
        ([("delivered", "000")], None),
        ([("delivered", "000"), ("delivered", "000")], (State.DELIVERED, "")),
        ([("undelivered", "027"), ("delivered", "000")], (State.UNDELIVERED, "027")),
        ([("enroute", "")], None),
    ],
)
def test_what_was_reported_before_a_message_was_sent_ends_it(
    found: list[tuple[str, str]], ending: tuple[State, str] | None
) -> None:
    ended = reported_before(1, found, 2, NOW)
    assert ended == (None if ending is None else Ending(1, State.SENT, *ending, NOW))


@pytest.mark.parametrize(
    ("backups", "up", "moved"),
    [
        ('["b","c"]', ["c", "b"], ("b", '["link","c"]')),
        ('["b","c"]', ["c"], ("c", '["link","b"]')),
        ('["b"]', ["x", "b"], ("b", '["link"]')),
    ],
)
def test_the_first_backup_that_is_up_is_taken(backups: str, up: list[str], moved: tuple[str, str]) -> None:
    assert backup_of("link", backups, up) == moved
