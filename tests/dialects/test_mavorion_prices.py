"""The price list that clients of GatewayAPI fetch, who present nothing: JSON, CSV and XLSX say the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from zipfile import ZipFile

import pytest
from lxml import etree

from aldis.dialects.mavorion.countries import NAMES
from aldis.dialects.mavorion.prices import TYPES
from aldis.dialects.mavorion.request import PRICES
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker, get
from tests.fakes.clock import FakeClock

DENMARK = {
    "country": "DK",
    "country_name": "Denmark",
    "effective_date": "2026-11-21",
    "prefix": 45,
    "dkk": None,
    "eur": 0.15,
}


@pytest.mark.parametrize("path", sorted(PRICES))
async def test_whoever_asks_is_told_what_a_segment_costs(
    path: str, demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    reply = await asker.ask(get(path))
    form = path.rpartition("/")[2]
    assert (reply.status, reply.content_type) == (200, TYPES[form])
    told: list[Sequence[object]] = []
    if form == "json":
        found = json.loads(reply.body)
        told += [[kind, *row.values()] for kind, rows in found.items() for row in rows]
    elif form == "csv":
        told += list(csv.reader(io.StringIO(reply.body.decode())))[1:]
    else:
        told += sheet(reply.body)[1:]
    rows = [["" if value is None else str(value) for value in row] for row in told]
    assert [value for row in rows[: len(NAMES)] for value in (row[2], row[-1]) if row[1] == "DK"] == [
        "Denmark",
        "0.15",
    ]
    assert len(rows) == 2 * len(NAMES)
    assert {row[0] for row in rows} == {"premium", "standard"}
    assert all("0.05" in row or row[1] == "DK" for row in rows)


def sheet(octets: bytes) -> list[list[str]]:
    with ZipFile(io.BytesIO(octets)) as packed:
        assert packed.testzip() is None
        for name in packed.namelist():
            etree.fromstring(packed.read(name))
        root = etree.fromstring(packed.read("xl/worksheets/sheet1.xml"))
    return [["".join(str(text) for text in cell.itertext()) for cell in row] for row in root[0]]


async def test_an_account_is_told_of_its_own_currency(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    for path in (
        "/api/prices/list/sms/json?token=demo-mavorion",
        "/rest/prices/list/sms/json?token=demo-mavorion",
    ):
        told = json.loads((await asker.ask(get(path))).body)
        assert next(row for row in told["standard"] if row["country"] == "DK") == DENMARK
    wrong = await asker.ask(get("/api/prices/list/sms/json?token=nobody"))
    assert wrong.status == 401
    assert (await asker.ask(get("/api/prices/list/sms/pdf"))).status == 404
