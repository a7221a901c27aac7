"""Makes the content of a multimedia message from what a customer handed over, and back. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.mms import smil
from aldis.mms.media import MEDIA, SMILS, MediaKind
from aldis.mms.parts import Part, all_leaves, parameter, related, text_of
from aldis.mms.smil import Slide

#: a longer text is told as an attachment
MAX_TEXT_OCTETS = 20_000
PLAIN = 'text/plain; charset="utf-8"'


def compose(text: str, media: Sequence[Part]) -> Part:
    """Give the content: one multipart is taken as it is; else the media with the text, shown by SMIL, one
    slide each.

    Media are of types in `MEDIA`.
    """
    if media and media[0].is_multipart:
        return media[0]
    named = [_named(part, number) for number, part in enumerate(media, start=1)]
    others: list[Part] = []
    text_name = ""
    if text:
        text_name = "text.txt"
        others.append(Part(PLAIN, text.encode("utf-8", "replace"), text_name, text_name))
    slides: list[Slide] = []
    for part in named:
        kind = MEDIA[part.media_type].kind
        if kind is MediaKind.TEXT:
            slides.append(Slide(text=part.location))
        elif kind is not MediaKind.FILE:
            slides.append(Slide(part.location, kind))
    if text_name:  # it belongs to the first slide that has none
        at = next((number for number, slide in enumerate(slides) if not slide.text), None)
        if at is None:
            slides.insert(0, Slide(text=text_name))
        else:
            slides[at] = Slide(slides[at].medium, slides[at].kind, text_name)
    shown = Part(smil.CONTENT_TYPE, smil.write(slides), "smil", "smil.xml")
    return related([shown, *others, *named])


def _named(part: Part, number: int) -> Part:
    """Call a part something that its slide can refer to; of its type's parameters a charset counts."""
    name = f"{number}.{MEDIA[part.media_type].extension}"
    charset = parameter(part.content_type, "charset")
    content_type = (
        f'{part.media_type}; charset="{charset}"' if charset.replace("-", "").isalnum() else part.media_type
    )
    return Part(content_type, part.octets, name, name)


def taken_apart(content: Part) -> tuple[str, list[Part]]:
    """Give the text of what a handset sent, and its media. Raises BrokenMime."""
    texts: list[str] = []
    media: list[Part] = []
    for part in all_leaves(content, may_lack_end=True):  # HTTP has told how long it is
        if part.media_type == "text/plain" and len(part.octets) <= MAX_TEXT_OCTETS:
            texts.append(text_of(part).strip())
        elif part.media_type not in SMILS:
            media.append(part)
    return "\n".join([text for text in texts if text]), media
