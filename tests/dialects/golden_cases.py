"""The table of golden exchanges: the seeds' own examples first, then every input form and every refusal."""

from __future__ import annotations

from dataclasses import dataclass

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import get, post


@dataclass(frozen=True)
class Case:
    """One exchange."""

    name: str
    request: HttpRequest
    answer: str
    status: int = 200
    #: requests that come before it
    after: tuple[HttpRequest, ...] = ()
    #: how many messages an accepted Mavorion request stores
    messages: int = 1


# ── SUMOTEXT, seed 000 ──

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


SUMO_VALUES = ("demo-sumotext", "74700", "default", "4805550101", "VERIZONUS", "This is where the message goes")
SUMO_CASES = [
    Case("sumotext query", sumo(), SUMO_OK),
    Case("sumotext xml", post(SUMO, SUMO_XML.format(*SUMO_VALUES), "application/xml/mt"), SUMO_OK_XML),
    Case(
        "sumotext xml with tag",
        post(SUMO, "xml=" + SUMO_XML.format(*SUMO_VALUES), "application/xml/mt", accept="application/json"),
        SUMO_OK,
    ),
    Case("sumotext xml percent-encoded", post(SUMO, b"xml=%3CsmoMt%3E%3Capikey%3Edemo-sumotext%3C%2Fapikey%3E%3Cshortcode%3E74700%3C%2Fshortcode%3E%3Ckey%3Edemo%3C%2Fkey%3E%3Cmobile%3E4805550101%3C%2Fmobile%3E%3Ccarrier%3EATTUS%3C%2Fcarrier%3E%3Cmsg%3EHi+there%3C%2Fmsg%3E%3C%2FsmoMt%3E", "application/xml/mt"), SUMO_OK_XML),  # noqa: E501
    Case("sumotext json", post(SUMO, SUMO_JSON.format(*SUMO_VALUES), "application/json/mt"), SUMO_OK),
    Case("sumotext json with tag", post(SUMO, "json=" + SUMO_JSON.format(*SUMO_VALUES)), SUMO_OK),
    Case(
        "sumotext string body",
        post(SUMO, "?" + SUMO_QUERY.format("demo-sumotext", "4805550101", "ATTUS", "74700", "demo", "Hi"), "application/string/mt"),
        SUMO_OK,
    ),
    Case("sumotext 9", sumo(carrier=""), sumo_error(9, "The Carrier for this Mobile Number 4805550100 was not supplied in post.")),
    Case("sumotext 26", sumo(apikey="suspended-sumotext"), sumo_error(26, "The Current Account suspended is not Active.")),
    Case("sumotext 27", sumo(mobile="4805559999"), sumo_error(27, "The Mobile Number 4805559999 is not Opted In.")),
    Case("sumotext 28", sumo(apikey="elsewhere-sumotext"), sumo_error(28, "The ip address 127.0.0.1 could not be found for this Api Key")),
    Case("sumotext 128", sumo(apikey="mute-sumotext"), sumo_error(128, "The current Api Key mute-sumotext does not have permission to Send an MT")),
    Case("sumotext 258", sumo(apikey="nobody"), sumo_error(258, "The current Api Key nobody does not exist")),
    Case("sumotext no key", get(SUMO), sumo_error(258, "The current Api Key  does not exist")),
    Case("sumotext no mobile", sumo(mobile=""), sumo_error(1004, "The Mobile Number was not supplied in post.")),
    Case("sumotext bad mobile", sumo(mobile="x"), sumo_error(1005, "The Mobile Number x is not valid.")),
    Case("sumotext no msg", sumo(msg=""), sumo_error(1006, "The msg was not supplied in post.")),
    Case("sumotext no shortcode", sumo(shortcode=""), sumo_error(1002, "The parameter shortcode was not supplied in post.")),
    Case("sumotext unknown shortcode", sumo(shortcode="11111"), sumo_error(1009, "The Short Code 11111 does not exist.")),
    Case("sumotext other's shortcode", sumo(shortcode="55555"), sumo_error(1010, "The Short Code 55555 does not belong to this account.")),
    Case("sumotext unknown keyword", sumo(key="x"), sumo_error(1011, "The Keyword x does not exist on this Short Code.")),
    Case("sumotext unknown carrier", sumo(carrier="X"), sumo_error(1012, "The Carrier X does not exist.")),
    Case("sumotext broke", sumo(apikey="broke-sumotext"), sumo_error(1013, "The Current Account does not have enough credit.")),
    Case("sumotext slow", sumo(apikey="slow-sumotext"), sumo_error(1014, "The Current Account has sent too many messages; try again later."), after=(sumo(apikey="slow-sumotext"),)),
    Case("sumotext bad json", post(SUMO, '{"apikey":', "application/json/mt"), sumo_error(1001, "The post could not be read: not valid JSON")),
    Case("sumotext bad utf-8", get(f"{SUMO}?msg=%ff"), sumo_error(1001, "The post could not be read: parameters must be UTF-8")),
    Case("sumotext doctype", post(SUMO, '<!DOCTYPE a [<!ENTITY b "c">]><smoMt><apikey>&b;</apikey></smoMt>', "application/xml/mt", accept="application/json"), sumo_error(1001, "The post could not be read: a DOCTYPE is not allowed")),
    Case("sumotext delete", HttpRequest("DELETE", SUMO, b"", [], b"", "127.0.0.1"), sumo_error(1021, "Use POST or GET."), 405),
]

