"""Pictures with much in them, which only Pillow can make."""

from __future__ import annotations

from io import BytesIO


def a_photo(form: str, width: int = 300, height: int = 200) -> bytes:
    """A picture of noise in a format of Pillow's."""
    from PIL import Image  # noqa: PLC0415 - it may be missing

    noise = bytes((n * n * 31 >> 5) & 0xFF for n in range(width * height * 3))
    file = BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(file, form)
    return file.getvalue()
