"""Content: kept once, on disk before anybody is told, swept when nobody needs it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aldis.errors import StoreUnavailable
from aldis.store.content_files import FOLDERS, ContentFiles
from aldis.store.contract.content import ContentStore, digest_of
from aldis.store.contract.maintenance import Purged
from aldis.store.contract.store import Store
from aldis.traffic.content import MMS, KeptPart, as_column, from_column
from aldis.traffic.inbound import NewInbound
from aldis.traffic.message import NewMessage
from tests.backends import own, own_maintenance
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, a_message, accept

DAY_S = 86_400


async def sweep_all(store: Store) -> int:
    """Sweep once whatever there is, a day after it was kept."""
    assert isinstance(store.clock, FakeClock)
    store.clock.advance(DAY_S + 1)
    return sum([await store.contents.sweep(store.maintenance.unused_content) for _ in range(FOLDERS)])


async def left(contents: ContentStore, *octets: bytes) -> list[bytes]:
    return [each for each in octets if await contents.read(digest_of(each)) == each]


def an_mms(message_id: int, *digests: str) -> NewMessage:
    parts = as_column([KeptPart("image/png", digest, 3) for digest in digests])
    return a_message(message_id, coding=MMS, parts=parts)


async def test_the_same_octets_are_kept_once(kept: Store) -> None:
    digests = await asyncio.gather(*(kept.contents.keep(b"picture") for _ in range(20)))
    assert set(digests) == {digest_of(b"picture")}
    assert await kept.contents.read(digests[0]) == b"picture"
    assert await kept.contents.read(digest_of(b"another")) is None
    kept.contents.release(digests)
    assert await sweep_all(kept) == 1


async def test_a_megabyte_is_kept_as_it_is(kept: Store) -> None:
    octets = bytes(range(256)) * 4096
    assert await kept.contents.read(await kept.contents.keep(octets)) == octets


async def test_what_is_held_or_needed_is_not_swept(kept: Store) -> None:
    contents = kept.contents
    needed, orphan = [await contents.keep(octets) for octets in (b"needed", b"orphan")]
    await accept(kept, an_mms(1, needed, needed))
    contents.release([needed, orphan])
    assert isinstance(kept.clock, FakeClock)
    kept.clock.advance(DAY_S)
    await contents.keep(b"held")
    assert await sweep_all_but_new(kept) == 1
    assert await left(contents, b"held", b"needed", b"orphan") == [b"held", b"needed"]


async def sweep_all_but_new(store: Store) -> int:
    """Sweep once whatever there is, besides what was kept in the last second."""
    assert isinstance(store.clock, FakeClock)
    store.clock.advance(1)
    return sum([await store.contents.sweep(store.maintenance.unused_content) for _ in range(FOLDERS)])


async def test_what_a_new_message_takes_up_while_it_is_swept_stays(kept: Store) -> None:
    digest = await kept.contents.keep(b"picture")
    kept.contents.release([digest])
    assert isinstance(kept.clock, FakeClock)
    kept.clock.advance(DAY_S + 1)

    async def meanwhile(digests: list[str]) -> set[str]:
        unused = await kept.maintenance.unused_content(digests)
        await kept.contents.keep(b"picture")
        await accept(kept, an_mms(1, digest))
        kept.contents.release([digest])
        return unused

    for _ in range(FOLDERS):
        await kept.contents.sweep(meanwhile)
    assert await left(kept.contents, b"picture") == [b"picture"]
    assert await sweep_all(kept) == 0


async def test_content_goes_with_the_last_message_that_needs_it(kept: Store) -> None:
    digest = await kept.contents.keep(b"picture")
    kept.contents.release([digest])
    await accept(kept, an_mms(1, digest))
    await accept(kept, an_mms(2, digest))
    ended_at = NOW + 172_800_001
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, ended_at, 1) == 2
    assert await kept.maintenance.purge(1, ended_at + 1, 0) == Purged(1, 1)
    assert await sweep_all(kept) == 0
    assert await kept.maintenance.purge(1, ended_at + 1, 1) == Purged(1, 2)
    assert await sweep_all(kept) == 1
    assert await left(kept.contents, b"picture") == []


async def test_what_was_swept_is_kept_anew(kept: Store) -> None:
    kept.contents.release([await kept.contents.keep(b"picture")])
    assert await sweep_all(kept) == 1
    await kept.contents.keep(b"picture")
    assert await left(kept.contents, b"picture") == [b"picture"]


# ── files ──


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("content/??/*")}


async def nothing_is_used(digests: list[str]) -> set[str]:
    return set(digests)


async def test_a_damaged_file_is_not_read_and_is_written_again(tmp_path: Path) -> None:
    digest = await ContentFiles(tmp_path).keep(b"picture")
    (tmp_path / "content" / digest[:2] / digest).write_bytes(b"pict")
    files = ContentFiles(tmp_path)
    assert await files.read(digest) is None
    await files.keep(b"picture")
    assert await files.read(digest) == b"picture"


async def test_what_cannot_be_written_is_told_and_leaves_nothing_held(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"in the way")
    files = ContentFiles(tmp_path)
    with pytest.raises(StoreUnavailable):
        await files.keep(b"picture")
    (tmp_path / "content").unlink()
    files.release([await files.keep(b"picture")])
    assert sum([await files.sweep(nothing_is_used) for _ in range(FOLDERS)]) == 1


async def test_an_unfinished_file_is_swept_and_one_that_is_held_is_not(tmp_path: Path) -> None:
    files = ContentFiles(tmp_path)
    held, orphan = [await files.keep(octets) for octets in (b"held", b"orphan")]
    files.release([orphan])
    (tmp_path / "content" / orphan[:2] / f"{orphan}.new").write_bytes(b"half")
    assert sum([await files.sweep(nothing_is_used) for _ in range(FOLDERS)]) == 2
    assert files_of(tmp_path) == {held}


async def test_a_claimed_message_brings_its_parts_fresh_and_from_the_file(kept: Store) -> None:
    message = an_mms(1, digest_of(b"a"), digest_of(b"b"))
    await accept(kept, message)
    for _ in range(2):
        lease = await own(kept)
        (claimed,) = await kept.sending.claim(lease, 10, lambda waiting, _room: waiting, NOW)
        assert (claimed.coding, claimed.parts) == (MMS, from_column(message.parts))
        kept.sending.release(lease, [1])


def test_a_messages_columns_stay_in_order() -> None:
    assert NewInbound.__struct_fields__.index("fingerprint") == 13
    assert NewMessage.__struct_fields__[-1] == "parts"
