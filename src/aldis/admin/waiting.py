"""What a message waits for, in sentences for people: its time, its link, the pace, those before it."""

from __future__ import annotations

from aldis.admin.links import LinkOrders, LinkView
from aldis.clock import as_iso
from aldis.stages.sending.upstream import Condition
from aldis.store.contract.cells import WITHHELD
from aldis.store.contract.link_states import Wanted
from aldis.store.contract.search import MOST_AHEAD, Ahead, MessageView, SearchStore
from aldis.traffic.states import State


class Waiting:
    """Looks at what stands between a message and its carrier."""

    def __init__(self, search: SearchStore, links: LinkOrders) -> None:
        self._search = search
        self._links = links

    async def reasons(self, view: MessageView, now: int) -> tuple[str, ...]:
        """Say what a message waits for; nothing where it does not wait any more."""
        if view.message.state not in (State.QUEUED, State.SENDING):
            return ()
        accepted = view.accepted
        links = {link.name: link for link in await self._links.links()}
        ahead = await self._search.ahead(view.message.link, accepted.priority, accepted.due_at, now)
        return waits_for(view, links.get(view.message.link), ahead, now)


def waits_for(view: MessageView, link: LinkView | None, ahead: Ahead, now: int) -> tuple[str, ...]:
    """Say it. `link`: None where the settings lack it."""
    name, due_at = view.message.link, view.accepted.due_at
    if view.message.state is State.SENDING:
        return ("the carrier's answer",)
    if view.poison is not None:
        again = "an operator has it tried again"
        return (
            f"until {again}: handling it failed {view.poison.faults} times, last by {view.poison.reason}",
        )
    found = []
    if due_at > now:
        found.append(_due(view, due_at))
    if name.startswith(WITHHELD):
        found.append("another cell: its account moves there")
    elif link is None or not link.is_known:
        found.append(f"link `{name}`, which is not in the settings")
    elif link.wanted is not Wanted.RUNNING:
        found.append(
            f"link `{name}`, which {link.actor} has ordered to be {link.wanted} at {as_iso(link.at)}"
        )
    elif link.condition is None:
        found.append("a gateway: none answers")
    elif not link.condition.is_standing:
        found.append(_down(name, link.condition))
    elif due_at <= now:
        found += _in_turn(name, link, link.condition, ahead)
    return tuple(found)


def _due(view: MessageView, due_at: int) -> str:
    if not view.message.attempts:
        return f"its time: it is due at {as_iso(due_at)}"
    after = f" after {view.message.reason}" if view.message.reason else ""
    return f"its attempt {view.message.attempts + 1}, due at {as_iso(due_at)}{after}"


def _down(name: str, condition: Condition) -> str:
    since = f" since {as_iso(condition.down_since)}" if condition.down_since else ""
    why = ", ".join(dict.fromkeys(condition.binds)) or condition.last_error
    return f"link `{name}`, which is down{since}" + (f": {why}" if why else "")


def _in_turn(name: str, link: LinkView, condition: Condition, ahead: Ahead) -> list[str]:
    """Say what holds up a message that is due on a link that stands."""
    found = []
    if condition.slowed_to is not None:
        by = f" by {condition.throttled_by}" if condition.throttled_by else ""
        found.append(f"link `{name}`, which is throttled to {condition.slowed_to:.0f} a second{by}")
    elif link.tps is not None and (ahead.urgent or ahead.earlier):
        found.append(f"the pace of link `{name}`: {link.tps:g} a second")
    if condition.window and condition.in_flight >= condition.window:
        late = ", which come after response_s" if condition.is_late else ""
        found.append(f"answers of the carrier{late}: all {condition.window} places of the window are taken")
    if ahead.urgent:
        found.append(f"{_count(ahead.urgent)} that are more urgent")
    if ahead.earlier:
        found.append(f"{_count(ahead.earlier)} of its priority that were due earlier")
    return found or ["nothing: it is its turn"]


def _count(count: int) -> str:
    return f"more than {MOST_AHEAD - 1:,} messages" if count >= MOST_AHEAD else f"{count:,} messages"
