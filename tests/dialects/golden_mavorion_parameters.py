"""Golden exchanges of Mavorion: every parameter of sending, and OAuth."""

from __future__ import annotations

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import get
from tests.dialects.case import Case
from tests.dialects.golden_mavorion import MAVO_ONE, mavo, mavo_error, mavo_ok


def one(parameters: str, recipient: str = '"msisdn":4512345678') -> HttpRequest:
    return mavo(f'{{{parameters},"recipients":[{{{recipient}}}]}}')


ALL = (
    '"message":"Hi %N%, code %C%","tags":["%N%","%C%"],"class":"premium","sendtime":1795262400,"userref":"u1",'
    '"priority":"VERY_URGENT","validity_period":30,"encoding":"UCS2","destaddr":"DISPLAY","label":"Mavorion Inc",'
    '"callback_url":"https://e.x/cb","extra_details":"recipients_usage"'
)
INVALID = [
    ('"message":"Hi","class":"gold"', "0x0218", 422, "Unknown message class id %1", "gold"),
    ('"message":"Hi","priority":"HUGE"', "0x0311", 422, "Priority %1 not available", "HUGE"),
    ('"message":"Hi","encoding":"EBCDIC"', "0x0308", 400, "Invalid argument: %1", "EBCDIC"),
    ('"message":"Hi","destaddr":"MOON"', "0x0308", 400, "Invalid argument: %1", "MOON"),
    ('"message":"Hi","extra_details":"all"', "0x0308", 400, "Invalid argument: %1", "all"),
    ('"message":"Hi","sendtime":"tomorrow"', "0x0308", 400, "Invalid argument: %1", "sendtime"),
    ('"message":"Hi","sendtime":-1', "0x0308", 400, "Invalid argument: %1", "sendtime"),
    ('"message":"Hi","sendtime":99999999999999', "0x0308", 400, "Invalid argument: %1", "sendtime"),
    ('"message":"Hi","max_parts":0', "0x0308", 400, "Invalid argument: %1", "max_parts"),
    ('"message":"Hi","max_parts":256', "0x0308", 400, "Invalid argument: %1", "max_parts"),
    ('"message":"Hi","validity_period":"x"', "0x0308", 400, "Invalid argument: %1", "validity_period"),
    ('"message":"Hi","tags":["a","a"]', "0x0308", 400, "Invalid argument: %1", "tags"),
    ('"message":"Hi","tags":[""]', "0x0308", 400, "Invalid argument: %1", "tags"),
    (
        '"message":"Hi","tags":["a"]',
        "0x0308",
        400,
        "Invalid argument: %1",
        "tagvalues: as many as there are tags",
    ),
    (
        '"message":"Hi","tags":["a"],"max_parts":1',
        "0x0308",
        400,
        "Invalid argument: %1",
        "max_parts: not with tags",
    ),
    ('"message":"Hi","payload":"AAAA"', "0x0308", 400, "Invalid argument: %1", "message: not with payload"),
    (
        '"payload":"AAAA","encoding":"UCS2"',
        "0x0308",
        400,
        "Invalid argument: %1",
        "encoding: BINARY only, with payload",
    ),
    ('"payload":"A"', "0x0308", 400, "Invalid argument: %1", "payload"),
    ('"payload":"AAAA","udh":"BQM="', "0x0308", 400, "Invalid argument: %1", "udh"),
    ('"udh":"BQADAgIB"', "0x0222", 400, "Missing required parameter %1", "payload"),
    ('"encoding":"BINARY"', "0x0222", 400, "Missing required parameter %1", "payload"),
    (f'"message":"Hi","tags":["{"a" * 51}"]', "0x0308", 400, "Invalid argument: %1", "tags"),
    ('"message":"Hi","callback_url":"http://x/#f"', "0x0308", 400, "Invalid argument: %1", "callback_url"),
    (
        '"message":"Hi","callback_url":"http://x/\\r\\nX: y"',
        "0x0308",
        400,
        "Invalid argument: %1",
        "callback_url",
    ),
    (f'"payload":"{"AAAA" * 47}"', "0x0308", 400, "Invalid argument: %1", "message"),
]
PARAMETER_CASES = [
    Case(f"mavorion {parameters[:60]}", one(parameters), mavo_error(code, message, f'"{named}"'), status)
    for parameters, code, status, message, named in INVALID
]
PARAMETER_CASES += [
    Case(
        "mavorion every parameter",
        one(ALL, '"msisdn":"+4512345678","tagvalues":["Ann","77"]'),
        '{"ids":[1],"usage":{"countries":{"DK":1},"currency":"EUR","total_cost":0.15},'
        '"details":{"messages":[{"id":1,"recipients":[{"country":"DK","msisdn":4512345678,"parts":1}]}]}}',
    ),
    Case(
        "mavorion tags in dotted keys",
        get(
            "/rest/mtsms?token=demo-mavorion&message=Hi+%25N&tags.0=%25N"
            "&recipients.0.msisdn=4512345678&recipients.0.tagvalues.0=Ann"
            f"&recipients.1.msisdn=4512345679&recipients.1.tagvalues.0={'B' * 160}"
        ),
        mavo_ok("1", '"DK":3', "0.45"),
        messages=2,
    ),
    Case(
        "mavorion tagvalue of another type",
        one('"message":"Hi","tags":["a"]', '"msisdn":4512345678,"tagvalues":[1]'),
        mavo_error(
            "0x0308",
            "Invalid request body: %1",
            '"Expected `str`, got `int` - at `$.recipients[0].tagvalues[0]`"',
        ),
        422,
    ),
    Case("mavorion binary", one('"payload":"AQID","udh":"BQADAgIB"'), mavo_ok("1", '"DK":1', "0.15")),
    Case("mavorion cut", one(f'"message":"{"a" * 400}","max_parts":2'), mavo_ok("1", '"DK":2', "0.3")),
    Case(
        "mavorion two zeros", one('"message":"Hi"', '"msisdn":"004512345678"'), mavo_ok("1", '"DK":1', "0.15")
    ),
    Case(
        "mavorion two labels",
        mavo(
            '[{"message":"Hi","label":"a","recipients":[{"msisdn":4512345678}]},'
            '{"message":"Hi","label":"b","recipients":[{"msisdn":4512345678}]}]'
        ),
        mavo_error("0x0308", "Invalid argument: %1", '"label must be the same in all messages"'),
        400,
    ),
    Case(
        "mavorion two classes",
        mavo(
            '[{"message":"Hi","class":"premium","recipients":[{"msisdn":4512345678}]},'
            '{"message":"Hi","recipients":[{"msisdn":4512345678}]}]'
        ),
        mavo_error("0x0308", "Invalid argument: %1", '"class must be the same in all messages"'),
        400,
    ),
    Case(
        "mavorion login that is none",
        mavo(MAVO_ONE, "/rest/mtsms?user=demo&password=x"),
        mavo_error("0x0211", "Invalid password"),
        401,
    ),
    Case(
        "mavorion oauth without a nonce",
        mavo(
            MAVO_ONE,
            "/rest/mtsms",
            host="x",
            authorization='OAuth oauth_consumer_key="demo-mavorion", oauth_signature_method="HMAC-SHA1", '
            'oauth_signature="x", oauth_timestamp="1"',
        ),
        mavo_error("0x0222", "Missing required parameter %1", '"oauth_nonce"'),
        400,
    ),
    Case(
        "mavorion oauth with another method",
        mavo(
            MAVO_ONE,
            "/rest/mtsms",
            host="x",
            authorization='OAuth oauth_consumer_key="demo-mavorion", oauth_signature_method="PLAINTEXT", '
            'oauth_signature="x", oauth_timestamp="1", oauth_nonce="n"',
        ),
        mavo_error("0x0221", "Unsupported signature method %1", '"PLAINTEXT"'),
        400,
    ),
    Case(
        "mavorion oauth of a stranger",
        mavo(
            MAVO_ONE,
            "/rest/mtsms",
            host="x",
            authorization='OAuth oauth_consumer_key="x", oauth_signature_method="HMAC-SHA1", '
            'oauth_signature="x", oauth_timestamp="1", oauth_nonce="n"',
        ),
        mavo_error("0x0223", "Invalid Consumer Key"),
        401,
    ),
    Case(
        "mavorion oauth signed wrongly",
        mavo(
            MAVO_ONE,
            "/rest/mtsms",
            host="x",
            authorization='OAuth oauth_consumer_key="demo-mavorion", oauth_signature_method="HMAC-SHA1", '
            'oauth_signature="x", oauth_timestamp="1", oauth_nonce="n"',
        ),
        mavo_error("0x0224", "Invalid signature"),
        401,
    ),
    Case(
        "mavorion dry run of one of two",
        mavo(
            '[{"message":"Hi","dry_run":1,"recipients":[{"msisdn":4512345678}]},'
            '{"message":"Hi","recipients":[{"msisdn":4512345678}]}]'
        ),
        mavo_error("0x0308", "Invalid argument: %1", '"dry_run must be the same in all messages"'),
        400,
    ),
    Case(
        "mavorion class and its default",
        mavo(
            '[{"message":"Hi","class":"standard","recipients":[{"msisdn":4512345678}]},'
            '{"message":"Hi","class":"","recipients":[{"msisdn":4512345678}]}]'
        ),
        mavo_ok("1,2", '"DK":2', "0.3"),
        messages=2,
    ),
    Case(
        "mavorion tags that leave nothing",
        one('"message":"%N","tags":["%N"]', '"msisdn":4512345678,"tagvalues":[""]'),
        mavo_error("0x0222", "Missing required parameter %1", '"message"'),
        400,
    ),
    Case(
        "mavorion place that is none",
        get(
            "/rest/mtsms?token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678&recipients.x.msisdn=4512345679"
        ),
        mavo_error("0x0308", "Invalid request body: %1", '"recipients.x.msisdn is no place in a list"'),
        422,
    ),
    Case(
        "mavorion short validity",
        one('"message":"Hi","validity_period":-5'),
        mavo_ok("1", '"DK":1', "0.15"),
    ),
    Case(
        "mavorion many empty messages",
        mavo("[" + ",".join(["{}"] * 10_001) + "]"),
        mavo_error("0x0308", "Invalid request body: %1", '"more than 10000 messages"'),
        422,
    ),
]
