"""Golden exchanges of Aldis's own API: every call, every member, repetitions, and problems."""

from __future__ import annotations

import json

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import delete, get, post
from tests.dialects.case import Case

KEY = "Bearer demo-native"
GOOD: dict[str, object] = {"to": "4512345678", "text": "Hi"}


def native(path: str = "/v1/messages", idempotency_key: str = "", **changes: object) -> HttpRequest:
    body = {name: value for name, value in (GOOD | changes).items() if value != "-"}
    named = {"from": body.pop("sender")} if "sender" in body else {}
    headers = {"idempotency_key": idempotency_key} if idempotency_key else {}
    return post(path, json.dumps({**body, **named}), "application/json", authorization=KEY, **headers)


def problem(status: int, title: str, detail: str, code: str, parameter: str = "") -> str:
    named = {"parameter": parameter} if parameter else {}
    document = {"title": title, "status": status, "detail": detail, "code": code, **named}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def accepted(identity: str, *messages: str, segments: int = 1, price: str = "0.15") -> str:
    return (
        f'{{"id":"{identity}","messages":[{",".join(messages)}],"segments":{segments},'
        f'"price":"{price}","currency":"EUR"}}'
    )


def message(number: int, to: str = "4512345678", country: str = "DK", segments: int = 1) -> str:
    return f'{{"id":"{number}","to":"{to}","country":"{country}","segments":{segments}}}'


def state(number: int, status: str, to: str = "4512345678", ended_at: str = "null", error: str = "") -> str:
    return (
        f'{{"id":"{number}","to":"{to}","country":"DK","status":"{status}","segments":1,"price":"0.15",'
        f'"error":"{error}","accepted_at":"2026-11-21T12:00:00.000Z","sent_at":null,"ended_at":{ended_at}}}'
    )


def status_of(identity: str, *messages: str, text: str = "Hi", label: str = "", reference: str = "") -> str:
    return (
        f'{{"id":"{identity}","text":"{text}","from":"447700900001","label":"{label}",'
        f'"reference":"{reference}","messages":[{",".join(messages)}],"currency":"EUR"}}'
    )


LATER = "2026-11-22T12:00:00+01:00"
INVALID = ("Unprocessable Content", "parameter_invalid")


def invalid(detail: str, parameter: str = "") -> str:
    return problem(422, INVALID[0], detail, INVALID[1], parameter)


