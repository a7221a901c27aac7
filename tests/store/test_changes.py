"""What every backend must do with changes of the directory, their history, and orders to links."""

from __future__ import annotations

import asyncio

import msgspec

from aldis.accounts.plan import plan_credit, plan_record, plan_removal
from aldis.accounts.records import ACCOUNT, CARRIER, CREDIT, ROUTES, AccountRecord, Record
from aldis.accounts.senders import Sender
from aldis.accounts.staff import Actor, Role, audit
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.directory import Carrying
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from tests.store.building import NOW

ADA = Actor("ada", Role.ADMIN, "console")


def carrier(name: str, country: str = "") -> Record:
    return Record(CARRIER, name, msgspec.json.encode({"name": name, "country": country}))


async def carry_out(kept: Store, *records: Record) -> list[bool]:
    return [
        await kept.changes.carry_out(Carrying(plan_record(record, await kept.changes.stored()), ADA, NOW))
        for record in records
    ]


async def test_a_change_is_kept_whole_with_its_audit_entry(kept: Store) -> None:
    before = await kept.directory.version()
    assert await carry_out(kept, carrier("x"), carrier("x", "GB")) == [True, True]
    second, first = await kept.changes.history(CARRIER, "x", 0, 10)
    assert (first.before, first.after) == (None, carrier("x").body)
    assert (second.before, second.after) == (carrier("x").body, carrier("x", "GB").body)
    assert (second.actor, second.via, second.at) == ("ada", "console", NOW)
    assert await kept.changes.find(second.change_id) == second
    assert await kept.directory.version() == before + 2
    log = [(e.actor, e.action, e.subject) for _, e in await kept.audit.log(0, 2)]
    assert log == [("ada", "change carrier", "x"), ("ada", "add carrier", "x")]
    stored = await kept.changes.stored()
    assert stored.versions[CARRIER, "x"] == stored.version == second.change_id


def an_account(*senders: str, covers: bool = True) -> Record:
    record = AccountRecord("several", senders=tuple(map(Sender, senders)), stop_all_senders=covers)
    return Record(ACCOUNT, record.name, msgspec.json.encode(record))


async def test_a_stop_counts_for_senders_that_come_later(kept: Store) -> None:
    """Where the account says so, from when it says so; who has come back to a sender stays there."""
    handset, imported = ConsentSource.HANDSET, ConsentSource.FILE
    for sender, msisdn, kind, source in (
        ("1111", "14805550101", ConsentKind.OPT_OUT, handset),
        ("1111", "14805550102", ConsentKind.OPT_OUT, imported),
        ("1111", "14805550103", ConsentKind.OPT_OUT, handset),
        ("2222", "14805550103", ConsentKind.OPT_IN, handset),
        ("1111", "14805550104", ConsentKind.OPT_OUT, handset),
        ("1111", "14805550104", ConsentKind.OPT_IN, handset),
        ("9999", "14805550105", ConsentKind.OPT_OUT, handset),
    ):
        word = "STOP" if kind is ConsentKind.OPT_OUT else "START"
        await kept.consent.change([ConsentChange(sender, "", msisdn, kind, source, word, NOW)])
    await kept.consent.change(
        [ConsentChange("3333", "news", "14805550101", ConsentKind.OPT_IN, ConsentSource.API, "", NOW)]
    )
    await carry_out(kept, an_account("1111", "2222", covers=False))
    assert await kept.consent.list_opted_out("2222", "", 10) == []
    await carry_out(kept, an_account("1111", "2222"))
    assert await kept.consent.list_opted_out("2222", "", 10) == ["14805550101", "14805550102"]
    await carry_out(kept, an_account("1111", "2222", "3333"))
    assert await kept.consent.list_opted_out("3333", "", 10) == ["14805550101", "14805550102", "14805550103"]
    assert await kept.consent.list_opted_in("3333", "news", "", 10) == []
    history = await kept.consent.history("14805550101", 10)
    assert [(each.sender, each.source, each.words) for each in history if not each.topic] == [
        (sender, handset, "STOP") for sender in ("3333", "2222", "1111")
    ]
    start = ConsentChange("2222", "", "14805550101", ConsentKind.OPT_IN, handset, "START", NOW)
    await kept.consent.change([start])
    await carry_out(kept, an_account("1111", "2222", "3333", "4444"))  # nothing is said again of the others
    assert "14805550101" not in await kept.consent.list_opted_out("2222", "", 10)


