"""What every backend must do with refused requests: the newest first, and no more than may be kept."""

from __future__ import annotations

from aldis.store.contract.refusals import KeptRefusals, RefusalPage
from aldis.store.contract.store import Store
from aldis.traffic.refused import RefusedRequest, incident_of
from tests.store.building import NOW


def refused(number: int, account: str = "rich", at: int = NOW) -> RefusedRequest:
    value = f"{number}\0"
    return RefusedRequest(
        at, incident_of(number), "mavorion", account, "", "::1", "POST /x", "duplicate", "", value
    )


async def keep(
    kept: Store, *found: RefusedRequest, an_account: int = 3, in_all: int = 5, since: int = 0
) -> None:
    await kept.refusals.keep(KeptRefusals(found, an_account, in_all, since))


def numbers(page: RefusalPage) -> list[int]:
    return [int(each.value.rstrip("\0")) for _, each in page.found]


async def test_the_newest_come_first_in_pages(kept: Store) -> None:
    await keep(kept, refused(1), refused(2, "postpaid"), refused(3, ""))
    await keep(kept, refused(4))
    assert numbers(await kept.refusals.latest(None, 0, 10)) == [4, 3, 2, 1]
    assert numbers(await kept.refusals.latest("rich", 0, 10)) == [4, 1]
    assert numbers(await kept.refusals.latest("", 0, 10)) == [3]
    assert numbers(await kept.refusals.latest("nobody else", 0, 10)) == []
    first = await kept.refusals.latest(None, 0, 2)
    assert (numbers(first), first.next_before != 0) == ([4, 3], True)
    second = await kept.refusals.latest(None, first.next_before, 2)
    assert (numbers(second), second.next_before) == ([2, 1], 0)
    assert second.found[1][1] == refused(1)


async def test_no_more_are_kept_than_may_be(kept: Store) -> None:
    await keep(kept, refused(0, "postpaid"), *[refused(n) for n in range(1, 9)])
    assert numbers(await kept.refusals.latest(None, 0, 10)) == [8, 7, 6, 0]
    await keep(kept, refused(9, ""), refused(10, ""), refused(11, ""))
    assert numbers(await kept.refusals.latest(None, 0, 10)) == [11, 10, 9, 8, 7]


async def test_what_is_too_old_is_forgotten(kept: Store) -> None:
    await keep(kept, refused(1, at=NOW), refused(2, at=NOW + 1))
    await keep(kept, since=NOW + 1)
    assert numbers(await kept.refusals.latest(None, 0, 10)) == [2]
