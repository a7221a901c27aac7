"""What a carrier or handset wrote is read as it was meant."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.strategies import texts

from aldis.sms import udh
from aldis.sms.dcs import Alphabet
from aldis.sms.national_tables import Language
from aldis.sms.reading import Piece, piece, text_of
from aldis.sms.udh import CONCATENATION_16, Concatenation, concatenation_8, element, shifts

BE, LE, UTF_8 = b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf"


def ucs2(text: str) -> bytes:
    return text.encode("utf-16-be")


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([(Alphabet.GSM7, b"Hello "), (Alphabet.GSM7, b"world")], "Hello world"),
        ([(Alphabet.GSM7, b"x\x1b"), (Alphabet.GSM7, b"e")], "x€"),
        ([(Alphabet.UCS2, b"\xd8\x3d"), (Alphabet.UCS2, b"\xdc\x4d")], "\U0001f44d"),
        # octets of no septet: UTF-8 if they are valid, else Latin-1, and Windows-1252 where that has no character
        ([(Alphabet.GSM7, "Grüße".encode("latin-1"))], "Grüße"),
        ([(Alphabet.GSM7, "Grüße 5 €".encode())], "Grüße 5 €"),
        ([(Alphabet.GSM7, b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe")], "Grüße"),
        ([(Alphabet.GSM7, "ж".encode()[:1]), (Alphabet.GSM7, "ж".encode()[1:])], "ж"),
        ([(Alphabet.GSM7, "Grüße 👍".encode()[:-2])], "Grüße \ufffd"),  # cut, as of a message without its end
        ([(Alphabet.GSM7, b"Caf\xe9")], "Café"),
        ([(Alphabet.GSM7, b"it\x92s \x80 5")], "it’s € 5"),
        ([(Alphabet.GSM7, b"\x81\xff")], "\x81ÿ"),
        ([(Alphabet.ASCII, "Grüße".encode())], "Grüße"),
        ([(Alphabet.LATIN_1, b"Gr\xfc\xdfe \x80")], "Grüße €"),
        ([(Alphabet.LATIN_1, "ü".encode())], "Ã¼"),  # as it says
        # a byte order mark, for all that follows or of each segment
        ([(Alphabet.UCS2, BE + ucs2("ж"))], "ж"),
        ([(Alphabet.UCS2, LE + "Hello ж".encode("utf-16-le"))], "Hello ж"),
        ([(Alphabet.UCS2, LE + b"\x36\x04"), (Alphabet.UCS2, b"\x36\x04")], "жж"),
        ([(Alphabet.UCS2, LE + b"\x36\x04"), (Alphabet.UCS2, LE + b"\x36\x04")], "жж"),
        ([(Alphabet.UCS2, LE + b"\x36\x04"), (Alphabet.UCS2, BE + b"\x04\x36")], "жж"),
        ([(Alphabet.UCS2, LE + b"\x3d\xd8"), (Alphabet.UCS2, b"\x4d\xdc")], "\U0001f44d"),
        ([(Alphabet.UCS2, LE + b"\x36\x04"), (Alphabet.GSM7, b"@"), (Alphabet.UCS2, b"\x36\x04")], "ж¡ж"),
        ([(Alphabet.UCS2, LE)], ""),
        # also where the data coding says nothing of it
        ([(Alphabet.GSM7, BE + ucs2("Привет"))], "Привет"),
        ([(Alphabet.ASCII, LE + b"\x36\x04"), (Alphabet.ASCII, b"\x36\x04")], "жж"),
        ([(Alphabet.LATIN_1, UTF_8 + "Grü".encode()), (Alphabet.LATIN_1, "ße".encode())], "Grüße"),
        ([(Alphabet.GSM7, UTF_8 + "Grü".encode()), (Alphabet.GSM7, UTF_8 + "ße".encode())], "Grüße"),
        ([(Alphabet.UCS2, UTF_8 + "ж".encode())], "ж"),
        ([(Alphabet.OCTETS, LE + b"\1")], "ff fe 01"),
        # what is written under the names of Japanese and Korean charsets
        ([(Alphabet.JIS, "①㈱".encode("cp932"))], "①㈱"),
        ([(Alphabet.KOREAN, "똠".encode("cp949"))], "똠"),
        ([(Alphabet.UCS2, b"\x04\x36\x04")], "ж\ufffd"),
        ([(Alphabet.JIS, "日".encode("shift_jis")[:1]), (Alphabet.JIS, "日".encode("shift_jis")[1:])], "日"),
        ([(Alphabet.OCTETS, b"\1\xff"), (Alphabet.OCTETS, b"\2")], "01 ff 02"),
        # a handset that changes in the middle
        (
            [(Alphabet.GSM7, b"Hello "), (Alphabet.UCS2, b"\x04\x36\x04\x36"), (Alphabet.GSM7, b"!")],
            "Hello жж!",
        ),
    ],
)
def test_segments_are_read_as_each_is_written(pieces: list[tuple[Alphabet, bytes]], text: str) -> None:
    assert text_of([Piece(alphabet, octets) for alphabet, octets in pieces]) == text


def test_segments_are_read_by_the_tables_of_each() -> None:
    written = [
        (b"\x1bi", 0, Language.TURKISH),
        (b"\x5c", Language.TURKISH, 0),
        (b"\x5c", 0, 0),
        (b"\x1b", 0, Language.TURKISH),
        (b"\x69", 0, Language.TURKISH),
    ]
    pieces = [Piece(Alphabet.GSM7, octets, locking, single) for octets, locking, single in written]
    assert text_of(pieces) == "ıÖÖı"


@given(texts, st.sampled_from([BE, LE]), st.data())
def test_a_byte_order_mark_is_understood_wherever_a_text_is_cut(
    text: str, mark: bytes, data: st.DataObject
) -> None:
    octets = text.encode("utf-16-be" if mark == BE else "utf-16-le")
    places = sorted(data.draw(st.sets(st.integers(0, len(octets) // 2), max_size=4)))
    cuts = [0, *(2 * place for place in places), len(octets)]
    parts = [octets[begin:end] for begin, end in pairwise(cuts)]
    assume(not any(part[:2] in (BE, LE) for part in parts))
    of_each = data.draw(st.booleans())
    marked = [mark + part if of_each or not place else part for place, part in enumerate(parts)]
    assert text_of([Piece(Alphabet.UCS2, part) for part in marked]) == text


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.sampled_from([Alphabet.GSM7, Alphabet.ASCII]),
    st.data(),
)
def test_utf_8_is_read_wherever_it_is_cut(text: str, alphabet: Alphabet, data: st.DataObject) -> None:
    octets = text.encode()
    place = data.draw(st.integers(0, len(octets)))
    assume(place == 0 or not octets[place:].startswith(UTF_8))
    read = text_of([Piece(alphabet, octets[:place]), Piece(alphabet, octets[place:])])
    if not octets.isascii():
        assert read == text.removeprefix("\ufeff")


EIGHT = concatenation_8(Concatenation(0x11, 2, 1))
SIXTEEN = element(CONCATENATION_16, b"\x01\x07\x02\x01")


def read(octets: bytes, alphabet: Alphabet = Alphabet.UCS2) -> tuple[str, Concatenation | None]:
    found = piece(alphabet, octets, has_header=True, place=None)
    return text_of([found]), found.place


@pytest.mark.parametrize("elements", [EIGHT, SIXTEEN, shifts(0, 1) + EIGHT, EIGHT + element(0x70, b"")])
def test_a_header_that_is_longer_than_its_elements_is_ignored(elements: bytes) -> None:
    """Source: 3GPP TS 23.040 §9.2.3.24: too few or too many octets in the last element."""
    fits, one_more = bytes((len(elements),)) + elements, bytes((len(elements) + 1,)) + elements
    text, place = read(fits + ucs2("жук"))
    assert (text, place is not None) == ("жук", True)
    assert read(one_more + ucs2("жук")) == ("жук", None)
    assert read(one_more + b"Hello", Alphabet.ASCII) == ("Hello", None)
    # an octet that fills the header up
    assert read(one_more + b"\0" + ucs2("жук")) == ("жук", None)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (bytes((7,)) + EIGHT + ucs2("жук"), "жук"),  # the first letter looks like an element that is too long
        (bytes((8,)) + EIGHT + b"\x05\x04\x01" + ucs2("жук"), "Ёжук"),
        (b"\x05\x00\x09\x11\x02\x01" + ucs2("жук"), ucs2("жук")),
        (b"\xff" + ucs2("жук"), "жук"),
        (ucs2("жук"), "жук"),
        (b"\x00" + ucs2("жук"), "жук"),
        (b"\x00", ""),
        (b"", ""),
    ],
)
def test_a_header_that_is_broken_hides_no_text(octets: bytes, text: str | bytes) -> None:
    shown, place = read(octets)
    assert place is None
    assert shown.endswith("жук") if isinstance(text, bytes) else shown == text


@given(st.binary(max_size=160), st.sampled_from(Alphabet))
def test_no_octets_break_the_reader(octets: bytes, alphabet: Alphabet) -> None:
    text_of([piece(alphabet, octets, has_header=True, place=None)])
    assert octets.endswith(udh.split_header(octets)[1])
