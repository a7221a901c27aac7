"""Operators and keys: what is refused, and that everything is remembered."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from aldis.accounts.password_rules import LONGEST
from aldis.accounts.staff import Actor, Role
from aldis.admin.operators import SESSION_S, session_id_of
from aldis.app.people import people_of
from aldis.errors import AdminError
from aldis.store.contract.store import Store

BOSS = Actor("boss", Role.ADMIN, "console")
GOOD, BETTER = "correct horse", "tide gravel moth"


async def test_the_last_admin_stays(store: Store) -> None:
    people = people_of(store)
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
        await people_of(store).put_operator(BOSS, name, Role.ADMIN, password, 1)
    assert await store.operators.all() == []


async def test_a_session_ends(store: Store) -> None:
    people = people_of(store)
    await people.put_operator(BOSS, "ada", Role.OPERATOR, GOOD, 1)
    assert await people.sign_in("ada", "wrong horse", "192.0.2.1", 2) is None
    signed_in = await people.sign_in("ada", GOOD, "192.0.2.1", 1000)
    assert signed_in is not None
    actor = await people.signed_in(signed_in.secret, 2000)
    assert actor == Actor("ada", Role.OPERATOR, "console")
    assert await people.signed_in(signed_in.secret, 1000 + SESSION_S * 1000) is None
    assert await people.signed_in("something else", 2000) is None


async def test_a_password_counts_whole(store: Store) -> None:
    people = people_of(store)
    longest = hashlib.shake_128(b"").hexdigest(LONGEST // 2)
    await people.put_operator(BOSS, "ada", Role.OPERATOR, longest, 1)
    assert await people.has_password("ada", longest)
    for other in (longest[:-1], longest + "x", longest.upper(), f" {longest}", f"{longest} "):
        assert not await people.has_password("ada", other)


async def test_keys_lapse_and_are_kept_as_digests(store: Store) -> None:
    people = people_of(store)
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


async def test_two_admins_cannot_remove_each_other(store: Store) -> None:
    people = people_of(store)
    for name in ("ada", "bob"):
        await people.put_operator(BOSS, name, Role.ADMIN, GOOD, 1)
    changes = [
        people.remove_operator(BOSS, "ada", 2),
        people.remove_operator(BOSS, "bob", 2),
        people.change_role(BOSS, "ada", Role.VIEWER, 2),
        people.change_role(BOSS, "bob", Role.OPERATOR, 2),
        people.put_operator(BOSS, "bob", Role.VIEWER, GOOD, 2),
    ]
    await asyncio.gather(*changes, return_exceptions=True)
    admins = [each.name for each in await store.operators.all() if each.role is Role.ADMIN]
    assert len(admins) == 1


async def test_a_role_and_a_password_that_change_at_once_both_count(store: Store) -> None:
    people = people_of(store)
    await people.put_operator(BOSS, "bob", Role.ADMIN, GOOD, 1)
    await people.put_operator(BOSS, "ada", Role.VIEWER, GOOD, 1)
    ada = Actor("ada", Role.VIEWER, "console")
    await asyncio.gather(
        people.change_password(ada, GOOD, BETTER, 2), people.change_role(BOSS, "ada", Role.OPERATOR, 2)
    )
    assert await people.has_password("ada", BETTER)
    assert {each.name: each.role for each in await store.operators.all()}["ada"] is Role.OPERATOR


@pytest.mark.parametrize("end", ["remove", "demote", "put"])
async def test_keys_end_with_the_admin_who_made_them(store: Store, end: str) -> None:
    people = people_of(store)
    for name in ("ada", "bob"):
        await people.put_operator(BOSS, name, Role.ADMIN, GOOD, 1)
    ada, bob = (Actor(name, Role.ADMIN, "console") for name in ("ada", "bob"))
    first = await people.make_token(ada, "first", Role.ADMIN, 0, 1)
    made_by_key = await people.make_token(Actor("first", Role.ADMIN, "api"), "second", Role.ADMIN, 0, 1)
    bobs = await people.make_token(bob, "bobs", Role.ADMIN, 0, 1)
    shells = await people.make_token(Actor("ada", Role.ADMIN, "command line"), "shell", Role.ADMIN, 0, 1)
    await people.change_password(ada, GOOD, BETTER, 2)
    assert await people.bearer(first, 3) is not None
    if end == "remove":
        await people.remove_operator(bob, "ada", 3)
    elif end == "demote":
        await people.change_role(bob, "ada", Role.OPERATOR, 3)
    else:
        await people.put_operator(bob, "ada", Role.VIEWER, GOOD, 3)
    assert [await people.bearer(key, 4) is None for key in (first, made_by_key, bobs, shells)] == [
        True,
        True,
        False,
        False,
    ]
    assert {each.name for each in await store.operators.tokens()} == {"bobs", "shell"}
    ((_, entry),) = await store.audit.log(0, 1)
    assert (entry.subject, "first, second" in entry.detail) == ("ada", True)


async def test_sessions_are_ended_one_by_one(store: Store) -> None:
    people = people_of(store)
    for name in ("ada", "bob"):
        await people.put_operator(BOSS, name, Role.ADMIN, GOOD, 1)
    signed = [
        await people.sign_in(name, GOOD, f"192.0.2.{n}", 10 + n)
        for n, name in enumerate(["ada", "ada", "bob"])
    ]
    secrets = [each.secret for each in signed if each is not None]
    found = await people.sessions(20)
    assert [(each.operator, each.address) for each in found] == [
        ("ada", "192.0.2.1"),
        ("ada", "192.0.2.0"),
        ("bob", "192.0.2.2"),
    ]
    assert not any(secret in repr(found) for secret in secrets)
    ada = Actor("ada", Role.VIEWER, "console")
    with pytest.raises(AdminError, match="no session"):
        await people.end_session(ada, session_id_of(found[2]), 21, of="ada")
    await people.end_session(ada, session_id_of(found[0]), 21, of="ada")
    await people.end_session(BOSS, session_id_of(found[2]), 21)
    assert [await people.signed_in(secret, 22) is None for secret in secrets] == [False, True, True]
    assert [each.address for each in await people.sessions(22)] == ["192.0.2.0"]
    assert await people.sessions(22 + SESSION_S * 1000) == []
    log = [(entry.action, entry.subject, entry.actor) for _, entry in await store.audit.log(0, 2)]
    assert log == [("end session", "bob", "boss"), ("end session", "ada", "ada")]
