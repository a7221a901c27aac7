#!/usr/bin/env python3
"""How long the door of an account is closed that moves to another cell, and how long the others' writes wait.

Two databases on one server that the bench starts itself, with what it commits on disk; no gateway sends. Run with the
project's interpreter: `python bench/moving_account.py --queued 100000 --ended 400000 --others 500000`.
"""

import argparse
import asyncio
import pathlib
import sys
import time

import asyncpg
import uvloop

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.backends import Place, apply, open_database  # noqa: E402
from tests.fakes.postgresql import PostgresServer, programs  # noqa: E402
from tests.store.building import NOW, POSTPAID, RICH  # noqa: E402
from tests.store.conftest import DIRECTORY  # noqa: E402

from aldis.store.postgresql.account_move.mover import AccountMover  # noqa: E402
from aldis.store.postgresql.account_move.side import opened  # noqa: E402
from aldis.store.postgresql.account_move.tables import MovedAccount  # noqa: E402

SERVER = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}
#: {first}: the first of {count} ids, of {account_id}
MESSAGES = """
INSERT INTO message (message_id, submission_id, account_id, dialect, reference, duplicate_scope, link, priority, sender,
    recipient, country, coding, octets, segments, price_micros, notify, lane, callback_url, echo, accepted_at, due_at,
    expires_at)
SELECT n, n, {account_id}, 'genesys', 'reference-' || n, 'genesys', 'link', 1, '74700', '4477' || lpad((n % 100000000)::text, 8, '0'),
    'GB', 0, 'A message of sixty octets, as most of them are, or nearly so.'::bytea, 1, 0, 0, '', '', '{{}}', {now}, {now}, {now} + 172800000
FROM generate_series({first}, {first} + {count} - 1) n"""
KEYS = """
INSERT INTO duplicate_key SELECT account_id, duplicate_scope, reference, message_id FROM message"""
QUEUE = """
INSERT INTO queue (message_id, link, priority, due_at, expires_at, review_at)
SELECT n, 'link', 1, {now}, {now} + 172800000, {now} + 172800000 FROM generate_series({first}, {first} + {count} - 1) n"""
ENDED = """
INSERT INTO ended SELECT n, 'delivered', '', {now}, 'link', {now}, 1, 0 FROM generate_series({first}, {first} + {count} - 1) n"""
SEGMENTS = """
INSERT INTO segment SELECT n, 1, 'link', 'id' || n, {now}, 'delivered', '', {now} FROM generate_series({first}, {first} + {count} - 1) n"""


async def fill(db, args):
    """Ended messages of the account, then of others, then those that wait."""
    first = 1
    for count, account_id, kinds in (
        (args.ended, RICH, (ENDED, SEGMENTS)),
        (args.others, POSTPAID, (ENDED, SEGMENTS)),
        (args.queued, RICH, (QUEUE,)),
    ):
        for sql in (MESSAGES, *kinds):
            await db.execute(sql.format(first=first, count=count, account_id=account_id, now=NOW))
        first += count
    await db.execute(KEYS)
    await db.execute("VACUUM ANALYZE")


async def main(args):
    server = PostgresServer(programs(), is_safe=True, more=SERVER)
    server.start()
    try:
        urls = [server.url(await server.create()) for _ in range(2)]
        for number, url in enumerate(urls, start=1):
            store = await open_database(Place(pathlib.Path(), url))
            await apply(store, DIRECTORY, NOW)
            await store.cells.number(number)
            await store.close()
        db = await asyncpg.connect(urls[0], server_settings={"search_path": "aldis"})
        await fill(db, args)
        began = time.monotonic()

        async def switch():
            """The directory is another's matter."""

        async with opened(urls[0]) as one, opened(urls[1]) as two:
            tell = lambda said: print(f"{time.monotonic() - began:7.2f} s  {said}")  # noqa: E731
            moved = await AccountMover(
                one, two, MovedAccount(RICH, "rich"), switch, tell, time.monotonic
            ).run("bench")
        print(f"{time.monotonic() - began:7.2f} s  {moved.messages} messages are removed from the source")
        print(
            f"closed for {moved.closed_s:.2f} s, of which others' writes waited {moved.still_s:.2f} s; {moved.queued} were queued"
        )
        await db.close()
    finally:
        server.remove()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--ended", type=int, default=200_000)
    parser.add_argument("--others", type=int, default=200_000)
    uvloop.run(main(parser.parse_args()))