async def test_a_plan_that_was_overtaken_does_nothing(kept: Store) -> None:
    stored = await kept.changes.stored()
    plans = [Carrying(plan_record(carrier(name), stored), ADA, NOW) for name in ("x", "y")]
    assert sorted(await asyncio.gather(*map(kept.changes.carry_out, plans))) == [False, True]
    assert len(await kept.changes.history(CARRIER, "*", 0, 10)) == 1


async def test_a_record_can_be_removed(kept: Store) -> None:
    await carry_out(kept, carrier("x"))
    stored = await kept.changes.stored()
    assert await kept.changes.carry_out(Carrying(plan_removal(CARRIER, "x", stored), ADA, NOW))
    assert (CARRIER, "x") not in (await kept.changes.stored()).records
    (newest,) = await kept.changes.history(CARRIER, "x", 0, 1)
    assert (newest.before, newest.after) == (carrier("x").body, None)


async def test_credit_has_a_history(kept: Store) -> None:
    stored = await kept.changes.stored()
    await kept.changes.carry_out(Carrying(plan_credit("rich", 3_000_000, stored), ADA, NOW, 7))
    (newest,) = await kept.changes.history(CREDIT, "rich", 0, 1)
    assert (newest.before, newest.after, newest.undoes) == (b'{"credit":"1.00"}', b'{"credit":"3.00"}', 7)
    ledgers = await kept.changes.balances()
    assert (ledgers["rich"].credited, ledgers["rich"].available) == (3_000_000, 3_000_000)


async def test_the_history_is_read_in_pages(kept: Store) -> None:
    await carry_out(kept, *(carrier(f"c{number}") for number in range(5)))
    newest = await kept.changes.history(CARRIER, "*", 0, 3)
    older = await kept.changes.history(CARRIER, "*", newest[-1].change_id, 3)
    assert [change.key for change in (*newest, *older)] == ["c4", "c3", "c2", "c1", "c0"]
    assert {change.kind for change in await kept.changes.history("", "", 0, 100)} >= {CARRIER, ROUTES}


async def test_the_newest_order_to_a_link_counts(kept: Store) -> None:
    assert await kept.link_states.wanted() == {}
    for wanted in (Wanted.STOPPED, Wanted.DRAINING):
        await kept.link_states.want(LinkState("link", wanted, "ada", NOW), audit(ADA, NOW, "x", "link"))
    assert await kept.link_states.wanted() == {"link": LinkState("link", Wanted.DRAINING, "ada", NOW)}
    assert len(await kept.audit.log(0, 10, "link")) == 2


async def say(kept: Store, kind: ConsentKind, source: ConsentSource) -> bool:
    (changed,) = await kept.consent.change([ConsentChange("74700", "", "14805550100", kind, source, "", NOW)])
    return changed


async def test_what_an_operator_ended_an_operator_takes_back(kept: Store) -> None:
    assert await say(kept, ConsentKind.OPT_OUT, ConsentSource.CONSOLE)
    assert await kept.consent.opted_in([OptInKey("74700", "demo", "14805550100")]) == set()
    assert await say(kept, ConsentKind.OPT_IN, ConsentSource.CONSOLE)
    assert await kept.consent.list_opted_out("74700", "", 10) == []


async def test_what_a_person_ended_only_the_person_takes_back(kept: Store) -> None:
    assert await say(kept, ConsentKind.OPT_OUT, ConsentSource.FILE)
    assert not await say(
        kept, ConsentKind.OPT_OUT, ConsentSource.HANDSET
    )  # was out already, and is remembered
    assert not await say(kept, ConsentKind.OPT_IN, ConsentSource.CONSOLE)
    assert await kept.consent.list_opted_out("74700", "", 10) == ["14805550100"]
    sources = [change.source for change in await kept.consent.history("14805550100", 2)]
    assert sources == [ConsentSource.HANDSET, ConsentSource.FILE]
    assert await say(kept, ConsentKind.OPT_IN, ConsentSource.HANDSET)


async def test_a_change_by_hand_is_audited_where_it_changed_anything(kept: Store) -> None:
    change = ConsentChange("9", "t", "14805550100", ConsentKind.OPT_IN, ConsentSource.CONSOLE, "asked", NOW)
    entry = audit(ADA, NOW, "opt in", "9")
    assert await kept.consent.change([change], entry) == [True]
    assert await kept.consent.change([change], entry) == [False]
    assert len(await kept.audit.log(0, 10, "9")) == 1
