"""What a handset gets to see: SMIL after its DTD, each medium a slide, names that lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aldis.mms.composing import compose, taken_apart
from aldis.mms.media import MEDIA, SMIL, fault_of
from aldis.mms.parts import Part, all_leaves, read, related
from tests.mms.samples import AMR, CLIP, GIF, JPEG, PNG

DTD = etree.DTD(str(Path(__file__).parent / "smil.dtd"))
CARD = Part("text/x-vcard", b"BEGIN:VCARD\r\nEND:VCARD")
NOTE = Part("text/plain; charset=iso-8859-1", b"caf\xe9")
media = st.sampled_from(
    [
        Part("image/jpeg", JPEG),
        Part("image/png; name=x", PNG),
        Part("image/gif", GIF),
        Part("audio/amr", AMR),
        Part("video/3gpp", CLIP),
        CARD,
        NOTE,
    ]
)


def shown(content: Part) -> etree._Element:
    root, *_ = read(content.content_type, content.octets)
    assert root.media_type == SMIL
    return etree.fromstring(root.octets)


@given(st.text(max_size=30), st.lists(media, min_size=1, max_size=6))
def test_whatever_is_sent_can_be_played(text: str, parts: list[Part]) -> None:
    if not text and all(part == CARD for part in parts):
        return  # nothing to show
    content = compose(text, parts)
    document = shown(content)
    assert DTD.validate(document), DTD.error_log
    names = {part.location for part in read(content.content_type, content.octets)}
    assert {str(each.get("src")) for each in document.iterfind(".//*[@src]")} <= names
    played = [element for name in ("img", "audio", "video") for element in document.iter(name)]
    assert len(played) == len([part for part in parts if part not in (CARD, NOTE)])
    assert len(list(document.iter("par"))) >= len(played)


def test_a_picture_and_its_text_are_one_slide() -> None:
    content = compose("Hej", [Part("image/jpeg", JPEG), Part("image/png", PNG)])
    first, second = shown(content).iter("par")
    assert [element.tag for element in first] == ["img", "text"]
    assert [element.tag for element in second] == ["img"]
    assert content.content_type.startswith(
        'multipart/related; type="application/smil"; start="<smil>"; boundary='
    )


def test_a_multipart_is_taken_as_it_is() -> None:
    own = related([Part("application/smil", b"<smil/>", "s", "s"), Part("image/png", PNG, "p", "p")])
    assert compose("never shown", [own]) == own


@given(st.text("abc 😀é", max_size=20), st.lists(media, min_size=1, max_size=4))
def test_what_was_put_together_is_taken_apart(text: str, parts: list[Part]) -> None:
    found, rest = taken_apart(compose(text, parts))
    notes = ["café"] * parts.count(NOTE)
    assert found == "\n".join([each for each in (text.strip(), *notes) if each])
    assert [part.octets for part in rest] == [part.octets for part in parts if part != NOTE]


def test_a_text_that_is_too_long_is_an_attachment() -> None:
    book = Part("text/plain", b"word " * 5_000)
    assert taken_apart(related([Part("text/plain", b"See:"), book])) == ("See:", [book])


def test_what_handsets_do_not_take_is_named() -> None:
    assert fault_of("image/jpeg", JPEG) == ""
    assert fault_of("image/jpeg", b"MZ\x90") == "is no image/jpeg"
    assert fault_of("image/png", b"") == "is empty"
    assert (
        fault_of("application/vnd.android.package-archive", b"PK") == "is of a type that handsets do not take"
    )
    assert fault_of("text/html", b"<script>") == "is of a type that handsets do not take"


@pytest.mark.parametrize("name", sorted(MEDIA))
def test_every_medium_has_a_name_for_its_file(name: str) -> None:
    content = compose("x", [Part(name, b"\0" * 20)])
    assert all_leaves(content)[-1].location == f"1.{MEDIA[name].extension}"
