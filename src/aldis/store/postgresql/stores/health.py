"""Tells how a database and its server are, also beside gateways that write to it.

What of it a role may not see (other users' sessions, standbys) needs `pg_monitor`. Source: PostgreSQL 18 §20
"Server Configuration", §27.2 "The Cumulative Statistics System", §53.20 pg_replication_slots.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import asyncpg

from aldis.clock import Clock
from aldis.errors import GatewayError
from aldis.store import migrate
from aldis.store.contract.metrics import StoreHealth, StoreRemark
from aldis.store.moved import MOVING, looked_over
from aldis.store.postgresql.engine.address import Address, read_address
from aldis.store.postgresql.engine.connection import SEARCHING, Purpose, connect
from aldis.store.postgresql.engine.faults import FAULTS, translated
from aldis.store.postgresql.engine.migrations import MIGRATIONS
from aldis.store.postgresql.engine.ranges import (
    BLOCK_BITS,
    highest_block,
    read_detached,
    read_ranges,
)
from aldis.store.postgresql.stores.hosts import look_at_hosts

#: seconds that a transaction may be open before it is worth a word
LONG_S = 60
#: octets of the log that a standby may be behind
MUCH_LAG = 64 * 2**20
#: connections that are to be free: two gateways'
SPARE = 18
#: of ids, with which no range may be left
FEW_BLOCKS = 5
BLOCK_HOURS = 2 ** (BLOCK_BITS - 12) / 3_600_000
#: milliseconds between this machine's clock and the server's
APART_MS = 1_000
_LOOKING = Purpose("looking", {**SEARCHING.settings, "statement_timeout": "0"})

_FACTS = """
SELECT to_regclass('message') IS NOT NULL AS has_schema,
       to_regclass('moving') IS NOT NULL AS has_moving, pg_database_size(current_database()) AS octets,
       (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS free"""
#: through a Unix socket TCP's settings are shown as 0
_SETTINGS = """
SELECT name, setting FROM pg_settings
WHERE name = ANY ($1::text[]) AND (inet_client_addr() IS NOT NULL OR name NOT LIKE 'tcp%')"""


class _Unwanted(NamedTuple):
    """A value that a setting of the server's should not have."""

    name: str
    value: str
    why: str
    #: to be set instead
    better: str
    #: what was acknowledged may be lost, or the tables grow without end
    is_fault: bool = False


_UNWANTED = (
    _Unwanted(
        "fsync", "off", "what was accepted is lost when the server's machine stops", "on", is_fault=True
    ),
    _Unwanted(
        "full_page_writes",
        "off",
        "a page that is half written when the server's machine stops stays damaged",
        "on",
        is_fault=True,
    ),
    _Unwanted(
        "autovacuum",
        "off",
        "the queue's tables grow without end, and each claim takes longer",
        "on",
        is_fault=True,
    ),
    _Unwanted("tcp_user_timeout", "0", "what a lost gateway has locked stays locked for minutes", "5000"),
    _Unwanted("wal_sender_timeout", "0", "a standby that went without a word is waited for", "5s"),
    _Unwanted(
        "max_slot_wal_keep_size", "-1", "a lost standby's slot keeps the log until the disk is full", "16GB"
    ),
)
#: PostgreSQL 17 and newer have it; our sessions leave it as it is, because older ones would refuse them
_TRANSACTION_LIMIT = "SELECT current_setting('transaction_timeout', true)"
_STANDBYS = """
SELECT application_name, sync_state, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn), 0)::bigint
FROM pg_stat_replication ORDER BY application_name"""
_OLDEST = """
SELECT coalesce(nullif(application_name, ''), usename, 'somebody'),
       extract(epoch FROM clock_timestamp() - xact_start)::bigint
FROM pg_stat_activity
WHERE xact_start < clock_timestamp() - $1 * interval '1 s' AND pid <> pg_backend_pid()
    AND backend_type IN ('client backend', 'walsender')
ORDER BY xact_start LIMIT 1"""
_PREPARED = """
SELECT count(*) FROM pg_prepared_xacts WHERE prepared < clock_timestamp() - $1 * interval '1 s'"""
_NUMBER = re.compile(r"\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(", re.ASCII | re.IGNORECASE)
_IDLE_SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE NOT active ORDER BY slot_name"
_LEASES = """
SELECT count(*) FILTER (WHERE until > clock_timestamp()),
       array_agg(resource ORDER BY resource) FILTER (WHERE until <= clock_timestamp())
FROM lease WHERE holder <> ''"""
_NEWEST = "SELECT accepted_at FROM message ORDER BY message_id DESC LIMIT 1"
_MOVES = "SELECT name, role, state, other FROM account_move ORDER BY name"
_MISPLACED = """
SELECT count(*) FROM message LEFT JOIN queue q USING (message_id) LEFT JOIN sent s USING (message_id)
    LEFT JOIN ended e USING (message_id)
WHERE num_nonnulls(q.message_id, s.message_id, e.message_id) <> 1
    AND account_id NOT IN (SELECT account_id FROM account_move)"""

_UNREACHABLE = (
    "See whether the server runs, `[store] url`, and the server's log; nothing is accepted until then."
)


async def look_over(url: str, clock: Clock, *, is_deep: bool = False) -> StoreHealth:
    """Look at a database's server, its standbys and leases. `is_deep`: also whether each message is in
    exactly one place, which reads all of them.
    """
    address = read_address(url)
    try:
        db = await connect(address, _LOOKING, "doctor")
    except GatewayError as fault:
        return StoreHealth("PostgreSQL", str(fault), 0, 0, advice=_UNREACHABLE)
    version = db.get_server_version()
    engine = f"PostgreSQL {version.major}.{version.minor}"
    try:
        return await _look_over(db, address, engine, clock, is_deep=is_deep)
    except FAULTS as fault:
        return StoreHealth(engine, str(translated(fault)), 0, 0, advice=_UNREACHABLE)
    finally:
        db.terminate()


async def _look_over(
    db: asyncpg.Connection, address: Address, engine: str, clock: Clock, *, is_deep: bool
) -> StoreHealth:
    before = clock.now()
    (facts,) = await db.fetch(_FACTS)
    apart = facts["now"] - (before + clock.now()) // 2
    remarks = await _server(db, facts["free"], apart)
    remarks += await _standbys(db, sees_all=facts["sees_all"])
    remarks += await look_at_hosts(address)
    remarks += await _held_back(db)
    if not facts["has_schema"]:
        return StoreHealth(engine, "", facts["octets"], 0, remarks=tuple(remarks))
    found, schema = await _schema(db, is_deep=is_deep)
    remarks += schema + await _leases(db)
    newest = await db.fetchval(_NEWEST) or 0
    health = StoreHealth(engine, found, facts["octets"], newest, remarks=tuple(remarks))
    if found != "ok" or not facts["has_moving"]:
        return health
    return looked_over(health, await db.fetchrow(f"SELECT {MOVING} FROM moving"))  # noqa: S608 - constants


async def _server(db: asyncpg.Connection, free: int, apart: int) -> list[StoreRemark]:
    settings = dict(map(tuple, await db.fetch(_SETTINGS, [each.name for each in _UNWANTED])))
    found = [
        StoreRemark(
            f"{each.name} is {each.value}: {each.why}",
            f"Set `{each.name} = {each.better}` for the server.",
            is_fault=each.is_fault,
        )
        for each in _UNWANTED
        if settings.get(each.name) == each.value
    ]
    if (limit := await db.fetchval(_TRANSACTION_LIMIT) or "0") != "0":
        says = f"transaction_timeout is {limit}: what it ends may be a commit"
        found.append(StoreRemark(says, "Set it to 0 for Aldis's role (`ALTER ROLE … SET`)."))
    if free < SPARE:
        says = f"{free} connections of the server are free; a gateway has nine"
        found.append(StoreRemark(says, "Raise `max_connections`, or see who holds so many."))
    if abs(apart) > APART_MS:
        says = f"the server's clock is {apart / 1000:+.1f} s from this machine's"
        found.append(StoreRemark(says, "Have both kept right by NTP."))
    return found


async def _standbys(db: asyncpg.Connection, *, sees_all: bool) -> list[StoreRemark]:
    """See whether somebody else has what is committed."""
    if not sees_all:
        says = "this role may not see the standbys, nor the sessions of others"
        return [StoreRemark(says, "`GRANT pg_monitor TO` it, so that their lag is looked at.")]
    standbys = await db.fetch(_STANDBYS)
    waits_for = await db.fetchval("SELECT current_setting('synchronous_standby_names')")
    told = ", ".join(f"{name} ({state}, {lag / 2**20:.1f} MiB behind)" for name, state, lag in standbys)
    if not waits_for:
        says = f"no commit waits for a standby; there {'are' if told else 'is'} {told or 'none'}"
        advice = "What was accepted is lost with this server: set `synchronous_standby_names`."
        return [StoreRemark(says, advice)]
    counting = [name for name, state, _ in standbys if state in ("sync", "quorum", "potential")]
    if not counting:
        says = f"commits wait for standbys ({waits_for}), and none is there: nothing is accepted"
        return [StoreRemark(says, "Start a standby, or name those that run.", is_fault=True)]
    behind = any(lag > MUCH_LAG for _, _, lag in standbys)
    advice = "A standby cannot keep up: look at its disk, and the network." if behind else ""
    found = [StoreRemark(f"standbys: {told}", advice)]
    if len(counting) <= _needed(waits_for):
        says = f"commits wait for {waits_for}; none is to spare: with the next one lost nothing is accepted"
        found.append(StoreRemark(says, "Start the one that is missing, or add one."))
    return found


def _needed(waits_for: str) -> int:
    """Tell how many standbys a commit waits for. Source: PostgreSQL 18 §19.6.2 synchronous_standby_names."""
    return int(found[1]) if (found := _NUMBER.match(waits_for)) else 1


async def _held_back(db: asyncpg.Connection) -> list[StoreRemark]:
    """See who keeps old rows and old log from being removed."""
    found: list[StoreRemark] = []
    oldest = await db.fetchrow(_OLDEST, LONG_S)
    if oldest is not None:
        says = f"a transaction of {oldest[0]} is open for {oldest[1]} s"
        advice = "Nothing that is deleted meanwhile makes room: end it (`pg_terminate_backend`)."
        found.append(StoreRemark(says, advice))
    if prepared := await db.fetchval(_PREPARED, LONG_S):
        says = f"{prepared} prepared transactions wait for their end"
        found.append(StoreRemark(says, "`ROLLBACK PREPARED` them: they hold back what is deleted."))
    if slots := [row[0] for row in await db.fetch(_IDLE_SLOTS)]:
        says = f"replication slots that nobody uses: {', '.join(slots)}"
        found.append(StoreRemark(says, "They keep the log until the disk is full: drop them."))
    return found


async def _schema(db: asyncpg.Connection, *, is_deep: bool) -> tuple[str, list[StoreRemark]]:
    """Compare the schema with this version's; gives "ok" or what is wrong with the data."""
    rows = await db.fetch("SELECT number, checksum FROM schema_migration")
    try:
        todo = migrate.pending(migrate.load(MIGRATIONS), dict(map(tuple, rows)))
    except GatewayError as fault:
        return str(fault), []
    remarks: list[StoreRemark] = []
    if todo:
        says = f"its schema is older than this version: {len(todo)} migrations are missing"
        remarks.append(StoreRemark(says, "The next gateway of this version that starts makes them."))
    if is_deep and not todo and (misplaced := await db.fetchval(_MISPLACED)):
        return f"{misplaced} messages are not in exactly one of queue, sent and ended", remarks
    return "ok", remarks + ([] if todo else await _moves(db) + await _ranges(db))


async def _ranges(db: asyncpg.Connection) -> list[StoreRemark]:
    """See whether new ids have room, and whether old ranges go."""
    found: list[StoreRemark] = []
    ahead = (await read_ranges(db))[-1].end - await highest_block(db)
    if ahead <= FEW_BLOCKS:
        hours = max(0, (ahead - 1) * BLOCK_HOURS)
        says = f"room for new messages ends in {hours:.0f} h: nobody makes ranges of ids"
        advice = "Then nothing is accepted. A gateway that starts makes them; see why maintenance does not."
        found.append(StoreRemark(says, advice, is_fault=True))
    if left := await read_detached(db):
        says = f"old ranges are not dropped to the end: {', '.join(each.name for each in left)}"
        found.append(StoreRemark(says, "A transaction that is open for long keeps them: end it."))
    return found


async def _moves(db: asyncpg.Connection) -> list[StoreRemark]:
    """See which accounts are on their way from here, or to here."""
    found: list[StoreRemark] = []
    for name, role, state, other in await db.fetch(_MOVES):
        where = f"to {other}" if role == "source" else f"from {other}"
        says = f"account {name} moves {where}"
        if state == "closed":
            says += ", and nothing is accepted for it"
        advice = "`aldis cell move` once more completes it; before it has left, `--abandon` takes it back."
        found.append(StoreRemark(says, advice))
    return found


async def _leases(db: asyncpg.Connection) -> list[StoreRemark]:
    row = await db.fetchrow(_LEASES)
    held, over = (0, None) if row is None else row
    if not over:
        return [StoreRemark(f"{held} leases are held")]
    says = f"{held} leases are held, {len(over)} are over: {', '.join(over[:10])}"
    return [StoreRemark(says, "Where a gateway should work on these, see why it does not renew them.")]
