"""Golden exchanges of Genesys' attachments (seed 003): both spellings, what is taken as it is, every refusal."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlencode

from aldis.dialects.exchange import HttpRequest
from aldis.mms.parts import Part, related
from tests.dialects.asking import post
from tests.dialects.case import Case
from tests.dialects.golden_genesys import GENE, GENE_GOOD
from tests.mms.samples import AMR, JPEG, PNG


def b64(octets: bytes) -> str:
    return b64encode(octets).decode()


def mms(*attachments: tuple[str, bytes], spelling: str = "[{}]", **changes: str) -> HttpRequest:
    values = GENE_GOOD | {"message_id": "mms"} | changes
    for number, (content_type, octets) in enumerate(attachments):
        name = "mms_attachment" + spelling.format(number)
        values |= {f"{name}.content_type": content_type, f"{name}.content": b64(octets)}
    return post(GENE, urlencode(values), "application/x-www-form-urlencoded")


def raw(**parameters: str) -> HttpRequest:
    named = {f"mms_attachment{name.replace('__', '.')}": value for name, value in parameters.items()}
    return post(GENE, urlencode(GENE_GOOD | named), "application/x-www-form-urlencoded")


def whole(*parts: Part) -> tuple[str, bytes]:
    made = related([Part("application/smil", b"<!DOCTYPE smil><smil/>", "s", "s"), *parts])
    return made.content_type, made.octets


PICTURE, SOUND = ("image/png", PNG), ("audio/amr", AMR)

MMS_CASES = [
    Case("genesys mms", mms(PICTURE), "result_code=0"),
    Case("genesys mms of several", mms(PICTURE, ("image/jpeg; name=x.jpg", JPEG), SOUND), "result_code=0"),
    Case("genesys mms without brackets", mms(PICTURE, SOUND, spelling="{}"), "result_code=0"),
    Case(
        "genesys mms with broken lines",
        raw(**{"0__content_type": "image/png", "0__content": b64(PNG)[:40] + "\r\n" + b64(PNG)[40:]}),
        "result_code=0",
    ),
    Case("genesys multipart", mms(whole(Part("image/png", PNG, "p", "p"))), "result_code=0"),
    Case("genesys 1 mms without message", mms(PICTURE, message=""), "result_code=1"),
    *[
        Case(f"genesys 1 attachment: {name}", raw(**parameters), "result_code=1")
        for name, parameters in {
            "gap": {"1__content_type": "image/png", "1__content": b64(PNG)},
            "no content": {"0__content_type": "image/png"},
            "no type": {"0__content": b64(PNG)},
            "no base64": {"0__content_type": "image/png", "0__content": "a picture"},
            "half base64": {"0__content_type": "image/png", "0__content": b64(PNG)[:-1]},
            "unknown key": {"0__content_type": "image/png", "0__content": b64(PNG), "0__name": "x"},
            "no number": {"__content": b64(PNG)},
            "leading zero": {"00__content_type": "image/png", "00__content": b64(PNG)},
            "twice": {
                "0__content_type": "image/png",
                "0__content": b64(PNG),
                "[0]__content": b64(PNG),
            },
            "line break": {"0__content_type": "image/png\r\nX: y", "0__content": b64(PNG)},
        }.items()
    ],
    *[
        Case(f"genesys 1 content: {name}", mms(*attachments), "result_code=1")
        for name, attachments in {
            "program": [("application/x-msdownload", b"MZ")],
            "page": [("text/html", b"<script>")],
            "disguised": [("image/jpeg", b"MZ\x90\0")],
            "multipart behind": [PICTURE, whole(Part("image/png", PNG))],
            "beside a multipart": [whole(Part("image/png", PNG)), PICTURE],
            "broken multipart": [("multipart/related; boundary=x", b"--x")],
            "program inside": [whole(Part("application/java-archive", b"PK", "p", "p"))],
            "nothing inside": [whole()],
        }.items()
    ],
    Case("genesys 8 too many attachments", mms(*[PICTURE] * 21), "result_code=8"),
    Case("genesys 8 too large", mms(("image/jpeg", JPEG + bytes(1_048_576))), "result_code=8"),
    Case("genesys 99 mms broke", mms(PICTURE, login="broke", password="broke-genesys"), "result_code=99"),
    Case("genesys 7 mms", mms(PICTURE), "result_code=7", after=(mms(PICTURE),)),
]
