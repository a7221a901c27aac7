"""The process that writes, and posts: the store's writer, and beside it, once the gateway asks for that, the
poster. What a transaction made due is known here when it ends, and no result of a try has to be carried
to the writer (docs/decisions/0022-posting-from-the-writer-process.md).

    python -m aldis.app.back_office FILE SOCKET DATA_DIR LEVEL FORMAT

It ends with the gateway, whose end of the socket it watches.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import msgspec
import uvloop

from aldis.accounts.directory import CurrentDirectory
from aldis.app import descriptors
from aldis.app.interpreter import spare_the_collector
from aldis.app.posting import PostingHere
from aldis.clock import SystemClock
from aldis.stages.agent import Agent
from aldis.stages.postbacks.poster import STOP_S
from aldis.stages.postbacks.settings import PostbackSettings
from aldis.stages.postbacks.status import PostingStatus
from aldis.store.content_files import ContentFiles
from aldis.store.sqlite.engine.connection import unlock_connections
from aldis.store.sqlite.process.writer_server import WriterServer, WriterServerListener
from aldis.telemetry import configure_logs

#: how often to look whether somebody else has changed the directory
FOLLOW_S = 1.0
#: how long tries under way have when the gateway is gone: less than the next one waits for us
#: (`stores.TAKE_OVER_S`)
ORPHAN_S = 1.0


class BackOffice(Agent):
    """The poster of this process, from the gateway's word to begin until its word to rest."""

    def __init__(self, path: Path, data_dir: Path) -> None:
        super().__init__("back office", FOLLOW_S)
        self.server = WriterServer(
            path, WriterServerListener(self._begin, self._end, self._be_orphaned, self._is_behind)
        )
        self._contents = ContentFiles(data_dir)
        self._current: CurrentDirectory | None = None
        self._posting: PostingHere | None = None
        self._resting: asyncio.Task[None] | None = None
        self._is_wanted = False
        self._settings = PostbackSettings()
        self._clock = SystemClock()
        #: when the directory was read last
        self._looked_at = -FOLLOW_S

    async def step(self) -> int:
        """Begin to post where that is wanted, and follow the directory; returns 0, so that the loop waits."""
        store = self.server.postbacks
        if self._current is None or self._posting is None:
            if self._is_wanted:
                await self._start_posting()
        elif store.directory_version() != self._current.directory.version:
            self._looked_at = self._clock.monotonic()
            self._current.directory = await store.directory()
            self._posting.wake()
        return 0

    async def _start_posting(self) -> None:
        store, count = self.server.postbacks, self.server.tell_tried
        current = CurrentDirectory(await store.directory())
        if not self._is_wanted:  # any more
            return
        posting = PostingHere(
            store, current, self._clock, count, self._contents, self._settings, self._tell_posting
        )
        await posting.start()
        self._current, self._posting = current, posting
        spare_the_collector()

    def _tell_posting(self, status: PostingStatus) -> None:
        self.server.tell_posting(msgspec.msgpack.encode(status))

    def _is_behind(self) -> bool:
        """Tell whether what is due should wait for a newer directory: it may be about an account that we do
        not know yet. Not where the directory changes all the time; what we have is then hardly older than the
        newest.
        """
        if self._current is None or (
            self.server.postbacks.directory_version() == self._current.directory.version
        ):
            return False
        self.wake()
        return self._clock.monotonic() - self._looked_at > FOLLOW_S

    def _begin(self, settings: bytes) -> None:
        wanted = msgspec.msgpack.decode(settings, type=PostbackSettings)
        self._settings = descriptors.fit_postbacks(wanted, descriptors.raise_limit())
        self._is_wanted = True
        self.wake()

    def _end(self) -> None:
        self._is_wanted = False
        self._resting = asyncio.create_task(self._rest())

    async def _rest(self, grace_s: float = STOP_S) -> None:
        try:
            if self._posting is not None:
                await self._posting.stop(grace_s)
        finally:
            self.server.tell_resting()

    def _be_orphaned(self) -> None:
        """Hear that the gateway is gone: what endpoints have said is stored, so that none is told again."""
        self._is_wanted = False
        if self._resting is None:
            self._resting = asyncio.create_task(self._rest(ORPHAN_S))
        self._resting.add_done_callback(lambda _: self.stop())


async def work(path: Path, descriptor: int, data_dir: Path) -> None:
    """Write, and post, until the gateway is gone."""
    pipe = socket.socket(fileno=descriptor)
    pipe.setblocking(False)
    office = BackOffice(path, data_dir)
    await asyncio.get_running_loop().create_connection(lambda: office.server, sock=pipe)
    await office.run()
    office.server.close()


def main(path: str, descriptor: str, data_dir: str, level: str, style: str) -> None:
    """Be this process."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # they are the gateway's, which then tells us
        signal.signal(number, signal.SIG_IGN)
    configure_logs(level, style)
    unlock_connections()
    uvloop.run(work(Path(path), int(descriptor), Path(data_dir)))


if __name__ == "__main__":
    main(*sys.argv[1:])