# ── Mavorion, seed 001 ──

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
    Case("mavorion seed as printed", mavo(MAVO_SEED % ","), mavo_error("0x0308", "Invalid request body: %1", '"the body is not valid JSON"'), 422),
    Case("mavorion seed mended", mavo(MAVO_SEED % ""), mavo_ok("1", '"NP":2', "0.1"), messages=0),
    Case("mavorion dict", mavo(MAVO_ONE), mavo_ok("1", '"DK":1', "0.15")),
    Case("mavorion list", mavo(f'[{MAVO_ONE},{{"message":"x","sender":74700,"recipients":[{{"msisdn":"447700900001"}},{{"msisdn":12025550100}}]}}]'), mavo_ok("1,2", '"DK":1,"GB":1,"US":1', "0.25"), messages=3),
    Case("mavorion form", post("/sms/mtsms", "token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678&recipients.1.msisdn=4512345679", "application/x-www-form-urlencoded"), mavo_ok("1", '"DK":2', "0.3"), messages=2),
    Case("mavorion query", get("/rest/mtsms?token=demo-mavorion&message=Hi&recipients.0.msisdn=4512345678"), mavo_ok("1", '"DK":1', "0.15")),
    Case("mavorion token in body", mavo('{"token":"demo-mavorion","message":"Hi","recipients":[{"msisdn":4512345678}]}', "/v2/mtsms"), mavo_ok("1", '"DK":1', "0.15")),
    Case("mavorion basic", mavo(MAVO_ONE, "/rest/mtsms", authorization="Basic ZGVtby1tYXZvcmlvbjo="), mavo_ok("1", '"DK":1', "0.15")),
    Case("mavorion token header", mavo(MAVO_ONE, "/rest/mtsms", authorization="Token demo-mavorion"), mavo_ok("1", '"DK":1', "0.15")),
    Case("mavorion no token", mavo(MAVO_ONE, "/v2/mtsms"), mavo_error("0x0229", "Invalid token"), 401),
    Case("mavorion unknown token", mavo(MAVO_ONE, "/v2/mtsms?token=x"), mavo_error("0x0229", "Invalid token"), 401),
    Case("mavorion elsewhere", mavo(MAVO_ONE, "/v2/mtsms?token=elsewhere-mavorion"), mavo_error("0x0213", "Unauthorized IP-address: %1", '"127.0.0.1"'), 403),
    Case("mavorion suspended", mavo(MAVO_ONE, "/v2/mtsms?token=suspended-mavorion"), mavo_error("0x022A", "Account frozen, contact support"), 403),
    Case("mavorion mute", mavo(MAVO_ONE, "/v2/mtsms?token=mute-mavorion"), mavo_error("0x021D", "SMS not enabled for account"), 403),
    Case("mavorion broke", mavo('{"message":"Hi","sender":"X","recipients":[{"msisdn":4512345678}]}', "/v2/mtsms?token=broke-mavorion"), mavo_error("0x0216", "Insufficient credit"), 403),
    Case("mavorion no message", mavo('{"recipients":[{"msisdn":4512345678}]}'), mavo_error("0x0222", "Missing required parameter %1", '"message"'), 400),
    Case("mavorion no recipients", mavo('{"message":"Hi"}'), mavo_error("0x0222", "Missing required parameter %1", '"recipients"'), 400),
    Case("mavorion wrong type", mavo('{"message":["Hi"],"recipients":[]}'), mavo_error("0x0308", "Invalid argument: %1", '"Expected `str`, got `array` - at `$.message`"'), 400),
    Case("mavorion bad number", mavo('{"message":"Hi","recipients":[{"msisdn":"+45"}]}'), mavo_error("0x0308", "Invalid argument: %1", '"+45"'), 400),
    Case("mavorion twice", mavo('{"message":"Hi","recipients":[{"msisdn":4512345678},{"msisdn":"4512345678"}]}'), mavo_error("0x0310", "A message contains the same recipient more than once. MSISDNs %1 is duplicated", '"4512345678"'), 422),
    Case("mavorion foreign sender", mavo('{"message":"Hi","sender":"55555","recipients":[{"msisdn":4512345678}]}'), mavo_error("0x0307", "Permission denied: %1", '"55555"'), 403),
    Case("mavorion long sender", mavo('{"message":"Hi","sender":"TwelveLetter","recipients":[{"msisdn":4512345678}]}'), mavo_error("0x0308", "Invalid argument: %1", '"TwelveLetter"'), 400),
    Case("mavorion unserved parameter", mavo('{"message":"Hi %A","tags":["%A"],"recipients":[{"msisdn":4512345678,"tagvalues":["x"]}]}'), mavo_error("0x0220", "Unsupported parameter %1", '"tags"'), 400),
    Case("mavorion callback to nowhere", mavo('{"message":"Hi","callback_url":"ftp://x","recipients":[{"msisdn":4512345678}]}'), mavo_error("0x0308", "Invalid argument: %1", '"callback_url"'), 400),
    Case("mavorion stranger with a bad body", mavo("{", "/v2/mtsms?token=x"), mavo_error("0x0229", "Invalid token"), 401),
    Case("mavorion lone surrogate", mavo('{"message":"\\ud800","recipients":[{"msisdn":4512345678}]}'), mavo_error("0x0308", "Invalid request body: %1", '"the body is not valid JSON"'), 422),
    Case("mavorion empty list", mavo("[]"), mavo_error("0x0222", "Missing required parameter %1", '"message"'), 400),
]

