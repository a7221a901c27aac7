"""Postbacks that are pending and dead letters: listed, and made due once more.

Called by the console, the admin API and the command line; all of it is safe beside a running gateway.
"""

from __future__ import annotations

from aldis.accounts.staff import Actor, audit
from aldis.errors import AdminError
from aldis.store.contract.outbox import LaneFacts, OutboxStore, PostbackFilter, PostbackPage

#: postbacks that one transaction makes due
BATCH = 500
#: lanes that are listed
MOST_LANES = 500
MISSING = 404


class Postbacks:
    """What can be done with postbacks."""

    def __init__(self, store: OutboxStore) -> None:
        self._store = store

    async def lanes(self) -> list[LaneFacts]:
        """Tell what is pending, lane by lane; the fullest first."""
        found = await self._store.lanes(MOST_LANES)
        return sorted((each for each in found if each.pending), key=lambda each: -each.pending)

    async def dead_letters(self, wanted: PostbackFilter, before: int, limit: int) -> PostbackPage:
        """Give postbacks that are tried no more, newest first."""
        return await self._store.dead_letters(wanted, before, limit)

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
