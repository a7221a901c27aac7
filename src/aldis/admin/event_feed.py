"""What happens, as events for whoever listens: `GET /v1/events` and `aldis tail`.

Derived from facts that the store keeps anyway, by looking once a second and only while somebody listens, so
no message pays for it. Events come a moment late, when all that carries an earlier instant has been
committed; so the place of the last one that was heard is enough to go on from.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.clock import Clock, as_iso
from aldis.errors import AdminError, StoreUnavailable
from aldis.stages.sending.upstream import is_standing
from aldis.store.contract.events import EventKind, EventPosition, EventStore, GatewayEvent

#: how long a commit may take before what it holds is told
LAG_MS = 1000
#: how much is read at once
BATCH = 500
#: how far back a listener may go on from
LONGEST_ABSENCE_MS = 3_600_000

_NAMES = {
    EventKind.ACCEPTED: "message.accepted",
    EventKind.SENT: "message.sent",
    EventKind.ENDED: "message.ended",
    EventKind.INBOUND: "inbound.received",
}


class FeedEvent(msgspec.Struct, frozen=True):
    """One event; its fields are what programs read."""

    #: where to go on from; "" for links, of which nothing is kept
    id: str
    #: ISO 8601, UTC
    at: str
    #: message.accepted, .sent, .ended · postback.done, .failed · inbound.received · link.up, .down
    event: str
    link: str = ""
    message_id: int | None = None
    account: str = ""
    dialect: str = ""
    reference: str = ""
    state: str = ""
    sender: str = ""
    recipient: str = ""
    reason: str = ""


class EventFilter(msgspec.Struct, frozen=True):
    """Which events somebody wants to hear; "" for all."""

    account: str = ""
    state: str = ""
    link: str = ""
    #: of the sender or the recipient; its end is enough
    number: str = ""

    def includes(self, event: FeedEvent) -> bool:
        """Tell whether an event is wanted."""
        return (
            self.account in ("", event.account)
            and self.state in ("", event.state)
            and self.link in ("", event.link)
            and (
                not self.number or event.sender.endswith(self.number) or event.recipient.endswith(self.number)
            )
        )


def place_of(event_id: str) -> EventPosition:
    """Read an event's id. Raises AdminError."""
    parts = event_id.split("-")
    if len(parts) != len(EventPosition.__struct_fields__) or not all(
        part.isascii() and part.isdigit() and len(part) <= len(str(2**53)) for part in parts
    ):
        raise AdminError("this is no id of an event; leave Last-FeedEvent-ID out to listen from now on")
    return EventPosition(*(int(part) for part in parts))


class EventFeed:
    """Tells what happens."""

    def __init__(self, store: EventStore, current: CurrentDirectory, clock: Clock) -> None:
        self._store = store
        self._current = current
        self._clock = clock
        #: one listener's look at a time: each reads the newest messages
        self._turn = asyncio.Lock()

    async def follow(
        self,
        last_id: str,
        wanted: EventFilter,
        binds: Callable[[], Awaitable[dict[str, list[str]]]],
        pause: Callable[[], Awaitable[bool]],
    ) -> AsyncGenerator[list[FeedEvent], None]:
        """Give events as they happen: from now on, or after an id; an empty list each time there was nothing.

        `binds`: how the binds of each link stand; `pause` waits a moment and says whether to go on.
        """
        place = self._start(last_id)
        were_up: dict[str, bool] | None = None
        is_open = True
        while is_open:
            found, place = await self._after(place)
            are_up = {name: is_standing(conditions) for name, conditions in (await binds()).items()}
            events = [self._told(each) for each in found]
            if were_up is not None:
                events += self._changes(were_up, are_up)
            were_up = are_up
            yield [event for event in events if wanted.includes(event)]
            if len(found) < BATCH:
                is_open = await pause()

    def _start(self, last_id: str) -> EventPosition:
        now = self._clock.now()
        if not last_id:
            return EventPosition(now - LAG_MS)
        return max(place_of(last_id), EventPosition(now - LONGEST_ABSENCE_MS))

    async def _after(self, place: EventPosition) -> tuple[list[GatewayEvent], EventPosition]:
        until = self._clock.now() - LAG_MS
        if place.at > until + LAG_MS:  # the clock was set back: nothing would come until it is there again
            place = EventPosition(until)
        try:
            async with self._turn:
                found = await self._store.after(place, until, BATCH)
        except StoreUnavailable:  # too many ask for other things: the next round tells it
            found = []
        return found, found[-1].position if found else place

    def _told(self, each: GatewayEvent) -> FeedEvent:
        account = self._current.directory.accounts_by_id.get(each.account_id or 0)
        name = _NAMES.get(each.kind) or ("postback.done" if each.state == "done" else "postback.failed")
        return FeedEvent(
            id=f"{each.at}-{int(each.kind)}-{each.number}",
            at=as_iso(each.at),
            event=name,
            link=each.link,
            message_id=each.message_id,
            account=account.name if account else "",
            dialect=each.dialect,
            reference=each.reference,
            state=each.state,
            sender=each.sender,
            recipient=each.recipient,
            reason=each.reason,
        )

    def _changes(self, were_up: dict[str, bool], are_up: dict[str, bool]) -> list[FeedEvent]:
        now = as_iso(self._clock.now())
        return [
            FeedEvent(id="", at=now, event="link.up" if is_up else "link.down", link=name)
            for name, is_up in sorted(are_up.items())
            if were_up.get(name, False) != is_up
        ]
