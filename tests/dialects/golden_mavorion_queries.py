"""Golden exchanges of Mavorion: balance, status, cancelling, use."""

from __future__ import annotations

import msgspec

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import get
from tests.dialects.case import Case
from tests.dialects.golden_mavorion import mavo, mavo_error
from tests.dialects.golden_mavorion_parameters import one

STATUS = (
    '{"class":"secret","message":null,"payload":null,"id":1,"label":"L","recipients":[{"country":"DK","csms":1,'
    '"dsnerror":null,"dsnerrorcode":null,"dsnstatus":"SCHEDULED","dsntime":1795262400.0,"mcc":null,"mnc":null,'
    '"msisdn":4512345678,"senttime":null,"tagvalues":null}],"sender":"447700900001","sendtime":1795266000,"tags":[],'
    '"userref":"u1","priority":"URGENT","validity_period":120,"encoding":"UTF8","destaddr":"SIMCARD","udh":null,'
    '"callback_url":"https://e.x/cb"}'
)
SCHEDULED = one(
    '"message":"Hi","sendtime":1795266000,"class":"secret","label":"L","userref":"u1","priority":"URGENT",'
    '"validity_period":120,"destaddr":"SIMCARD","callback_url":"https://e.x/cb"'
)
TOKEN = "?token=demo-mavorion"


def delete(path_and_query: str) -> HttpRequest:
    return msgspec.structs.replace(get(path_and_query), method="DELETE")


