"""Small pictures and clips that begin as real ones do."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 2, height: int = 2, colour: bytes = b"\xff\x00\x00") -> bytes:
    """A whole picture of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + colour * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


PNG = png()
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4 + b"\r\n--aldis\r\n\xff\xd9"
GIF = b"GIF89a" + b"\n\n\r\n--x--\r\n" * 3
AMR = b"#!AMR\n" + bytes(range(100))
CLIP = b"\0\0\0\x1cftyp3gp4" + b"\r\n" * 40
