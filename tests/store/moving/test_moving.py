"""A store moves to the other engine and back, whatever happens meanwhile, and nobody works on half of it."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import apsw
import asyncpg
import pytest

from aldis.app.moving import abandon, move
from aldis.errors import LeaseLost, SettingsError, StoreUnavailable
from aldis.store.content_files import ContentFiles
from aldis.store.contract.admission import Acceptance
from aldis.store.moving.mover import MoveFault
from aldis.store.moving.side import MoveSource
from aldis.store.moving.tables import LEFT, Row
from aldis.store.postgresql.moving import open_source
from aldis.store.postgresql.store import open_postgresql
from aldis.store.postgresql.stores import health as database_health
from aldis.store.sqlite.engine.connection import open_reader, open_to_keep, open_writer, upgrade
from aldis.store.sqlite.moving import SqliteSource, read_tables
from aldis.store.sqlite.stores import health as file_health
from aldis.traffic.refusal import RefusalReason
from tests.backends import apply, open_store, own
from tests.fakes.clock import FakeClock
from tests.fakes.postgresql import PostgresServer
from tests.store.building import NOW, RICH, a_message, accept
from tests.store.conftest import DIRECTORY
from tests.store.moving import filling

#: of PostgreSQL's tables, in which what moves is too, or what is of that database only
PARTS = {"queue", "sent", "ended", "duplicate_key", "purse", "pending_postback", "told"}
#: of this engine alone; `content` is files over the other one, and moves by its digests
OWN = {
    "gateway",
    "node",
    "opt_out_release",
    "nonce",
    "failure",
    "rate",
    "content",
    "account_move",
    "leaving_message",
    "account_release",
    "cell_taken",
}


class Ended(Exception):
    """The move ends here, as by a kill."""


def no_word(_said: str) -> None:
    pass


async def rows_of(side: MoveSource) -> dict[str, set[Row]]:
    """Read all that moves."""
    found = {table.name: set(await side.every(table)) for table in read_tables().values()}
    await side.close()
    return found


async def rows_in(database: str) -> dict[str, set[Row]]:
    return await rows_of(await open_source(database, read_tables(), uuid4()))


def schema_of(path: Path) -> set[tuple[str, str]]:
    db = open_writer(path)
    found = {(name, sql) for name, sql in db.execute("SELECT name, sql FROM sqlite_master")}
    db.close()
    return found


def of_file(path: Path) -> SqliteSource:
    return SqliteSource(path, path.parent)


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


async def test_every_table_moves_or_is_named(database: str) -> None:
    db = await asyncpg.connect(database)
    sql = "SELECT relname FROM pg_class WHERE relnamespace = 'aldis'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    theirs = {name for (name,) in await db.fetch(sql)}
    await db.close()
    moved = set(read_tables())
    assert (moved - {"postback"}) | PARTS | OWN | (set(LEFT) - {"staged_submission"}) == theirs
    ours = apsw.Connection(":memory:")
    upgrade(ours)
    names = {name for (name,) in ours.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert moved | set(LEFT) == names - {"sqlite_sequence"}


async def test_there_and_back_all_is_as_it_was(file: Path, database: str, tmp_path: Path) -> None:
    before = await rows_of(of_file(file))
    assert all(before.values())
    done = await move(url_of(file), database, tmp_path, no_word)
    assert done.messages == len(before["message"])
    assert await rows_in(database) == before
    back = tmp_path / "back.db"
    await move(database, url_of(back), tmp_path, no_word)
    assert await rows_of(of_file(back)) == before
    open_to_keep(back).close()


async def test_what_changes_meanwhile_is_there_too(
    file: Path, database: str, tmp_path: Path, chance: random.Random
) -> None:
    said: list[str] = []

    def change(word: str) -> None:
        """Change, delete and add a row of every table, with each word that is said."""
        said.append(word)
        filling.change(file, chance, len(said))

    await move(url_of(file), database, tmp_path, change)
    assert len(said) > 15
    assert await rows_in(database) == await rows_of(of_file(file))


async def test_what_changes_meanwhile_in_postgresql_is_there_too(
    file: Path, database: str, tmp_path: Path, chance: random.Random
) -> None:
    await move(url_of(file), database, tmp_path, no_word)
    db, back, steps = await asyncpg.connect(database), tmp_path / "back.db", 0
    await db.execute("SET search_path = aldis")
    await db.execute("UPDATE lease SET holder = 'gateway', until = 'infinity'")
    moving = asyncio.create_task(move(database, url_of(back), tmp_path, no_word))
    while await db.fetchval("SELECT to_regclass('moving_change')") is None:
        await asyncio.sleep(0.01)
    for steps in range(40):
        for statement in CHANGES:
            await db.execute(statement.format(some=chance.randrange(1, 13), new=1_000 + steps))
    assert not moving.done()
    await db.execute("UPDATE lease SET holder = '', until = '-infinity'")
    await moving
    await db.close()
    assert await rows_of(of_file(back)) == await rows_in(database)


#: as a gateway changes rows
CHANGES = (
    "UPDATE queue SET is_marked = NOT is_marked, attempts = attempts + 1 WHERE message_id % 3 = {some} % 3",
    """WITH gone AS (DELETE FROM queue WHERE message_id = {some} RETURNING *)
       INSERT INTO sent SELECT message_id, link, 9, attempts, doubts FROM gone""",
    """WITH gone AS (DELETE FROM sent WHERE message_id = {some} RETURNING *)
       INSERT INTO ended SELECT message_id, 'delivered', '', 8, link, sent_at, attempts, doubts FROM gone""",
    """WITH gone AS (DELETE FROM pending_postback WHERE postback_id = {some} RETURNING *)
       INSERT INTO told SELECT postback_id, message_id, lane, event, state, error_code, happened_at, true,
       attempts, last_tried_at, last_status, last_fault FROM gone""",
    "UPDATE segment SET state = 'delivered', receipt_at = {some} WHERE message_id = {some}",
    "DELETE FROM opt_out WHERE msisdn LIKE '%{some}'",
    """INSERT INTO consent (entry_id, sender, topic, msisdn, kind, source, words, at)
       VALUES ({new}, 'a', '', '1', 'opt_in', 'api', '', 1)""",
    "INSERT INTO opt_in VALUES ('a', '', '{new}', 1)",
    "DELETE FROM inbound_part WHERE number = {some}",
    "UPDATE purse SET held = held + {some}",
    """WITH old AS (DELETE FROM ended WHERE message_id = {some} AND ended_at = 8 RETURNING message_id)
       DELETE FROM message m USING old o WHERE m.message_id = o.message_id""",
)


@pytest.mark.parametrize("word", range(1, 21, 3))
async def test_who_is_ended_goes_on(file: Path, database: str, tmp_path: Path, word: int) -> None:
    said: list[str] = []

    def end(what: str) -> None:
        said.append(what)
        if len(said) == word:
            raise Ended

    with suppress(Ended):
        await move(url_of(file), database, tmp_path, end)
    before = await rows_of(of_file(file))
    if len(said) == word:
        with pytest.raises(SettingsError, match=r"has not all of sqlite:///.*`aldis migrate` once more"):
            await open_postgresql(database, FakeClock(), "one", uuid4())
        open_to_keep(file).close()
        again: list[str] = []
        await move(url_of(file), database, tmp_path, again.append)
        assert len(said) + len(again) <= 22
    assert await rows_in(database) == before
    with pytest.raises(SettingsError, match=r"was moved to postgresql://.*\[store\] url"):
        open_to_keep(file)


async def test_one_that_has_moved_is_no_store_any_more(
    file: Path, database: str, other: str, tmp_path: Path
) -> None:
    await move(url_of(file), database, tmp_path, no_word)
    with pytest.raises(SettingsError, match="was moved to postgresql://"):
        open_to_keep(file)
    for again in (other, database):
        with pytest.raises(SettingsError, match=r"moved to|there is a store at"):
            await move(url_of(file), again, tmp_path, no_word)
    with pytest.raises(SettingsError, match=r"was moved to .* moved back from there"):
        await abandon(url_of(file), tmp_path)
    writing = await open_postgresql(database, FakeClock(), "one", uuid4())
    await own(writing)
    await writing.close()
    await move(database, url_of(tmp_path / "back.db"), tmp_path, no_word)
    with pytest.raises(SettingsError, match="was moved to sqlite:///"):
        await open_postgresql(database, FakeClock(), "one", uuid4())


async def test_who_has_the_database_open_cannot_write_after_it_has_moved(
    database: str, tmp_path: Path
) -> None:
    store = await open_postgresql(database, FakeClock(), "one", uuid4())
    await own(store)
    await store.close()
    command = await open_postgresql(database, FakeClock(), "command", uuid4())
    await move(database, url_of(tmp_path / "back.db"), tmp_path, no_word)
    with pytest.raises(LeaseLost):
        await own(command)
    await command.close()


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE message SET sender = 'other' WHERE message_id = 5",
        "UPDATE told SET last_fault = 'other' WHERE postback_id = (SELECT min(postback_id) FROM told)",
        "DELETE FROM segment WHERE message_id = (SELECT max(message_id) FROM segment)",
        "INSERT INTO opt_out VALUES ('somebody', '447700900001', 1)",
        "UPDATE bulk_row SET message_id = 99",
    ],
)
async def test_a_row_that_is_not_as_it_was_is_found(
    file: Path, database: str, tmp_path: Path, postgres: PostgresServer, fault: str
) -> None:
    name = database.partition("?")[0].rpartition("/")[2]

    def end(what: str) -> None:
        if what.startswith("refused_request"):  # the last that is copied
            raise Ended

    with pytest.raises(Ended):
        await move(url_of(file), database, tmp_path, end)
    await postgres.execute(f"SET search_path = aldis; {fault}", name)
    with pytest.raises(MoveFault, match=r"differ|rows of"):
        await move(url_of(file), database, tmp_path, no_word)
    open_to_keep(file).close()
    await move(url_of(file), database, tmp_path, no_word)
    assert await rows_in(database) == await rows_of(of_file(file))


async def test_a_move_that_is_given_up_leaves_all_as_it_was(
    file: Path, database: str, other: str, tmp_path: Path
) -> None:
    def end(_said: str) -> None:
        raise Ended

    with pytest.raises(SettingsError, match="nothing is being moved from"):
        await abandon(url_of(file), tmp_path)
    before = schema_of(file)
    with pytest.raises(Ended):
        await move(url_of(file), database, tmp_path, end)
    assert schema_of(file) != before
    await abandon(url_of(file), tmp_path)
    assert schema_of(file) == before
    with pytest.raises(SettingsError, match="part of another move"):
        await move(url_of(file), database, tmp_path, no_word)
    await move(url_of(file), other, tmp_path, no_word)


async def test_whoever_else_has_the_file_open_keeps_it_from_moving(
    file: Path, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a gateway of another data directory: it would send on, and write where nobody reads."""
    monkeypatch.setattr("aldis.store.sqlite.engine.connection.BUSY_MS", 10)
    reader = open_reader(file)
    reader.execute("SELECT count(*) FROM message").fetchall()
    (tmp_path / "other").mkdir()
    with pytest.raises(SettingsError, match="is open in another program"):
        await move(url_of(file), database, tmp_path / "other", no_word)
    reader.close()
    open_to_keep(file).close()
    await move(url_of(file), database, tmp_path / "other", no_word)


