"""What we put together as MIME, read by npm's mailparser: the same parts, octet by octet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aldis.mms.composing import compose
from aldis.mms.media import SMIL
from aldis.mms.mm7 import SubmitReq, write
from aldis.mms.parts import Part
from aldis.store.contract.content import digest_of
from tests.interop.conftest import command_for, run
from tests.mms.samples import AMR, CLIP, GIF, JPEG, PNG

MEDIA = [
    Part("image/png", PNG),
    Part("image/jpeg", JPEG),
    Part("image/gif", GIF),
    Part("audio/amr", AMR),
    Part("video/3gpp", CLIP),
]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def parsed(folder: Path, content_type: str, octets: bytes) -> Any:
    file = folder / "message"
    file.write_bytes(f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n".encode() + octets)
    return await run(*command_for("mailparser.mjs"), str(file))


async def test_the_content_of_a_multimedia_message(tmp_path: Path) -> None:
    content = compose("Grüße 😀", MEDIA)
    found = await parsed(tmp_path, content.content_type, content.octets)
    assert found["text"].strip() == "Grüße 😀"
    smil, *media = found["parts"]
    assert smil["type"] == SMIL
    assert [(part["type"], part["digest"]) for part in media] == [
        (part.content_type, digest_of(part.octets)) for part in MEDIA
    ]


async def test_a_whole_submission(tmp_path: Path) -> None:
    asked = SubmitReq(
        transaction_id="t",
        sender="74700",
        recipient="447700900001",
        sent_at=NOON,
        expires_at=NOON,
        content=compose("Hi", MEDIA[:2]),
    )
    written = write(asked)
    found = await parsed(tmp_path, written.content_type, written.octets)
    assert [part["type"] for part in found["parts"]][-2:] == ["image/png", "image/jpeg"]
    assert [part["digest"] for part in found["parts"]][-2:] == [digest_of(PNG), digest_of(JPEG)]
