"""The maintenance agent: deadlines, retention, the directory's newest version. Slow and in small batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec
import structlog

from aldis.stages.follow import DirectoryFollower
from aldis.stages.maintenance.failover import Failover
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.stages.owner import Holder, Owner
from aldis.store.contract.content import ContentStore
from aldis.store.contract.maintenance import MaintenanceStore
from aldis.store.contract.ownership import MAINTENANCE, Lease

log = structlog.get_logger()

PERIOD_S = 1.0
#: rows a transaction; small, so that nobody waits long behind it
BATCH = 200
#: messages that become findable by their number in a transaction
FILED = 2_048
#: the newest are left alone: stages hand out ids from blocks of their own, so an id may be used late
OPEN_IDS = 16_384
DAY_MS = 86_400_000
#: how often is looked for what gateways have counted together and counts no more
FORGET_EVERY_S = 60.0


class MaintenanceSettings(msgspec.Struct, frozen=True):
    """How long things are kept and waited for."""

    retention_days: int
    #: how long a sent message waits for a receipt before it becomes unconfirmed
    receipt_patience_s: int
    #: how long a link must be down before its messages take a backup
    failover_s: int


class LinksHere(Protocol):
    """The gateway's links."""

    def are_up(self) -> Mapping[str, bool]:
        """Tell which are up, here or on another node."""

    def leases(self) -> Sequence[Lease]:
        """Give those of the slots of all that are held here."""


class Maintenance(Owner):
    """Keeps the house in order: one gateway does for all; but what waits in a slot is looked after by whoever
    has that, because it alone knows what of it is in hand.
    """

    def __init__(
        self,
        store: MaintenanceStore,
        holder: Holder,
        follower: DirectoryFollower,
        time: Timekeeper,
        settings: MaintenanceSettings,
        links: LinksHere,
        contents: ContentStore,
    ) -> None:
        super().__init__("maintenance", PERIOD_S, holder, partial(holder.whole, MAINTENANCE))
        self._store = store
        self._follower = follower
        self._time = time
        self._clock = time.clock
        self._settings = settings
        self._links = links
        self._contents = contents
        #: when counts are to be forgotten next, by the monotonic clock
        self._forget_at = 0.0
        #: somebody has opted out, and messages may still be queued for them
        self._has_opted_out = True
        self._failover = Failover(settings.failover_s)
        #: links that messages have left, which was said
        self._left: set[str] = set()
        #: messages that stay (to be sent later, owing postbacks) must not be in the way of others
        self._purged_up_to = 0

    async def step(self) -> int:
        """Do one round; returns how many messages were ended, forgotten, moved or made findable."""
        owned = await self.own()
        await self.follow_directory()
        await self._time.look()
        lease = next(iter((*owned, *self._links.leases())), None)
        if lease is None:
            return 0
        now = self._clock.now()
        done = 0 if self._time.doubt else await self._expire(lease, now)
        if owned:
            done += await self._keep(now)
        done += await self._fail_over(lease)
        if self._has_opted_out:
            done += await self._cancel_opted_out(lease, now)
        return done

    async def _expire(self, lease: Lease, now: int) -> int:
        """End what has waited too long; returns how many."""
        return await self._store.expire(lease, BATCH, now, self._settings.receipt_patience_s * 1000)

    async def _keep(self, now: int) -> int:
        """Do what one does for all; returns how many messages were forgotten or made findable."""
        await self._store.make_room(now, self._settings.retention_days * DAY_MS)
        forgotten = 0 if self._time.doubt else await self._forget(now)
        await self._contents.sweep(self._store.unused_content)
        filed = await self._store.index_recipients(FILED, OPEN_IDS)
        if self._clock.monotonic() >= self._forget_at:
            self._forget_at = self._clock.monotonic() + FORGET_EVERY_S
            await self._store.forget_counts(now)
        return forgotten + (filed if filed == FILED else 0)

    async def _forget(self, now: int) -> int:
        """Forget what is old; returns how many."""
        old = now - self._settings.retention_days * DAY_MS
        purged = await self._store.purge(BATCH, old, self._purged_up_to)
        self._purged_up_to = purged.after
        return purged.forgotten + await self._store.purge_inbound(BATCH, old)

    async def _cancel_opted_out(self, lease: Lease, now: int) -> int:
        """End what is queued for people who have opted out; looks again until there is nothing."""
        self._has_opted_out = False  # a word that comes meanwhile sets it again
        cancelled = BATCH
        try:
            cancelled = await self._store.cancel_opted_out(lease, BATCH, now)
        finally:
            self._has_opted_out = self._has_opted_out or cancelled > 0
        return cancelled

    def note_opted_out(self) -> None:
        """Hear that somebody has opted out: what is queued for them is to be cancelled."""
        self._has_opted_out = True
        self.wake()

    async def _fail_over(self, lease: Lease) -> int:
        """Move messages away from links that have been down for too long."""
        are_up = self._links.are_up()
        up = [name for name, is_up in are_up.items() if is_up]
        down_too_long = self._failover.down_too_long(are_up, self._clock.monotonic())
        self._left.intersection_update(down_too_long)
        moved = 0
        for link in down_too_long:
            count = await self._store.fail_over(lease, link, up, BATCH, self._clock.now())
            if count and link not in self._left:
                log.warning("a link has been down for too long: its messages take another", link=link)
                self._left.add(link)
            moved += count
        return moved

    async def follow_directory(self) -> None:
        """Load the directory if it has changed."""
        if await self._follower.step():
            self._has_opted_out = True  # a file may have said so
            log.info("directory loaded", version=self._follower.current.directory.version)
