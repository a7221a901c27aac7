"""Editing the directory: what is refused and where, that two people do not overwrite each other, and undo."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.fakes.clock import NOON

from aldis.accounts.history import MASK, differences, masked
from aldis.accounts.records import ACCOUNT, CREDIT, NUMBER_RANGES, PRICES, ROUTES
from aldis.accounts.staff import Actor, Role
from aldis.admin.credentials import HOUR_S, Credentials, NewCredential, credential_id
from aldis.admin.directory import DirectoryEditor
from aldis.admin.history import History
from aldis.admin.validation import ValidationError
from aldis.app.entropy import token
from aldis.errors import AdminError
from aldis.store.contract.store import Store

ADA = Actor("ada", Role.ADMIN, "console")


class Office:
    """A store with an account `acme`, and what edits it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.editor = DirectoryEditor(store.changes, store.consent)
        self.credentials = Credentials(self.editor, token)
        self.history = History(store.changes, self.editor)

    async def newest(self, kind: str, key: str = "") -> int:
        return (await self.store.changes.history(kind, key, 0, 1))[0].change_id

    async def edit(self, **changes: Any) -> None:
        view = await self.editor.account("acme")
        data = msgspec.to_builtins(view.entry)
        for elsewhere in ("credit", "credential"):
            del data[elsewhere]
        await self.editor.put_account(ADA, {**data, **changes}, view.version, NOON)


@pytest.fixture
async def office(store: Store) -> Office:
    made = Office(store)
    secrets = {"mavorion": "shh"}
    await made.editor.put_account(ADA, {"name": "acme", "postback_secret": secrets}, None, NOON)
    return made


