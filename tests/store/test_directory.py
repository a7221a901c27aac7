"""What every backend must do with the directory and with consent."""

from __future__ import annotations

import asyncio

from aldis.store.contract.consent import OptInKey
from aldis.store.contract.store import Store
from tests.backends import apply
from tests.store.building import NOW
from tests.store.conftest import DIRECTORY


async def test_opt_ins_are_found_by_number(kept: Store) -> None:
    keys = [OptInKey("74700", "demo", number) for number in ("14805550100", "14805550110")]
    assert await kept.consent.opted_in(keys) == {keys[0]}


async def test_lookups_of_one_turn_get_their_own_answers(kept: Store) -> None:
    opted_in, stranger = (OptInKey("74700", "demo", number) for number in ("14805550100", "14805550110"))
    answers = await asyncio.gather(
        kept.consent.opted_in([opted_in]),
        kept.consent.opted_in([stranger]),
        kept.consent.opted_in([stranger, opted_in]),
        kept.consent.opted_in([]),
    )
    assert list(answers) == [{opted_in}, set(), {opted_in}, set()]


async def test_the_directory_has_a_version_that_grows(kept: Store) -> None:
    before = await kept.directory.version()
    assert await apply(kept, DIRECTORY, NOW) == 0
    assert await kept.directory.version() == before
    await apply(kept, '[[account]]\nname = "new"\ncredit = "2.00"\n', NOW)
    assert await kept.directory.version() == before + 1
    found = await kept.directory.load()
    assert found.version == before + 1
    assert set(found.accounts) == {"rich", "postpaid", "new"}
