"""The pure deciders of the stages, by table and by law."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.dialects.contract import Policy, RetrySchedule, is_2xx
from aldis.dialects.genesys import SCHEDULE
from aldis.dialects.registry import POLICIES
from aldis.links.smpp import backoff
from aldis.stages.maintenance.failover import Failover
from aldis.stages.postbacks.channel import Answer
from aldis.stages.postbacks.schedule import asked_ms, next_try
from aldis.stages.sending.retry import Attempt, RetryPolicy, next_step, wait_s
from aldis.stages.sending.shares import share
from aldis.traffic.postback import PostbackEvent
from aldis.traffic.states import Event, State
from tests.dialects.test_contract import due
from tests.fakes.clock import NOON

HOUR = 3_600_000


def attempt(attempts: int, expires_in: int = 48 * HOUR) -> Attempt:
    return Attempt(1, attempts, NOON + expires_in, (), "ESME_RTHROTTLED")


@pytest.mark.parametrize(
    ("attempts", "expires_in", "event", "wait"),
    [
        (1, 48 * HOUR, Event.SUBMIT_DEFERRED, 1000),
        (2, 48 * HOUR, Event.SUBMIT_DEFERRED, 2000),
        (9, 48 * HOUR, Event.SUBMIT_DEFERRED, 256_000),
        (10, 48 * HOUR, Event.SUBMIT_DEFERRED, 300_000),
        (23, 48 * HOUR, Event.SUBMIT_DEFERRED, 300_000),
        (24, 48 * HOUR, Event.ATTEMPTS_EXHAUSTED, None),
        (1, 1000, Event.VALIDITY_PASSED, None),
    ],
)
def test_what_follows_from_an_attempt(attempts: int, expires_in: int, event: Event, wait: int | None) -> None:
    result = next_step(RetryPolicy(), attempt(attempts, expires_in), NOON, jitter=0.0)
    assert result.event is event
    assert result.due_at == (NOON + wait if wait else 0)


@pytest.mark.parametrize(
    ("attempts", "doubts", "in_doubt", "event", "wait"),
    [
        (1, 1, True, Event.SUBMIT_DEFERRED, 30_000),
        (2, 2, True, Event.SUBMIT_DEFERRED, 60_000),
        (3, 3, True, Event.SUBMIT_UNACKNOWLEDGED, None),  # repeated twice
        (9, 1, True, Event.SUBMIT_DEFERRED, 256_000),
        (2, 1, False, Event.SUBMIT_DEFERRED, 2_000),  # refused, after an attempt in doubt
        (24, 1, False, Event.SUBMIT_UNACKNOWLEDGED, None),  # and it does not end as if it had never been
        (24, 0, False, Event.ATTEMPTS_EXHAUSTED, None),
    ],
)
def test_what_follows_from_doubt(
    attempts: int, doubts: int, event: Event, wait: int | None, *, in_doubt: bool
) -> None:
    tried = Attempt(
        1, attempts, NOON + 48 * HOUR, (), "response overdue", doubts, in_doubt, 30.0 if in_doubt else 0.0
    )
    result = next_step(RetryPolicy(), tried, NOON, jitter=0.0)
    assert (result.event, result.in_doubt) == (event, in_doubt)
    assert result.due_at == (NOON + wait if wait else 0)


@given(st.integers(1, 1000), st.floats(0, 1))
def test_waits_never_shrink(attempts: int, jitter: float) -> None:
    assert wait_s(attempts, jitter) <= wait_s(attempts + 1, jitter) <= 360


@given(st.integers(1, 1000), st.floats(0, 1))
def test_reconnecting_waits_at_least_a_moment_and_at_most_half_a_minute(failures: int, jitter: float) -> None:
    assert 0.25 <= backoff.wait_s(failures, jitter, refused=False) <= 30
    assert 15 <= backoff.wait_s(failures, jitter, refused=True) <= 30


@pytest.mark.parametrize(
    ("waiting", "limit", "parts"),
    [
        ({3: 100, 2: 0, 1: 100, 0: 100}, 100, {3: 80, 2: 0, 1: 10, 0: 10}),
        ({3: 5, 2: 0, 1: 100, 0: 0}, 100, {3: 5, 2: 0, 1: 95, 0: 0}),
        ({3: 9, 2: 9, 1: 9, 0: 9}, 5, {3: 5, 2: 0, 1: 0, 0: 0}),
        ({3: 0, 2: 0, 1: 0, 0: 2}, 10, {3: 0, 2: 0, 1: 0, 0: 2}),
    ],
)
def test_the_urgent_go_first_and_nobody_starves(
    waiting: dict[int, int], limit: int, parts: dict[int, int]
) -> None:
    assert share(waiting, limit) == parts


@given(st.dictionaries(st.integers(0, 3), st.integers(0, 500), min_size=4), st.integers(0, 500))
def test_a_share_takes_all_it_may_and_nothing_that_is_not_there(waiting: dict[int, int], limit: int) -> None:
    parts = share(waiting, limit)
    assert sum(parts.values()) == min(limit, sum(waiting.values()))
    assert all(0 <= parts[priority] <= waiting[priority] for priority in waiting)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda policy: policy.name)
def test_a_postback_is_tried_as_often_as_its_schedule_says(policy: Policy) -> None:
    schedule = policy.schedule
    pending = due(PostbackEvent.ENDED, State.DELIVERED)
    for attempts, wait in enumerate(schedule.waits_s):
        again = msgspec.structs.replace(pending, attempts=attempts)
        tried = next_try(schedule, again, Answer(None, "no answer in time"), NOON)
        assert tried.due_at == NOON + wait * 1000
    exhausted = msgspec.structs.replace(pending, attempts=len(schedule.waits_s))
    last = next_try(schedule, exhausted, Answer(503), NOON)
    assert (last.due_at, last.done, last.fault) == (None, False, "HTTP 503")


@pytest.mark.parametrize(
    ("status", "genesys", "skycore"), [(200, True, True), (204, True, False), (302, False, False)]
)
def test_which_answers_count_is_the_dialects_own_matter(status: int, *, genesys: bool, skycore: bool) -> None:
    assert POLICIES["genesys"].schedule.taken(status) is genesys
    assert POLICIES["skycore"].schedule.taken(status) is skycore
    assert len(SCHEDULE.waits_s) == 25


@pytest.mark.parametrize(
    ("retry_after", "attempts", "wait_s"),
    [
        ("", 0, 60),
        ("90", 0, 90),  # later than the schedule has it
        ("5", 0, 60),  # sooner: the schedule's own wait
        ("90.5", 0, 90),
        ("Sat, 21 Nov 2026 12:02:00 GMT", 0, 120),
        ("Saturday, 21-Nov-26 12:02:00 GMT", 0, 120),
        ("Sat Nov 21 12:02:00 2026", 0, 120),
        ("Sat, 21 Nov 2026 14:02:00 +0200", 0, 120),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0, 60),  # gone by
        ("86400", 0, 60 + 120 + 300),  # the last try would be then
        ("86400", 1, 120 + 300),
        ("999999999999", 0, 60),  # no time that anyone means
        ("-1", 0, 60),
        ("soon", 0, 60),
        ("Sat, 99 Nov 2026 12:02:00 GMT", 0, 60),
        ("Sat, 21 Nov 0000 12:02:00 GMT", 0, 60),
        ("100", 3, None),
    ],
)
@pytest.mark.parametrize("status", [503, 429, 302])
def test_an_endpoint_that_names_a_time_is_not_asked_before(
    status: int, retry_after: str, attempts: int, wait_s: int | None
) -> None:
    schedule = RetrySchedule((60, 120, 300), 1, 1, is_2xx)
    pending = msgspec.structs.replace(due(PostbackEvent.ENDED, State.DELIVERED), attempts=attempts)
    tried = next_try(schedule, pending, Answer(status, "", retry_after), NOON)
    assert tried.due_at == (None if wait_s is None else NOON + wait_s * 1000)


@given(st.text(max_size=40))
def test_any_retry_after_keeps_the_schedule(retry_after: str) -> None:
    assert asked_ms(retry_after, NOON) >= 0


def test_410_ends_a_webhook_where_its_standard_says_so() -> None:
    pending = due(PostbackEvent.ENDED, State.DELIVERED)
    ended = {
        policy.name
        for policy in POLICIES.values()
        if next_try(policy.schedule, pending, Answer(410), NOON).due_at is None
    }
    assert ended == {"aldis"}


def test_a_link_is_given_up_after_a_while_and_while_another_is_there() -> None:
    failover = Failover(30)
    told = [
        ({"a": False, "b": True}, 0, []),
        ({"a": False, "b": True}, 29, []),
        ({"a": False, "b": True}, 30, ["a"]),
        ({"a": False, "b": False}, 31, []),
        ({"a": True, "b": True}, 32, []),
        ({"a": False, "b": True}, 33, []),
        ({"a": False, "b": True}, 63, ["a"]),
    ]
    for are_up, now, down_too_long in told:
        assert failover.down_too_long(are_up, now) == down_too_long
