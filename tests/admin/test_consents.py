"""Consents by hand and by file."""

from __future__ import annotations

import asyncio
import io

import msgspec
import pytest
from tests.fakes.clock import NOON

from aldis.accounts.plan import plan_record
from aldis.accounts.records import ACCOUNT, AccountRecord, Record
from aldis.accounts.senders import Sender
from aldis.accounts.staff import Actor, Role
from aldis.admin.consents import Consents, ConsentStanding, Wish, read_numbers, standings
from aldis.app.entropy import token
from aldis.errors import AdminError
from aldis.stages.opt_outs import OptOutBarrier
from aldis.store.contract.directory import Carrying
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource

OTTO = Actor("otto", Role.OPERATOR, "console")
NOBODY_SENDS = OptOutBarrier(lambda _people: None)
NUMBER = "14805550100"
IN, OUT = ConsentKind.OPT_IN, ConsentKind.OPT_OUT


async def test_changes_by_hand_are_kept_with_their_reason(store: Store) -> None:
    consents = Consents(store.consent, store.directory, store.audit, NOBODY_SENDS, token, store.clock)
    await consents.change(OTTO, Wish("74700", "demo", IN), "+1 480 555 0100", "asked by letter", NOON)
    (entry,) = await consents.history(NUMBER)
    assert (entry.source, entry.words) == (ConsentSource.CONSOLE, "asked by letter")
    with pytest.raises(AdminError, match="already"):
        await consents.change(OTTO, Wish("74700", "demo", IN), NUMBER, "", NOON)
    ((_, audited),) = await store.audit.log(0, 10)
    assert (audited.actor, audited.action, audited.subject) == ("otto", "opt in", "74700")
    assert NUMBER not in repr(audited)


async def test_a_stop_by_handset_is_not_taken_back_here(store: Store) -> None:
    stop = ConsentChange("74700", "", NUMBER, OUT, ConsentSource.HANDSET, "STOP", NOON)
    await store.consent.change([stop])
    for topic in ("", "demo"):
        with pytest.raises(AdminError, match="only they can take that back"):
            await Consents(
                store.consent, store.directory, store.audit, NOBODY_SENDS, token, store.clock
            ).change(OTTO, Wish("74700", topic, IN), NUMBER, "", NOON)


@pytest.mark.parametrize(
    ("wish", "number"),
    [(Wish("", "demo", IN), NUMBER), (Wish("74700", "x\n", IN), NUMBER), (Wish("74700", "demo", IN), "0800")],
)
async def test_what_cannot_be_is_refused(store: Store, wish: Wish, number: str) -> None:
    with pytest.raises(AdminError):
        await Consents(store.consent, store.directory, store.audit, NOBODY_SENDS, token, store.clock).change(
            OTTO, wish, number, "", NOON
        )


def change(kind: ConsentKind, topic: str, source: ConsentSource = ConsentSource.API) -> ConsentChange:
    return ConsentChange("74700", topic, NUMBER, kind, source, "", NOON)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            [change(IN, "a"), change(IN, "b"), change(OUT, "a")],
            ConsentStanding("74700", ("b",), False, False),
        ),
        ([change(IN, "a"), change(OUT, "")], ConsentStanding("74700", (), True, False)),
        ([change(OUT, "", ConsentSource.HANDSET)], ConsentStanding("74700", (), True, True)),
        (
            [change(OUT, "", ConsentSource.HANDSET), change(IN, "a", ConsentSource.HANDSET)],
            ConsentStanding("74700", ("a",), False, False),
        ),
    ],
)
def test_a_standing_is_what_the_history_ends_with(
    said: list[ConsentChange], expected: ConsentStanding
) -> None:
    assert standings(said[::-1]) == [expected]


