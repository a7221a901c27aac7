"""How many postbacks may be under way: no customer waits for another's endpoint, no path for another's long."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.stages.postbacks.held import HELD, Held
from aldis.stages.postbacks.lanes import (
    ACCOUNT_SHARE,
    CONNECTIONS,
    DOUBTFUL_PER_ENDPOINT,
    MAX_KNOWN,
    PER_ENDPOINT,
    SLOW_PER_ENDPOINT,
    Lanes,
    WaitsFor,
)
from aldis.traffic.postback import lane_of, place_of

PER_ACCOUNT = int(CONNECTIONS * ACCOUNT_SHARE)
DOUBTFUL_PER_ACCOUNT = PER_ACCOUNT // 4
URL = "https://customer.example/receipts"
A = lane_of(1, URL)


def fill(lanes: Lanes, names: list[str]) -> int:
    """Start what has room, in turns; gives how many that was."""
    count = 0
    while room := [name for name in names if lanes.room(name)]:
        for name in room:
            if lanes.room(name):
                lanes.start(name)
                count += 1
    return count


def prove(lanes: Lanes, *names: str) -> None:
    for name in names:
        lanes.start(name)
        lanes.end(name, 0, reached=True)


def test_a_lane_is_account_endpoint_and_a_number_of_its_path() -> None:
    assert place_of(A) == (1, "https://customer.example:443")
    assert lane_of(1, "https://customer.example:443/receipts?id=1#x") == A
    assert lane_of(2, URL) != A
    assert lane_of(1, URL + "/other") != A
    assert place_of(lane_of(1, URL + "/other")) == place_of(A)
    assert lane_of(1, "mailto:x") == lane_of(1, "") == lane_of(1, "http://[x/") == ""
    assert place_of("http://kept.before:80") == (0, "http://kept.before:80")
    assert len({lane_of(1, f"{URL}/{number}") for number in range(10_000)}) <= 256


def test_a_lane_that_fails_is_narrowed_and_widens_again() -> None:
    lanes = Lanes()
    assert lanes.room(A) == 1  # nobody has tried it yet
    lanes.start(A)
    assert lanes.room(A) == 0
    lanes.end(A, 0, reached=True)
    assert lanes.room(A) == PER_ENDPOINT
    for _ in range(3):
        lanes.start(A)
    lanes.end(A, 0, reached=False)
    assert lanes.room(A) == 0
    lanes.end(A, 0, reached=False)
    lanes.end(A, 0, reached=False)
    assert lanes.room(A) == 1
    lanes.start(A)
    lanes.end(A, 0, reached=True)
    assert lanes.room(A) == PER_ENDPOINT


def test_what_was_kept_before_lanes_had_accounts_is_a_lane_as_well() -> None:
    lanes, old = Lanes(), "http://customer.example:80"
    assert fill(lanes, [old]) == 1
    lanes.end(old, 0, reached=True)
    assert fill(lanes, [old]) == PER_ENDPOINT


def test_another_accounts_dead_endpoint_on_the_same_host_is_in_nobodys_way() -> None:
    lanes, theirs = Lanes(), [lane_of(2, f"{URL}/{number}") for number in range(100)]
    assert fill(lanes, theirs) == DOUBTFUL_PER_ENDPOINT
    assert lanes.room(A) == 1
    prove(lanes, A)
    assert lanes.room(A) == PER_ENDPOINT


def test_a_path_that_hangs_leaves_the_others_of_its_endpoint_a_try() -> None:
    lanes, hanging = Lanes(), lane_of(1, URL + "/hangs")
    prove(lanes, A)
    assert fill(lanes, [hanging]) == PER_ENDPOINT  # the endpoint was quick until now
    lanes.end(hanging, 0, reached=False)
    assert lanes.room(hanging) == 0
    assert lanes.room(A) == 1
    prove(lanes, A)
    assert lanes.room(A) == 1  # what its neighbour still holds is not there yet
    for _ in range(PER_ENDPOINT - 1):
        lanes.end(hanging, 0, reached=False)
    prove(lanes, A)
    assert (lanes.room(A), lanes.room(hanging)) == (PER_ENDPOINT, 1)  # one, to see whether it is back


def test_dead_endpoints_of_one_account_leave_most_to_the_others() -> None:
    lanes = Lanes()
    dead = [lane_of(2, f"https://dead-{number}.example/") for number in range(CONNECTIONS)]
    assert fill(lanes, dead) == DOUBTFUL_PER_ACCOUNT
    assert lanes.room(A) == 1


def test_slow_and_dead_endpoints_of_one_account_together_have_no_more_than_its_share() -> None:
    lanes, slow = Lanes(), [lane_of(2, f"https://slow-{number}.example/") for number in range(200)]
    dead = [lane_of(2, f"https://dead-{number}.example/") for number in range(200)]
    prove(lanes, A, *slow)
    assert fill(lanes, slow) == PER_ACCOUNT
    assert fill(lanes, dead) == 0
    assert {lanes.waits_for(lane) for lane in dead} == {WaitsFor.ACCOUNT}
    lanes.end(slow[0], 0, reached=True)
    assert fill(lanes, dead) == 1
    assert lanes.room(A) == PER_ENDPOINT


#: what an account's endpoints from here on do
HAPPENINGS = st.tuples(
    st.integers(1, 3), st.integers(0, 9), st.sampled_from(["fill", "answer", "answer slowly", "die", "rest"])
)


@given(st.integers(4, 64), st.sampled_from([6, MAX_KNOWN]), st.lists(HAPPENINGS, min_size=5, max_size=40))
def test_no_account_has_more_than_its_share_whatever_its_endpoints_do(
    connections: int, most_known: int, happenings: list[tuple[int, int, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aldis.stages.postbacks.lanes.MAX_KNOWN", most_known)
        lanes, under_way = Lanes(connections), Counter[str]()
        for account, first, what in happenings:
            names = [lane_of(account, f"https://h{number}.example/") for number in range(first, 10)]
            for lane in names:
                if what == "rest":
                    lanes.pause(lane, 1)
                elif what == "fill":
                    lanes.resume(1)
                    started = fill(lanes, [lane])
                    under_way[lane] += started
                elif under_way[lane]:
                    took_ms = SLOW_MS if what == "answer slowly" else 0
                    lanes.end(lane, took_ms, reached=what != "die")
                    under_way[lane] -= 1
            of_account = sum(
                count for name, count in under_way.items() if place_of(name).account_id == account
            )
            assert of_account <= connections // 4


def test_endpoints_of_one_account_that_answer_slowly_leave_most_to_the_others() -> None:
    lanes, slow = Lanes(), [lane_of(2, f"https://slow-{number}.example/") for number in range(200)]
    prove(lanes, A, *slow)
    assert fill(lanes, slow) == PER_ACCOUNT
    assert lanes.room(A) == PER_ENDPOINT


def test_dead_lanes_leave_half_of_the_whole_to_the_living() -> None:
    lanes = Lanes()
    prove(lanes, A)
    assert fill(lanes, [lane_of(2 + number, URL) for number in range(CONNECTIONS)]) == CONNECTIONS // 2
    assert lanes.room(A) == PER_ENDPOINT


@given(st.integers(1, 60), st.integers(1, 3), st.sampled_from(["slow", "dead"]))
def test_however_many_endpoints_are_slow_or_dead_whoever_comes_finds_room(
    accounts: int, endpoints: int, kind: str
) -> None:
    lanes = Lanes()
    urls = [f"https://h{endpoint}.example/{path}" for path in range(4) for endpoint in range(endpoints)]
    busy = [lane_of(2 + account, url) for url in urls for account in range(accounts)]
    if kind == "slow":
        prove(lanes, *busy)
    fill(lanes, busy)
    assert lanes.room(A) == 1
    prove(lanes, A)
    assert lanes.room(A) >= 1


SLOW_MS = 12_000


def learn(lanes: Lanes, lane: str, took_ms: int, times: int = 1) -> None:
    for _ in range(times):
        lanes.start(lane)
        lanes.end(lane, took_ms, reached=True)


@pytest.mark.parametrize(
    ("took_ms", "most"),
    [(0, 32), (1_000, 32), (2_000, 16), (4_000, 8), (8_000, 4), (12_000, SLOW_PER_ENDPOINT), (60_000, 4)],
)
def test_an_endpoint_gets_the_fewer_the_longer_it_takes_where_many_are_busy(took_ms: int, most: int) -> None:
    lanes = Lanes()
    learn(lanes, A, took_ms)
    assert lanes.room(A) == PER_ENDPOINT  # the house is idle
    assert lanes.read_ahead(A) == 4 * most
    busy = [lane_of(2 + number // 32, f"https://busy-{number}.example/") for number in range(256)]
    prove(lanes, *busy)
    for name in busy:
        lanes.start(name)
    assert lanes.room(A) == most
    learn(lanes, A, 100, 20)
    assert lanes.room(A) == PER_ENDPOINT  # it is quick again


def test_slow_endpoints_of_an_account_leave_its_quick_one_room() -> None:
    lanes, slow = Lanes(), [lane_of(1, f"https://slow-{number}.example/") for number in range(16)]
    for name in slow:
        learn(lanes, name, SLOW_MS)
    assert fill(lanes, slow) <= PER_ACCOUNT - PER_ACCOUNT // 4
    assert lanes.room(A) == 1  # nobody has tried it yet
    prove(lanes, A)
    assert lanes.room(A) >= 1


@given(st.integers(1, 100), st.integers(1, 16), st.sampled_from([0, SLOW_MS]), st.sampled_from([16, 64, 512]))
def test_whoever_is_idle_gets_one_at_once_however_many_accounts_are_slow(
    accounts: int, endpoints: int, took_ms: int, connections: int
) -> None:
    lanes = Lanes(connections)
    accounts = min(accounts, connections // 8)
    names = [
        lane_of(2 + account, f"https://h{endpoint}.example/")
        for account in range(accounts)
        for endpoint in range(endpoints)
    ]
    for name in names:
        learn(lanes, name, took_ms)
    for account in range(accounts):  # one after another: the first takes what it can
        fill(lanes, names[account * endpoints : (account + 1) * endpoints])
    assert max(load.under_way for load in lanes._accounts.values()) <= max(1, connections // 4)
    assert lanes._all.under_way <= connections
    assert lanes.room(A) == 1
    learn(lanes, A, 0)
    assert lanes.room(A) >= 1


@given(st.integers(1, 40), st.floats(0.001, 1.0))
def test_a_few_connections_and_any_share_are_enough_to_go_on(connections: int, share: float) -> None:
    lanes, held = Lanes(connections, share), Held(connections, share)
    assert (lanes.room(A), held.room(A) >= 1) == (1, True)
    learn(lanes, A, SLOW_MS)
    assert 1 <= fill(lanes, [A]) <= max(1, int(connections * share))
    assert lanes.room(A) == 0


def test_whose_account_has_held_connections_for_least_is_first() -> None:
    lanes, mine, theirs = Lanes(), lane_of(1, "https://a.example/"), lane_of(2, "https://b.example/")
    learn(lanes, theirs, 500)
    learn(lanes, mine, SLOW_MS)
    lanes.note_turn(theirs)
    assert lanes.in_turn([mine, theirs]) == [theirs, mine]
    for now in range(0, 2_000_000, 30_000):
        lanes.resume(now)
    assert lanes.in_turn([mine, theirs]) == [mine, theirs]  # that was long ago


def test_what_a_lane_waits_for() -> None:
    lanes = Lanes()
    assert lanes.waits_for(A) is WaitsFor.NOTHING
    lanes.start(A)
    assert lanes.waits_for(A) is WaitsFor.DOUBT
    lanes.end(A, 0, reached=True)
    fill(lanes, [A])
    assert lanes.waits_for(A) is WaitsFor.ENDPOINT
    other = lane_of(1, "https://other.example/")
    fill(lanes, [lane_of(1, f"https://new-{number}.example/") for number in range(40)])
    assert lanes.waits_for(other) is WaitsFor.ACCOUNT
    lanes.pause(A, 1_000)
    assert lanes.waits_for(A) is WaitsFor.PAUSE
    lanes = Lanes()
    slow = [lane_of(number, f"https://slow-{number}.example/") for number in range(2, 200)]
    prove(lanes, *slow)
    fill(lanes, slow)
    assert {lanes.waits_for(name) for name in slow[10:]} == {WaitsFor.ALL}


@given(st.integers(8, 200), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(1, 300))))
def test_what_is_held_is_bounded_in_all_and_for_each_account(
    connections: int, reads: list[tuple[int, int, int]]
) -> None:
    held, next_id = Held(connections, ACCOUNT_SHARE), 0
    most = HELD * connections
    for account, endpoint, wanted in reads:
        lane = lane_of(account, f"https://h{endpoint}.example/")
        count = min(wanted, held.room(lane))
        if count:
            held.add(lane, list(range(next_id, next_id + count)))
            next_id += count
    assert held._count <= most
    assert not held._accounts or max(held._accounts.values()) <= most // 4
    assert held.room(lane_of(9, URL)) >= 1  # who comes is read
    for lane, ids in list(held._lanes.items()):
        for postback_id in list(ids):
            held.release(lane, postback_id)
    assert (held._count, held._lanes, dict(held._accounts)) == (0, {}, {})


def test_whose_turn_was_longest_ago_is_first() -> None:
    lanes = Lanes()
    for lane in "cab":
        lanes.note_turn(lane)
    assert lanes.in_turn(["a", "b", "c", "new"]) == ["new", "c", "a", "b"]


def test_a_lane_rests_for_as_long_as_its_endpoint_wants() -> None:
    lanes = Lanes()
    prove(lanes, A)
    lanes.pause(A, 1_000)
    lanes.resume(999)
    assert lanes.room(A) == 0
    assert lanes.room(lane_of(2, URL)) == 1
    lanes.resume(1_000)
    assert lanes.room(A) == PER_ENDPOINT
    lanes.pause(A, 31_000)
    lanes.start(A)
    lanes.end(A, 0, reached=None)
    lanes.pause_untried(A, 1_000)  # shorter than what its endpoint wants
    lanes.resume(30_999)
    assert lanes.room(A) == 0
    lanes.resume(31_000)
    lanes.pause(A, 10_000_000)
    lanes.resume(3_600_000)  # the clock went back by more than an hour
    assert lanes.room(A) == PER_ENDPOINT


NAMES = [
    lane_of(account, f"https://h{host}.example/{path}")
    for account in (1, 2)
    for host in (1, 2)
    for path in "xy"
]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["start", "reached", "unreached"]))))
def test_what_is_counted_in_is_counted_out(events: list[tuple[str, str]]) -> None:
    lanes, under_way = Lanes(), dict.fromkeys(NAMES, 0)
    for lane, event in events:
        if event == "start":
            if lanes.room(lane):
                lanes.start(lane)
                under_way[lane] += 1
        elif under_way[lane]:
            lanes.end(lane, 0, reached=event == "reached")
            under_way[lane] -= 1
    for lane, count in under_way.items():
        for _ in range(count):
            lanes.end(lane, 0, reached=True)
    prove(lanes, *NAMES)
    assert [lanes.room(lane) for lane in NAMES] == [PER_ENDPOINT] * len(NAMES)
    loads = (lanes._all, *lanes._endpoints.values(), *lanes._accounts.values())
    assert {(load.under_way, load.doubtful) for load in loads} == {(0, 0)}


def test_what_is_remembered_is_bounded() -> None:
    lanes, busy = Lanes(), lane_of(1, "https://busy.example/")
    lanes.start(busy)
    lanes.pause(A, 1_000)
    paused, beside = lane_of(3, URL), lane_of(3, "https://other.example/")
    lanes.pause(paused, 1_000)
    for number in range(MAX_KNOWN + 10):
        lanes.note_turn(lane_of(2, f"https://h{number}.example/"))
    assert len(lanes._lanes) < MAX_KNOWN
    assert (lanes.room(busy), lanes.room(A)) == (0, 0)
    assert lanes._known(beside).account is lanes._lanes[paused].account
    lanes.end(busy, 0, reached=True)
    assert lanes.room(busy) == PER_ENDPOINT
