"""Whom a connection is counted as, and that what is counted in is counted out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.addresses import Networks, forwarded_address
from aldis.listening.guard import ConnectionLimits, ConnectionSlot, Guard

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
