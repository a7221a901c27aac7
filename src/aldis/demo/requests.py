"""The demo's four messages, one for each door, as HTTP requests and as `curl` lines. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec


class DemoRequest(msgspec.Struct, frozen=True):
    """One request that the demo sends."""

    dialect: str
    path: str
    recipient: str
    content_type: str
    body: str
    query: str = ""
    headers: tuple[str, ...] = ()

    def url(self, base: str) -> str:
        """Give the whole address."""
        return f"{base}{self.path}" + (f"?{self.query}" if self.query else "")

    def curl(self, base: str) -> str:
        """Give a line to paste into a shell."""
        parts = ["curl", "-sS", "-w", "\\n", self.url(base)]
        content_type = (f"Content-Type: {self.content_type}",) if self.content_type else ()
        for header in (*content_type, *self.headers):
            parts += ["-H", header]
        return shlex.join([*parts, "--data-binary", self.body])


def four(number: int) -> tuple[DemoRequest, ...]:
    """Write one request for each dialect; `number` (0..60) keeps recipients and ids of several runs apart."""
    digits = f"{number:02d}"
    sumo = {
        "apikey": "demo-sumotext",
        "mobile": f"48055501{digits}",
        "carrier": "VERIZONUS",
        "shortcode": "74700",
        "key": "demo",
        "msg": "Hello from the SUMOTEXT door",
    }
    mavo = {
        "sender": "InfoSMS",
        "recipients": [{"msisdn": int(f"45123456{digits}")}],
        "message": "Hello from the Mavorion door, in Ærø and with 1 €",
    }
    sky = (
        "<REQUEST><ACTION>sendSMS</ACTION><API_KEY>demo-skycore</API_KEY>"
        f"<TO>148055501{number + 10:02d}</TO><FROM>60856</FROM><CAMPAIGNREF>77676</CAMPAIGNREF>"
        "<TEXT>Hello Jerry – Greetings from the Skycore door!! 👋</TEXT></REQUEST>"
    )
    gene = {
        "login": "demo",
        "password": "demo-genesys",
        "phone_number": f"4477009000{digits}",
        "sender": "447700900001",
        "message": "Hello from the Genesys door. " + "It is long enough for several segments. " * 5,
        "message_id": f"demo-{digits}",
        "receipt": "TRUE",
        "priority": "INTERACTIVE",
    }
    form = "application/x-www-form-urlencoded"
    return (
        DemoRequest("sumotext", "/api/sumopost/post", sumo["mobile"], "application/json/mt", _json(sumo)),
        DemoRequest(
            "mavorion",
            "/v2/mtsms",
            f"45123456{digits}",
            "application/json",
            _json(mavo),
            "token=demo-mavorion",
        ),
        DemoRequest("skycore", "/API/wxml/1.3/index.php", f"148055501{number + 10:02d}", "text/xml", sky),
        DemoRequest("genesys", "/httpapi/receiver", gene["phone_number"], form, urlencode(gene)),
    )


#: a red square, as PNG in base64
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)


def multimedia(number: int) -> DemoRequest:
    """Write a request for a multimedia message."""
    asked = {
        "login": "demo",
        "password": "demo-genesys",
        "phone_number": f"4477009000{number:02d}",
        "sender": "447700900001",
        "message": "Look",
        "message_id": f"demo-mms-{number:02d}",
        "receipt": "TRUE",
        "mms_attachment[0].content_type": "image/png",
        "mms_attachment[0].content": PICTURE,
    }
    form = "application/x-www-form-urlencoded"
    return DemoRequest("genesys", "/httpapi/receiver", asked["phone_number"], form, urlencode(asked))


def native() -> DemoRequest:
    """Write a request of our own API."""
    to = "4512345602"
    body = f'{{"to": "{to}", "text": "Hello from our own API", "receipts": "all"}}'
    headers = ("Authorization: Bearer demo-native", "Idempotency-Key: hello-1")
    return DemoRequest("aldis", "/v1/messages", to, "", body, headers=headers)


def _json(document: Mapping[str, object]) -> str:
    return msgspec.json.encode(document).decode()
