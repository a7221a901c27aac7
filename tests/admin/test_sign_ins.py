"""What is refused at the console and at the admin API is written down, slowly enough, and tells no secret."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.clock import FakeClock

from aldis.accounts import credentials
from aldis.accounts.lock_out import FREE_TRIES
from aldis.accounts.staff import Actor, AuditEntry, Role
from aldis.admin import operators
from aldis.admin.sign_ins import NOBODY, NOTES_AT_ONCE, SignIns
from aldis.app.people import people_of
from aldis.errors import AdminError
from aldis.store.contract.store import Store

BOSS = Actor("boss", Role.ADMIN, "command line")
ADA = Actor("ada", Role.OPERATOR, "console")
GOOD, OTHER = "tide gravel moth", "gravel moth tide"
HERE = "192.0.2.1"


@pytest.fixture
async def sign_ins(store: Store, clock: FakeClock) -> SignIns:
    people = people_of(store)
    await people.put_operator(BOSS, "ada", Role.OPERATOR, GOOD, clock.now())
    return SignIns(people, store.audit, clock)


async def refused(store: Store) -> list[AuditEntry]:
    """Give what was refused, oldest first."""
    entries = [entry for _, entry in await store.audit.log(0, 500)]
    return [entry for entry in reversed(entries) if entry.action.startswith("refused: ")]


async def test_failed_sign_ins_and_lock_outs_are_in_the_audit_log(
    store: Store, clock: FakeClock, sign_ins: SignIns
) -> None:
    for number in range(FREE_TRIES):
        with pytest.raises(AdminError, match="wrong") as caught:
            await sign_ins.sign_in("ada", f"guess {number}", HERE)
        assert caught.value.status == 401
    with pytest.raises(AdminError, match="wait 2 seconds") as caught:
        await sign_ins.sign_in("ada", GOOD, HERE)
    assert caught.value.status == 429
    found = [(each.actor, each.via, each.action, each.subject, each.detail) for each in await refused(store)]
    assert found == [
        (NOBODY, "console", "refused: sign in", "ada", f"from {HERE}"),
        (
            NOBODY,
            "console",
            "refused: sign in",
            "ada",
            f"from {HERE}; locked out for 2 s; 1 more before are not written down",
        ),
    ]
    clock.advance(2)
    assert (await sign_ins.sign_in("ada", GOOD, HERE)).operator.name == "ada"


async def test_guesses_of_others_shut_nobody_out_where_they_signed_in_before(
    clock: FakeClock, sign_ins: SignIns
) -> None:
    await sign_ins.sign_in("ada", GOOD, HERE)
    for number in range(FREE_TRIES + 5):
        clock.advance(60)
        with pytest.raises(AdminError):
            await sign_ins.sign_in("ada", f"guess {number}", f"198.51.100.{number}")
    with pytest.raises(AdminError, match="wait"):
        await sign_ins.sign_in("ada", GOOD, "203.0.113.1")
    await sign_ins.sign_in("ada", GOOD, HERE)
    for number in range(FREE_TRIES):  # who is there has no more tries than others
        with pytest.raises(AdminError):
            await sign_ins.sign_in("ada", f"guess {number}", HERE)
    with pytest.raises(AdminError, match="wait"):
        await sign_ins.sign_in("ada", GOOD, HERE)


async def test_guesses_at_once_each_count(sign_ins: SignIns) -> None:
    tries = [sign_ins.sign_in("ada", f"guess {number}", HERE) for number in range(50)]
    faults = await asyncio.gather(*tries, return_exceptions=True)
    statuses = [fault.status for fault in faults if isinstance(fault, AdminError)]
    assert (statuses.count(401), statuses.count(429)) == (FREE_TRIES, 50 - FREE_TRIES)


async def test_guesses_from_everywhere_take_one_thread(
    sign_ins: SignIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = [0], [0]

    def counted(password: str, password_hash: str) -> bool:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        try:
            return credentials.is_password(password, password_hash)
        finally:
            at_once[0] -= 1

    monkeypatch.setattr(operators, "is_password", counted)
    tries = [sign_ins.sign_in(f"name {n}", "guess", f"198.51.100.{n}") for n in range(100)]
    faults = await asyncio.gather(*tries, return_exceptions=True)
    assert {fault.status for fault in faults if isinstance(fault, AdminError)} == {401}
    assert most == [operators.VERIFYING]


async def test_no_secret_is_written_down(store: Store, sign_ins: SignIns) -> None:
    with pytest.raises(AdminError):
        await sign_ins.sign_in("hunter2-in-the-wrong-field", "hunter2", HERE)
    assert await sign_ins.bearer("hunter2-of-another-house", HERE) is None
    assert await sign_ins.bearer("aldis_0123456789abcdef", HERE) is None
    with pytest.raises(AdminError):
        await sign_ins.change_password(ADA, "hunter2", OTHER, HERE)
    found = await refused(store)
    assert [(each.action, each.subject) for each in found] == [
        ("refused: sign in", NOBODY),
        ("refused: use api key", NOBODY),
        ("refused: use api key", "aldis_012345…"),
        ("refused: change password", "ada"),
    ]
    assert "hunter2" not in repr(found)


async def test_who_asks_for_what_is_above_their_role_is_written_down(store: Store, sign_ins: SignIns) -> None:
    for _ in range(3):
        await sign_ins.refuse_page(ADA, "/v1/keys/{name}", HERE)
    (found,) = await refused(store)
    assert (found.actor, found.via, found.action) == ("ada", "console", "refused: use page")
    assert (found.subject, found.detail) == ("/v1/keys/{name}", f"from {HERE}")


async def test_a_flood_of_refusals_costs_a_bounded_number_of_entries(
    store: Store, clock: FakeClock, sign_ins: SignIns
) -> None:
    for number in range(NOTES_AT_ONCE + 50):
        assert await sign_ins.bearer(f"aldis_{number:06}", HERE) is None
    assert len(await refused(store)) == NOTES_AT_ONCE
    with pytest.raises(AdminError):  # of another kind
        await sign_ins.sign_in("ada", "guess", HERE)
    assert (await refused(store))[-1].action == "refused: sign in"
    clock.advance(60)
    assert await sign_ins.bearer("aldis_", HERE) is None
    newest = (await refused(store))[-1]
    assert newest.detail == f"from {HERE}; 50 more before are not written down"


async def test_a_program_with_an_old_key_is_written_down_once_an_hour(
    store: Store, clock: FakeClock, sign_ins: SignIns
) -> None:
    for _ in range(25 * 60):
        assert await sign_ins.bearer("aldis_0123456789abcdef", HERE) is None
        clock.advance(60)
    assert [each.detail for each in await refused(store)] == [
        f"from {HERE}",
        *[f"from {HERE}; 59 more before are not written down"] * 24,
    ]


async def test_changing_ones_password_is_rated(store: Store, clock: FakeClock, sign_ins: SignIns) -> None:
    for number in range(FREE_TRIES):
        with pytest.raises(AdminError, match="another one"):
            await sign_ins.change_password(ADA, f"guess {number}", OTHER, HERE)
    with pytest.raises(AdminError, match="wait") as caught:
        await sign_ins.change_password(ADA, GOOD, OTHER, HERE)
    assert caught.value.status == 429
    clock.advance(2)
    for _ in range(10):  # the new one will not do: no guess
        with pytest.raises(AdminError, match="at least 12"):
            await sign_ins.change_password(ADA, GOOD, "short", HERE)
    await sign_ins.change_password(ADA, GOOD, OTHER, HERE)
    assert (await sign_ins.sign_in("ada", OTHER, HERE)).operator.name == "ada"