TWO = [{"number": "4512345678", "values": {"who": "Ann"}}, {"number": "4512345679", "values": {"who": "Bo"}}]
NATIVE_CASES = [
    Case("native one", native(), accepted("1", message(1)), 202),
    Case("native with a plus", native(to="+4512345678"), accepted("1", message(1)), 202),
    *[
        Case(f"native from {sender}", native(sender=sender), accepted("1", message(1)), 202)
        for sender in ("+447700900001", "+44 (7700) 900-001", "0044 7700.900001", "tel:+447700900001")
    ],
    Case("native with zeros", native(to="004512345678"), accepted("1", message(1)), 202),
    Case(
        "native many",
        native(to=["4512345678", {"number": "447700900123"}]),
        accepted("1", message(1), message(2, "447700900123", "GB"), segments=2, price="0.20"),
        202,
        messages=2,
    ),
    Case(
        "native values",
        native(to=TWO, text="Hello {who}"),
        accepted("1", message(1), message(2, "4512345679"), segments=2, price="0.30"),
        202,
        messages=2,
    ),
    Case(
        "native every member",
        native(
            sender="InfoSMS",
            priority="bulk_low",
            send_at=LATER,
            validity_s=600,
            label="spring",
            reference="mine",
            callback_url="https://example.com/hook",
            receipts="all",
            encoding="ucs2",
            message_class=0,
            max_segments=2,
        ),
        accepted("1", message(1)),
        202,
    ),
    Case(
        "native campaign",
        native(to="14805550100", sender="60856", campaign="77676"),
        accepted("1", message(1, "14805550100", "US"), price="0.05"),
        202,
    ),
    Case("native key", native(idempotency_key="a-1"), accepted("k-a-1", message(1)), 202),
    Case(
        "native key in quotes, repeated",
        native(idempotency_key='"a-1"'),
        accepted("k-a-1", message(1)),
        202,
        after=(native(idempotency_key="a-1"),),
    ),
    Case(
        "native key of many, repeated",
        native(to=TWO, text="Hello {who}", idempotency_key="b"),
        accepted("k-b", message(1), message(2, "4512345679"), segments=2, price="0.30"),
        202,
        after=(native(to=TWO, text="Hello {who}", idempotency_key="b"), native()),
    ),
    Case(
        "native key of another request",
        native(text="Other", idempotency_key="a-1"),
        problem(
            409,
            "Conflict",
            "`k-a-1` was accepted before, from another request with the same key",
            "duplicate",
        ),
        409,
        after=(native(idempotency_key="a-1"),),
    ),
    Case(
        "native status",
        get("/v1/messages/1", authorization=KEY),
        status_of("1", state(1, "queued"), label="spring", reference="mine"),
        after=(native(label="spring", reference="mine"),),
    ),
    Case(
        "native status by key",
        get("/v1/messages/k-b", authorization=KEY),
        status_of("k-b", state(1, "queued"), state(2, "queued", "4512345679")),
        after=(native(to=["4512345678", "4512345679"], idempotency_key="b"),),
    ),
    Case(
        "native status of nothing",
        get("/v1/messages/7", authorization=KEY),
        problem(404, "Not Found", "there is no message `7`", "message_unknown"),
        404,
    ),
    Case("native cancelled", delete("/v1/messages/1", authorization=KEY), "", 204, (native(send_at=LATER),)),
    Case(
        "native status of what was cancelled",
        get("/v1/messages/1", authorization=KEY),
        status_of("1", state(1, "deleted", ended_at='"2026-11-21T12:00:00.000Z"', error="cancelled")),
        after=(native(send_at=LATER), delete("/v1/messages/1", authorization=KEY)),
    ),
    Case(
        "native too late to cancel",
        delete("/v1/messages/1", authorization=KEY),
        problem(409, "Conflict", "`1` was sent or has ended already", "too_late"),
        409,
        (native(),),
    ),
    Case(
        "native balance",
        get("/v1/balance", authorization=KEY),
        '{"available":"999.85","currency":"EUR"}',
        after=(native(),),
    ),
    Case(
        "native estimate",
        native("/v1/estimate", text="Tea – 5 €"),
        '{"messages":[{"to":"4512345678","country":"DK","encoding":"ucs2","segments":1,"units":9,'
        '"units_a_segment":70,"forced_by":[{"character":"–","name":"EN DASH","times":1}],'
        '"route":"simulator","price_a_segment":"0.15"}],"segments":1,"price":"0.15","currency":"EUR"}',
        messages=0,
    ),
    Case(
        "native estimate, smart",
        native("/v1/estimate", text="Tea – 5 €", encoding="smart"),
        '{"messages":[{"to":"4512345678","country":"DK","encoding":"gsm7","segments":1,"units":10,'
        '"units_a_segment":160,"forced_by":[],"route":"simulator","price_a_segment":"0.15"}],'
        '"segments":1,"price":"0.15","currency":"EUR"}',
        messages=0,
    ),
    Case(
        "native without a key",
        post("/v1/messages", "{}"),
        problem(
            401,
            "Unauthorized",
            "send the account's key: Authorization: Bearer <key>",
            "credentials_missing",
        ),
        401,
    ),
    Case(
        "native other method",
        get("/v1/messages", authorization=KEY),
        problem(405, "Method Not Allowed", "this path does not take that method", "method_not_allowed"),
        405,
    ),
    Case(
        "native no JSON",
        post("/v1/messages", "{", authorization=KEY),
        problem(400, "Bad Request", "the request cannot be read: the body is not valid JSON", "malformed"),
        400,
    ),
    Case("native type", native(text=1), invalid("Expected `str`, got `int` - at `$.text`"), 422),
    Case("native unknown", native(txt="x"), invalid("Object contains unknown field `txt`"), 422),
    Case(
        "native no recipient",
        native(to=[]),
        invalid("Expected `array` of length >= 1 - at `$.to`"),
        422,
    ),
    Case(
        "native instant without a zone",
        native(send_at="2026-11-22T12:00:00"),
        invalid("send_at: give it a time zone, such as 2030-01-31T12:00:00Z", "send_at"),
        422,
    ),
    Case(
        "native address",
        native(callback_url="ftp://x"),
        invalid("callback_url: is no http or https address", "callback_url"),
        422,
    ),
    Case(
        "native values of other names",
        native(to=[{"number": "4512345678", "values": {"a": "1"}}, "4512345679"]),
        invalid("to: give every recipient values of the same names", "to"),
        422,
    ),
    Case(
        "native values and max_segments",
        native(to=TWO, max_segments=1),
        invalid("max_segments: not with values", "max_segments"),
        422,
    ),
    Case(
        "native number",
        native(to="abc"),
        problem(422, INVALID[0], "`abc` is no number that can get messages", "recipient_invalid"),
        422,
    ),
    Case(
        "native key of no use",
        native(idempotency_key="a/b"),
        invalid("Idempotency-Key: 1 to 80 letters, digits and . _ ~ : @ + = -", "Idempotency-Key"),
        422,
    ),
]
