"""What a store must do. One method is one transaction, batch-shaped, named for what happened.

Obligations of every backend (tests/store holds it to them):
1. A call returns only after its commit is on disk; what it returned survives `kill -9` and power loss.
2. A call that raises StoreUnavailable has kept nothing.
3. Concurrent calls may share a commit; one that fails does not fail the others.
4. `accept` is all or nothing for each submission, also where a duplicate or the balance refuses it.
5. Money never leaks: for each account credited = available + held + spent, after every call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from aldis.accounts.directory import Directory
from aldis.accounts.plan import Plan, Stored
from aldis.accounts.staff import Actor, AuditEntry, Role
from aldis.store.bulk import BulkStore
from aldis.store.changes import ChangeStore
from aldis.store.link_orders import LinkOrderStore
from aldis.store.orders import OrderStore
from aldis.store.postbacks import PostbackStore
from aldis.store.records import (
    Acceptance,
    Balance,
    InboundBatch,
    OptInKey,
    Purged,
    Share,
    Timeline,
)
from aldis.store.staff import StaffStore
from aldis.store.views import ViewStore
from aldis.store.watching import WatchingStore
from aldis.traffic.consent import ConsentChange
from aldis.traffic.inbound import InboundFacts, InboundPart, Segments
from aldis.traffic.message import (
    AttemptResult,
    ClaimedMessage,
    MessageFacts,
    MessageStatus,
)
from aldis.traffic.query import Usage
from aldis.traffic.receipt import Receipt
from aldis.traffic.refusal import Refusal

#: who applies a file where nobody is named
APPLYING = Actor("aldis", Role.ADMIN, "command line")


class Store(PostbackStore, Protocol):
    """The one seam between the stages and what is kept."""

    @property
    def commits(self) -> int:
        """How many commits there were since the start; divided by messages, how well they share them."""
        ...

    @property
    def staff(self) -> StaffStore:
        """What is kept of those who operate the house."""
        ...

    @property
    def watching(self) -> WatchingStore:
        """What those see who watch the gateway at work."""
        ...

    @property
    def bulk(self) -> BulkStore:
        """What is kept of sending to many."""
        ...

    @property
    def views(self) -> ViewStore:
        """What operators look at."""
        ...

    @property
    def orders(self) -> OrderStore:
        """What operators do to messages and postbacks."""
        ...

    @property
    def changes(self) -> ChangeStore:
        """How the directory is changed, and how it was."""
        ...

    @property
    def link_orders(self) -> LinkOrderStore:
        """What operators want of links."""
        ...

    async def close(self) -> None:
        """Finish what was called, then let go of the files."""
        ...

    # ── admission ──

    def take_ids(self, count: int) -> Awaitable[range]:
        """Reserve `count` message ids that nobody else will get, also after a crash."""
        ...

    async def accept(self, acceptance: Acceptance) -> Refusal | None:
        """Store messages `queued`, hold their price, remember their duplicate keys; or refuse and store
        nothing.
        """
        ...

    async def would_accept(self, acceptance: Acceptance) -> Refusal | None:
        """Judge as `accept` does and store nothing."""
        ...

    async def opted_in(self, keys: Sequence[OptInKey]) -> set[OptInKey]:
        """Tell which of these have opted in."""
        ...

    # ── sending ──

    async def recover(self, link: str, *, hold: bool, now: int) -> int:
        """Record what a lost owner had noted; then release what it had marked `sending`: to `queued`, or with
        `hold` to `unconfirmed`. Returns how many.
        """
        ...

    async def recover_orphans(self, links: Sequence[str], now: int) -> int:
        """Release to `queued` what is `sending` on links that are none of these and have no owner."""
        ...

    async def claim(self, link: str, limit: int, share: Share, now: int) -> list[ClaimedMessage]:
        """Hand out up to `limit` due messages of a link, the most urgent first.

        Nobody else gets them, and upkeep lets them be, until their results are recorded. Nothing is written:
        a crash gives them back.
        """
        ...

    async def mark(self, message_ids: Sequence[int]) -> None:
        """Write `sending` for claimed messages that are about to be submitted and must not be repeated after
        a crash.
        """
        ...

    def release(self, link: str, message_ids: Sequence[int]) -> None:
        """Give claimed messages back unmarked."""
        ...

    def note_heard(
        self, link: str, results: Sequence[AttemptResult], now: int, *, marked: bool = False
    ) -> bool:
        """Remember outcomes across a crash of this process, at once and before they are recorded; returns
        whether that worked.

        The next `recover` records what was noted and not recorded. Less than `record_results` promises: a
        crash of the machine may forget it.
        """
        ...

    async def record_results(
        self, link: str, results: Sequence[AttemptResult], now: int, *, marked: bool = False
    ) -> None:
        """Write what attempts led to: states, segments, money, postbacks; match receipts that came early.

        The messages were claimed before, and with `marked` also marked.
        """
        ...

    # ── receipts ──

    async def record_receipts(self, receipts: Sequence[Receipt]) -> int:
        """Match receipts to segments, move their messages, owe their postbacks; park those without a segment.

        Returns how many were parked.
        """
        ...

    # ── upkeep ──

    async def expire(self, limit: int, now: int, patience_ms: int) -> int:
        """End what has waited too long: `queued` past its validity, `sent` for longer than the patience for a
        receipt. Looks at `limit` messages whose review is due; returns how many ended.
        """
        ...

    async def divert(self, link: str, up: Sequence[str], limit: int, now: int) -> int:
        """Move up to `limit` messages that are due and wait for a link to the first of their backups that is
        among `up`. Returns how many.
        """
        ...

    async def purge(self, limit: int, before: int, after: int) -> Purged:
        """Forget messages that ended before an instant, with all that hangs on them; looks at
        `limit` messages with ids above `after`.
        """
        ...

    async def unused_content(self, digests: Sequence[str]) -> set[str]:
        """Tell which of these contents no message needs, neither to a handset nor from one."""
        ...

    # ── what customers ask ──

    async def submission(self, account_id: int, dialect: str, reference: str) -> list[MessageStatus]:
        """Give the messages that an account knows by a reference, in the order of their recipients."""
        ...

    async def cancel_scheduled(self, account_id: int, dialect: str, reference: str, now: int) -> int | None:
        """End a submission that is not due yet, and free its money. Returns how many messages that ended; 0
        when it is too late, None when there is no such submission.
        """
        ...

    async def usage(self, account_id: int, since: int, until: int, label: str | None) -> list[Usage]:
        """Sum up what an account used of what it sent in a time, by label and country."""
        ...

    # ── consent and messages from handsets ──

    async def change_consents(
        self, changes: Sequence[ConsentChange], entry: AuditEntry | None = None
    ) -> list[bool]:
        """Write consents and their history; tells of each whether it changed anything. `entry` is kept where
        anything did.

        Who has opted out of a sender opts in again by their handset only.
        """
        ...

    async def consents(self, msisdn: str, limit: int) -> list[ConsentChange]:
        """Give a number's history, newest first."""
        ...

    async def consented(self, sender: str, topic: str, after: str, limit: int) -> list[str]:
        """Give numbers that have opted in to a topic of a sender, in order, those behind `after`."""
        ...

    async def opted_out(self, sender: str, after: str, limit: int) -> list[str]:
        """Give numbers that have opted out of a sender, in order, those behind `after`."""
        ...

    async def cancel_opted_out(self, limit: int, now: int) -> int:
        """End up to `limit` queued messages to people who have opted out, and free their money. Returns how
        many.
        """
        ...

    async def inbound_segments(self, part: InboundPart) -> Segments:
        """Give the segments that are kept under the reference of a segment; none where there are none."""
        ...

    async def stale_inbound(self, before: int, limit: int) -> list[Segments]:
        """Give segments of which the first came before an instant: of whole messages, and of those that never
        became whole.
        """
        ...

    async def record_inbound(self, batch: InboundBatch) -> int:
        """Keep segments and whole messages, with the consents, replies and postbacks that follow. Returns how
        many were repetitions of the carrier's and are not kept twice.
        """
        ...

    async def purge_inbound(self, limit: int, before: int) -> int:
        """Forget up to `limit` messages from handsets that came before an instant and owe nothing. Returns
        how many.
        """
        ...

    async def inbound(
        self, account_id: int | None, since: int, until: int, page: tuple[int, int]
    ) -> tuple[list[InboundFacts], int]:
        """Give a page (offset, limit) of an account's messages from handsets of a time, newest first, and how
        many there are in all; with None nobody's.
        """
        ...

    # ── directory ──

    async def directory_version(self) -> int:
        """Tell whether the directory has changed: a number that grows."""
        ...

    async def directory(self) -> Directory:
        """Load the directory."""
        ...

    async def stored_directory(self) -> Stored:
        """Load the directory's rows, to plan a change."""
        ...

    async def apply(self, plan: Plan, now: int, actor: Actor = APPLYING) -> int:
        """Carry out a plan, with its history. Returns how many opt-ins were new; raises StoreUnavailable when
        the directory has changed since it was planned.
        """
        ...

    # ── looking ──

    async def balance(self, account_id: int) -> Balance:
        """Give an account's money."""
        ...

    async def timeline(self, message_id: int) -> Timeline | None:
        """Give all that is known of a message."""
        ...

    async def find(self, reference: str, limit: int) -> list[MessageFacts]:
        """Find messages by reference, newest first; with "" the newest of all."""
        ...

    async def count_by_state(self) -> dict[str, int]:
        """Count all messages by state."""
        ...

    async def backlog(self) -> dict[str, int]:
        """Count the queued messages by link."""
        ...
