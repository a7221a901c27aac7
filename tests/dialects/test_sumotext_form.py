"""In which form SUMOTEXT answers: as Accept options, else as the question came. Source: seed 000; RFC 9110
§12.5.1.
"""

from __future__ import annotations

import pytest

from aldis.dialects.registry import BY_PATH
from aldis.traffic.refusal import Refusal, RefusalReason
from tests.dialects.asking import post

PATH = "/api/sumopost/post"
JSON, XML = "application/json", "application/xml"

#: what Accept says, and the form of the answer to a question in JSON, and to one in XML
WISHES = [
    ("", JSON, XML),
    ("application/json", JSON, JSON),
    ("application/xml", XML, XML),
    ("text/xml", XML, XML),
    ("Application/XML", XML, XML),
    ("text/html, */*", JSON, XML),
    ("application/json, application/xml", JSON, JSON),
    ("application/xml, application/json", XML, XML),
    ("application/xml;q=0.5, application/json", JSON, JSON),
    ("application/json;q=0.5, application/xml;q=0.9", XML, XML),
    ("application/json;q=0, application/xml;q=0", JSON, XML),
    ("application/xml;q=high", JSON, XML),
    ("application/xml+json", JSON, JSON),
]


@pytest.mark.parametrize(("accept", "to_json", "to_xml"), WISHES)
def test_accept_chooses_before_the_question_does(accept: str, to_json: str, to_xml: str) -> None:
    headers = {"accept": accept} if accept else {}
    refusal = Refusal(RefusalReason.INTERNAL)
    for body, form in (("{}", to_json), ("<sumoPost/>", to_xml)):
        reply = BY_PATH[PATH].face.refuse(post(PATH, body, **headers), None, refusal)
        assert reply.content_type.decode().partition(";")[0] == form