# ── Skycore, seed 002 ──

SKY = "/API/wxml/1.3/index.php"
SKY_SEED = """<REQUEST>
    <ACTION>sendSMS</ACTION>
    <API_KEY>%s</API_KEY>
    <TO>15551234888 </TO>
    <FROM>60856</FROM>
    <CAMPAIGNREF>77676</CAMPAIGNREF>
    <TEXT>Hello Jerry – Greetings from Marc!!</TEXT>
</REQUEST>"""
SKY_OK = "<RESPONSE><STATUS>Success</STATUS><TRACKINGID>SMS_1</TRACKINGID><TO>15551234888</TO></RESPONSE>"


def sky(elements: str, key: str = "demo-skycore") -> HttpRequest:
    return post(SKY, f"<REQUEST><ACTION>sendSMS</ACTION><API_KEY>{key}</API_KEY>{elements}</REQUEST>")


def sky_error(code: str, info: str, to: str = "15551234888") -> str:
    end = f"<TO>{to}</TO>" if to else ""
    return f"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>{code}</ERRORCODE><ERRORINFO>{info}</ERRORINFO>{end}</RESPONSE>"


SKY_GOOD = "<TO>15551234888</TO><FROM>60856</FROM><TEXT>x</TEXT>"
SKY_CASES = [
    Case("skycore seed", post(SKY, SKY_SEED % "demo-skycore", "text/xml"), SKY_OK),
    Case("skycore form field", post(SKY, b"xml=%3CREQUEST%3E%3Caction%3EsendSMS%20%3C/action%3E%3Capi_key%3Edemo-skycore%3C/api_key%3E%3Cto%3E15551234888%3C/to%3E%3Cfrom%3E60856%3C/from%3E%3Ctext%3Ehi%3C/text%3E%3C/REQUEST%3E", "application/x-www-form-urlencoded"), SKY_OK),  # noqa: E501
    Case("skycore raw body under a form type", post("/API/wxml/1.3/", SKY_SEED % "demo-skycore", "application/x-www-form-urlencoded"), SKY_OK),
    Case("skycore get", get(f"{SKY}?action=sendsms&api_key=demo-skycore&to=15551234888&from=60856&text=Hello+Jerry"), SKY_OK),
    Case("skycore spid", sky("<SPID>000189</SPID>" + SKY_GOOD), SKY_OK),
    Case("skycore E100", get(SKY), sky_error("E100", "Invalid request. Make request via GET method or send valid XML inside 'xml' field via POST.", "")),
    Case("skycore E101", post(SKY, "<REQUEST><API_KEY>demo-skycore</API_KEY></REQUEST>"), sky_error("E101", "'action' required/Invalid Action", "")),
    Case("skycore E102", post(SKY, "<REQUEST><ACTION>sendSMS</ACTION></REQUEST>"), sky_error("E102", "'api_key' required", "")),
    Case("skycore E104", sky(SKY_GOOD, "nobody"), sky_error("E104", "User Authentication FAILED")),
    Case("skycore E106", sky(SKY_GOOD, "slow-skycore"), sky_error("E106", "You can call API every 1 seconds"), after=(sky(SKY_GOOD, "slow-skycore"),)),
    Case("skycore E107", sky(SKY_GOOD, "mute-skycore"), sky_error("E107", "This account has no rights to use this action")),
    Case("skycore E108", post(SKY, "<REQUEST>"), sky_error("E108", "XML Parse error: not well-formed at line 1, column 10", "")),
    Case("skycore E108 doctype", post(SKY, "<!DOCTYPE x><REQUEST/>"), sky_error("E108", "XML Parse error: a DOCTYPE is not allowed", "")),
    Case("skycore E109", sky(SKY_GOOD, "suspended-skycore"), sky_error("E109", "API not activated")),
    Case("skycore E110", sky("<TO>+1555</TO><FROM>60856</FROM><TEXT>x</TEXT>"), sky_error("E110", "Invalid receiver number", "+1555")),
    Case("skycore E111", sky("<TO>15551234888</TO><FROM>55555</FROM><TEXT>x</TEXT>"), sky_error("E111", "Invalid shortcode")),
    Case("skycore E112", sky(SKY_GOOD, "elsewhere-skycore"), sky_error("E112", "IP was not whitelisted")),
    Case("skycore E201", sky("<TO> </TO><FROM>60856</FROM><TEXT>x</TEXT>"), sky_error("E201", "The receiver number is required", "")),
    Case("skycore E628", sky("<SPID>999999</SPID>" + SKY_GOOD), sky_error("E628", "Operator Not supported")),
    Case("skycore E712", sky("<TO>15551234888</TO><FROM>60856</FROM><TEXT></TEXT>"), sky_error("E712", "The 'text' is required")),
    Case("skycore E713", post(SKY, SKY_SEED % "broke-skycore"), sky_error("E713", "There is billing problem on your account")),
    Case("skycore E714", sky("<CAMPAIGNREF>1</CAMPAIGNREF>" + SKY_GOOD), sky_error("E714", "Missing/Invalid CampaignID")),
]