QUERY_CASES = [
    Case(
        "mavorion balance", get("/rest/me" + TOKEN), '{"credit":1000.0,"currency":"EUR","id":1}', messages=0
    ),
    Case(
        "mavorion balance after a message",
        get("/v2/me" + TOKEN),
        '{"credit":999.85,"currency":"EUR","id":1}',
        after=(one('"message":"Hi"'),),
    ),
    Case("mavorion balance for nobody", get("/rest/me"), mavo_error("0x0229", "Invalid token"), 401),
    Case(
        "mavorion balance of one who is elsewhere",
        get("/rest/me?token=elsewhere-mavorion"),
        mavo_error("0x0213", "Unauthorized IP-address: %1", '"127.0.0.1"'),
        403,
    ),
    Case("mavorion status", get("/rest/mtsms/1" + TOKEN), STATUS, after=(SCHEDULED,)),
    Case(
        "mavorion status of a binary",
        get("/rest/mtsms/1" + TOKEN),
        STATUS.replace('"secret"', '"standard"')
        .replace('"payload":null', '"payload":"AQID"')
        .replace('"label":"L"', '"label":null')
        .replace('"SCHEDULED"', '"BUFFERED"')
        .replace('"sendtime":1795266000', '"sendtime":1795262400')
        .replace(
            '"userref":"u1","priority":"URGENT","validity_period":120',
            '"userref":null,"priority":"NORMAL","validity_period":172800',
        )
        .replace('"UTF8","destaddr":"SIMCARD","udh":null', '"BINARY","destaddr":"MOBILE","udh":"BQADAgIB"')
        .replace('"https://e.x/cb"', "null"),
        after=(one('"payload":"AQID","udh":"AAMCAgE="'),),
    ),
    Case(
        "mavorion status of another's message",
        get("/rest/mtsms/1?token=slow-mavorion"),
        mavo_error("0x0308", "Unknown message id %1", '"1"'),
        404,
        after=(SCHEDULED,),
    ),
    Case("mavorion cancelled", delete("/rest/mtsms/1" + TOKEN), "", 204, after=(SCHEDULED,)),
    Case(
        "mavorion cancelled and paid back",
        get("/rest/me" + TOKEN),
        '{"credit":1000.0,"currency":"EUR","id":1}',
        after=(SCHEDULED, delete("/rest/mtsms/1" + TOKEN)),
    ),
    Case(
        "mavorion cancelled twice",
        delete("/sms/mtsms/1" + TOKEN),
        mavo_error("0x0303", "Message %1 was sent or deleted already", '"1"'),
        410,
        after=(SCHEDULED, delete("/rest/mtsms/1" + TOKEN)),
    ),
    Case(
        "mavorion too late to cancel",
        delete("/rest/mtsms/1" + TOKEN),
        mavo_error("0x0303", "Message %1 was sent or deleted already", '"1"'),
        410,
        after=(one('"message":"Hi"'),),
    ),
    Case(
        "mavorion cancel what is not there",
        delete("/rest/mtsms/7" + TOKEN),
        mavo_error("0x0308", "Unknown message id %1", '"7"'),
        404,
    ),
    Case(
        "mavorion use by label",
        mavo('{"from":"2026-11-21","to":"2026-11-21"}', "/api/usage/labels" + TOKEN),
        '[{"amount":1,"cost":0.15,"country":"DK","currency":"EUR","label":null,"messageclass_id":"standard"},'
        '{"amount":1,"cost":0.15,"country":"DK","currency":"EUR","label":"L","messageclass_id":"standard"}]',
        after=(one('"message":"Hi"'), SCHEDULED),
    ),
    Case(
        "mavorion use of one label on another day",
        mavo('{"from":"2026-11-01","to":"2026-11-20","label":"L"}', "/api/usage/labels" + TOKEN),
        "[]",
        after=(SCHEDULED,),
    ),
    Case(
        "mavorion use without a day",
        mavo('{"from":"2026-11-21"}', "/api/usage/labels" + TOKEN),
        mavo_error("0x0308", "Invalid request body: %1", '"Object missing required field `to`"'),
        422,
    ),
    Case(
        "mavorion use until the end of time",
        mavo('{"from":"2026-11-21","to":"9999-12-31"}', "/api/usage/labels" + TOKEN),
        mavo_error("0x0308", "Invalid argument: %1", '"to"'),
        400,
    ),
    Case(
        "mavorion delete all",
        delete("/rest/mtsms" + TOKEN),
        mavo_error("0x0303", "Operation not permitted"),
        405,
    ),
    Case(
        "mavorion delete of a message that is called mtsms",
        delete("/v2/mtsms/mtsms?token=demo-mavorion&message=hi&recipients.0.msisdn=4512345678"),
        mavo_error("0x0308", "Unknown message id %1", '"mtsms"'),
        404,
    ),
    Case(
        "mavorion use with the token in the body",
        mavo('{"token":"demo-mavorion","from":"2026-11-21","to":"2026-11-21"}', "/api/usage/labels"),
        "[]",
    ),
    Case(
        "mavorion whose numbers these are",
        mavo('{"msisdns":["+14805550100",4512345678,"0045x","004512345678"]}', "/rest/hlr" + TOKEN),
        '{"currency":"EUR","hlr":{"14805550100":{"current_carrier":{"mcc":null,"mnc":null,"name":"verizon-us"},'
        '"network_operator":{"mcc":null,"mnc":null,"name":"verizon-us"},'
        '"original_carrier":{"mcc":null,"mnc":null,"name":"verizon-us"},"ported":null,"type":null},'
        '"4512345678":{"current_carrier":null,"network_operator":null,"original_carrier":null,"ported":null,'
        '"type":null}},"lookups":2,"total_cost":0.0}',
        messages=0,
    ),
    Case(
        "mavorion whose number, with the token in the body",
        mavo('{"token":"demo-mavorion","msisdns":[12]}', "/rest/hlr"),
        '{"currency":"EUR","hlr":{},"lookups":0,"total_cost":0.0}',
        messages=0,
    ),
    Case(
        "mavorion whose number is none",
        mavo("{}", "/rest/hlr" + TOKEN),
        mavo_error("0x0222", "Missing required parameter %1", '"msisdns"'),
        400,
    ),
    Case(
        "mavorion whose number is not said",
        mavo('{"msisdns":[null]}', "/rest/hlr" + TOKEN),
        mavo_error(
            "0x0308", "Invalid request body: %1", '"Expected `int | str`, got `null` - at `$.msisdns[0]`"'
        ),
        422,
    ),
    Case(
        "mavorion whose numbers are too many",
        mavo('{"msisdns":[' + ",".join(["4512345678"] * 201) + "]}", "/rest/hlr" + TOKEN),
        mavo_error("0x0308", "Invalid argument: %1", '"msisdns: 200 at most"'),
        400,
    ),
    Case(
        "mavorion whose number, asks nobody",
        mavo('{"msisdns":[1]}', "/rest/hlr"),
        mavo_error("0x0229", "Invalid token"),
        401,
    ),
    Case(
        "mavorion what handsets sent",
        get("/rest/mosms?token=demo-mavorion&from=2026-11-21&to=2026-11-21"),
        '{"messages":[],"page":1,"pages":0,"per_page":50,"results":0}',
    ),
]
