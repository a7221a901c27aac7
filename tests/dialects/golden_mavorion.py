"""Golden exchanges of Mavorion (seed 001): the seed's own example, every input form, every refusal."""

from __future__ import annotations

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import get, post
from tests.dialects.case import Case

MAVO = "/v2/mtsms/?token=demo-mavorion"
MAVO_SEED = """{
"token": "Xks23kDEksU78skS",
"sender": "InfoSMS",
"recipients": [
{
"msisdn": "9801247606"%s
},
{
"msisdn": 9801247607
}
],
"message": "Hello World",
"label": "Mavorion Inc",
"dry_run": "1"
}"""


def mavo(body: str, path: str = MAVO, **headers: str) -> HttpRequest:
    return post(path, body, "application/json", **headers)


def mavo_ok(ids: str, countries: str, cost: str) -> str:
    return f'{{"ids":[{ids}],"usage":{{"countries":{{{countries}}},"currency":"EUR","total_cost":{cost}}}}}'


def mavo_error(code: str, message: str, variables: str = "") -> str:
    return f'{{"code":"{code}","incident_uuid":"UUID","message":"{message}","variables":[{variables}]}}'


MAVO_ONE = '{"message":"Hi","recipients":[{"msisdn":4512345678}]}'
MAVO_CASES = [
    Case(
        "mavorion seed as printed",
        mavo(MAVO_SEED % ","),
        mavo_error("0x0308", "Invalid request body: %1", '"the body is not valid JSON"'),
        422,
    ),
    Case("mavorion seed mended", mavo(MAVO_SEED % ""), mavo_ok("1", '"NP":2', "0.1"), messages=0),
    Case("mavorion dict", mavo(MAVO_ONE), mavo_ok("1", '"DK":1', "0.15")),
    Case(
        "mavorion as nickdnk's PHP client writes it",
        mavo(
            '[{"class":"standard","message":"Hi","sender":"Me","userref":null,"callback_url":null,"priority":"NORMAL",'
            '"label":null,"tags":[],"recipients":[{"msisdn":4512345678,"tagvalues":[]},{"msisdn":4512345679,"tagvalues":null}],'
            '"sendtime":null,"encoding":"UTF8"}]'
        ),
        mavo_ok("1", '"DK":2', "0.3"),
        messages=2,
    ),
    Case(
        "mavorion list",
        mavo(
            f'[{MAVO_ONE},{{"message":"x","sender":74700,"recipients":[{{"msisdn":"447700900001"}},{{"msisdn":12025550100}}]}}]'
        ),
        mavo_ok("1,2", '"DK":1,"GB":1,"US":1', "0.25"),
        messages=3,
    ),
    Case(
        "mavorion form",
        post(
            "/sms/mtsms",
            "token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678&recipients.1.msisdn=4512345679",
            "application/x-www-form-urlencoded",
        ),
        mavo_ok("1", '"DK":2', "0.3"),
        messages=2,
    ),
    Case(
        "mavorion query",
        get("/rest/mtsms?token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678"),
        mavo_ok("1", '"DK":1', "0.15"),
    ),
    Case(
        "mavorion token in body",
        mavo('{"token":"demo-mavorion","message":"Hi","recipients":[{"msisdn":4512345678}]}', "/v2/mtsms"),
        mavo_ok("1", '"DK":1', "0.15"),
    ),
    Case(
        "mavorion basic",
        mavo(MAVO_ONE, "/rest/mtsms", authorization="Basic ZGVtby1tYXZvcmlvbjo="),
        mavo_ok("1", '"DK":1', "0.15"),
    ),
    Case(
        "mavorion token header",
        mavo(MAVO_ONE, "/rest/mtsms", authorization="Token demo-mavorion"),
        mavo_ok("1", '"DK":1', "0.15"),
    ),
    Case("mavorion no token", mavo(MAVO_ONE, "/v2/mtsms"), mavo_error("0x0229", "Invalid token"), 401),
    Case(
        "mavorion unknown token",
        mavo(MAVO_ONE, "/v2/mtsms?token=x"),
        mavo_error("0x0229", "Invalid token"),
        401,
    ),
    Case(
        "mavorion elsewhere",
        mavo(MAVO_ONE, "/v2/mtsms?token=elsewhere-mavorion"),
        mavo_error("0x0213", "Unauthorized IP-address: %1", '"127.0.0.1"'),
        403,
    ),
    Case(
        "mavorion suspended",
        mavo(MAVO_ONE, "/v2/mtsms?token=suspended-mavorion"),
        mavo_error("0x022A", "Account frozen, contact support"),
        403,
    ),
    Case(
        "mavorion mute",
        mavo(MAVO_ONE, "/v2/mtsms?token=mute-mavorion"),
        mavo_error("0x021D", "SMS not enabled for account"),
        403,
    ),
    Case(
        "mavorion broke",
        mavo(
            '{"message":"Hi","sender":"X","recipients":[{"msisdn":4512345678}]}',
            "/v2/mtsms?token=broke-mavorion",
        ),
        mavo_error("0x0216", "Insufficient credit"),
        403,
    ),
    Case(
        "mavorion no message",
        mavo('{"recipients":[{"msisdn":4512345678}]}'),
        mavo_error("0x0222", "Missing required parameter %1", '"message"'),
        400,
    ),
    Case(
        "mavorion no recipients",
        mavo('{"message":"Hi"}'),
        mavo_error("0x0222", "Missing required parameter %1", '"recipients"'),
        400,
    ),
    Case(
        "mavorion wrong type",
        mavo('{"message":["Hi"],"recipients":[]}'),
        mavo_error(
            "0x0308", "Invalid request body: %1", '"Expected `str | null`, got `array` - at `$.message`"'
        ),
        422,
    ),
    Case(
        "mavorion bad number",
        mavo('{"message":"Hi","recipients":[{"msisdn":"+45"}]}'),
        mavo_error("0x0308", "Invalid argument: %1", '"+45"'),
        400,
    ),
    Case(
        "mavorion twice",
        mavo('{"message":"Hi","recipients":[{"msisdn":4512345678},{"msisdn":"4512345678"}]}'),
        mavo_error(
            "0x0310",
            "A message contains the same recipient more than once. MSISDNs %1 is duplicated",
            '"4512345678"',
        ),
        422,
    ),
    Case(
        "mavorion foreign sender",
        mavo('{"message":"Hi","sender":"55555","recipients":[{"msisdn":4512345678}]}'),
        mavo_error("0x0307", "Permission denied: %1", '"55555"'),
        403,
    ),
    Case(
        "mavorion long sender",
        mavo('{"message":"Hi","sender":"TwelveLetter","recipients":[{"msisdn":4512345678}]}'),
        mavo_error("0x0308", "Invalid argument: %1", '"TwelveLetter"'),
        400,
    ),
    Case(
        "mavorion sender with letters of Latin-1",
        get(
            "/rest/mtsms?token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678"
            "&sender=Caf%C3%A9%20G%C3%B6%C3%B8%C3%A5"
        ),
        mavo_ok("1", '"DK":1', "0.15"),
    ),
    Case(
        "mavorion form without a Content-Type",
        post("/rest/mtsms", "token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678"),
        mavo_ok("1", '"DK":1', "0.15"),
    ),
    Case("mavorion json with a byte order mark", mavo("\ufeff" + MAVO_ONE), mavo_ok("1", '"DK":1', "0.15")),
    *[
        Case(
            f"mavorion sender that would pass for somebody's number: {sender}",
            mavo(f'{{"message":"Hi","sender":"{sender}","recipients":[{{"msisdn":4512345678}}]}}'),
            mavo_error("0x0308", "Invalid argument: %1", f'"{sender}"'),
            400,
        )
        for sender in ("+4512345678", "+1 (202) 555-0100", "tel:5550100", "5550100x12", "4.47701E+11")
    ],
    Case(
        "mavorion charge",
        mavo('{"message":"Hi","recipients":[{"msisdn":4512345678,"charge":{"amount":1.5}}]}'),
        mavo_error("0x0220", "Unsupported parameter %1", '"charge"'),
        400,
    ),
    Case(
        "mavorion callback to nowhere",
        mavo('{"message":"Hi","callback_url":"ftp://x","recipients":[{"msisdn":4512345678}]}'),
        mavo_error("0x0308", "Invalid argument: %1", '"callback_url"'),
        400,
    ),
    Case(
        "mavorion stranger with a bad body",
        mavo("{", "/v2/mtsms?token=x"),
        mavo_error("0x0229", "Invalid token"),
        401,
    ),
    Case(
        "mavorion lone surrogate",
        mavo('{"message":"\\ud800","recipients":[{"msisdn":4512345678}]}'),
        mavo_error("0x0308", "Invalid request body: %1", '"the body is not valid JSON"'),
        422,
    ),
    Case(
        "mavorion empty list",
        mavo("[]"),
        mavo_error("0x0222", "Missing required parameter %1", '"message"'),
        400,
    ),
]


