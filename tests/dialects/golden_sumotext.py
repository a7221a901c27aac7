"""Golden exchanges of SUMOTEXT (seed 000): the seed's own example, every input form, every refusal."""

from __future__ import annotations

from urllib.parse import quote

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import get, post
from tests.dialects.case import Case

SUMO = "/api/sumopost/post"
SUMO_QUERY = "apikey={}&mobile={}&carrier={}&shortcode={}&key={}&msg={}"
SUMO_JSON = '{{"apikey":"{}","shortcode":"{}","key":"{}","mobile":"{}","carrier":"{}","msg":"{}"}}'
SUMO_XML = (
    '<?xml version="1.0"?>\n<smoMt>\n<apikey>{}</apikey>\n<shortcode>{}</shortcode>\n<key>{}</key>\n'
    "<mobile>{}</mobile>\n<carrier>{}</carrier>\n<msg>{}</msg>\n</smoMt>"
)
SUMO_OK = '{"sumoId":"GUID","Err":{"ErrNum":0,"ErrMessage":""}}'
SUMO_OK_XML = (
    '<smoPostReturn xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns="http://schemas.datacontract.org/2004/07/SumotextApi"><sumoId>GUID</sumoId>'
    "<Err><ErrNum>0</ErrNum><ErrMessage></ErrMessage></Err></smoPostReturn>"
)


def sumo(
    apikey: str = "demo-sumotext",
    mobile: str = "4805550100",
    carrier: str = "VERIZONUS",
    shortcode: str = "74700",
    key: str = "demo",
    msg: str = "Hi",
) -> HttpRequest:
    return get(f"{SUMO}?{SUMO_QUERY.format(apikey, mobile, carrier, shortcode, key, msg)}")


def sumo_error(number: int, text: str) -> str:
    return f'{{"sumoId":"NOGUID","Err":{{"ErrNum":{number},"ErrMessage":"{text}"}}}}'


SUMO_VALUES = (
    "demo-sumotext",
    "74700",
    "default",
    "4805550101",
    "VERIZONUS",
    "This is where the message goes",
)
SUMO_CASES = [
    Case("sumotext query", sumo(), SUMO_OK),
    Case("sumotext xml", post(SUMO, SUMO_XML.format(*SUMO_VALUES), "application/xml/mt"), SUMO_OK_XML),
    Case(
        "sumotext xml with tag",
        post(SUMO, "xml=" + SUMO_XML.format(*SUMO_VALUES), "application/xml/mt", accept="application/json"),
        SUMO_OK,
    ),
    Case(
        "sumotext xml percent-encoded",
        post(
            SUMO,
            b"xml=%3CsmoMt%3E%3Capikey%3Edemo-sumotext%3C%2Fapikey%3E%3Cshortcode%3E74700%3C%2Fshortcode%3E%3Ckey%3Edemo%3C%2Fkey%3E%3Cmobile%3E4805550101%3C%2Fmobile%3E%3Ccarrier%3EATTUS%3C%2Fcarrier%3E%3Cmsg%3EHi+there%3C%2Fmsg%3E%3C%2FsmoMt%3E",
            "application/xml/mt",
        ),
        SUMO_OK_XML,
    ),
    Case("sumotext json", post(SUMO, SUMO_JSON.format(*SUMO_VALUES), "application/json/mt"), SUMO_OK),
    Case("sumotext json with tag", post(SUMO, "json=" + SUMO_JSON.format(*SUMO_VALUES)), SUMO_OK),
    Case(
        "sumotext string body",
        post(
            SUMO,
            "?" + SUMO_QUERY.format("demo-sumotext", "4805550101", "ATTUS", "74700", "demo", "Hi"),
            "application/string/mt",
        ),
        SUMO_OK,
    ),
    Case(
        "sumotext 9",
        sumo(carrier=""),
        sumo_error(9, "The Carrier for this Mobile Number 4805550100 was not supplied in post."),
    ),
    Case(
        "sumotext 26",
        sumo(apikey="suspended-sumotext"),
        sumo_error(26, "The Current Account suspended is not Active."),
    ),
    Case(
        "sumotext 27",
        sumo(mobile="4805559999"),
        sumo_error(27, "The Mobile Number 4805559999 is not Opted In."),
    ),
    Case(
        "sumotext 28",
        sumo(apikey="elsewhere-sumotext"),
        sumo_error(28, "The ip address 127.0.0.1 could not be found for this Api Key"),
    ),
    Case(
        "sumotext 128",
        sumo(apikey="mute-sumotext"),
        sumo_error(128, "The current Api Key mute-sumotext does not have permission to Send an MT"),
    ),
    Case("sumotext 258", sumo(apikey="nobody"), sumo_error(258, "The current Api Key nobody does not exist")),
    Case("sumotext no key", get(SUMO), sumo_error(258, "The current Api Key  does not exist")),
    Case(
        "sumotext no mobile", sumo(mobile=""), sumo_error(1004, "The Mobile Number was not supplied in post.")
    ),
    Case("sumotext bad mobile", sumo(mobile="x"), sumo_error(1005, "The Mobile Number x is not valid.")),
    *[
        Case(
            f"sumotext 1008 {sender}",
            sumo(shortcode=quote(sender)),
            sumo_error(1008, f"The Short Code {sender} is not valid."),
        )
        for sender in ("+1 (202) 555-0100", "tel:5550100")
    ],
    Case("sumotext no msg", sumo(msg=""), sumo_error(1006, "The msg was not supplied in post.")),
    Case(
        "sumotext no shortcode",
        sumo(shortcode=""),
        sumo_error(1002, "The parameter shortcode was not supplied in post."),
    ),
    Case(
        "sumotext unknown shortcode",
        sumo(shortcode="11111"),
        sumo_error(1009, "The Short Code 11111 does not exist."),
    ),
    Case(
        "sumotext other's shortcode",
        sumo(shortcode="55555"),
        sumo_error(1010, "The Short Code 55555 does not belong to this account."),
    ),
    Case(
        "sumotext unknown keyword",
        sumo(key="x"),
        sumo_error(1011, "The Keyword x does not exist on this Short Code."),
    ),
    Case("sumotext unknown carrier", sumo(carrier="X"), sumo_error(1012, "The Carrier X does not exist.")),
    Case(
        "sumotext broke",
        sumo(apikey="broke-sumotext"),
        sumo_error(1013, "The Current Account does not have enough credit."),
    ),
    Case(
        "sumotext slow",
        sumo(apikey="slow-sumotext"),
        sumo_error(1014, "The Current Account has sent too many messages; try again later."),
        after=(sumo(apikey="slow-sumotext"),),
    ),
    Case(
        "sumotext bad json",
        post(SUMO, '{"apikey":', "application/json/mt"),
        sumo_error(1001, "The post could not be read: not valid JSON"),
    ),
    Case(
        "sumotext bad utf-8",
        get(f"{SUMO}?msg=%ff"),
        sumo_error(1001, "The post could not be read: parameters must be UTF-8"),
    ),
    Case(
        "sumotext json with null for no carrier",
        post(
            SUMO,
            '{"apikey":"demo-sumotext","mobile":4805550101,"carrier":null,"shortcode":74700,"key":"demo","msg":"x"}',
            "application/json/mt",
        ),
        sumo_error(9, "The Carrier for this Mobile Number 4805550101 was not supplied in post."),
    ),
    Case(
        "sumotext json with null for no key",
        post(SUMO, '{"apikey":null,"mobile":null}', "application/json/mt"),
        sumo_error(258, "The current Api Key  does not exist"),
    ),
    Case(
        "sumotext doctype",
        post(
            SUMO,
            '<!DOCTYPE a [<!ENTITY b "c">]><smoMt><apikey>&b;</apikey></smoMt>',
            "application/xml/mt",
            accept="application/json",
        ),
        sumo_error(1001, "The post could not be read: a DOCTYPE is not allowed"),
    ),
    Case(
        "sumotext delete",
        HttpRequest("DELETE", SUMO, b"", [], b"", "127.0.0.1"),
        sumo_error(1021, "Use POST or GET."),
        405,
    ),
]

