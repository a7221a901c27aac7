"""Pictures with much in them, which only Pillow can make."""

from __future__ import annotations

import struct
from io import BytesIO


def a_photo(form: str, width: int = 300, height: int = 200) -> bytes:
    """A picture of noise in a format of Pillow's."""
    from PIL import Image  # noqa: PLC0415 - it may be missing

    noise = bytes((n * n * 31 >> 5) & 0xFF for n in range(width * height * 3))
    file = BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(file, form)
    return file.getvalue()


def a_corner(form: str, orientation: int, **more: bytes) -> bytes:
    """A wide picture of noise whose upper left corner is red, with EXIF's orientation."""
    from PIL import Image  # noqa: PLC0415

    image = Image.open(BytesIO(a_photo("PNG"))).convert("L").convert("RGB")
    image.paste((255, 0, 0), (0, 0, 80, 60))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    image.save(file, form, exif=exif, **more)
    return file.getvalue()


def corner(octets: bytes) -> tuple[int, int]:
    """Where the red corner is as the pixels are stored: right, below."""
    from PIL import Image  # noqa: PLC0415

    image = Image.open(BytesIO(octets)).convert("RGB")
    found = []
    for place in ((0, 0), (1, 0), (0, 1), (1, 1)):
        at = place[0] * (image.width - 1) or 2, place[1] * (image.height - 1) or 2
        red, green, _ = struct.unpack("BBB", image.crop((*at, at[0] + 1, at[1] + 1)).tobytes())
        if red > 180 and green < 90:
            found.append(place)
    (one,) = found
    return one


def is_tagged(octets: bytes) -> bool:
    """Whether it still says that it is to be turned."""
    from PIL import Image  # noqa: PLC0415

    return 0x0112 in Image.open(BytesIO(octets)).getexif()


def size(octets: bytes) -> tuple[int, int]:
    """Width and height."""
    from PIL import Image  # noqa: PLC0415

    return Image.open(BytesIO(octets)).size


def frames(octets: bytes) -> int:
    """How many pictures it holds."""
    from PIL import Image  # noqa: PLC0415

    return int(getattr(Image.open(BytesIO(octets)), "n_frames", 1))


def several(form: str = "MPO") -> bytes:
    """Two pictures in one file."""
    from PIL import Image  # noqa: PLC0415

    first, second = (
        Image.open(BytesIO(a_photo("PNG", width, 200))).resize((300, 200)) for width in (300, 280)
    )
    file = BytesIO()
    first.save(file, form, save_all=True, append_images=[second])
    return file.getvalue()
