"""Opens a store on one SQLite file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import apsw

from aldis.clock import Clock
from aldis.store.content_files import ContentFiles
from aldis.store.contract.store import Store
from aldis.store.memory.claim_journal import ClaimJournal
from aldis.store.memory.claims import Claims
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.store.memory.sending import OwnerSending
from aldis.store.sqlite.engine.connection import open_reader, open_to_keep
from aldis.store.sqlite.engine.read_pool import ReadPool
from aldis.store.sqlite.engine.writer import Runner, Writer
from aldis.store.sqlite.process.writer_thread import WriterThread
from aldis.store.sqlite.reads.opt_ins import OptIns
from aldis.store.sqlite.stores.actions import SqliteActions, SqliteCommands
from aldis.store.sqlite.stores.admission import SqliteAdmission
from aldis.store.sqlite.stores.bulk import SqliteBulk
from aldis.store.sqlite.stores.consent import SqliteConsent
from aldis.store.sqlite.stores.directory import SqliteChanges, SqliteDirectory
from aldis.store.sqlite.stores.events import SqliteEvents
from aldis.store.sqlite.stores.inbound import SqliteInbound, SqliteReceipts
from aldis.store.sqlite.stores.link_states import SqliteLinkStates
from aldis.store.sqlite.stores.maintenance import SqliteMaintenance
from aldis.store.sqlite.stores.metrics import SqliteMetrics
from aldis.store.sqlite.stores.nodes import NoHints, OneNode
from aldis.store.sqlite.stores.operators import SqliteAudit, SqliteOperators
from aldis.store.sqlite.stores.outbox import SqliteOutbox
from aldis.store.sqlite.stores.ownership import SqliteOwnership
from aldis.store.sqlite.stores.postbacks import SqlitePostbacks
from aldis.store.sqlite.stores.queries import SqliteQueries
from aldis.store.sqlite.stores.refusals import SqliteRefusals
from aldis.store.sqlite.stores.search import SqliteSearch
from aldis.store.sqlite.stores.sending import SqliteSending
from aldis.store.sqlite.stores.time import SqliteTime

#: people, and customers, whose reads wait for a scan; each customer has one at a time
MAX_ASKING = 64


def open_sqlite(
    path: Path,
    clock: Clock,
    runner: Runner | None = None,
    journal: OutcomeJournal | None = None,
    *,
    data_dir: Path | None = None,
    may_upgrade: bool = True,
) -> Store:
    """Open it inside a running event loop. `clock`: the process's; `runner`: where to write, in a thread by
    default; `journal`: for whoever sends; `data_dir`: where files are kept, beside this one by default;
    `may_upgrade`: False where another process serves it, which must not find it changed.
    """
    # Stays open, so that there is always a write-ahead log for those who only read.
    kept = open_to_keep(path, may_upgrade=may_upgrade)
    reader, claims = open_reader(path), Claims(ClaimJournal(journal.folder) if journal else None)
    postbacks = SqlitePostbacks(runner or WriterThread(path), reader)
    writer = postbacks.writer
    opted_in = OptIns(reader).look_up
    # of those whose reads scan none may keep another waiting
    scans, asked, looked = ReadPool(path), *(ReadPool(path, most=MAX_ASKING) for _ in range(2))
    gateway, customers, operators = ((writer, reader, each, claims) for each in (scans, asked, looked))

    return Store(
        clock=clock,
        close=partial(_close, kept, (reader, claims, journal), (scans, asked, looked), writer),
        ownership=SqliteOwnership(*gateway),
        nodes=OneNode(),
        hints=NoHints(),
        admission=SqliteAdmission(*customers, opted_in),
        sending=OwnerSending(SqliteSending(*gateway), claims, journal),
        receipts=SqliteReceipts(*gateway),
        inbound=SqliteInbound(*gateway),
        contents=ContentFiles(data_dir or path.parent),
        postbacks=postbacks,
        maintenance=SqliteMaintenance(*gateway),
        time=SqliteTime(*gateway),
        queries=SqliteQueries(*customers),
        consent=SqliteConsent(*gateway, opted_in),
        bulk=SqliteBulk(*operators),
        search=SqliteSearch(*operators),
        outbox=SqliteOutbox(*operators),
        metrics=SqliteMetrics(*gateway),
        events=SqliteEvents(*operators),
        refusals=SqliteRefusals(*operators),
        actions=SqliteActions(*gateway),
        commands=SqliteCommands(*gateway),
        link_states=SqliteLinkStates(*gateway),
        directory=SqliteDirectory(*gateway),
        changes=SqliteChanges(*operators),
        operators=SqliteOperators(*gateway),
        audit=SqliteAudit(*operators),
    )


async def _close(
    kept: apsw.Connection,
    memory: tuple[apsw.Connection, Claims, OutcomeJournal | None],
    pools: tuple[ReadPool, ...],
    writer: Writer,
) -> None:
    """Close in the order that leaves one file behind and no write-ahead log."""
    reader, claims, journal = memory
    reader.close()
    for each in pools:
        await each.close()
    await writer.close()
    if journal is not None:
        journal.close()
    claims.close()
    kept.close()
