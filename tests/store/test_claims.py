"""What is in a sender's hands, where the engine takes its time to answer."""

from __future__ import annotations

import pytest

from aldis.store.contract.ownership import Lease, slot_of
from aldis.store.memory.claims import Claims
from aldis.traffic.message import ClaimedMessage
from tests.store.building import NOW

LEASES = (Lease(slot_of("link"), "a", 1),)
FOUND = [ClaimedMessage(number, "74700", "447700900001", 0, b"Hi", 1, 1, 1, NOW + 1, ()) for number in (1, 2)]


@pytest.mark.parametrize("is_done", [False, True])
def test_what_is_written_to_while_the_engine_looks_is_not_handed_out(*, is_done: bool) -> None:
    claims = Claims()
    link = claims.of("link")
    link.begin_read()
    with claims.in_our_hands([(link, 1)]):
        if not is_done:
            assert link.note_read(FOUND, NOW, LEASES, is_all=True) == FOUND[1:]
    if is_done:  # what was read may be from before
        assert link.note_read(FOUND, NOW, LEASES, is_all=True) == FOUND[1:]
    assert link.claimed == {2}
    assert link.must_read(NOW, LEASES)
    link.begin_read()
    assert link.note_read(FOUND[:1], NOW, LEASES, is_all=True) == FOUND[:1]


def test_what_is_kept_back_between_claims_is_known_to_the_next() -> None:
    claims = Claims()
    link = claims.of("link")
    with claims.in_our_hands([(link, 1)]):
        assert link.unavailable == {1}
        assert claims.everybodys() == {1}
    link.begin_read()
    assert link.note_read(FOUND, NOW, LEASES, is_all=True) == FOUND
    assert not link.must_read(NOW, LEASES)
    link.begin(LEASES, ())
    assert link.claimed == set()
    assert link.must_read(NOW, LEASES)
