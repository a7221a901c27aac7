"""Opens a store on a database of PostgreSQL."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from aldis.clock import Clock, SystemClock
from aldis.errors import StoreUnavailable
from aldis.store.contract.hints import Hint
from aldis.store.contract.store import Store
from aldis.store.memory.claim_journal import ClaimJournal
from aldis.store.memory.claims import Claims
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.store.memory.sending import OwnerSending
from aldis.store.memory.told_postbacks import ToldPostbacks
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.engine.server_clock import ServerClock, look_at_server
from aldis.store.postgresql.stores.actions import PostgresqlActions
from aldis.store.postgresql.stores.admission import PostgresqlAdmission
from aldis.store.postgresql.stores.bulk import PostgresqlBulk
from aldis.store.postgresql.stores.cell_exchange import PostgresqlExchange
from aldis.store.postgresql.stores.cells import PostgresqlCells
from aldis.store.postgresql.stores.commands import PostgresqlCommands
from aldis.store.postgresql.stores.consent import PostgresqlConsent
from aldis.store.postgresql.stores.contents import PostgresqlContents
from aldis.store.postgresql.stores.directory import PostgresqlChanges, PostgresqlDirectory
from aldis.store.postgresql.stores.events import PostgresqlEvents
from aldis.store.postgresql.stores.inbound import PostgresqlInbound, PostgresqlReceipts
from aldis.store.postgresql.stores.link_states import PostgresqlLinkStates
from aldis.store.postgresql.stores.maintenance import PostgresqlMaintenance
from aldis.store.postgresql.stores.metrics import PostgresqlMetrics
from aldis.store.postgresql.stores.nodes import PostgresqlNodes
from aldis.store.postgresql.stores.old_ranges import OldRanges
from aldis.store.postgresql.stores.operators import PostgresqlAudit, PostgresqlOperators
from aldis.store.postgresql.stores.outbox import PostgresqlOutbox
from aldis.store.postgresql.stores.ownership import PostgresqlOwnership
from aldis.store.postgresql.stores.postbacks import PostgresqlPostbacks
from aldis.store.postgresql.stores.queries import PostgresqlQueries
from aldis.store.postgresql.stores.refusals import PostgresqlRefusals
from aldis.store.postgresql.stores.search import PostgresqlSearch
from aldis.store.postgresql.stores.sending import PostgresqlSending
from aldis.store.postgresql.stores.shared import shared_store
from aldis.store.postgresql.stores.time import PostgresqlTime
from aldis.store.postgresql.writes.owing import PostbackOutbox
from aldis.traffic.slots import SLOTS


async def open_postgresql(
    url: str,
    clock: Clock,
    node: str,
    holder: UUID,
    journal: OutcomeJournal | None = None,
    *,
    may_upgrade: bool = True,
) -> Store:
    """Open a database. Raises SettingsError, StoreUnavailable.

    `clock`: the process's; where it is the machine's, the store tells the server's time instead; `node`: the
    gateway's name: whoever opens it under the same one later takes its place; `holder`: a random one for each
    run; `journal`: for whoever sends; `may_upgrade`: False where a gateway of another version may serve it.
    """
    told = ToldPostbacks()
    claims = Claims(ClaimJournal(journal.folder) if journal else None, SLOTS)
    outbox = PostbackOutbox(told.note, lambda: told.slots, lambda: engine.hints.tell(Hint(postbacks=True)))
    engine = await open_engine(url, node, holder, outbox, may_upgrade=may_upgrade)
    clock = await _servers_time(engine, clock)
    pools = engine.gateway, engine.customers, engine.operators
    gateway, customers, operators = ((engine.writer, pool) for pool in pools)
    consent = PostgresqlConsent(*gateway, claims)

    return Store(
        clock=clock,
        close=partial(_close, engine, claims, journal),
        ownership=PostgresqlOwnership(*gateway, claims),
        nodes=PostgresqlNodes(*gateway),
        hints=engine.hints,
        admission=PostgresqlAdmission(*customers, claims, consent.opted_in),
        sending=OwnerSending(PostgresqlSending(*gateway, claims), claims, journal),
        receipts=PostgresqlReceipts(*gateway),
        inbound=PostgresqlInbound(*gateway, claims),
        contents=PostgresqlContents(*gateway, clock),
        postbacks=PostgresqlPostbacks(*gateway, told),
        maintenance=PostgresqlMaintenance(*gateway, claims, OldRanges(engine.migrating, engine.writer)),
        time=PostgresqlTime(*gateway, claims, told, clock if isinstance(clock, ServerClock) else None),
        queries=PostgresqlQueries(*customers, claims),
        consent=consent,
        bulk=PostgresqlBulk(*gateway, engine.operators),
        search=PostgresqlSearch(*operators),
        outbox=PostgresqlOutbox(*operators, told, engine.hints),
        metrics=PostgresqlMetrics(*operators, node),
        events=PostgresqlEvents(*operators),
        refusals=PostgresqlRefusals(*operators),
        actions=PostgresqlActions(*gateway, claims),
        commands=PostgresqlCommands(*gateway, claims),
        link_states=PostgresqlLinkStates(*gateway),
        directory=PostgresqlDirectory(*gateway),
        changes=PostgresqlChanges(*gateway),
        operators=PostgresqlOperators(*gateway),
        audit=PostgresqlAudit(*operators),
        shared=shared_store(*gateway, claims),
        cells=PostgresqlCells(*gateway, claims),
        exchange=PostgresqlExchange(*gateway, claims),
    )


async def _close(engine: Engine, claims: Claims, journal: OutcomeJournal | None) -> None:
    """Finish what was called, then say that this process ends in order."""
    await engine.close()
    if journal is not None:
        journal.close()
    claims.close()


async def _servers_time(engine: Engine, clock: Clock) -> Clock:
    """Give the server's time where a clock is the machine's."""
    if not isinstance(clock, SystemClock):
        return clock
    made = ServerClock(clock)
    try:
        await engine.gateway.ask(look_at_server, made)
    except StoreUnavailable:
        await engine.close()
        raise
    return made
