"""How many postbacks may be under way: no customer waits for another's endpoint, no path for another's long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aldis.stages.postbacks.lanes import (
    DOUBTFUL_PER_ACCOUNT,
    DOUBTFUL_PER_ENDPOINT,
    IN_ALL,
    MAX_KNOWN,
    PER_ACCOUNT,
    PER_ENDPOINT,
    Lanes,
)
from aldis.traffic.postback import lane_of, place_of

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
        lanes.end(name, reached=True)


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
    lanes.end(A, reached=True)
    assert lanes.room(A) == PER_ENDPOINT
    for _ in range(3):
        lanes.start(A)
    lanes.end(A, reached=False)
    assert lanes.room(A) == 0
    lanes.end(A, reached=False)
    lanes.end(A, reached=False)
    assert lanes.room(A) == 1
    lanes.start(A)
    lanes.end(A, reached=True)
    assert lanes.room(A) == PER_ENDPOINT


def test_what_was_kept_before_lanes_had_accounts_is_a_lane_as_well() -> None:
    lanes, old = Lanes(), "http://customer.example:80"
    assert fill(lanes, [old]) == 1
    lanes.end(old, reached=True)
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
    lanes.end(hanging, reached=False)
    assert lanes.room(hanging) == 0
    assert lanes.room(A) == 1
    prove(lanes, A)
    assert lanes.room(A) == 1  # what its neighbour still holds is not there yet
    for _ in range(PER_ENDPOINT - 1):
        lanes.end(hanging, reached=False)
    prove(lanes, A)
    assert (lanes.room(A), lanes.room(hanging)) == (PER_ENDPOINT, 1)  # one, to see whether it is back


def test_dead_endpoints_of_one_account_leave_most_to_the_others() -> None:
    lanes = Lanes()
    dead = [lane_of(2, f"https://dead-{number}.example/") for number in range(IN_ALL)]
    assert fill(lanes, dead) == DOUBTFUL_PER_ACCOUNT
    assert lanes.room(A) == 1


def test_endpoints_of_one_account_that_answer_slowly_leave_most_to_the_others() -> None:
    lanes, slow = Lanes(), [lane_of(2, f"https://slow-{number}.example/") for number in range(100)]
    prove(lanes, A, *slow)
    assert fill(lanes, slow) == PER_ACCOUNT
    assert lanes.room(A) == PER_ENDPOINT


def test_dead_lanes_leave_half_of_the_whole_to_the_living() -> None:
    lanes = Lanes()
    prove(lanes, A)
    assert fill(lanes, [lane_of(2 + number, URL) for number in range(IN_ALL)]) == IN_ALL // 2
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
            lanes.end(lane, reached=event == "reached")
            under_way[lane] -= 1
    for lane, count in under_way.items():
        for _ in range(count):
            lanes.end(lane, reached=True)
    prove(lanes, *NAMES)
    assert [lanes.room(lane) for lane in NAMES] == [PER_ENDPOINT] * len(NAMES)
    loads = (lanes._all, *lanes._endpoints.values(), *lanes._accounts.values())
    assert {(load.under_way, load.doubtful) for load in loads} == {(0, 0)}


def test_what_is_remembered_is_bounded() -> None:
    lanes, busy = Lanes(), lane_of(1, "https://busy.example/")
    lanes.start(busy)
    lanes.pause(A, 1_000)
    for number in range(MAX_KNOWN + 10):
        lanes.note_turn(lane_of(2, f"https://h{number}.example/"))
    assert len(lanes._lanes) < MAX_KNOWN
    assert (lanes.room(busy), lanes.room(A)) == (0, 0)
    lanes.end(busy, reached=True)
    assert lanes.room(busy) == PER_ENDPOINT
