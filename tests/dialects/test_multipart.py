"""Forms in parts: what clients write is read as it is, and what was written to hurt is refused in no time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.dialects.exchange import HttpRequest
from aldis.dialects.multipart import boundary_of, fields
from aldis.dialects.registry import BY_PATH

PART = b'Content-Disposition: form-data; name="a"\r\n'
names = st.text(st.characters(exclude_characters='";\r\n', exclude_categories=["Cs"]), min_size=1).map(
    lambda name: name.strip() or "x"
)


@given(st.lists(st.tuples(names, st.binary()), max_size=5))
def test_what_is_written_is_read(parts: list[tuple[str, bytes]]) -> None:
    kept = [(name.encode(), content.replace(b"--b0undary", b"")) for name, content in parts]
    body = b"".join(
        b'--b0undary\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % part for part in kept
    )
    assert fields(body + b"--b0undary--\r\n", b"b0undary", 5) == kept


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"--x--", []),
        (b"preamble\r\n--x \r\n" + PART + b"\r\nb\r\n--x--\r\nepilogue", [(b"a", b"b")]),
        (b"--x\r\n" + PART + b"\r\n\r\n--x--", [(b"a", b"")]),
        (b"--x\r\nCONTENT-DISPOSITION:form-data;filename=f; NAME=a\r\n\r\nb\r\n--x--", [(b"a", b"b")]),
        (b"--x\r\n" + PART + b"Content-Transfer-Encoding: 8bit\r\n\r\nb\r\n--x--", [(b"a", b"b")]),
        (b"--x\r\n" + PART + b"\r\nb--x\r\n--xy\r\n--x--", None),
        (b"--x\r\n" + PART + b"\r\nb\r\n--x", None),
        (b"--x\r\n" + PART + b"\r\nb", None),
        (b"--x\r\n" + PART + b"Content-Transfer-Encoding: base64\r\n\r\nYg==\r\n--x--", None),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nb\r\n--x--", None),
        (b"--x\r\n\r\nb\r\n--x--", None),
        (b"--x\r\n" + PART + b"A: " + b"b" * 2000 + b"\r\n\r\nb\r\n--x--", None),
        (b"", None),
        (b"a=b", None),
    ],
)
def test_forms(body: bytes, found: list[tuple[bytes, bytes]] | None) -> None:
    assert fields(body, b"x", 10) == found


def test_no_more_parts_than_are_wanted() -> None:
    part = b"--x\r\n" + PART + b"\r\nb\r\n"
    assert fields(part * 3 + b"--x--", b"x", 2) is None
    assert fields(part * 2 + b"--x--", b"x", 2) == [(b"a", b"b")] * 2


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=x", b"x"),
        ('multipart/form-data; charset=utf-8; Boundary="----a b"', b"----a b"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=" + "x" * 71, None),
    ],
)
def test_boundaries(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary


@given(st.binary(), st.binary(min_size=1, max_size=3), st.integers(0, 3))
def test_no_octets_make_it_raise(body: bytes, boundary: bytes, most: int) -> None:
    fields(body, boundary, most)


MEGABYTES = 2_000_000
HOSTILE = {
    "empty parts": b"--x\r\n\r\n",
    "named parts": b"--x\r\n" + PART + b"\r\nb\r\n",
    "header lines": b"--x\r\n" + b"a: b\r\n" * 100,
    "parameters": b"--x\r\nContent-Disposition: form-data; " + b"name*0=b; " * 90 + b"\r\n\r\n",
    "parts in parts": b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n",
    "no end": b"--",
    "elements": b"<a/>",
    "ampersands": b"&",
    "objects": b"{},",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", ["/v2/mtsms", "/API/wxml/1.3/index.php", "/httpapi/receiver"])
def test_what_was_written_to_hurt_takes_no_time(name: str, path: str) -> None:
    octets = HOSTILE[name]
    body = octets * (MEGABYTES // len(octets))
    content_type = b"multipart/form-data; boundary=x"
    if name == "elements":
        body, content_type = b"<a>" + body + b"</a>", b"text/xml"
    if name == "objects":
        body, content_type = b"[" + body[:-1] + b"]", b"application/json"
    started = time.thread_time()
    BY_PATH[path].face.read(
        HttpRequest("POST", path, b"", [(b"content-type", content_type)], body, "127.0.0.1")
    )
    # of the processor, so that nobody beside us counts; it was minutes, and what remains is a linear pass
    assert time.thread_time() - started < 1
