"""An account's settings are one list: whatever stands in it is in the file, the store, the gateway, the document and
the form, and comes back from each as it was.
"""

from __future__ import annotations

import string
import tomllib
import types
import typing
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis import toml_file
from aldis.accounts.account import ANONYMOUS, Account, AccountSettings, settings_of
from aldis.accounts.as_toml import written
from aldis.accounts.directory_file import AccountEntry
from aldis.accounts.plan import account_entry, account_record
from aldis.accounts.records import AccountRecord, to_account
from aldis.accounts.senders import Sender
from aldis.console import account_form
from aldis.console.gate import MAX_FORM_OCTETS
from aldis.dialects.registry import TRAITS

SETTINGS = AccountSettings.__struct_fields__
#: not on the form of settings, with why
NOT_ON_THE_FORM = {"name": "stands above it, and never changes"}
#: of a string that is more than a string
OTHERWISE: dict[str, st.SearchStrategy[Any]] = {
    key: st.lists(st.sampled_from(["0.0.0.0/0", "10.1.0.0/16", "2001:db8::/32"]), unique=True).map(tuple)
    for key in ("networks", "postback_networks")
} | {
    # sets, which are kept in order
    key: st.lists(st.sampled_from(sorted(TRAITS)), unique=True).map(lambda found: tuple(sorted(found)))
    for key in ("alphanumeric_in", "failures_only")
}
token = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Make what an annotation allows, as far as forms can write it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*map(values, arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(st.sampled_from(sorted(TRAITS)), values(arguments[1]))
    simple: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(1, 255),
        float: st.integers(1, 9999).map(lambda quarters: quarters / 4),
        str: token,
        type(None): st.none(),
        Sender: st.deferred(lambda: records(Sender)),
    }
    return simple[annotation]


def records(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Make records, each field by its annotation."""
    fields = {
        field.name: OTHERWISE[field.name] if field.name in OTHERWISE else values(field.type)
        for field in msgspec.structs.fields(kind)
        if field.name not in ("credit", "credential")
    }
    return st.builds(kind, **fields)


def from_document(data: dict[str, Any]) -> AccountEntry:
    found, faults = toml_file.judged(data, AccountEntry, lambda _: [])
    assert found is not None
    assert faults == []
    return found


@pytest.mark.parametrize("shape", [AccountEntry, AccountRecord, Account])
def test_every_setting_is_in_each_shape_with_its_default(shape: type[AccountSettings]) -> None:
    assert set(SETTINGS) <= set(shape.__struct_fields__)
    defaults = {field.name: field.default for field in msgspec.structs.fields(AccountSettings)}
    assert {f.name: f.default for f in msgspec.structs.fields(shape) if f.name in defaults} == defaults


def test_every_setting_is_in_the_document_and_on_the_form() -> None:
    assert set(SETTINGS) <= msgspec.to_builtins(AccountEntry("a")).keys()
    shown = {field.name for _, fields in account_form.fieldsets() for field in fields}
    assert set(SETTINGS) - shown == NOT_ON_THE_FORM.keys()


@given(records(AccountEntry))
def test_there_and_back_through_every_shape(entry: AccountEntry) -> None:
    record = msgspec.json.decode(account_record(entry, ()).body, type=AccountRecord)
    account = to_account(record, 7)
    assert settings_of(entry) == settings_of(record) == settings_of(account)
    assert entry.sender == record.senders == account.senders
    assert account.sources == tuple(map(ip_network, entry.networks))
    assert account.reachable == tuple(map(ip_network, entry.postback_networks))
    document = msgspec.to_builtins(account_entry(record))
    assert from_document({k: v for k, v in document.items() if v is not None}) == entry
    (in_file,) = tomllib.loads(written(document, "account"))["account"]
    assert from_document(in_file) == entry
    on_form = from_document(account_form.read(account_form.filled(entry)))
    assert on_form == entry
    assert [*on_form.inbound] == [*entry.inbound]  # the first one counts


def test_an_account_with_many_senders_fits_into_a_form() -> None:
    entry = AccountEntry("a", sender=tuple(Sender(str(number)) for number in range(70_000, 71_000)))
    assert len(urlencode(account_form.filled(entry))) < MAX_FORM_OCTETS
    assert from_document(account_form.read(account_form.filled(entry))) == entry


def test_a_stranger_may_nothing() -> None:
    flags = {"active", "may_send", "may_look_up"}
    assert {name for name in flags if getattr(ANONYMOUS, name)} == set()
    assert (ANONYMOUS.sources, ANONYMOUS.senders, ANONYMOUS.max_segments) == ((), (), 1)