# ── Genesys, seed 003 ──

GENE = "/httpapi/receiver"
GENE_GOOD = {
    "login": "demo",
    "password": "demo-genesys",
    "phone_number": "12025550100",
    "sender": "447700900001",
    "message": "Hi",
    "message_id": "1",
}


def gene(how: str = "form", **changes: str) -> HttpRequest:
    query = "&".join(f"{name}={value}" for name, value in (GENE_GOOD | changes).items() if value != "-")
    return post(GENE, query, "application/x-www-form-urlencoded") if how == "form" else get(f"{GENE}?{query}")


def who(name: str) -> dict[str, str]:
    return {"login": name, "password": f"{name}-genesys"}


GENE_CASES = [
    Case("genesys form", gene(), "result_code=0"),
    Case("genesys query", gene("query"), "result_code=0"),
    Case("genesys older names", gene(sender="-", shortcode="74700", receipt="Yes", priority="BULK", carrier="99901"), "result_code=0"),
    Case("genesys query and form", post(f"{GENE}?login=demo&password=demo-genesys", "phone_number=12025550100&sender=74700&message=a&message_id=2"), "result_code=0"),
    *[Case(f"genesys 1 no {name}", gene(**{name: "-"}), "result_code=1") for name in GENE_GOOD],
    Case("genesys 1 priority", gene(priority="SOON"), "result_code=1"),
    Case("genesys 1 receipt", gene(receipt="PERHAPS"), "result_code=1"),
    Case("genesys 1 number", gene(phone_number="%2B12025550100"), "result_code=1"),
    Case("genesys 1 bad utf-8", gene(message="%ff"), "result_code=1"),
    Case("genesys 1 attachment", post(GENE, "login=demo&password=demo-genesys&phone_number=12025550100&sender=74700&message=a&message_id=2&mms_attachment[0].content=x"), "result_code=1"),
    Case("genesys 2 password", gene(password="wrong"), "result_code=2"),
    *[Case(f"genesys 2 {name}", gene(**who(name)), "result_code=2") for name in ("nobody", "suspended", "elsewhere", "mute")],
    Case("genesys 3", gene(carrier="UNKNOWN"), "result_code=3"),
    Case("genesys 4", gene(sender="99999"), "result_code=4"),
    Case("genesys 5", gene(sender="55555"), "result_code=5"),
    Case("genesys 6", gene(**who("slow"), message_id="2"), "result_code=6", after=(gene(**who("slow")),)),
    Case("genesys 7", gene(), "result_code=7", after=(gene(),)),
    Case("genesys 8", gene(message="a" * 39016), "result_code=8"),
    Case("genesys 99 broke", gene(**who("broke")), "result_code=99"),
    Case("genesys id of a refused request is free", gene(), "result_code=0", after=(gene(sender="55555"),)),
]

CASES: list[Case] = SUMO_CASES + MAVO_CASES + SKY_CASES + GENE_CASES
