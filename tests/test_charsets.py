"""Charsets by the names that phones, MMSCs and customers' programs write, and texts under them."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.charsets import charset_of, codec_of, decode, text_of

LATIN, CYRILLIC, JAPANESE = "Größe", "жук", "漢字かな"
#: text, how it is written, the names under which it comes
WRITTEN = [
    (
        LATIN,
        "utf-8",
        "utf-8 UTF8 utf_8 unicode-1-1-utf-8 csUTF8 106 us-ascii US-ASCII ANSI_X3.4-1968 3 x-unknown",
    ),
    (
        LATIN,
        "latin-1",
        "iso-8859-1 ISO_8859-1:1987 iso8859-1 latin1 Latin-1 l1 csISOLatin1 4 cp819 us-ascii x-own",
    ),
    ("„Größe“ 5 €", "cp1252", "windows-1252 cp1252 x-cp1252 iso-8859-1 2252 ansi us-ascii"),
    (
        LATIN,
        "utf-16-be",
        "iso-10646-ucs-2 ISO-10646-UCS-2 csUnicode ucs-2 UCS2 utf-16 utf-16be 1000 1015 1013",
    ),
    (LATIN, "utf-16", "iso-10646-ucs-2 utf-16 utf-16be utf-16le us-ascii utf-8 1000"),
    (LATIN, "utf-16-le", "utf-16le UTF_16LE csUTF16LE 1014"),
    (LATIN, "utf-8-sig", "utf-8 us-ascii iso-8859-1 x-unknown"),
    (LATIN, "iso8859_15", "iso-8859-15 ISO8859-15 latin-9 iso_8859-15 csISO885915 111"),
    (CYRILLIC, "cp1251", "windows-1251 cp1251 WINDOWS-1251 x-cp1251 2251"),
    (CYRILLIC, "koi8_r", "koi8-r KOI8_R csKOI8R 2084"),
    (CYRILLIC, "iso8859_5", "iso-8859-5 ISO_8859-5:1988 csISOLatinCyrillic cyrillic 8"),
    (JAPANESE, "shift_jis", "shift_jis Shift-JIS sjis x-sjis MS_Kanji csShiftJIS windows-31j 17"),
    (JAPANESE, "euc_jp", "euc-jp EUC_JP x-euc-jp 18"),
    (JAPANESE, "iso2022_jp", "iso-2022-jp csISO2022JP 39"),
    ("한글", "euc_kr", "euc-kr EUCKR ks_c_5601-1987 cp949 38"),
    ("汉字", "gb2312", "gb2312 GB_2312-80 gbk cp936 gb18030 euc-cn 2025 113"),
    ("漢字", "big5", "big5 csBig5 cn-big5 cp950 2026"),
    ("ไทย", "tis_620", "tis-620 TIS620 windows-874 iso-8859-11 2259"),
    ("şeker", "iso8859_9", "iso-8859-9 latin5 windows-1254 12"),
    ("źdźbło", "iso8859_2", "iso-8859-2 latin2 csISOLatin2 5"),
    ("źdźbło", "cp1250", "windows-1250 cp1250 2250"),
    ("שלום", "cp1255", "windows-1255 iso-8859-8-i iso-8859-8"),
    ("سلام", "cp1256", "windows-1256 cp1256 2256"),
]


@pytest.mark.parametrize(("text", "codec", "names"), WRITTEN, ids=[row[1] for row in WRITTEN])
def test_a_text_is_read_under_each_of_its_names(text: str, codec: str, names: str) -> None:
    assert {name: text_of(text.encode(codec), name) for name in names.split()} == dict.fromkeys(
        names.split(), text
    )


def test_what_python_knows_and_is_no_charset_is_not_known() -> None:
    for name in ("hex", "base64", "zlib", "rot13", "punycode", "idna", "unicode_escape", "utf-7", "cp037"):
        assert codec_of(name) is None, name
    known = {name for name in aliases if codec_of(name)}
    missing = {aliases[name] for name in aliases} - {aliases[name] for name in known}
    assert not [codec for codec in missing if codec.startswith(("iso8859", "cp125", "koi8", "euc_k", "gb"))]


def test_every_codec_is_one_of_pythons_and_needs_no_other_name() -> None:
    for name in aliases:
        codec = codec_of(name)
        if codec is not None:
            assert codec_of(codecs.lookup(codec).name) is not None, name


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/plain; charset=utf-8", "utf-8"),
        ('text/plain;CHARSET="UTF-8"; x=y', "UTF-8"),
        ("text/plain; format=flowed; charset = latin1", "latin1"),
        ("text/plain; charset='gbk'", "gbk"),
        ("text/plain; charset=", ""),
        ("text/plain", ""),
        ("", ""),
    ],
)
def test_a_content_type_names_a_charset(content_type: str, charset: str) -> None:
    assert charset_of(content_type) == charset


@given(st.binary(max_size=60), st.text(max_size=80) | st.sampled_from(["utf-16", "ucs-2", "big5", "hz", "3"]))
def test_any_octets_under_any_name_are_some_text(octets: bytes, name: str) -> None:
    assert isinstance(text_of(octets, name), str)
    found = decode(octets, name)
    assert found is None or isinstance(found, str)