async def test_a_server_that_goes_away_is_waited_for_by_calling_again(
    file: Path, database: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    before, said = await rows_of(of_file(file)), list[str]()

    async def cut() -> None:
        """End the session of the move once it copies, as a failover does."""
        while not said:
            await asyncio.sleep(0)
        await postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '% migrate moving'"
        )

    cutting = asyncio.create_task(cut())
    with pytest.raises(StoreUnavailable, match="PostgreSQL: "):
        await move(url_of(file), database, tmp_path, said.append)
    await cutting
    await move(url_of(file), database, tmp_path, no_word)
    assert await rows_in(database) == before


async def test_the_doctor_tells_of_a_move(file: Path, database: str, tmp_path: Path) -> None:
    def end(_said: str) -> None:
        raise Ended

    with pytest.raises(Ended):
        await move(url_of(file), database, tmp_path, end)
    (remark,) = file_health.look_over(file, FakeClock()).remarks
    assert "it moves to postgresql://" in remark.says
    seen = await database_health.look_over(database, FakeClock())
    assert seen.found.startswith(f"has not all of {url_of(file)} yet")
    await move(url_of(file), database, tmp_path, no_word)
    assert "was moved to postgresql://" in file_health.look_over(file, FakeClock()).found
    assert (await database_health.look_over(database, FakeClock())).found == "ok"


