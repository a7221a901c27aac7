"""Reads a Skycore request: XML in a form field or as the body, or parameters in the query string or a form.
Source: seed 002.

Element names are taken in any case and order, values are trimmed (the seed's own examples have blanks), the
text is not.
"""

from __future__ import annotations

from aldis.dialects import parameters
from aldis.dialects.exchange import HttpRequest
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.query import Subscription
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Submission

SEND = "sendsms"
#: whether the number is to be in the campaign
SUBSCRIPTIONS = {"subscribe": True, "unsubscribe": False}


def read(request: HttpRequest) -> Submission | Subscription | Refusal:
    """Turn a request into a submission or a subscription."""
    try:
        values = _values(request)
    except parameters.Unreadable as unreadable:
        return Refusal(RefusalReason.MALFORMED, value=str(unreadable))
    if not values:
        return Refusal(RefusalReason.PARAMETER_MISSING, "xml")
    action = values.get("action", "").strip().lower()
    if action != SEND and action not in SUBSCRIPTIONS:
        return Refusal(RefusalReason.ACTION_UNKNOWN, "action", action)
    presented = _presented(values)
    if isinstance(presented, Refusal):
        return presented
    caller = Caller(presented, request.peer, request.nonce)
    if action in SUBSCRIPTIONS:
        return _subscription(caller, values, wanted=SUBSCRIPTIONS[action])
    text = values.get("text", "")
    spid = (values.get("spid") or values.get("operatorid", "")).strip()
    ask = MessageAsk(
        recipients=(values.get("to", "").strip(),),
        text=text if text.strip() else "",
        sender=values.get("from", "").strip(),
        carrier=spid or None,
        campaign=values.get("campaignref", "").strip() or None,
        echo={"spid": spid} if spid else {},
    )
    return Submission(caller, (ask,))


def _presented(values: dict[str, str]) -> Presented | Refusal:
    """Read API_KEY, or USER with the MD5 of its password."""
    api_key, user = values.get("api_key", "").strip(), values.get("user", "").strip()
    if api_key:
        return Presented("skycore", api_key)
    if not user:
        return Refusal(RefusalReason.CREDENTIALS_MISSING, "api_key")
    password = values.get("pass", "").strip()
    if not password:
        return Refusal(RefusalReason.CREDENTIALS_MISSING, "pass")
    return Presented("skycore", user, password.lower())


def _subscription(caller: Caller, values: dict[str, str], *, wanted: bool) -> Subscription:
    campaign, number = values.get("campaignid", "").strip(), values.get("mobile", "").strip()
    fault = None
    if not number:
        fault = Refusal(RefusalReason.RECIPIENT_MISSING)
    elif not campaign:
        fault = Refusal(RefusalReason.PARAMETER_MISSING, "campaignid")
    return Subscription(caller=caller, fault=fault, campaign=campaign, number=number, wanted=wanted)


def _values(request: HttpRequest) -> dict[str, str]:
    """Find the XML: the raw body whatever its Content-Type says, or a form field named xml; without XML take
    the parameters of query and form, of which those of the query count first.
    """
    if parameters.begins_as_xml(request.body):
        root = parameters.xml_root(request.body, request.header(b"content-type"))
        return parameters.xml_values(root, in_any_case=True)
    form = _lowered(parameters.form_body(request)) if request.body.strip() else {}
    document = form.pop("xml", "").strip()
    if document:  # characters: what it says of its encoding was true before the form
        return parameters.xml_values(parameters.xml_root(document), in_any_case=True)
    return form | _lowered(parameters.form(request.query))


def _lowered(found: dict[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in found.items():
        lowered.setdefault(name.lower(), value)
    return lowered
