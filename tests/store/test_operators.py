"""What every backend must do with those who operate the gateway: operators, their sessions and keys."""

from __future__ import annotations

import msgspec
import pytest

from aldis.accounts.staff import ApiToken, AuditEntry, Operator, Role, Session
from aldis.store.contract.operators import (
    ChangePassword,
    ChangeRole,
    EndSession,
    OperatorChange,
    PutOperator,
    PutToken,
    RemoveOperator,
    RemoveToken,
    StartSession,
)
from aldis.store.contract.store import Store
from tests.store.building import NOW, audited

ADA, OTTO = Operator("ada", Role.ADMIN, "#1", NOW), Operator("otto", Role.OPERATOR, "#2", NOW)
ENTRY = AuditEntry(NOW, "ada", "console", "try", "otto")
SESSION = Session("d1", "otto", NOW, NOW + 1000, "192.0.2.1")
KEY = ApiToken("robot", "d2", "abcd…", Role.VIEWER, NOW, 0, "otto")


async def put(kept: Store, *changes: OperatorChange) -> list[bool]:
    return [await kept.operators.change(change, None) for change in changes]


async def test_operators_sessions_and_keys_are_found_again(kept: Store) -> None:
    other = msgspec.structs.replace(SESSION, digest="d3", operator="ada", started_at=NOW + 1)
    ending = msgspec.structs.replace(KEY, name="ending", digest="d4", until=NOW + 10)
    changes: list[OperatorChange] = [
        PutOperator(OTTO),
        PutOperator(ADA),
        StartSession(SESSION),
        StartSession(other),
    ]
    changes += [PutToken(KEY), PutToken(ending)]
    assert await put(kept, *changes) == [True] * 6
    assert await kept.operators.all() == [ADA, OTTO]
    assert await kept.operators.sessions(NOW) == [other, SESSION]
    assert await kept.operators.signed_in("d1", NOW) == OTTO
    assert await kept.operators.signed_in("d1", SESSION.expires_at) is None
    assert await kept.operators.tokens() == [ending, KEY]
    assert await kept.operators.token("d2", NOW + 10**9) == KEY
    assert await kept.operators.token("d4", NOW + 9) == ending
    assert await kept.operators.token("d4", NOW + 10) is None


async def test_sessions_that_are_over_are_forgotten_when_somebody_signs_in(kept: Store) -> None:
    later = msgspec.structs.replace(
        SESSION, digest="d3", started_at=SESSION.expires_at, expires_at=NOW + 2000
    )
    await put(kept, StartSession(SESSION), StartSession(later))
    assert await kept.operators.sessions(0) == [later]


@pytest.mark.parametrize(
    ("change", "changes", "keeps_session", "keeps_key"),
    [
        (PutOperator(msgspec.structs.replace(OTTO, password_hash="#3")), True, False, False),
        (PutOperator(msgspec.structs.replace(OTTO, role=Role.ADMIN)), True, False, True),
        (ChangeRole("otto", Role.ADMIN), True, False, True),
        (ChangeRole("otto", Role.VIEWER), True, False, False),
        (ChangePassword("otto", "#3"), True, False, True),
        (RemoveOperator("otto"), True, False, False),
        (EndSession("d1"), True, False, True),
        (RemoveToken("robot"), True, True, False),
        # of nobody, and of the only admin
        (ChangeRole("eve", Role.ADMIN), False, True, True),
        (ChangePassword("eve", "#3"), False, True, True),
        (RemoveOperator("eve"), False, True, True),
        (EndSession("d9"), False, True, True),
        (RemoveToken("other"), False, True, True),
        (ChangeRole("ada", Role.OPERATOR), False, True, True),
        (RemoveOperator("ada"), False, True, True),
        (PutOperator(msgspec.structs.replace(ADA, role=Role.VIEWER)), False, True, True),
    ],
    ids=str,
)
async def test_a_change_ends_what_was_open_and_is_audited_where_it_changed_anything(
    kept: Store, change: OperatorChange, *, changes: bool, keeps_session: bool, keeps_key: bool
) -> None:
    await put(kept, PutOperator(ADA), PutOperator(OTTO), StartSession(SESSION), PutToken(KEY))
    assert await kept.operators.change(change, ENTRY) is changes
    assert (SESSION in await kept.operators.sessions(NOW)) is keeps_session
    assert (KEY in await kept.operators.tokens()) is keeps_key
    assert (ENTRY in await audited(kept)) is changes
    assert Role.ADMIN in {operator.role for operator in await kept.operators.all()}


async def test_what_was_done_is_listed_newest_first(kept: Store) -> None:
    entries = [AuditEntry(NOW, "ada", "api", "do", subject, "a\0b") for subject in ("x", "y", "x\0", "x")]
    for entry in entries:
        await kept.audit.note(entry)
    log = await kept.audit.log(0, 4)
    assert [entry for _, entry in log] == entries[::-1]
    assert await kept.audit.log(log[0][0], 2) == log[1:3]
    assert [entry for _, entry in await kept.audit.log(0, 9, "x")] == [entries[3], entries[0]]
    assert [entry for _, entry in await kept.audit.log(0, 9, "x\0")] == [entries[2]]
