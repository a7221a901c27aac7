"""Nothing is submitted after its validity, wherever it has waited."""

from __future__ import annotations

import pytest

from aldis.stages.sending.upstream import Accepted
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult
from aldis.traffic.states import Event, State
from tests.backends import held
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import LONG, a_sender, state_of
from tests.store.building import a_message, accept


@pytest.mark.parametrize(
    ("doubts", "segments", "state"),
    [(0, 1, State.EXPIRED), (1, 1, State.UNCONFIRMED), (0, 3, State.EXPIRED)],
)
async def test_nothing_is_submitted_after_its_validity(
    demo_store: Store, clock: FakeClock, doubts: int, segments: int, state: State
) -> None:
    """What waits in hand, for the window or the pace, is looked at again when its turn comes."""
    upstream = FakeUpstream(window=1)
    octets = LONG if segments > 1 else b"Hello"
    await accept(demo_store, a_message(1, octets=octets, segments=segments))
    until = clock.now() + 60_000
    await accept(demo_store, a_message(2, octets=octets, segments=segments, expires_at=until))
    sender = a_sender(demo_store, upstream, clock)
    if doubts:
        spoilt = AttemptResult(2, Event.SUBMIT_DEFERRED, (), clock.now(), "overdue", in_doubt=True)
        await demo_store.sending.record(await held(sender), [spoilt], clock.now())
    await sender.step()
    clock.advance(59.9)
    for number in range(segments - 1):
        assert upstream.answer(Accepted(f"A{number}")).message_id == 1
    clock.advance(0.1)
    assert upstream.answer(Accepted("A9")).message_id == 1
    assert upstream.out == []
    await sender.outcomes.record()
    assert [await state_of(demo_store, number) for number in (1, 2)] == [State.SENT, state]
