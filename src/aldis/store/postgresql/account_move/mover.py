"""Moves an account from one cell to another, while its gateways serve it and all others.

    copy     what has ended; and of what has not, that which never changes
    leave    the gateways of the source send and post nothing of it any more; what waits is withheld
    close    nothing is accepted; what is on the wire is waited for
    take     in one transaction of the source: what can still happen, and the money, leave it
    arrive   in one transaction of the target: they are there
    switch   the directory says so, and the door is open again
    remove   from the source, what was copied

What a step has done is written on both sides, so whoever is killed goes on where they were. From `take` on
there is no way back: nothing of the account can happen in the source any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aldis.errors import SettingsError, StoreUnavailable
from aldis.store.moving.account import MovedAway, Switch
from aldis.store.moving.mover import MoveFault, Tell
from aldis.store.postgresql.account_move.side import CellDatabase, MoveState
from aldis.store.postgresql.account_move.source import MovingFrom, StillWriting, remove
from aldis.store.postgresql.account_move.tables import (
    FIXED,
    HISTORY,
    OF_ACCOUNT,
    WAITING,
    MovedAccount,
    MovedRows,
)
from aldis.store.postgresql.account_move.target import MovingTo
from aldis.store.postgresql.writes.cells import last_numbers

#: (after, limit) → messages, and where to go on; None: those were all
Read = Callable[[int, int], Awaitable[tuple[list[int], int | None]]]

#: by table, how many rows and what they are
Digests = Mapping[str, tuple[int, str]]

#: messages, of all accounts, that are looked at together
BLOCK = 5_000
#: the door closes once no more than so many messages are in senders' hands
FEW = 100
#: how often it is looked, and how long the door stays closed for gateways and carriers that say nothing
AGAIN_S, PATIENCE_S = 0.02, 10.0
#: what is younger than this no retention forgets
YOUNG_MS = 86_400_000


class AccountMover:
    """One move."""

    def __init__(
        self,
        source: CellDatabase,
        target: CellDatabase,
        account: MovedAccount,
        switch: Switch,
        tell: Tell,
        now: Callable[[], float],
    ) -> None:
        """`switch`: has the directory of all cells say where the account is; `now`: a monotonic clock, in
        seconds.
        """
        self._source, self._target = MovingFrom(source, account), MovingTo(target, account)
        self._account, self._switch, self._tell, self._now = account, switch, tell, now
        self._messages = self._queued = 0
        self._still_s = 0.0
        #: of what is withheld, what the target has
        self._waiting: Digests = {}

    async def run(self, move: str) -> MovedAway:
        """Move all of it, or what is left. `move`: names it, if it begins. Raises SettingsError, MoveFault,
        StoreUnavailable.
        """
        state = await self._begin(move)
        closed_s = 0.0
        if state in ("copying", "leaving", "closed"):
            await self._copy()
            await self._leave()
            closed_s = self._now()
            await self._close()
        if state != "gone" and await self._state(self._target.side) == "arriving":
            await self._target.arrive(await last_numbers(self._source.db))
        await self._switch()
        if closed_s:
            closed_s = self._now() - closed_s
            self._tell(f"{self._account.name} is at {self._target.side.shown}")
        if state != "gone":
            await self._remove()
        await self._target.side.forget(self._account)
        return MovedAway(self._messages, self._queued, await self._target.money(), closed_s, self._still_s)

    async def _begin(self, move: str) -> str:
        """Mark both sides, or find how far they are; gives the source's state, "gone" where nothing is there
        any more.
        """
        source, target = self._source.side, self._target.side
        account_id = self._account.account_id
        here, there = await source.stand(account_id), await target.stand(account_id)
        if here is not None and there is not None:
            if (here.role, there.role, here.move) != ("source", "target", there.move):
                raise SettingsError([f"{self._account.name} is part of another move"])
            return here.state
        if here is not None:
            raise SettingsError([f"{self._account.name} moves between {source.shown} and {here.other}"])
        if there is not None:
            _check(there, source, self._account)
            if there.state == "here":
                return "gone"
            move = there.move
        else:
            await self._target.begin(source.shown, move)
        await self._source.begin(target.shown, move)
        return "copying"

    async def _state(self, side: CellDatabase) -> str:
        found = await side.stand(self._account.account_id)
        return "" if found is None else found.state

    # ── copy ──

    async def _copy(self) -> None:
        """Copy what has ended, and name what has not."""
        for column, after, read in await self._ways(self._target.side):
            following: int | None = after
            while following is not None and following >= 0:
                ids, next_one = await read(following, BLOCK)
                await self._copy_block(ids, column, next_one)
                following = next_one
        self._tell(f"{self._messages} messages that have ended are copied")

    async def _ways(self, side: CellDatabase) -> list[tuple[str, int, Read]]:
        """Tell how far messages, and those from handsets, have come on a side."""
        found = await side.stand(self._account.account_id)
        at = (0, 0) if found is None else (found.message_id, found.inbound_id)
        reads = (self._source.next_messages, self._source.next_inbound)
        return list(zip(("message_id", "inbound_id"), at, reads, strict=True))

    async def _copy_block(self, message_ids: list[int], column: str, following: int | None) -> None:
        """Copy those that have ended, as they are at one moment, and compare them."""
        source, target = self._source, self._target
        await source.side.choose(message_ids)
        await source.leave_out_unfinished()
        async with source.db.transaction(isolation="repeatable_read"), target.db.transaction():
            chosen = await source.side.chosen()
            await target.take_fixed(source.side, chosen)
            await target.take_history(source.side)
            await self._compare(chosen)
            # -1: all are copied
            await target.side.note(self._account, column, -1 if following is None else following)
        self._messages += len(chosen)

    async def _compare(self, message_ids: list[int]) -> None:
        """Compare what is chosen on both sides."""
        if not message_ids:
            return
        parts = (*FIXED, *HISTORY)
        ours = await self._source.side.selects(self._account, parts)
        theirs = await self._target.side.selects(self._account, parts)
        for table, select in ours.items():
            self._same(
                table, await self._source.side.digest(select), await self._target.side.digest(theirs[table])
            )

    def _same(self, table: str, ours: tuple[int, str], theirs: tuple[int, str]) -> None:
        if ours != theirs:
            source, target = self._source.side.shown, self._target.side.shown
            counts = f"{source} has {ours[0]} rows of {table}, {target} {theirs[0]}"
            raise MoveFault(f"{counts}, and they are not the same; {self._account.name} is where it was")

    async def _copy_rest(self) -> int:
        """Copy what never changes of what is not copied yet; gives of how many."""
        source, target = self._source, self._target
        ids = await source.not_copied(BLOCK)
        if ids:
            await source.side.choose(ids)
            async with target.db.transaction():
                await target.take_fixed(source.side, ids)
            await source.note_copied()
        return len(ids)

    # ── leave, close, take ──

    async def _leave(self) -> None:
        """Have nothing more go out, and wait until hardly anything is in anybody's hands."""
        if await self._state(self._source.side) == "copying":
            await self._source.pause_jobs()
            await self._source.side.set_state(self._account, "leaving")
        is_told = False
        while True:
            copied = await self._copy_rest() + await self._source.withhold_nobodys(BLOCK)
            waits = await self._source.unreleased("leaving", "closed")
            in_the_way = await self._source.in_the_way()
            if not waits and in_the_way <= FEW and copied < BLOCK:
                self._waiting = await self._take(WAITING[:1])
                return
            if not copied and not is_told:
                is_told = True
                self._tell("waiting for what gateways have in hand")
            await asyncio.sleep(0 if copied else AGAIN_S)

    async def _close(self) -> None:
        """Accept nothing more, wait for what is on the wire, and have the account leave the source."""
        source = self._source
        if await self._state(source.side) != "closed":
            await source.shut(is_shut=True)
        is_taken = False
        try:
            is_taken = await self._take_until(self._now() + PATIENCE_S)
        finally:
            if not is_taken and await self._state(source.side) == "closed":
                await source.shut(is_shut=False)
        if not is_taken:
            raise await self._in_hand()

    async def _take_until(self, until: float) -> bool:
        """Try until an instant."""
        while True:
            if await self._try_to_take():
                return True
            if self._now() >= until:
                return False
            await asyncio.sleep(AGAIN_S)

    async def _in_hand(self) -> StoreUnavailable:
        left, gateways = await self._source.in_the_way(), await self._source.unreleased("closed")
        return StoreUnavailable(
            f"{left} messages are still being sent, and {len(gateways)} gateways have something of "
            f"{self._account.name} in hand: it stays where it is"
        )

    async def _is_in_hand(self) -> bool:
        """Tell whether anything may still happen in the source."""
        return bool(await self._source.in_the_way() or await self._source.unreleased("closed"))

    async def _try_to_take(self) -> bool:
        """Have the account leave the source, if nothing of it is in hand."""
        source = self._source
        await source.withhold_nobodys(BLOCK)
        if await self._copy_rest() or await self._is_in_hand():
            return False
        if not self._waiting:
            self._waiting = await self._take(WAITING[:1])
        try:
            async with source.still():
                return await self._take_all()
        except StillWriting:
            return False

    async def _take(self, parts: Sequence[MovedRows]) -> Digests:
        """Copy some parts of what is left; gives what was copied."""
        selects = await self._source.side.selects(self._account, parts)
        await self._target.take_rest(self._source.side, selects)
        return {table: await self._target.digest_of_rest(table) for table in selects}

    async def _take_all(self) -> bool:
        """Have the account leave, within `still`."""
        source, began = self._source, self._now()
        if await source.not_copied(1) or await self._is_in_hand():
            return False
        if await source.digest(WAITING[:1]) != self._waiting:  # more waits by now, or something has ended
            self._waiting = {}
            return False
        await source.choose_leaving()
        parts = (*WAITING[1:], *HISTORY, *OF_ACCOUNT)
        copied, there = await self._take(parts), await source.digest(parts)
        for table, ours in there.items():
            self._same(table, ours, copied[table])
        await source.leave()
        self._queued, self._still_s = self._waiting["queue"][0], self._now() - began
        return True

    # ── remove ──

    async def _remove(self) -> None:
        """Remove what was copied, with what late receipts have said of it since."""
        self._messages = 0
        for column, after, read in await self._ways(self._source.side):
            following: int | None = after
            while following is not None:
                ids, next_one = await read(following, BLOCK)
                await self._remove_block(ids)
                self._messages += len(ids)
                await self._source.side.note(self._account, column, following)
                following = next_one
        while (late := await self._source.next_inbound(0, BLOCK))[0]:  # their ids may be old
            await self._remove_block(late[0])
        await self._source.drop_rows_of_jobs(await self._target.job_ids())
        await self._source.end()

    async def _remove_block(self, message_ids: list[int]) -> None:
        """Remove messages, once what a gateway took that did not know of the move yet is copied."""
        source, target = self._source, self._target
        while await self._copy_rest():
            pass
        async with source.db.transaction():
            early = await source.early_receipts(message_ids)
            over = await source.hold(message_ids)
            young = await source.now() - YOUNG_MS
            lacking = [each for each in await target.lacks(message_ids) if over.get(each, young) >= young]
            if lacking:
                raise MoveFault(f"{target.side.shown} lacks {len(lacking)} messages of {self._account.name}")
            async with target.db.transaction():
                await target.take_late(source.side)
                await target.take_early_receipts(early)
                pending = (await source.side.selects(self._account, OF_ACCOUNT))["pending_postback"]
                await target.take_pending(source.side, pending)
            await source.drop_pending()
            await remove(source.side, message_ids)

    # ── the way back ──

    async def abandon(self) -> None:
        """Have the account stay, and remove what was copied. Raises SettingsError."""
        source, target = self._source.side, self._target.side
        account_id, name = self._account
        here, there = await source.stand(account_id), await target.stand(account_id)
        if there is None or (here is not None and here.role != "source") or there.role != "target":
            raise SettingsError([f"{name} is not being moved from {source.shown} to {target.shown}"])
        if there.state == "here" or (here is not None and here.state == "left"):
            raise SettingsError([f"{name} has left {source.shown}: the move can only be completed"])
        if here is not None:
            await self._source.come_back()
        copied = MovingFrom(target, self._account)
        for read in (copied.next_messages, copied.next_inbound):
            after: int | None = 0
            while after is not None:
                ids, after = await read(after, BLOCK)
                async with target.db.transaction():
                    await remove(target, ids)
        await self._target.give_up()


def _check(there: MoveState, source: CellDatabase, account: MovedAccount) -> None:
    if there.role != "target" or there.other != source.shown:
        raise SettingsError([f"{account.name} is part of another move, with {there.other}"])
