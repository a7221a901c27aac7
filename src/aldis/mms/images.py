"""Looks into pictures and makes them smaller, where Pillow is installed (the extra `mms`). Pure.

A picture is opened as what it says that it is and nothing else, and its size is read before its pixels are.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO

import msgspec

from aldis.mms.media import MEDIA, MediaKind
from aldis.mms.parts import Part

try:
    from PIL import Image, ImageOps
except ImportError:
    is_available = False
else:
    is_available = True
    Image.MAX_IMAGE_PIXELS = None  # we count them ourselves, and do not only warn

#: more than any handset's camera makes; beyond, a small file becomes a gigabyte of memory
MAX_PIXELS = 50_000_000
#: media types, as Pillow calls their formats
FORMATS = {
    "image/jpeg": "JPEG",
    "image/jpg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/webp": "WEBP",
}
#: what Pillow raises about pictures that are none
_FAULTS = (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, KeyError, OverflowError)
_BROKEN = (*_FAULTS, struct.error, zlib.error)

#: tried in this order until a picture is small enough
_QUALITIES = (85, 70, 50)
_SCALES = (1.0, 0.75, 0.5, 0.35, 0.25, 0.15)


class TooManyPixels(Exception):
    """A picture would need too much memory."""


def fault_of(media_type: str, octets: bytes) -> str:
    """Say what is wrong with a picture; "" for nothing, and for one that Pillow cannot judge."""
    if not is_available or media_type not in FORMATS:
        return ""
    try:
        with _opened(media_type, octets) as image:
            image.verify()
    except TooManyPixels:
        return "has too many pixels"
    except _BROKEN:
        return "is damaged"
    return ""


def shrunk(parts: Sequence[Part], most: int) -> list[Part]:
    """Make pictures smaller until all parts together have so many octets at most, as far as that can be.

    Each picture gives in proportion to its size; moving ones stay as they are.
    """
    pictures = [part for part in parts if _can_shrink(part)]
    in_all = sum(len(part.octets) for part in pictures)
    room = most - sum(len(part.octets) for part in parts) + in_all
    if not is_available or not pictures or room <= 0:
        return list(parts)
    return [_shrunk(part, room * len(part.octets) // in_all) if _can_shrink(part) else part for part in parts]


def _can_shrink(part: Part) -> bool:
    medium = MEDIA.get(part.media_type)
    return medium is not None and medium.kind is MediaKind.IMAGE and part.media_type in FORMATS


def _opened(media_type: str, octets: bytes) -> Image.Image:
    image = Image.open(BytesIO(octets), formats=[FORMATS[media_type]])
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels
    return image


def _shrunk(part: Part, most: int) -> Part:
    """Give the largest version of a picture that fits; the smallest, if none does."""
    try:
        with _opened(part.media_type, part.octets) as image:
            # a JPEG of several pictures (MPO, of phones with two lenses) shows the first
            if FORMATS[part.media_type] != "JPEG" and getattr(image, "is_animated", False):
                return part
            image.load()
            _turn(image)
            smallest = part
            for scale in _SCALES:
                size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
                version = image if scale == 1.0 else image.resize(size, Image.Resampling.LANCZOS)
                for octets in _written(version, FORMATS[part.media_type]):
                    if len(octets) < len(smallest.octets):
                        smallest = msgspec.structs.replace(part, octets=octets)
                    if len(octets) <= most:
                        return smallest
            return smallest
    except (TooManyPixels, *_BROKEN):
        return part


def _turn(image: Image.Image) -> None:
    """Turn the pixels as EXIF says, and drop that: not every handset looks. Source: CIPA DC-008 §4.6.4.1."""
    with suppress(*_BROKEN):  # of an EXIF that cannot be read
        ImageOps.exif_transpose(image, in_place=True)


def _written(image: Image.Image, form: str) -> list[bytes]:
    """Write a picture in its own format, from good to small."""
    if form in ("JPEG", "WEBP"):
        is_plain = image.mode in ("RGB", "L")
        version = image if is_plain else image.convert("RGB")
        profile = image.info.get("icc_profile") if is_plain else None  # else its colours would shift
        return [_saved(version, form, quality=quality, icc_profile=profile) for quality in _QUALITIES]
    return [_saved(image, form, optimize=True)]


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