async def test_a_file_is_taken_in_while_one_looks_on(store: Store) -> None:
    consents = Consents(store.consent, store.directory, store.audit, NOBODY_SENDS, token, store.clock)
    lines = ["name,msisdn", *(f"x,+1480555{n:04d}" for n in range(700)), "y,none"]
    started = await consents.start_import(OTTO, Wish("74700", "demo", IN), lines, NOON)
    with pytest.raises(AdminError, match="under way"):
        await consents.start_import(OTTO, Wish("74700", "demo", IN), lines, NOON)
    while not (over := await consents.progress(started.id)).is_over:
        await asyncio.sleep(0.01)
    assert (over.total, over.done, over.changed, over.faulty, over.is_over) == (700, 700, 700, 1, True)
    assert over.faults == ["line 702: `none` is no international number"]
    found = [number async for chunk in consents.numbers(Wish("74700", "demo", IN)) for number in chunk]
    assert len(found) == 700
    with pytest.raises(AdminError, match="no such import"):
        await consents.progress("nothing")


async def test_an_opt_out_counts_for_all_senders_where_an_account_says_so(store: Store) -> None:
    record = AccountRecord("several", senders=(Sender("1111"), Sender("2222")), stop_all_senders=True)
    body = msgspec.json.encode(record)
    plan = plan_record(Record(ACCOUNT, record.name, body), await store.changes.stored())
    assert await store.changes.carry_out(Carrying(plan, OTTO, NOON))
    released: set[tuple[str, str]] = set()
    consents = Consents(
        store.consent, store.directory, store.audit, OptOutBarrier(released.update), token, store.clock
    )
    await consents.change(OTTO, Wish("1111", "", OUT), NUMBER, "by letter", NOON)
    assert released == {("1111", NUMBER), ("2222", NUMBER)}
    numbers = [f"1480555{n:04d}" for n in range(400)]
    done = [each async for each in consents.take_in(Wish("2222", "", OUT), numbers, NOON)]
    assert [sum(each) for each in zip(*done, strict=True)] == [400, 399]  # one number had left already
    for sender in ("1111", "2222"):
        assert await store.consent.list_opted_out(sender, "", 500) == numbers
    await consents.change(OTTO, Wish("1111", "", IN), NUMBER, "changed their mind", NOON)
    assert NUMBER in await store.consent.list_opted_out("2222", "", 500)


async def test_a_number_is_given_out_once(store: Store) -> None:
    released: set[tuple[str, str]] = set()
    consents = Consents(
        store.consent, store.directory, store.audit, OptOutBarrier(released.update), token, store.clock
    )
    await consents.change(OTTO, Wish("74700", "", OUT), "5215512345678", "", NOON)
    assert released == {("74700", "5215512345678"), ("74700", "525512345678")}
    assert [each async for each in consents.numbers(Wish("74700", "", OUT))] == [["525512345678"]]
    assert [each.words for each in await consents.history("525512345678")] == [""]


@pytest.mark.parametrize("text", ['"' + "x" * 200_000, "", "n\0", "n\ufffd"])
def test_a_file_that_is_none_is_told(text: str) -> None:
    with pytest.raises(AdminError, match=r"table|UTF-8"):
        read_numbers([text])


@pytest.mark.parametrize(
    ("text", "home", "numbers", "faults"),
    [
        ("14805550100\n4155550101\n", "", ["14805550100"], [(2, "4155550101")]),
        ("14805550100\n4155550101\n", "US", ["14805550100", "14155550101"], []),
        (
            "\ufeffName;Phone\r\nAnn;+44 7700 900123\r\n;\r\nBob;0800\r\n",
            "",
            ["447700900123"],
            [(4, "0800")],
        ),
        ("sep=;\nPhone;Name\n14805550100;Ann\n", "", ["14805550100"], []),
        ("Ann\t+1 (480) 555-0100\nBob\t\n", "", ["14805550100"], [(2, "")]),
        ("a|14805550100\n\nb|1480\n", "", ["14805550100"], [(3, "1480")]),
        ("12345\n14805550100\n", "", ["14805550100"], [(1, "12345")]),
        ('"two\nlines",14805550100\nx,14805550100\n', "", ["14805550100"], []),
        ("msisdn\n", "", [], []),
    ],
)
def test_each_line_that_cannot_be_a_number_is_told(
    text: str, home: str, numbers: list[str], faults: list[tuple[int, str]]
) -> None:
    found = read_numbers(io.StringIO(text, newline=""), home)
    assert found.numbers == numbers
    assert found.faults == [f"line {n}: `{cell}` is no international number" for n, cell in faults]
    assert found.faulty == len(faults)
