"""Whom a connection is counted as, and that what is counted in is counted out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.addresses import Networks, forwarded_address
from aldis.listening.guard import ConnectionLimits, Guard
from aldis.listening.slot import ConnectionSlot

#: two peers, and whether their connections count together
PEERS = [
    ("192.0.2.1", "192.0.2.1", True),
    ("192.0.2.1", "192.0.2.2", False),
    ("192.0.2.1", "::ffff:192.0.2.1", True),
    ("192.0.2.1", "::ffff:c000:201", True),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
    ("2001:db8:1:2::1", "2001:DB8:1:2:0:0:0:9", True),
    ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("fe80::1%eth0", "fe80::2%eth1", True),
    ("::1", "127.0.0.1", False),
    ("::1", "0.0.0.0", False),
    ("", "", True),
]


@pytest.mark.parametrize(("one", "other", "together"), PEERS)
def test_who_counts_together(one: str, other: str, *, together: bool) -> None:
    guard = Guard(ConnectionLimits(connections=8, connections_per_address=1))
    assert admitted(guard, one)
    assert admitted(guard, other) is not together


def admitted(guard: Guard, host: str) -> bool:
    slot = guard.admit(host)
    return slot is not None and not slot.is_refused


#: networks, and what is in them
NETWORKS = [
    ("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.8", "::7"]),
    ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["11.0.0.0", "::10.1.2.3", "", "x"]),
    ("::ffff:10.0.0.0/104", ["10.1.2.3", "::ffff:10.1.2.3"], ["11.0.0.0"]),
    ("::ffff:192.0.2.7", ["192.0.2.7"], ["192.0.2.8"]),
    ("2001:db8::/32", ["2001:db8:ffff::1", "2001:db8::1%eth0"], ["2001:db9::1", "32.1.13.184"]),
    ("0.0.0.0/0", ["192.0.2.1", "::ffff:192.0.2.1"], ["2001:db8::1"]),
    ("::/0", ["2001:db8::1"], ["192.0.2.1"]),
]


@pytest.mark.parametrize(("network", "inside", "outside"), NETWORKS)
def test_what_a_network_holds(network: str, inside: list[str], outside: list[str]) -> None:
    networks = Networks([network])
    assert [each for each in inside + outside if each in networks] == inside


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "example.com", "", "10.0.0.0/8/8"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Networks([text])


#: what proxies write of who asks them
WRITTEN = [
    ("192.0.2.7", "192.0.2.7"),
    (" 192.0.2.7\t", "192.0.2.7"),
    ("192.0.2.7:51234", "192.0.2.7"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    ("[::ffff:192.0.2.7]:443", "192.0.2.7"),
    ("2001:DB8::0:1", "2001:db8::1"),
    ("[2001:db8::1]", "2001:db8::1"),
    ("[2001:db8::1]:51234", "2001:db8::1"),
    ("unknown", "None"),
    ("_gazonk", "None"),
    ("proxy.example:80", "None"),
    ("192.0.2.7, 192.0.2.8", "None"),
    ("[", "None"),
    (":", "None"),
    ("", "None"),
]


@pytest.mark.parametrize(("text", "address"), WRITTEN)
def test_how_proxies_write_addresses(text: str, address: str) -> None:
    assert str(forwarded_address(text)) == address


HOSTS = st.sampled_from(
    ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "10.0.0.1"]
)
LIMITS = ConnectionLimits(connections=6, connections_per_address=2, trusted=Networks(["10.0.0.0/8"]))


class Leaving:
    """A connection that leaves for others if it may; its socket is closed later."""

    def __init__(self, slot: ConnectionSlot, *, is_busy: bool) -> None:
        self.slot = slot
        self.has_left = False
        self._is_busy = is_busy
        slot.give_way = self.give_way

    def give_way(self, *, if_idle: bool) -> bool:
        del if_idle
        assert not self.has_left
        self.has_left = not self._is_busy
        return self.has_left


#: a newcomer's host and whether its connection will be busy; or which is closed, or known
MANY = st.builds("{}.{}.0.{}".format, st.just(10), st.integers(0, 3), st.integers(1, 9))
COMING = st.tuples(
    MANY | st.builds("2001:db8:{}:{}::1".format, st.integers(0, 3), st.integers(0, 9)), st.booleans()
)
ROOMY = ConnectionLimits(connections=32, connections_per_address=4)


@given(st.lists(COMING | st.integers(0, 40) | MANY, min_size=20, max_size=200))
def test_whoever_gives_way_is_counted_until_it_is_closed(
    happenings: list[tuple[str, bool] | int | str],
) -> None:
    guard, made, known = Guard(ROOMY), list[Leaving](), set[str]()
    for happening in happenings:
        if isinstance(happening, tuple):
            host, is_busy = happening
            slot = guard.admit(host)
            made += [] if slot is None else [Leaving(slot, is_busy=is_busy)]
        elif isinstance(happening, str):
            guard.know(happening)
            known.add(happening)
        elif happening < len(made):
            made.pop(happening).slot.free()
        open_ = [each for each in made if not each.has_left and not each.slot.is_refused]
        assert guard.open == len(open_) <= ROOMY.connections
        assert len(made) <= ROOMY.sockets
        assert (guard._known.total, guard._unknown.total) == (
            sum(each.slot.address in known for each in open_),
            sum(each.slot.address not in known for each in open_),
        )
    for each in made:
        each.slot.free()
    assert guard.open == guard._known.total == guard._unknown.total == 0
    assert (len(guard._known._ranks), guard._unknown._ranks) == (1, [{}])


#: who has how many, all idle; who comes; and of whom one leaves
FULL = [
    ({"192.0.2.1": 4, "198.51.100.1": 12}, "203.0.113.1", "198.51.100.1"),
    # those of one network count together
    ({"192.0.2.1": 6, "198.51.100.1": 5, "198.51.100.2": 5}, "203.0.113.1", "198.51.100.1"),
    ({"192.0.2.1": 6, "2001:db8:1:2::1": 5, "2001:db8:1:3::1": 5}, "2001:db8:2:2::1", "2001:db8:1:2::1"),
    # nobody gives way to who has as many, or would have
    ({"192.0.2.1": 8, "198.51.100.1": 8}, "192.0.2.1", None),
    ({"192.0.2.1": 5, "198.51.100.1": 6, "203.0.113.1": 5}, "192.0.2.1", None),
    ({"192.0.2.1": 4, "198.51.100.1": 6, "203.0.113.1": 6}, "192.0.2.1", "198.51.100.1"),
    ({"192.0.2.1": 7, "192.0.2.2": 8, "203.0.113.1": 1}, "192.0.2.1", None),
    ({"192.0.2.1": 16}, "192.0.2.1", None),
    # within the network that has most, to who has fewer
    ({"198.51.100.1": 12, "198.51.100.2": 4}, "198.51.100.2", "198.51.100.1"),
    ({"198.51.100.1": 16}, "198.51.100.2", "198.51.100.1"),
    # where all have one, the one that came first
    ({f"198.51.{number}.1": 1 for number in range(16)}, "203.0.113.1", "198.51.0.1"),
]


@pytest.mark.parametrize(("has", "comes", "leaves"), FULL)
def test_who_gives_way(has: dict[str, int], comes: str, leaves: str | None) -> None:
    guard = Guard(ConnectionLimits(connections=16, connections_per_address=20))
    slots = [guard.admit(host) for host, count in has.items() for _ in range(count)]
    made = [Leaving(slot, is_busy=False) for slot in slots if slot is not None]
    assert admitted(guard, comes) is (leaves is not None)
    assert [each.slot.address for each in made if each.has_left] == ([] if leaves is None else [leaves])


@given(st.lists(HOSTS | st.integers(0, 20), max_size=60))
def test_what_is_counted_in_is_counted_out_once(happenings: list[str | int]) -> None:
    guard, slots = Guard(LIMITS), list[ConnectionSlot]()
    for happening in happenings:
        if isinstance(happening, str):
            slot = guard.admit(happening)
            slots += [] if slot is None else [slot]
        elif happening < len(slots):
            slots[happening].free()  # perhaps again
            slots[happening].free()
            del slots[happening]
        taken = [slot for slot in slots if not slot.is_refused]
        assert guard.open == len(taken) <= LIMITS.connections
        assert len(slots) <= LIMITS.sockets
        for address in ("192.0.2.1", "192.0.2.2"):
            assert sum(slot.address == address for slot in taken) <= 2
        assert sum(slot.address.startswith("2001:") for slot in taken) <= 2
    for slot in slots:
        slot.free()
    assert guard.open == 0
    assert all(admitted(guard, "10.0.0.1") for _ in range(6))
