"""The table of states says what the design says."""

from __future__ import annotations

import pytest

from aldis.traffic.states import ENDED, FINAL, TRANSITIONS, Event, State, after


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_nothing_leaves_a_final_state_and_nothing_leads_nowhere(state: State, event: Event) -> None:
    target = after(state, event)
    assert target is None or target in TRANSITIONS
    if state in FINAL:
        assert target is None


def test_every_state_but_the_first_can_be_reached_and_every_life_can_end() -> None:
    reached = {target for moves in TRANSITIONS.values() for target in moves.values()}
    assert reached == set(State)
    for state in set(State) - FINAL:
        assert any(target in FINAL or target is State.SENDING for target in TRANSITIONS[state].values()) or (
            state is State.SENDING
        )


def test_a_late_receipt_improves_an_unconfirmed_message() -> None:
    assert State.UNCONFIRMED in ENDED
    improved = {state for state in State if after(state, Event.RECEIPT_DELIVERED) is State.DELIVERED}
    assert improved == {State.SENT, State.UNCONFIRMED}
