"""Puts the parts of a handset's multimedia message on disk, then hands it to the collector like any other
message: its row is committed after its content, and only then does the carrier hear yes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from aldis.errors import TemporaryError
from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece
from aldis.store.contract.content import ContentStore
from aldis.traffic.content import KeptPart
from aldis.traffic.inbound import InboundMms, InboundPart

log = structlog.get_logger()

Done = Callable[[bool], None]


class MmsIntake:
    """Takes what links hear from handsets in MM7."""

    def __init__(self, contents: ContentStore, take: Callable[[InboundPart, Done], None]) -> None:
        """`take`: the collector's."""
        self._contents = contents
        self._take = take
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, letter: InboundMms, done: Done) -> None:
        """Take a message; `done(True)` is called after its commit, `done(False)` if it could not be kept."""
        task = asyncio.create_task(self._keep(letter, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, letter: InboundMms, done: Done) -> None:
        held: list[str] = []
        parts: list[KeptPart] = []
        try:
            for attachment in letter.attachments:
                held.append(await self._contents.keep(attachment.octets))
                parts.append(KeptPart(attachment.content_type, held[-1], len(attachment.octets)))
        except TemporaryError as fault:
            log.error("what a handset sent cannot be kept now", link=letter.link, fault=str(fault))
            self._contents.release(held)
            done(False)
            return

        def kept(is_kept: bool) -> None:  # noqa: FBT001 - what an intake calls
            """Hear what became of its row."""
            self._contents.release(held)
            done(is_kept)

        text = Piece(Alphabet.UCS2, letter.text.encode("utf-16-be", "replace"))
        part = InboundPart(
            letter.link,
            letter.sender,
            letter.recipient,
            text,
            letter.received_at,
            tuple(parts),
            letter.transaction_id,
            letter.sender_type,
            letter.recipient_type,
        )
        self._take(part, kept)
