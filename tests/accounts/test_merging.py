"""What becomes of a record that a file names and that hands have changed since a file was applied."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aldis.accounts.carriers import Carrier
from aldis.accounts.credentials import Credential
from aldis.accounts.merging import merge
from aldis.accounts.price import Price
from aldis.accounts.records import (
    ACCOUNT,
    CARRIER,
    CREDIT,
    PRICES,
    ROUTES,
    AccountRecord,
    Record,
    canonical,
    credit_body,
)
from aldis.accounts.routes import Route

OLD, NEW, HAND = (Credential("acme", "skycore", letter * 64) for letter in "abc")
ENDING = msgspec.structs.replace(OLD, until=1_000_000)
LOGIN = Credential("acme", "genesys", "d" * 64, "$argon2id$old")
RENEWED = msgspec.structs.replace(LOGIN, password_hash="$argon2id$by-hand")
FILES = msgspec.structs.replace(LOGIN, password_hash="$argon2id$by-file")


def acme(*credentials: Credential, **changes: Any) -> dict[str, Any]:
    return {"kind": ACCOUNT, "body": AccountRecord("acme", credentials=credentials, **changes)}


def whole(kind: str, body: Any) -> dict[str, Any]:
    return {"kind": kind, "body": body}


#: what a file said, what hands made of it, what the file says now: what becomes of it, how many values are
#: kept, how many are in conflict
CASES = {
    "nobody": (acme(OLD), acme(OLD), acme(OLD), acme(OLD), 0, 0),
    "the file": (acme(OLD), acme(OLD), acme(NEW, burst=5), acme(NEW, burst=5), 0, 0),
    "hands": (acme(burst=2), acme(burst=3), acme(burst=2), acme(burst=3), 1, 0),
    "both alike": (acme(burst=2), acme(burst=3), acme(burst=3), acme(burst=3), 0, 0),
    "both, elsewhere": (
        acme(burst=2),
        acme(burst=2, may_send=False),
        acme(burst=3),
        acme(burst=3, may_send=False),
        1,
        0,
    ),
    "both": (acme(burst=2), acme(burst=3), acme(burst=4), acme(burst=3), 0, 1),
    "a key is renewed": (acme(OLD), acme(ENDING, NEW), acme(OLD), acme(ENDING, NEW), 2, 0),
    "a key is revoked": (acme(OLD, NEW), acme(NEW), acme(OLD, NEW), acme(NEW), 1, 0),
    "a key is renewed, the file has a third": (
        acme(OLD),
        acme(ENDING, NEW),
        acme(OLD, HAND),
        acme(ENDING, NEW, HAND),
        2,
        0,
    ),
    "a key is renewed, the file drops it": (acme(OLD), acme(ENDING, NEW), acme(), acme(ENDING, NEW), 1, 2),
    "a password is renewed": (acme(LOGIN), acme(RENEWED), acme(LOGIN), acme(RENEWED), 1, 0),
    "a password is renewed twice": (acme(LOGIN), acme(RENEWED), acme(FILES), acme(RENEWED), 0, 1),
    "the order of keys": (acme(OLD, NEW), acme(NEW, OLD), acme(OLD, NEW), acme(NEW, OLD), 0, 0),
    "made by hand": (None, acme(burst=3), acme(may_send=False), acme(burst=3, may_send=False), 1, 0),
    "made by both": (None, acme(burst=3), acme(burst=4), acme(burst=3), 0, 1),
    "only in the file": (None, None, acme(OLD), acme(OLD), 0, 0),
    "removed by hand": (
        whole(CARRIER, Carrier("x", "US")),
        None,
        whole(CARRIER, Carrier("x", "US")),
        None,
        1,
        0,
    ),
    "removed by hand, changed by the file": (
        whole(CARRIER, Carrier("x", "US")),
        None,
        whole(CARRIER, Carrier("x", "CA")),
        None,
        0,
        1,
    ),
    "a table by hand": (
        whole(ROUTES, [Route("a")]),
        whole(ROUTES, [Route("b")]),
        whole(ROUTES, [Route("a")]),
        whole(ROUTES, [Route("b")]),
        1,
        0,
    ),
    "a table by both": (
        whole(PRICES, [Price(1)]),
        whole(PRICES, [Price(2)]),
        whole(PRICES, [Price(3)]),
        whole(PRICES, [Price(2)]),
        0,
        1,
    ),
    "topped up by hand": (
        whole(CREDIT, {"credit": "10.00"}),
        whole(CREDIT, {"credit": "25.00"}),
        whole(CREDIT, {"credit": "10.00"}),
        whole(CREDIT, {"credit": "25.00"}),
        1,
        0,
    ),
}


def encoded(made: dict[str, Any] | None) -> bytes | None:
    return None if made is None else canonical(made["kind"], msgspec.json.encode(made["body"]))


@pytest.mark.parametrize("name", CASES)
def test_who_changed_it_decides(name: str) -> None:
    base, now, file, outcome, kept, conflicts = CASES[name]
    said = encoded(file)
    assert said is not None
    merged = merge(Record(file["kind"], "acme", said), encoded(base), encoded(now))
    assert merged.body == encoded(outcome)
    assert (len(merged.kept), len(merged.conflicts)) == (kept, conflicts), merged
    assert not any("argon2id" in d.before + d.after for d in (*merged.kept, *merged.conflicts))


bursts = st.sampled_from([1, 2, 3])
accounts = st.builds(
    AccountRecord,
    st.just("acme"),
    burst=bursts,
    segment_burst=bursts,
    credentials=st.lists(
        st.sampled_from([OLD, ENDING, NEW, LOGIN, RENEWED]),
        unique_by=lambda each: (each.dialect, each.identity_digest),
    ).map(tuple),
).map(lambda record: canonical(ACCOUNT, msgspec.json.encode(record)))


@settings(deadline=None)
@given(accounts, accounts, accounts)
def test_without_conflict_nothing_of_either_is_lost_and_again_changes_nothing(
    base: bytes, now: bytes, said: bytes
) -> None:
    file = Record(ACCOUNT, "acme", said)
    assert merge(file, base, base).body in (said, reordered(said, base))
    assert merge(Record(ACCOUNT, "acme", base), base, now).body == now
    merged = merge(file, base, now)
    if not merged.conflicts:
        again = merge(file, said, merged.body)
        assert (again.body, again.conflicts) == (merged.body, [])


def reordered(said: bytes, base: bytes) -> bytes:
    """The file's credentials in the order in which they stood before."""
    known = [c.identity_digest for c in msgspec.json.decode(base, type=AccountRecord).credentials]
    record = msgspec.json.decode(said, type=AccountRecord)
    place = {identity: index for index, identity in enumerate(known)}
    ordered = sorted(record.credentials, key=lambda c: place.get(c.identity_digest, len(known)))
    return canonical(
        ACCOUNT, msgspec.json.encode(msgspec.structs.replace(record, credentials=tuple(ordered)))
    )


def test_money_is_compared_as_it_is_written() -> None:
    assert credit_body(10_000_000) == canonical(CREDIT, b'{"credit":"10.000000"}')