LOOKUP = "/api/sumolookup/lookup"


def looked_up(mobile: str, carrier: str, number: int = 0, message: str = "") -> str:
    return f'{{"MobileNumber":"{mobile}","Carrier":"{carrier}","Err":{{"ErrNum":{number},"ErrMessage":"{message}"}}}}'


SUMO_CASES += [
    Case(
        "sumotext lookup",
        post(LOOKUP, '{"apikey":"demo-sumotext","mobile":"4807345077"}', "application/json"),
        looked_up("4807345077", "VERIZONUS"),
        messages=0,
    ),
    Case(
        "sumotext lookup in xml",
        post(
            LOOKUP,
            "xml=<smoLookupParser><apikey>demo-sumotext</apikey><mobile>4807345077</mobile></smoLookupParser>",
            "application/xml",
        ),
        '<smoLookup.smoLookupRetrun xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns="http://schemas.datacontract.org/2004/07/SumotextApi"><MobileNumber>4807345077</MobileNumber>'
        "<Carrier>VERIZONUS</Carrier><Err><ErrMessage></ErrMessage><ErrNum>ErrNoErr</ErrNum></Err>"
        "</smoLookup.smoLookupRetrun>",
        messages=0,
    ),
    Case(
        "sumotext lookup by a query string",
        post(
            LOOKUP,
            "?apikey=demo-sumotext&mobile=14807345077",
            "application/string",
            accept="application/json",
        ),
        looked_up("14807345077", "VERIZONUS"),
        messages=0,
    ),
    Case(
        "sumotext lookup 256",
        get(f"{LOOKUP}?apikey=x&mobile=4807345077"),
        looked_up("4807345077", "", 256, "The current Api Key x does not exist"),
    ),
    Case(
        "sumotext lookup of a stranger's number",
        get(f"{LOOKUP}?apikey=demo-sumotext&mobile=2025550100"),
        looked_up("2025550100", "", 1025, "The Carrier for this Mobile Number 2025550100 was not found."),
    ),
    Case(
        "sumotext lookup of no number",
        get(f"{LOOKUP}?apikey=demo-sumotext"),
        looked_up("", "", 1004, "The Mobile Number was not supplied in post."),
    ),
    Case(
        "sumotext lookup from elsewhere",
        get(f"{LOOKUP}?apikey=elsewhere-sumotext&mobile=4807345077"),
        looked_up("4807345077", "", 28, "The ip address 127.0.0.1 could not be found for this Api Key"),
    ),
]
