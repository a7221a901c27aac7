"""Writes the presentation of a multimedia message: what is shown where, slide by slide. Pure.

It keeps to what the MMS conformance document lets every handset play: two regions, one medium and one text a
slide, no namespace. Source: OMA MMS Conformance Document 1.2, chapter 8; SMIL 2.0, chapter 17.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from lxml import etree

from aldis.mms.media import MediaKind

CONTENT_TYPE = 'application/smil; charset="utf-8"'

#: how long a slide is shown; a clip runs to its end
SLIDE_S = 8
_ELEMENTS = {MediaKind.IMAGE: "img", MediaKind.AUDIO: "audio", MediaKind.VIDEO: "video"}


class Slide(msgspec.Struct, frozen=True):
    """One slide: names of its parts."""

    #: "" for a slide with text only
    medium: str = ""
    kind: MediaKind = MediaKind.IMAGE
    text: str = ""


def write(slides: Sequence[Slide]) -> bytes:
    """Write the document."""
    smil = etree.Element("smil")
    head, body = etree.SubElement(smil, "head"), etree.SubElement(smil, "body")
    layout = etree.SubElement(head, "layout")
    etree.SubElement(layout, "root-layout", width="100%", height="100%")
    is_seen = any(slide.medium and slide.kind is not MediaKind.AUDIO for slide in slides)
    is_read = any(slide.text for slide in slides)
    if is_seen:
        height = "70%" if is_read else "100%"
        etree.SubElement(
            layout, "region", id="Image", left="0", top="0", width="100%", height=height, fit="meet"
        )
    if is_read:
        top, height = ("70%", "30%") if is_seen else ("0", "100%")
        etree.SubElement(
            layout, "region", id="Text", left="0", top=top, width="100%", height=height, fit="scroll"
        )
    for slide in slides:
        _add(body, slide)
    return etree.tostring(smil, xml_declaration=False, encoding="utf-8")


def _add(body: etree._Element, slide: Slide) -> None:
    is_clip = slide.medium and slide.kind is not MediaKind.IMAGE
    par = etree.SubElement(body, "par", {} if is_clip else {"dur": f"{SLIDE_S}s"})
    if slide.medium:
        where = {} if slide.kind is MediaKind.AUDIO else {"region": "Image"}
        etree.SubElement(par, _ELEMENTS[slide.kind], {"src": slide.medium, **where})
    if slide.text:
        etree.SubElement(par, "text", src=slide.text, region="Text")
