"""What every backend must do with the directory and with consent."""

from __future__ import annotations

import asyncio

from aldis.accounts import directory_file
from aldis.accounts.plan import plan
from aldis.dialects.registry import TRAITS
from aldis.store.contract import Store
from aldis.store.records import OptInKey
from tests.store.building import NOW
from tests.store.conftest import DIRECTORY


async def test_opt_ins_are_found_by_number(kept: Store) -> None:
    keys = [OptInKey("74700", "demo", number) for number in ("14805550100", "14805550110")]
    assert await kept.opted_in(keys) == {keys[0]}


async def test_lookups_of_one_turn_get_their_own_answers(kept: Store) -> None:
    opted_in, stranger = (OptInKey("74700", "demo", number) for number in ("14805550100", "14805550110"))
    answers = await asyncio.gather(
        kept.opted_in([opted_in]),
        kept.opted_in([stranger]),
        kept.opted_in([stranger, opted_in]),
        kept.opted_in([]),
    )
    assert list(answers) == [{opted_in}, set(), {opted_in}, set()]


async def test_the_directory_has_a_version_that_grows(kept: Store) -> None:
    before = await kept.directory_version()
    again = plan(directory_file.read(DIRECTORY, "d.toml", TRAITS), await kept.stored_directory(), TRAITS)
    assert await kept.apply(again, NOW) == 0
    assert await kept.directory_version() == before
    more = directory_file.read('[[account]]\nname = "new"\ncredit = "2.00"\n', "d.toml", TRAITS)
    await kept.apply(plan(more, await kept.stored_directory(), TRAITS), NOW)
    assert await kept.directory_version() == before + 1
    found = await kept.directory()
    assert found.version == before + 1
    assert set(found.accounts) == {"rich", "postpaid", "new"}
