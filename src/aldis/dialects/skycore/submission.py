"""Reads a Skycore request: XML in a form field or as the body, or parameters in the query string. Source:
seed 002.

Element names are taken in any case and order, values are trimmed (the seed's own examples have blanks), the
text is not.
"""

from __future__ import annotations

from aldis.dialects import parameters
from aldis.dialects.exchange import HttpRequest
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Presented, Submission

ACTION = "sendsms"


def read(request: HttpRequest) -> Submission | Refusal:
    """Turn a request into a submission."""
    try:
        values = _values(request)
    except parameters.Unreadable as unreadable:
        return Refusal(RefusalReason.MALFORMED, value=str(unreadable))
    if not values:
        return Refusal(RefusalReason.PARAMETER_MISSING, "xml")
    action = values.get("action", "").strip()
    if action.lower() != ACTION:
        return Refusal(RefusalReason.ACTION_UNKNOWN, "action", action)
    api_key = values.get("api_key", "").strip()
    if not api_key:
        return Refusal(RefusalReason.CREDENTIALS_MISSING, "api_key")
    text = values.get("text", "")
    ask = MessageAsk(
        recipients=(values.get("to", "").strip(),),
        text=text if text.strip() else "",
        sender=values.get("from", "").strip(),
        carrier=values.get("spid", "").strip() or None,
        campaign=values.get("campaignref", "").strip() or None,
    )
    return Submission(Presented("skycore", api_key), (ask,))


def _values(request: HttpRequest) -> dict[str, str]:
    document = _document(request)
    if document:
        found = parameters.xml_values(parameters.xml_root(document))
    else:
        found = parameters.form(request.query)
    lowered: dict[str, str] = {}
    for name, value in found.items():
        lowered.setdefault(name.lower(), value)
    return lowered


def _document(request: HttpRequest) -> bytes:
    """Find the XML: the raw body whatever its Content-Type says, or a form field named xml."""
    body = request.body.strip().removeprefix(b"\xef\xbb\xbf")
    if not body or body.startswith(b"<"):
        return body
    fields = {name.lower(): value for name, value in parameters.form_body(request).items()}
    document = fields.get("xml", "").strip()
    if not document:
        raise parameters.Unreadable("no XML in field 'xml' or in the body")
    return document.encode()
