"""Writes the price list that anybody may read: JSON, CSV or XLSX, by the end of its path.

Source: GatewayAPI's rest.rst (prices); docs/dialects/mavorion.md says what was chosen where that is silent.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec

from aldis.accounts.number_plans import calling_code
from aldis.accounts.price import MICROS
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.mavorion.countries import NAMES
from aldis.dialects.writing import xml_text
from aldis.traffic.query import PricesFound

JSON, CSV, XLSX = FORMATS = ("json", "csv", "xlsx")
TYPES = {
    JSON: b"application/json",
    CSV: b"text/csv; charset=utf-8",
    XLSX: b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: message classes; they cost the same here
CLASSES = ("premium", "standard")
#: what clients look for, whatever the currency
CURRENCIES = ("dkk", "eur")

Cell = str | int | float | None
Row = dict[str, Cell]


def write(request: HttpRequest, found: PricesFound) -> HttpReply:
    """Write the list as the path asks for it."""
    form = request.path.rpartition("/")[2]
    return HttpReply(200, TYPES[form], _WRITERS[form](found))


def _rows(found: PricesFound) -> list[Row]:
    given = {each.lower() for each in found.currencies}
    currencies = sorted({*CURRENCIES, *given})
    return [
        {
            "country": country,
            "country_name": NAMES.get(country, country),
            "effective_date": found.today,
            "prefix": calling_code(country),
            **{each: micros / MICROS if each in given else None for each in currencies},
        }
        for country, micros in found.prices
    ]


@lru_cache(maxsize=8)
def _json(found: PricesFound) -> bytes:
    rows = _rows(found)
    return msgspec.json.encode(dict.fromkeys(CLASSES, rows))


def _table(found: PricesFound) -> list[list[Cell]]:
    rows = _rows(found)
    table: list[list[Cell]] = [["class", *rows[0]]] if rows else []
    for each in CLASSES:
        table += [[each, *row.values()] for row in rows]
    return table


@lru_cache(maxsize=8)
def _csv(found: PricesFound) -> bytes:
    file = StringIO()
    csv.writer(file).writerows(_table(found))
    return file.getvalue().encode()


@lru_cache(maxsize=8)
def _xlsx(found: PricesFound) -> bytes:
    """Write the least that spreadsheets open: one sheet of values in place. Source: ECMA-376-1 §18.3."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        for name, text in {**_XLSX, "xl/worksheets/sheet1.xml": _sheet(_table(found))}.items():
            packed.writestr(ZipInfo(name), '<?xml version="1.0" encoding="UTF-8"?>' + text, ZIP_DEFLATED)
    return file.getvalue()


def _sheet(table: list[list[Cell]]) -> str:
    rows = "".join([f"<row>{''.join([_cell(value) for value in row])}</row>" for row in table])
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _cell(value: Cell) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{xml_text(value)}</t></is></c>'


_OFFICE = "http://schemas.openxmlformats.org"
_MAIN = f"{_OFFICE}/spreadsheetml/2006/main"
_OF = f"{_OFFICE}/officeDocument/2006/relationships"
_RELATED = f'<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
#: the parts of a workbook around its sheet
_XLSX = {
    "[Content_Types].xml": f'<Types xmlns="{_OFFICE}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_RELATED}Type="{_OF}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OF}"><sheets>'
    '<sheet name="sms" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_RELATED}Type="{_OF}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}
_WRITERS = {JSON: _json, CSV: _csv, XLSX: _xlsx}
