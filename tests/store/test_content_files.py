"""Files beside the store: kept once, on disk before anybody is told, swept when nobody needs them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aldis.errors import StoreUnavailable
from aldis.store.content_files import FOLDERS, ContentFiles, digest_of
from aldis.store.contract.maintenance import Purged
from aldis.store.contract.store import Store
from aldis.traffic.content import MMS, KeptPart, as_column, from_column
from aldis.traffic.inbound import NewInbound
from aldis.traffic.message import NewMessage
from tests.backends import own, own_maintenance
from tests.store.building import NOW, a_message, accept


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("content/??/*")}


async def sweep_all(files: ContentFiles, store: Store) -> int:
    return sum([await files.sweep(store.maintenance.unused_content) for _ in range(FOLDERS)])


def an_mms(message_id: int, *digests: str) -> NewMessage:
    parts = as_column([KeptPart("image/png", digest, 3) for digest in digests])
    return a_message(message_id, coding=MMS, parts=parts)


async def test_the_same_octets_are_kept_once(tmp_path: Path) -> None:
    files = ContentFiles(tmp_path)
    digests = await asyncio.gather(*(files.keep(b"picture") for _ in range(20)))
    assert set(digests) == {digest_of(b"picture")} == files_of(tmp_path)
    assert await files.read(digests[0]) == b"picture"
    assert await files.read(digest_of(b"another")) is None


async def test_a_damaged_file_is_not_read_and_is_written_again(tmp_path: Path) -> None:
    digest = await ContentFiles(tmp_path).keep(b"picture")
    (tmp_path / "content" / digest[:2] / digest).write_bytes(b"pict")
    files = ContentFiles(tmp_path)
    assert await files.read(digest) is None
    await files.keep(b"picture")
    assert await files.read(digest) == b"picture"


async def test_what_cannot_be_written_is_told_and_leaves_nothing_held(tmp_path: Path, kept: Store) -> None:
    (tmp_path / "content").write_bytes(b"in the way")
    files = ContentFiles(tmp_path)
    with pytest.raises(StoreUnavailable):
        await files.keep(b"picture")
    (tmp_path / "content").unlink()
    digest = await files.keep(b"picture")
    files.release([digest])
    assert await sweep_all(files, kept) == 1


async def test_what_is_held_or_needed_is_not_swept(tmp_path: Path, kept: Store) -> None:
    files = ContentFiles(tmp_path)
    held, needed, orphan = [await files.keep(octets) for octets in (b"held", b"needed", b"orphan")]
    await accept(kept, an_mms(1, needed, needed))
    files.release([needed, orphan])
    (tmp_path / "content" / orphan[:2] / f"{orphan}.new").write_bytes(b"half")
    assert await sweep_all(files, kept) == 2
    assert files_of(tmp_path) == {held, needed}


async def test_what_a_new_message_takes_up_while_it_is_swept_stays(tmp_path: Path, kept: Store) -> None:
    files = ContentFiles(tmp_path)
    digest = await files.keep(b"picture")
    files.release([digest])

    async def meanwhile(digests: list[str]) -> set[str]:
        unused = await kept.maintenance.unused_content(digests)
        await files.keep(b"picture")
        await accept(kept, an_mms(1, digest))
        files.release([digest])
        return unused

    for _ in range(FOLDERS):
        await files.sweep(meanwhile)
    assert files_of(tmp_path) == {digest}
    assert await sweep_all(files, kept) == 0


async def test_a_file_goes_with_the_last_message_that_needs_it(tmp_path: Path, kept: Store) -> None:
    files = ContentFiles(tmp_path)
    digest = await files.keep(b"picture")
    files.release([digest])
    await accept(kept, an_mms(1, digest))
    await accept(kept, an_mms(2, digest))
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 172_800_001, 1) == 2
    assert await kept.maintenance.purge(1, 2**53, 0) == Purged(1, 1)
    assert await sweep_all(files, kept) == 0
    assert await kept.maintenance.purge(1, 2**53, 1) == Purged(1, 2)
    assert await sweep_all(files, kept) == 1
    assert files_of(tmp_path) == set()


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