FAULTY: list[tuple[dict[str, Any], str]] = [
    ({"currency": "euro"}, "currency"),
    ({"burst": 0}, "burst"),
    ({"burst": "many"}, "burst"),
    ({"networks": ["10.0.0.0/33"]}, "networks"),
    ({"postback": {"mavorion": "ftp://x"}}, "postback"),
    ({"postback_secret": {"skycore": MASK}}, "postback_secret.skycore"),
    ({"postback_headers": {"skycore": MASK}}, "postback_headers.skycore"),
    ({"postback_headers": {"skycore": "Host: evil"}}, "postback_headers"),
    ({"postback": {"skycore": f"https://u:{MASK}@x/"}}, "postback"),
    ({"sender": [{"value": "74700"}, {"value": "a b\n"}]}, "sender.1"),
    ({"default_sender": "74700"}, "default_sender"),
    ({"alphanumeric_in": ["nobody"]}, ""),
    ({"credit": "5.00"}, "credit"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("changes", "where"), FAULTY, ids=lambda value: str(value)[:40])
async def test_faults_are_told_beside_their_values(
    office: Office, changes: dict[str, Any], where: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await office.edit(**changes)
    assert where in caught.value.faults


async def test_all_faults_are_told_at_once(office: Office) -> None:
    with pytest.raises(ValidationError) as caught:
        await office.edit(currency="euro", burst=0, max_segments=300)
    assert set(caught.value.faults) == {"currency", "burst", "max_segments"}


async def test_an_edit_that_is_stale_is_refused(office: Office) -> None:
    view = await office.editor.account("acme")
    await office.edit(burst=2)
    with pytest.raises(AdminError, match="somebody has changed this since"):
        await office.editor.put_account(ADA, {"name": "acme", "burst": 3}, view.version, NOON)
    assert (await office.editor.account("acme")).entry.burst == 2
    with pytest.raises(AdminError, match="already"):
        await office.editor.put_account(ADA, {"name": "acme"}, None, NOON)
    with pytest.raises(AdminError, match="no account"):
        await office.editor.put_account(ADA, {"name": "ghost"}, 1, NOON)


async def test_changes_of_different_things_at_once_are_all_kept(office: Office) -> None:
    await asyncio.gather(*(office.editor.put_carrier(ADA, {"name": f"c{n}"}, None, NOON) for n in range(5)))
    assert len(await office.editor.carriers()) == 5


async def test_a_secret_that_is_masked_stays(office: Office) -> None:
    assert (await office.editor.account("acme")).entry.postback_secret == {"mavorion": MASK}
    await office.edit(burst=2)
    assert (await office.editor.account("acme")).record.postback_secret == {"mavorion": "shh"}
    await office.edit(postback_secret={})
    assert (await office.editor.account("acme")).record.postback_secret == {}


async def test_a_masked_password_and_masked_headers_stay(office: Office) -> None:
    url = "https://user:password@customer.example/"
    await office.edit(
        postback={"genesys": url}, inbound={"genesys": url}, postback_headers={"genesys": "X-Key: 1"}
    )
    entry = (await office.editor.account("acme")).entry
    shown = f"https://user:{MASK}@customer.example/"
    assert (entry.postback, entry.inbound, entry.postback_headers) == (
        {"genesys": shown},
        {"genesys": shown},
        {"genesys": MASK},
    )
    await office.edit(burst=2)
    record = (await office.editor.account("acme")).record
    assert (record.postback, record.inbound, record.postback_headers) == (
        {"genesys": url},
        {"genesys": url},
        {"genesys": "X-Key: 1"},
    )
    with pytest.raises(ValidationError):  # whose password it is, is not known
        await office.edit(postback={"genesys": shown.replace("customer", "other")})


async def test_undo_brings_back_what_the_change_touched_and_nothing_else(office: Office) -> None:
    await office.edit(burst=2, may_send=False)
    edit = await office.newest(ACCOUNT, "acme")
    key = await office.credentials.add(ADA, "acme", NewCredential("skycore"), NOON)
    await office.history.undo(ADA, edit, NOON)
    view = await office.editor.account("acme")
    assert (view.entry.burst, view.entry.may_send) == (1, True)
    assert [credential_id(credential) for credential in view.record.credentials] == [key.id]
    with pytest.raises(AdminError, match="already as it was"):
        await office.history.undo(ADA, edit, NOON)


async def test_undo_of_an_undo_does_it_again(office: Office) -> None:
    await office.edit(burst=2)
    await office.history.undo(ADA, await office.newest(ACCOUNT, "acme"), NOON)
    (told,) = await office.history.changes(ACCOUNT, "acme", 0, 1)
    assert told.change.undoes == told.change.change_id - 1
    await office.history.undo(ADA, told.change.change_id, NOON)
    assert (await office.editor.account("acme")).entry.burst == 2


async def test_undo_does_not_overwrite_a_later_change_of_the_same_value(office: Office) -> None:
    await office.edit(burst=2)
    first = await office.newest(ACCOUNT, "acme")
    await office.edit(burst=3)
    with pytest.raises(AdminError, match="changed again since: burst"):
        await office.history.undo(ADA, first, NOON)


async def test_undo_is_refused_when_two_accounts_would_share_a_credential(office: Office) -> None:
    told = await office.credentials.add(ADA, "acme", NewCredential("skycore", key="k" * 20), NOON)
    await office.credentials.revoke(ADA, "acme", told.id, NOON)
    revoked = await office.newest(ACCOUNT, "acme")
    await office.editor.put_account(ADA, {"name": "other"}, None, NOON)
    await office.credentials.add(ADA, "other", NewCredential("skycore", key="k" * 20), NOON)
    with pytest.raises(AdminError, match="share a skycore credential"):
        await office.history.undo(ADA, revoked, NOON)


async def test_an_account_that_was_added_stays(office: Office) -> None:
    with pytest.raises(AdminError, match="make it inactive"):
        await office.history.undo(ADA, await office.newest(ACCOUNT, "acme"), NOON)


async def test_prices_for_texts_and_for_pictures_stay_what_they_are(office: Office) -> None:
    wanted = [
        {"per_segment": "0.05", "country": "", "carrier": "ours"},
        {"per_segment": "0.15", "country": "DK"},
        {"per_message": "0.20", "content": "mms"},
    ]
    await office.editor.put_prices(ADA, wanted, 0, NOON)
    first = await office.editor.prices()
    told = [msgspec.to_builtins(entry) for entry in first.prices]
    assert [{**each} for each in told] == [
        {"per_segment": "", "per_message": "", "country": "", "carrier": "", "content": "sms", **each}
        for each in wanted
    ]
    await office.editor.put_prices(ADA, told, first.version, NOON)
    assert (await office.editor.prices()).prices == first.prices
    known = await office.store.directory.load()
    assert (known.price_micros("", "DK"), known.mms_price_micros("", "DK")) == (150_000, 200_000)


async def test_routes_and_prices_go_back_whole(office: Office) -> None:
    await office.editor.put_routes(ADA, [{"link": "a"}], 0, NOON)
    await office.editor.put_routes(ADA, [{"link": "b", "backups": ["a"]}], await office.newest(ROUTES), NOON)
    await office.history.undo(ADA, await office.newest(ROUTES), NOON)
    assert [route.link for route in (await office.editor.routes()).routes] == ["a"]
    await office.editor.put_prices(ADA, [{"per_segment": "0.05"}], 0, NOON)
    await office.history.undo(ADA, await office.newest(PRICES), NOON)
    assert (await office.editor.prices()).prices == ()
    with pytest.raises(AdminError, match="looked"):
        await office.history.undo(ADA, 1, NOON, based_on=0)


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ([{"link": "a"}, {"link": "a", "backups": ["a"]}], "1.backups"),
        ([{"link": "a", "country": "XX"}], "0.country"),
        ([{"carrier": "x"}], "0"),
    ],
)
async def test_faults_of_routes_name_their_row(
    office: Office, rows: list[dict[str, Any]], where: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await office.editor.put_routes(ADA, rows, 0, NOON)
    assert where in caught.value.faults


async def test_a_price_stands_once(office: Office) -> None:
    twice = [{"per_segment": "0.05", "country": "GB"}, {"per_segment": "0.06", "country": "GB"}]
    with pytest.raises(ValidationError):
        await office.editor.put_prices(ADA, twice, 0, NOON)


async def test_a_carrier_that_routes_name_stays(office: Office) -> None:
    await office.editor.put_carrier(ADA, {"name": "c", "prefixes": ["1480"]}, None, NOON)
    await office.editor.put_routes(ADA, [{"link": "a", "carrier": "c"}], 0, NOON)
    view = await office.editor.carrier("c")
    with pytest.raises(AdminError, match="routes name"):
        await office.editor.remove_carrier(ADA, "c", view.version, NOON)
    await office.editor.put_routes(ADA, [], await office.newest(ROUTES), NOON)
    await office.editor.remove_carrier(ADA, "c", view.version, NOON)
    assert await office.editor.carriers() == []


async def test_credit_is_added_and_taken_back(office: Office) -> None:
    await asyncio.gather(*(office.editor.top_up(ADA, "acme", "5.00", NOON) for _ in range(3)))
    assert (await office.editor.account("acme")).entry.credit == "15.00"
    await office.history.undo(ADA, await office.newest(CREDIT, "acme"), NOON)
    assert (await office.editor.account("acme")).entry.credit == "10.00"
    for amount in ("-10.01", "much", "0.0000001"):
        with pytest.raises(AdminError):
            await office.editor.top_up(ADA, "acme", amount, NOON)
    await office.editor.top_up(ADA, "acme", "-10.00", NOON)


async def test_keys_are_told_once_and_renewed_with_a_grace(office: Office) -> None:
    told = await office.credentials.add(ADA, "acme", NewCredential("mavorion", signed=True), NOON)
    assert told.key
    assert told.secret
    assert told.key.encode() not in (await office.store.changes.history(ACCOUNT, "acme", 0, 1))[0].after  # type: ignore[operator]
    renewed = await office.credentials.rotate(ADA, "acme", told.id, 24 * HOUR_S, NOON)
    old, new = (await office.editor.account("acme")).record.credentials
    assert (old.until, new.until) == (NOON + 24 * HOUR_S * 1000, 0)
    directory = await office.store.directory.load()
    assert directory.credential("mavorion", renewed.key) == new
    await office.credentials.revoke(ADA, "acme", told.id, NOON)
    assert (await office.editor.account("acme")).record.credentials == (new,)


async def test_a_login_gets_a_new_password(office: Office) -> None:
    told = await office.credentials.add(ADA, "acme", NewCredential("genesys", login="acme"), NOON)
    renewed = await office.credentials.rotate(ADA, "acme", told.id, 0, NOON)
    assert renewed.password not in ("", told.password)
    (only,) = (await office.editor.account("acme")).record.credentials
    assert credential_id(only) == told.id


@pytest.mark.parametrize(
    "wish",
    [
        NewCredential("nobody"),
        NewCredential("genesys"),  # has no keys
        NewCredential("sumotext", login="x"),  # has no logins
        NewCredential("sumotext", signed=True),  # signs nothing
        NewCredential("sumotext", country="XX"),
        NewCredential("sumotext", until="tomorrow"),
    ],
)
async def test_credentials_that_make_no_sense_are_refused(office: Office, wish: NewCredential) -> None:
    with pytest.raises(ValidationError):
        await office.credentials.add(ADA, "acme", wish, NOON)


def test_nothing_secret_is_shown() -> None:
    credential = {"account": "a", "dialect": "d", "identity_digest": "cafe" * 16, "secret": "s3cret"}
    body = {"name": "a", "postback_secret": {"d": "s3cret"}, "credentials": [credential]}
    encoded = msgspec.json.encode(body)
    assert "s3cret" not in str(masked(body))
    for pair in ((None, encoded), (encoded, None), (encoded, b'{"name":"a"}')):
        found = differences(*pair)
        assert found
        assert "s3cret" not in str(found)
        assert "cafecafecafecafe" not in str(found)


async def test_number_ranges_are_put_and_taken_back(office: Office) -> None:
    added = {"country": "US", "begins": "679", "length": 10}
    await office.editor.put_number_ranges(ADA, [added], 0, NOON)
    first = await office.newest(NUMBER_RANGES)
    await office.editor.put_number_ranges(ADA, [], first, NOON)
    await office.history.undo(ADA, await office.newest(NUMBER_RANGES), NOON)
    assert [each.begins for each in (await office.editor.number_ranges()).number_ranges] == ["679"]
    with pytest.raises(ValidationError) as caught:
        await office.editor.put_number_ranges(
            ADA, [added, {**added, "country": "XX"}], await office.newest(NUMBER_RANGES), NOON
        )
    assert list(caught.value.faults) == ["1.country"]
