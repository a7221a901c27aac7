"""XML by what its octets are: a declaration that is not true does no harm, and a DOCTYPE never hides."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.xml_document import BrokenXml, root_of

TEXT = "Grüße 5 €"


def document(encoding: str = "", text: str = TEXT) -> str:
    said = f' encoding="{encoding}"' if encoding else ""
    return f'<?xml version="1.0"{said}?>\n<a>{text}</a>'


#: what the declaration says, as what it is written, HTTP's Content-Type
READ = [
    ("", "utf-8", ""),
    ("utf-8", "utf-8", "text/xml; charset=utf-8"),
    ("utf-16", "utf-8", "text/xml"),
    ("UTF-16", "utf-8", "application/xml; charset=UTF-8"),
    ("ISO-8859-1", "utf-8", "text/xml; charset=utf-8"),
    ("x-own", "utf-8", ""),
    ("utf-8", "utf-8-sig", "text/xml; charset=iso-8859-1"),
    ("windows-1252", "cp1252", "text/xml; charset=utf-8"),
    ("ISO-8859-1", "cp1252", ""),
    ("utf-8", "cp1252", "text/xml; charset=windows-1252"),
    ("", "iso8859_15", "text/xml; charset=iso-8859-15"),
    ("utf-16", "utf-16", ""),
    ("utf-8", "utf-16", "text/xml; charset=utf-8"),
    ("utf-16", "utf-16-le", "text/xml"),
    ("", "utf-16-be", "text/xml; charset=utf-16be"),
    ("gb2312", "gb18030", ""),
]


@pytest.mark.parametrize(("said", "is_", "content_type"), READ)
def test_a_document_is_read_as_what_it_is(said: str, is_: str, content_type: str) -> None:
    assert root_of(document(said).encode(is_), content_type).text == TEXT


@pytest.mark.parametrize("said", ["utf-16", "ISO-8859-1", "us-ascii", "x-own", "utf-8", ""])
def test_characters_have_no_encoding(said: str) -> None:
    assert root_of(document(said)).text == TEXT
    assert root_of(" \n" + document(said)).text == TEXT


def test_what_stands_around_it_is_nothing() -> None:
    for octets in (
        b"\r\n " + document().encode(),
        document().encode() + b"\n\0\0",
        document().encode("utf-8-sig"),
    ):
        assert root_of(octets).text == TEXT


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "not well-formed at line 1, column 1"),
        (document("x-own").encode("latin-1", "ignore"), "the characters cannot be read"),
        (document("utf-16").encode("cp1252"), "the characters cannot be read"),
        (b'<?xml version="1.0"?>\n<a><b></a>', "not well-formed at line 2, column 11"),
        (b'<?xml version="1.0" encoding="utf-16"?><a>', "not well-formed at line 1, column 43"),
        ("<a>\ud800</a>".encode("utf-8", "surrogatepass"), "the characters cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_by_where_it_is(octets: bytes, why: str) -> None:
    with pytest.raises(BrokenXml) as broken:
        root_of(octets)
    assert str(broken.value) == why


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"<a>", b"\xff\xfe<\0a\0", b"<?xml encoding='utf-16'?>", b"<!DOCTYPE a>", b"\0<"]),
    st.sampled_from(["", "text/xml; charset=utf-16", "text/xml; charset=hex", "text/xml; charset=\0"]),
)
def test_no_octets_make_the_reader_raise_anything_else(
    octets: bytes, start: bytes, content_type: str
) -> None:
    with suppress(BrokenXml):
        root_of(start + octets, content_type)


@given(st.text(max_size=60))
def test_no_characters_make_the_reader_raise_anything_else(text: str) -> None:
    with suppress(BrokenXml):
        root_of(f"<a>{text}")
