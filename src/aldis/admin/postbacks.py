"""Postbacks that are pending and dead letters: listed, shown as they are posted, and made due now.

Called by the console, the admin API and the command line; all of it is safe beside a running gateway.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.accounts.history import MASK, masked_address
from aldis.accounts.staff import Actor, audit
from aldis.errors import AdminError
from aldis.stages.postbacks.channel import Answer
from aldis.stages.postbacks.lanes import WaitsFor
from aldis.stages.postbacks.status import PostingStatus
from aldis.stages.postbacks.writing import Due, Writing, Written
from aldis.store.contract.outbox import (
    EndedWebhook,
    LaneFacts,
    OutboxStore,
    PostbackFilter,
    PostbackPage,
    PostbackRow,
    PostbackTry,
)
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import PostbackRequest

#: postbacks that one transaction makes due
BATCH = 500
#: lanes that are listed
MOST_LANES = 500
#: ended webhooks that are listed
MOST_ENDED = 500
#: characters of a request's body that are shown
MOST_SHOWN = 2_048
MISSING = 404
#: headers whose values are shown: others may hold what an endpoint knows us by
_SHOWN = frozenset(("content-type", "content-length", "webhook-id", "webhook-timestamp"))


#: what lanes wait for that have more due than may start, for people
WAITS = {
    WaitsFor.PAUSE: "its pause: Retry-After, or a fault of this machine's",
    WaitsFor.ENDPOINT: "its endpoint, which has as many requests as it may",
    WaitsFor.DOUBT: "its endpoint, which has not answered lately: single tries",
    WaitsFor.ACCOUNT: "its account's share",
    WaitsFor.ALL: "a connection: all shares are in use",
}


class ShownRequest(msgspec.Struct, frozen=True):
    """What a postback posts, written anew as the directory has it now, without what is secret."""

    method: str
    url: str
    headers: dict[str, str]
    #: its beginning; None where bodies are not to be shown
    body: str | None
    octets: int


class ShownPostback(msgspec.Struct, frozen=True):
    """One postback with all that can be said of it."""

    row: PostbackRow
    #: that failed, or were answered with words; oldest first
    tries: tuple[PostbackTry, ...]
    request: ShownRequest | None
    #: why nothing can be posted; ""
    fault: str


class Postbacks:
    """What can be done with postbacks."""

    def __init__(
        self,
        store: OutboxStore,
        writing: Writing,
        *,
        shows_bodies: bool,
        posting: Callable[[], PostingStatus] = PostingStatus,
    ) -> None:
        """`shows_bodies`: whether operators may see what is posted, which tells who wrote what to whom;
        `posting`: tells how posting stands, where it does.
        """
        self.posting = posting
        self._store = store
        self._writing = writing
        self._shows_bodies = shows_bodies

    async def lanes(self) -> list[LaneFacts]:
        """Tell what is pending, by account and endpoint; the fullest first."""
        found = await self._store.lanes(MOST_LANES)
        return sorted((each for each in found if each.pending), key=lambda each: -each.pending)

    def waits(self) -> dict[tuple[int, str], str]:
        """Tell what lanes with more due than may start wait for, by account and endpoint."""
        return {(each.account_id, each.endpoint): WAITS[each.waits_for] for each in self.posting().waiting}

    async def dead_letters(self, wanted: PostbackFilter, before: int, limit: int) -> PostbackPage:
        """Give postbacks that are tried no more, newest first."""
        return await self._store.dead_letters(wanted, before, limit)

    async def ended_webhooks(self) -> list[EndedWebhook]:
        """Tell where nothing is posted any more, without passwords, the newest first."""
        found = await self._store.ended_webhooks(MOST_ENDED)
        return [msgspec.structs.replace(each, url=masked_address(each.url)) for each in found]

    async def tell(self, postback_id: int, now: int) -> ShownPostback:
        """Show one postback, and what it posts. Raises AdminError."""
        row, due = await self._store.postback(postback_id), await self._store.due_of(postback_id)
        if row is None or due is None:
            raise AdminError(f"there is no postback {postback_id}", MISSING)
        written = await self._written(due, now)
        tries = await self._store.tries(postback_id)
        if isinstance(written, Answer):
            return ShownPostback(row, tries, None, written.fault)
        return ShownPostback(row, tries, self._shown(written[0]), "")

    async def _written(self, due: Due, now: int) -> Written:
        try:
            if isinstance(due, DueInbound):
                return await self._writing.write_inbound(due, now)
            return self._writing.write([due], now)
        except (LookupError, ValueError) as fault:  # as after a dialect has gone
            return Answer(None, f"it cannot be written: {type(fault).__name__}")

    def _shown(self, request: PostbackRequest) -> ShownRequest:
        url, shows = masked_address(request.url), self._shows_bodies
        return ShownRequest(
            request.method,
            url if shows else url.partition("?")[0],
            {name: value if name.lower() in _SHOWN else MASK for name, value in request.headers},
            request.body.decode("utf-8", "replace")[:MOST_SHOWN] if shows else None,
            len(request.body),
        )

    async def replay(self, actor: Actor, postback_id: int, now: int) -> int:
        """Make a postback due as if it had never been tried, whatever became of it. Returns whose message it
        tells of; raises AdminError.
        """
        found = await self._store.postback(postback_id)
        if found is None:
            raise AdminError(f"there is no postback {postback_id}", MISSING)
        entry = audit(actor, now, "replay postback", str(postback_id), f"of message {found.message_id}:")
        await self._store.replay([postback_id], now, entry)
        return found.message_id

    async def try_now(self, actor: Actor, wanted: PostbackFilter, now: int) -> int:
        """Make all postbacks due that are pending, due later and fit a filter, as if they had never been
        tried. Returns how many.
        """
        entry, total = audit(actor, now, "try postbacks now", wanted.lane or "all endpoints"), 0
        while True:
            count = await self._store.try_now(wanted, BATCH, now, entry)
            total += count
            if count < BATCH:
                return total

    async def replay_all(self, actor: Actor, wanted: PostbackFilter, now: int) -> int:
        """Make all dead letters due that fit a filter, in batches. Returns how many."""
        entry = audit(actor, now, "replay postbacks", wanted.lane or "all lanes")
        count = after = 0
        while True:
            replayed = await self._store.replay_dead_letters(wanted, after, BATCH, now, entry)
            count += replayed.count
            after = replayed.after
            if not after:
                return count
