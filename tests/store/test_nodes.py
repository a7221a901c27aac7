"""Who works on the data: what nodes say, and what operators do to them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.nodes import LinkStanding, NodeState, NodeStatus, NodeView
from aldis.store.contract.store import Store
from tests.store.building import NOW

STANDING = LinkStanding(
    is_up=True, binds=("bound", "refused: \0 ESME_RBINDFAIL"), in_flight=3, window=10, per_s=1.5
)
ONE = NodeStatus(
    name="one",
    holder="one 1",
    version="1.0",
    started_at=NOW,
    clock_at=NOW,
    settings={"link demo": "1a2b"},
    links={"demo": STANDING},
    rates={"accepted": 1.5},
)
ENTRY = AuditEntry(NOW, "ada", "console", "drain node", "one")


def said(view: NodeView) -> NodeStatus:
    """Give what a node said of itself."""
    return NodeStatus(**{name: getattr(view, name) for name in NodeStatus.__struct_fields__})


async def test_who_says_something_is_alive_and_sees_itself(kept: Store) -> None:
    for status in (ONE, replace(ONE, state=NodeState.LEAVING), replace(ONE, links={}, version="1.1")):
        (view,) = await kept.nodes.say(status)
        assert said(view) == status
        assert (view.is_alive, view.is_drained, view.is_lost) == (True, False, False)
        assert view.takes_part is (status.state is NodeState.SERVING)
    (view,) = await kept.nodes.say(replace(ONE, state=NodeState.LEFT))
    assert (view.is_alive, view.is_lost, view.takes_part) == (False, False, False)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_on_data_of_one_process_there_is_one_node(kept: Store) -> None:
    await kept.nodes.say(ONE)
    assert await kept.nodes.all() == ()
    assert await kept.nodes.held() == {}
    assert not await kept.nodes.drain("one", ENTRY, drained=True)
    assert not await kept.nodes.remove("one", ENTRY)
    assert await kept.nodes.forget(0, 0) == 0
