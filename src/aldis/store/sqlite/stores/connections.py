"""What a sub-store stands on."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.memory.claims import Claims
from aldis.store.sqlite.engine.read_pool import ReadPool
from aldis.store.sqlite.engine.writer import Writer


class Connections(msgspec.Struct):
    """The ways to the file, and what is in a sender's hands."""

    writer: Writer
    #: on the event loop, for points
    reader: apsw.Connection
    #: in a thread: the gateway's own, the customers' or the operators', of whom none may keep another waiting
    scans: ReadPool
    claims: Claims
