"""Operators and keys: what is refused, and that everything is remembered."""

from __future__ import annotations

import pytest

from aldis.accounts.staff import Actor, Role
from aldis.admin.operators import SESSION_S, People
from aldis.app.entropy import token
from aldis.errors import AdminError
from aldis.store.contract.store import Store

BOSS = Actor("boss", Role.ADMIN, "console")
GOOD = "correct horse"


async def test_the_last_admin_stays(store: Store) -> None:
    people = People(store.operators, token)
    await people.put_operator(BOSS, "ada", Role.ADMIN, GOOD, 1)
    with pytest.raises(AdminError, match="only admin"):
        await people.remove_operator(BOSS, "ada", 2)
    with pytest.raises(AdminError, match="only admin"):
        await people.put_operator(BOSS, "ada", Role.VIEWER, GOOD, 2)
    await people.put_operator(BOSS, "bob", Role.ADMIN, GOOD, 3)
    await people.remove_operator(BOSS, "ada", 4)
    assert [operator.name for operator in await store.operators.all()] == ["bob"]
    log = [(entry.action, entry.subject, entry.actor) for _, entry in await store.audit.log(0, 10)]
    assert log == [
        ("remove operator", "ada", "boss"),
        ("add operator", "bob", "boss"),
        ("add operator", "ada", "boss"),
    ]


@pytest.mark.parametrize(("name", "password"), [("", GOOD), ("Ada", GOOD), ("../x", GOOD), ("ada", "short")])
async def test_bad_names_and_passwords_are_refused(store: Store, name: str, password: str) -> None:
    with pytest.raises(AdminError):
        await People(store.operators, token).put_operator(BOSS, name, Role.ADMIN, password, 1)
    assert await store.operators.all() == []


async def test_a_session_ends(store: Store) -> None:
    people = People(store.operators, token)
    await people.put_operator(BOSS, "ada", Role.OPERATOR, GOOD, 1)
    assert await people.sign_in("ada", "wrong horse", 2) is None
    signed_in = await people.sign_in("ada", GOOD, 1000)
    assert signed_in is not None
    actor = await people.signed_in(signed_in.secret, 2000)
    assert actor == Actor("ada", Role.OPERATOR, "console")
    assert await people.signed_in(signed_in.secret, 1000 + SESSION_S * 1000) is None
    assert await people.signed_in("something else", 2000) is None


async def test_keys_lapse_and_are_kept_as_digests(store: Store) -> None:
    people = People(store.operators, token)
    secret = await people.make_token(BOSS, "robot", Role.OPERATOR, 1, 1)
    with pytest.raises(AdminError, match="already"):
        await people.make_token(BOSS, "robot", Role.VIEWER, 0, 1)
    (kept,) = await store.operators.tokens()
    assert secret not in repr(kept)
    assert kept.visible[:-1] in secret
    assert await people.bearer(secret, 86_400_000) is not None
    assert await people.bearer(secret, 86_400_001) is None
    with pytest.raises(AdminError, match="no key"):
        await people.remove_token(BOSS, "ghost", 2)