def many(place: int, count: int) -> str:
    """Write one SMS for many numbers."""
    first = 46_700_000_000 + place * 10_000
    numbers = range(first, first + count)
    return '{"message":"x","recipients":[' + ",".join(f'{{"msisdn":{number}}}' for number in numbers) + "]}"


MAVO_CASES += [
    Case(
        "mavorion long label",
        mavo('{"message":"Hi","label":"' + "a" * 256 + '","recipients":[{"msisdn":4512345678}]}'),
        mavo_error("0x0308", "Invalid argument: %1", '"label"'),
        400,
    ),
    Case(
        "mavorion too many for one SMS",
        mavo('{"message":"x","recipients":[' + ",".join(['{"msisdn":1}'] * 10_001) + "]}"),
        mavo_error("0x0308", "Invalid argument: %1", '"recipients: 10000 at most in all messages"'),
        400,
    ),
    Case(
        "mavorion as many as one request may make",
        mavo(f"[{many(0, 6000)},{many(1, 4000)}]"),
        mavo_ok("1,6001", '"SE":10000', "500.0"),
        messages=10000,
    ),
    Case(
        "mavorion one more",
        mavo(f"[{many(0, 6000)},{many(1, 4001)}]"),
        mavo_error("0x0308", "Invalid argument: %1", '"recipients: 10000 at most in all messages"'),
        400,
    ),
]
