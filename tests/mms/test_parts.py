"""Multipart bodies: what is written is read back octet by octet, and what others write is read too."""

from __future__ import annotations

from contextlib import suppress
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.mms.parts import BrokenMime, Part, all_leaves, parameter, read, related, text_of
from tests.mms.samples import JPEG, PNG

names = st.text("abcdefghij0123456789.-", min_size=1, max_size=12)
types = st.sampled_from(["image/jpeg", 'text/plain; charset="utf-8"', "application/smil", "audio/amr"])
parts = st.builds(Part, types, st.binary(max_size=200), names, names)


@given(st.lists(parts, min_size=1, max_size=5))
def test_what_is_written_is_read_back(written: list[Part]) -> None:
    whole = related(written)
    assert list(read(whole.content_type, whole.octets)) == written
    assert related(written) == whole


@given(st.lists(parts, min_size=1, max_size=3), st.binary(max_size=40), st.binary(max_size=40))
def test_what_stands_around_a_body_does_no_harm(written: list[Part], before: bytes, behind: bytes) -> None:
    whole = related(written)
    assert (
        list(read(whole.content_type, before + b"\r\n" + whole.octets + behind.replace(b"-", b""))) == written
    )


@given(st.lists(parts, min_size=1, max_size=3))
def test_pythons_own_parser_sees_the_same_parts(written: list[Part]) -> None:
    whole = related(written)
    head = f"Content-Type: {whole.content_type}\r\n\r\n".encode()
    found = BytesParser(policy=HTTP).parsebytes(head + whole.octets)
    assert [part.get_content_type() for part in found.iter_parts()] == [part.media_type for part in written]
    assert [part.get_payload(decode=True) for part in found.iter_parts()] == [part.octets for part in written]


@given(
    st.binary(max_size=300),
    st.sampled_from(["multipart/related; boundary=x", "multipart/mixed", "image/png"]),
)
def test_no_octets_make_the_reader_raise_anything_else(octets: bytes, content_type: str) -> None:
    with suppress(BrokenMime):
        all_leaves(Part(content_type, b"--x\r\n" + octets + b"\r\n--x--"))


FOREIGN = (
    b"preamble\n--b \t\nContent-Type: image/png\nContent-Transfer-Encoding: BASE64\nContent-ID: <a@b>\n\niVBO\nRw==\n"
    b"--b\n\nplain\n--b\ncontent-type: text/plain; charset=iso-8859-1\ncontent-transfer-encoding: quoted-printable\n\n"
    b"caf=E9=\n!\n--b--\nepilogue"
)


def test_what_others_write_is_read() -> None:
    first, second, third = read('multipart/mixed; boundary="b"', FOREIGN)
    assert (first.octets, first.content_id, first.media_type) == (b"\x89PNG", "a@b", "image/png")
    assert (second.octets, second.media_type) == (b"plain", "text/plain")
    assert text_of(third) == "café!"


@pytest.mark.parametrize(
    ("content_type", "octets"),
    [
        ("multipart/mixed", b"--x\r\n\r\na\r\n--x--"),
        ("multipart/mixed; boundary=" + "x" * 71, b"--" + b"x" * 71 + b"\r\n\r\na\r\n--" + b"x" * 71 + b"--"),
        ("multipart/mixed; boundary=x", b""),
        ("multipart/mixed; boundary=x", b"--x\r\n\r\nnever ends"),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Transfer-Encoding: uuencode\r\n\r\na\r\n--x--"),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\na\r\n--x--"),
        ("multipart/mixed; boundary=x", b"--x\r\n" + b"a: b\r\n" * 2000 + b"\r\na\r\n--x--"),
        ("multipart/mixed; boundary=x", b"--x\r\n\r\na\r\n" * 51 + b"--x--"),
    ],
)
def test_what_is_broken_or_too_much_is_refused(content_type: str, octets: bytes) -> None:
    with pytest.raises(BrokenMime):
        read(content_type, octets)


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n", b"\r\n--x", b"\r\n--x\r\n", b"\r\n--x \r\n\r\n"])
def test_a_body_may_lack_its_last_boundary_where_it_is_known_to_be_whole(end: bytes) -> None:
    body = b"--x\r\n\r\nfirst\r\n--x\r\nContent-Type: image/png\r\n\r\nlast" + end
    with pytest.raises(BrokenMime):
        read("multipart/mixed; boundary=x", body)
    first, last = all_leaves(Part("multipart/mixed; boundary=x", body), may_lack_end=True)
    assert (first.octets, last.octets, last.media_type) == (b"first", b"last", "image/png")


def test_as_many_parts_as_there_may_be_are_read_and_no_more() -> None:
    most = [Part("text/plain", b"%d" % number) for number in range(50)]
    whole = related(most)
    assert len(read(whole.content_type, whole.octets)) == 50
    more = related([*most, most[0]])
    with pytest.raises(BrokenMime, match="more than"):
        read(more.content_type, more.octets)
    endless = b"\r\n--x" * 500_000
    with pytest.raises(BrokenMime, match="more than"):
        read("multipart/mixed; boundary=x", endless)


def test_a_body_that_is_nested_without_end_is_refused() -> None:
    inner = related([Part("image/png", PNG, "a", "a")])
    for _ in range(5):
        inner = related([Part(inner.content_type, inner.octets, "a", "a")])
    with pytest.raises(BrokenMime, match="deep"):
        all_leaves(inner)


def test_a_boundary_is_never_found_in_a_part() -> None:
    whole = related([Part("image/jpeg", JPEG, "a", "a")])
    boundary = parameter(whole.content_type, "boundary").encode()
    again = related(
        [Part("image/jpeg", JPEG, "a", "a"), Part("image/gif", b"\r\n--" + boundary + b"\r\n", "b", "b")]
    )
    assert [part.octets for part in read(again.content_type, again.octets)] == [
        JPEG,
        b"\r\n--" + boundary + b"\r\n",
    ]


def test_nothing_breaks_out_of_a_header_line() -> None:
    whole = related([Part("image/png\r\nX-Evil: 1", PNG, "a\r\nb", "c\nd")])
    assert b"X-Evil" not in [line.partition(b":")[0] for line in whole.octets.split(b"\r\n")]


@pytest.mark.parametrize("charset", ["utf-8", "unicode_escape", "hex", "punycode", "never-heard", "utf-16"])
def test_a_text_can_always_be_read(charset: str) -> None:
    assert isinstance(text_of(Part(f"text/plain; charset={charset}", b"\\x \xff\xfea\0")), str)
