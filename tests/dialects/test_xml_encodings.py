"""XML documents in bodies and form fields: what they say of their encoding, and what they are."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from aldis.dialects.exchange import HttpRequest
from aldis.dialects.registry import BY_PATH
from aldis.traffic.submission import Submission
from tests.dialects.asking import post

TEXT = "Grüße 5 €"
FORM = "application/x-www-form-urlencoded"
SKY, SUMO = "/API/wxml/1.3/index.php", "/api/sumopost/post"
SKY_BODY = f"<REQUEST><ACTION>sendSMS</ACTION><API_KEY>k</API_KEY><TO>14805550101</TO><FROM>60856</FROM><TEXT>{TEXT}</TEXT></REQUEST>"
SUMO_BODY = f"<message><apikey>k</apikey><mobile>14805550101</mobile><shortcode>74700</shortcode><key>K</key><msg>{TEXT}</msg></message>"


def in_a_field(octets: bytes, charset: str) -> HttpRequest:
    said = f"{FORM}; charset={charset}" if charset else FORM
    return post(SKY, b"xml=" + quote_plus(octets).encode(), said)


def in_a_part(octets: bytes, charset: str) -> HttpRequest:
    named = f'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n{charset}\r\n' if charset else ""
    field = b'--b\r\nContent-Disposition: form-data; name="xml"\r\n\r\n%b\r\n--b--\r\n' % octets
    return post(SKY, named.encode() + field, "multipart/form-data; boundary=b")


def as_the_body(octets: bytes, charset: str) -> HttpRequest:
    return post(SKY, octets, f"text/xml; charset={charset}" if charset else "text/xml")


def of_sumotext(octets: bytes, charset: str) -> HttpRequest:
    return post(SUMO, octets, f"text/xml; charset={charset}" if charset else "text/xml")


def with_a_content_tag(octets: bytes, charset: str) -> HttpRequest:
    return post(
        SUMO, b"xml=" + quote(octets).encode(), f"text/xml; charset={charset}" if charset else "text/xml"
    )


#: how a document comes, and which
WAYS: dict[str, tuple[Callable[[bytes, str], HttpRequest], str]] = {
    "skycore, a form field": (in_a_field, SKY_BODY),
    "skycore, a field of a multipart": (in_a_part, SKY_BODY),
    "skycore, the body": (as_the_body, SKY_BODY),
    "sumotext, the body": (of_sumotext, SUMO_BODY),
    "sumotext, with a content tag": (with_a_content_tag, SUMO_BODY),
}
#: what the declaration says, as what it is written, what HTTP says
ENCODINGS = [
    ("", "utf-8", ""),
    ("UTF-8", "utf-8", "utf-8"),
    ("utf-16", "utf-8", ""),
    ("utf-16", "utf-8", "utf-8"),
    ("ISO-8859-1", "utf-8", ""),
    ("x-own", "utf-8", "utf-8"),
    ("ISO-8859-1", "cp1252", ""),
    ("windows-1252", "cp1252", "utf-8"),
    ("utf-8", "cp1252", "windows-1252"),
    ("", "iso8859_15", "iso-8859-15"),
    ("utf-8", "utf-8-sig", ""),
]
#: these cannot stand in a field
OF_BODIES = [("utf-16", "utf-16", ""), ("", "utf-16", "utf-8"), ("utf-16", "utf-16-be", "")]


@pytest.mark.parametrize("encoding", [*ENCODINGS, *OF_BODIES], ids="/".join)
@pytest.mark.parametrize("way", WAYS)
def test_its_text_arrives_as_it_was_meant(way: str, encoding: tuple[str, str, str]) -> None:
    said, is_, charset = encoding
    write, body = WAYS[way]
    declaration = f'<?xml version="1.0" encoding="{said}"?>\r\n' if said else ""
    request = write((declaration + body).encode(is_), charset)
    found = BY_PATH[request.path].face.read(request)
    assert isinstance(found, Submission), found
    assert (found.fault, found.asks[0].text) == (None, TEXT)


@pytest.mark.parametrize("charset", ["windows-1252", "cp1252", "iso-8859-15"])
@pytest.mark.parametrize("path", [SKY, SUMO, "/httpapi/receiver", "/rest/mtsms", "/secure/sumoSend.aspx"])
def test_a_form_may_be_in_a_charset_of_its_own(path: str, charset: str) -> None:
    octets = quote_plus(TEXT.encode(charset)).encode()
    names = (b"text", b"msg", b"message")
    fields = b"&".join(name + b"=" + octets for name in names)
    values = (
        f"action=sendsms&api_key=k&to=1&from=2&apikey=k&mobile=1&shortcode=2&key=K&token=t&{fields.decode()}"
    )
    request = post(path, values, f"{FORM}; charset={charset}")
    found = BY_PATH[path].face.read(request)
    assert isinstance(found, Submission), found
    assert found.asks[0].text == TEXT
