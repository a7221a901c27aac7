"""Which media handsets take, by what they begin with and are called. Pure.

What is not in the table is refused: a handset can do nothing good with it. The table follows the media of
3GPP TS 26.140 §4 and what carriers list besides.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec


class MediaKind(Enum):
    """How a medium is shown."""

    IMAGE = auto()
    AUDIO = auto()
    VIDEO = auto()
    TEXT = auto()
    #: kept by the handset and not shown in a slide: a business card
    FILE = auto()


class Medium(msgspec.Struct, frozen=True):
    """One media type."""

    kind: MediaKind
    #: of its file name
    extension: str
    #: where it begins, and with what of these; empty: anything
    offset: int = 0
    beginnings: tuple[bytes, ...] = ()


def _branded(kind: MediaKind, extension: str) -> Medium:
    """Tell of a medium in an ISO base media file."""
    return Medium(kind, extension, 4, (b"ftyp",))


MEDIA: dict[str, Medium] = {
    "image/jpeg": Medium(MediaKind.IMAGE, "jpg", 0, (b"\xff\xd8\xff",)),
    "image/jpg": Medium(MediaKind.IMAGE, "jpg", 0, (b"\xff\xd8\xff",)),
    "image/png": Medium(MediaKind.IMAGE, "png", 0, (b"\x89PNG\r\n\x1a\n",)),
    "image/gif": Medium(MediaKind.IMAGE, "gif", 0, (b"GIF87a", b"GIF89a")),
    "image/bmp": Medium(MediaKind.IMAGE, "bmp", 0, (b"BM",)),
    "image/webp": Medium(MediaKind.IMAGE, "webp", 8, (b"WEBP",)),
    "image/vnd.wap.wbmp": Medium(MediaKind.IMAGE, "wbmp", 0, (b"\0",)),
    "audio/amr": Medium(MediaKind.AUDIO, "amr", 0, (b"#!AMR",)),
    "audio/amr-wb": Medium(MediaKind.AUDIO, "awb", 0, (b"#!AMR",)),
    "audio/mpeg": Medium(MediaKind.AUDIO, "mp3"),
    "audio/mp3": Medium(MediaKind.AUDIO, "mp3"),
    "audio/aac": Medium(MediaKind.AUDIO, "aac"),
    "audio/mp4": _branded(MediaKind.AUDIO, "m4a"),
    "audio/3gpp": _branded(MediaKind.AUDIO, "3gp"),
    "audio/midi": Medium(MediaKind.AUDIO, "mid", 0, (b"MThd",)),
    "audio/mid": Medium(MediaKind.AUDIO, "mid", 0, (b"MThd",)),
    "audio/x-midi": Medium(MediaKind.AUDIO, "mid", 0, (b"MThd",)),
    "audio/sp-midi": Medium(MediaKind.AUDIO, "mid", 0, (b"MThd",)),
    "audio/wav": Medium(MediaKind.AUDIO, "wav", 8, (b"WAVE",)),
    "audio/x-wav": Medium(MediaKind.AUDIO, "wav", 8, (b"WAVE",)),
    "audio/qcelp": Medium(MediaKind.AUDIO, "qcp", 0, (b"RIFF",)),
    "video/3gpp": _branded(MediaKind.VIDEO, "3gp"),
    "video/3gpp2": _branded(MediaKind.VIDEO, "3g2"),
    "video/mp4": _branded(MediaKind.VIDEO, "mp4"),
    "video/mpeg": Medium(MediaKind.VIDEO, "mpg", 0, (b"\0\0\x01",)),
    "text/plain": Medium(MediaKind.TEXT, "txt"),
    "text/x-vcard": Medium(MediaKind.FILE, "vcf", 0, (b"BEGIN:VCARD", b"\xef\xbb\xbfBEGIN:VCARD")),
    "text/vcard": Medium(MediaKind.FILE, "vcf", 0, (b"BEGIN:VCARD", b"\xef\xbb\xbfBEGIN:VCARD")),
    "text/x-vcalendar": Medium(
        MediaKind.FILE, "vcs", 0, (b"BEGIN:VCALENDAR", b"\xef\xbb\xbfBEGIN:VCALENDAR")
    ),
    "text/calendar": Medium(MediaKind.FILE, "ics", 0, (b"BEGIN:VCALENDAR", b"\xef\xbb\xbfBEGIN:VCALENDAR")),
}

#: what shows the media, as we write it and as others may
SMIL = "application/smil"
SMILS = frozenset((SMIL, "application/smil+xml"))


def fault_of(media_type: str, octets: bytes) -> str:
    """Say why a part cannot be sent; "" when it can."""
    medium = MEDIA.get(media_type)
    if medium is None:
        return "is of a type that handsets do not take"
    if not octets:
        return "is empty"
    if medium.beginnings and not octets.startswith(medium.beginnings, medium.offset):
        return f"is no {media_type}"
    return ""
