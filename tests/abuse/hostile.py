"""Values that are beyond any bound, in each place where something can be said; and the forms of a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

from msgspec import structs

from aldis.dialects.exchange import HttpRequest

#: as text: what is outside the calendar in UTC, more money than there is, numbers that Python's own readers
#: fail at, other scripts' digits, what no column takes
TEXTS = (
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31",
    "1e30",
    "1e999999999",
    "nan",
    "9" * 19,
    "9" * 400,
    "9" * 5_000,
    "٣",
    "\0",
)
#: as JSON
DEEP = '{"a":' * 100_000
DOCUMENTS = (*map(json.dumps, TEXTS), "1e30", "1e400", "-1", "9" * 19, "9" * 400, "9" * 5_000, '"\\ud800"')


class FormFinder(HTMLParser):
    """Finds the forms of a page: where each goes, how, and its fields as they are filled in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str]]] = []
        self._fields: dict[str, str] | None = None
        self._select = self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = {}
            where = given.get("action") or given.get("hx-post", "")
            self.found.append((where, given.get("method", "get").lower(), self._fields))
        if self._fields is None:
            return
        if tag in ("input", "textarea", "select") and "name" in given:
            self._fields.setdefault(given["name"], given.get("value", ""))
            self._select = given["name"] if tag == "select" else ""
            self._area = given["name"] if tag == "textarea" else ""
        elif tag == "option" and self._select and not self._fields[self._select]:
            self._fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag in ("textarea", "select"):
            self._area = self._select = ""

    def handle_data(self, data: str) -> None:
        if self._fields is not None and self._area:
            self._fields[self._area] += data


def variants(request: HttpRequest) -> Iterator[HttpRequest]:
    """Put each hostile value in the place of each value of a request: of its query, its headers, its form, its
    JSON, its XML.
    """
    for value in TEXTS:
        written = quote(value).encode()
        for query in _with_pair(request.query, written):
            yield structs.replace(request, query=query)
        for index, (name, _) in enumerate(request.headers):
            headers = [*request.headers]
            headers[index] = (name, value.encode("utf-8"))
            yield structs.replace(request, headers=headers)
        for body in _bodies(request.body, value, written):
            yield structs.replace(request, body=body)
    yield structs.replace(request, query=request.query + b"&%ff=%ff&a%80=1")
    yield structs.replace(request, body=request.body + b"&%ff=%ff")
    yield structs.replace(request, body=DEEP.encode())


def _bodies(body: bytes, value: str, written: bytes) -> Iterator[bytes]:
    try:
        document = json.loads(body)
    except ValueError:
        yield from _with_pair(body, written)
        for found in re.finditer(rb">([^<>]+)<", body):
            yield body[: found.start(1)] + value.encode() + body[found.end(1) :]
        return
    raw = (json.dumps(value), value if re.fullmatch(r"[0-9e]+", value, re.ASCII) else "[]")
    for path in paths_of(document):
        marked = json.dumps(_with(document, path))
        for each in raw:
            yield marked.replace('"@@"', each).encode()


def _with_pair(text: bytes, value: bytes) -> Iterator[bytes]:
    pairs = text.split(b"&")
    for index, pair in enumerate(pairs):
        if b"=" in pair:
            yield b"&".join([*pairs[:index], pair.partition(b"=")[0] + b"=" + value, *pairs[index + 1 :]])


def paths_of(document: Any) -> Iterator[tuple[Any, ...]]:
    """Give the paths of all values of a JSON document, without the root's."""
    if not isinstance(document, dict | list):
        return
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield (key,)
        yield from ((key, *path) for path in paths_of(value))


def _with(document: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return "@@"
    key, *rest = path
    copy = document.copy()
    copy[key] = _with(document[key], tuple(rest))
    return copy