async def test_what_is_there_is_not_written_over(file: Path, database: str, tmp_path: Path) -> None:
    store = await open_postgresql(database, FakeClock(), "one", uuid4())
    await apply(store, DIRECTORY, NOW)
    await store.close()
    with pytest.raises(SettingsError, match="there is a store at postgresql://"):
        await move(url_of(file), database, tmp_path, no_word)
    with pytest.raises(SettingsError, match="is there already: a store moves to a new file"):
        await move(database, url_of(file), tmp_path, no_word)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("sqlite:///a.db", "sqlite:///b.db", "from SQLite to PostgreSQL, or back"),
        ("postgresql://a/a", "postgres://b/b", "from SQLite to PostgreSQL, or back"),
        ("mysql://u:secret@a/a", "sqlite:///b.db", "^mysql://a/a is no store"),
        ("sqlite:///none.db", "postgresql://127.0.0.1:1/a", "there is no store at"),
        ("a.db", "postgresql://127.0.0.1:1/a", "is no address of a store"),
    ],
)
async def test_what_cannot_be_moved_is_said(tmp_path: Path, source: str, target: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        await move(source, target, tmp_path, no_word)
    assert not (tmp_path / "b.db").exists()


async def test_a_submission_that_is_not_whole_is_no_message(
    file: Path, database: str, tmp_path: Path
) -> None:
    db = open_writer(file)
    db.execute("INSERT INTO staged_submission VALUES (3, 5, 3)")
    db.close()
    await move(url_of(file), database, tmp_path, no_word)
    rows = await rows_in(database)
    assert {row[0] for row in rows["message"]} == set(range(1, 13)) - {3, 4, 5}


async def test_attachments_move_between_files_and_rows(file: Path, database: str, tmp_path: Path) -> None:
    files = ContentFiles(tmp_path)
    digest = await files.keep(b"a picture")
    db = open_writer(file)
    db.execute("INSERT INTO content_use VALUES (?, 12)", (digest,))
    db.close()
    await move(url_of(file), database, tmp_path, no_word)
    there = await asyncpg.connect(database)
    rows = await there.fetch("SELECT digest, octets FROM aldis.content")
    await there.close()
    assert list(map(tuple, rows)) == [(digest, b"a picture")]
    other = tmp_path / "other"
    await move(database, "sqlite:///aldis.db", other, no_word)
    assert await ContentFiles(other).read(digest) == b"a picture"


async def test_ids_go_on_behind_those_that_moved(database: str, tmp_path: Path) -> None:
    path = tmp_path / "aldis.db"
    store = open_store(tmp_path)
    await apply(store, DIRECTORY, NOW)
    taken = (await store.admission.take_ids(5))[-1]
    await accept(store, a_message(taken, reference="r", duplicate_scope="s"))
    available = (await store.queries.balance(RICH)).available
    await store.close()
    await move(url_of(path), database, tmp_path, no_word)
    moved = await open_postgresql(database, FakeClock(), "one", uuid4())
    try:
        assert min(await moved.admission.take_ids(1)) > taken
        again = a_message(taken + 1, reference="r", duplicate_scope="s")
        refused = await moved.admission.accept(Acceptance(RICH, prepaid=True, messages=(again,)))
        assert refused is not None
        assert refused.reason is RefusalReason.DUPLICATE
        assert (await moved.queries.balance(RICH)).available == available
        await apply(moved, DIRECTORY + '[[account]]\nname = "new"\n', NOW)
        assert len((await moved.directory.load()).accounts) == 3
    finally:
        await moved.close()
