"""Golden exchanges of Skycore (seed 002): the seed's own example, every input form, every refusal."""

from __future__ import annotations

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import get, post
from tests.dialects.case import Case

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
    Case(
        "skycore form field",
        post(
            SKY,
            b"xml=%3CREQUEST%3E%3Caction%3EsendSMS%20%3C/action%3E%3Capi_key%3Edemo-skycore%3C/api_key%3E%3Cto%3E15551234888%3C/to%3E%3Cfrom%3E60856%3C/from%3E%3Ctext%3Ehi%3C/text%3E%3C/REQUEST%3E",
            "application/x-www-form-urlencoded",
        ),
        SKY_OK,
    ),
    Case(
        "skycore raw body under a form type",
        post("/API/wxml/1.3/", SKY_SEED % "demo-skycore", "application/x-www-form-urlencoded"),
        SKY_OK,
    ),
    Case(
        "skycore get",
        get(f"{SKY}?action=sendsms&api_key=demo-skycore&to=15551234888&from=60856&text=Hello+Jerry"),
        SKY_OK,
    ),
    Case("skycore spid", sky("<SPID>000189</SPID>" + SKY_GOOD), SKY_OK),
    Case(
        "skycore E100",
        get(SKY),
        sky_error(
            "E100",
            "Invalid request. Make request via GET method or send valid XML inside 'xml' field via POST.",
            "",
        ),
    ),
    Case(
        "skycore E101",
        post(SKY, "<REQUEST><API_KEY>demo-skycore</API_KEY></REQUEST>"),
        sky_error("E101", "'action' required/Invalid Action", ""),
    ),
    Case(
        "skycore E102",
        post(SKY, "<REQUEST><ACTION>sendSMS</ACTION></REQUEST>"),
        sky_error("E102", "'api_key' required", ""),
    ),
    Case("skycore E104", sky(SKY_GOOD, "nobody"), sky_error("E104", "User Authentication FAILED")),
    Case(
        "skycore E106",
        sky(SKY_GOOD, "slow-skycore"),
        sky_error("E106", "You can call API every 1 seconds"),
        after=(sky(SKY_GOOD, "slow-skycore"),),
    ),
    Case(
        "skycore E107",
        sky(SKY_GOOD, "mute-skycore"),
        sky_error("E107", "This account has no rights to use this action"),
    ),
    Case(
        "skycore E108",
        post(SKY, "<REQUEST>"),
        sky_error("E108", "XML Parse error: not well-formed at line 1, column 10", ""),
    ),
    Case(
        "skycore E108 doctype",
        post(SKY, "<!DOCTYPE x><REQUEST/>"),
        sky_error("E108", "XML Parse error: a DOCTYPE is not allowed", ""),
    ),
    Case("skycore E109", sky(SKY_GOOD, "suspended-skycore"), sky_error("E109", "API not activated")),
    Case(
        "skycore E110",
        sky("<TO>+1555</TO><FROM>60856</FROM><TEXT>x</TEXT>"),
        sky_error("E110", "Invalid receiver number", "+1555"),
    ),
    Case(
        "skycore E111",
        sky("<TO>15551234888</TO><FROM>55555</FROM><TEXT>x</TEXT>"),
        sky_error("E111", "Invalid shortcode"),
    ),
    Case(
        "skycore E111 without FROM",
        sky("<TO>15551234888</TO><TEXT>x</TEXT>"),
        sky_error("E111", "Invalid shortcode"),
    ),
    Case("skycore E112", sky(SKY_GOOD, "elsewhere-skycore"), sky_error("E112", "IP was not whitelisted")),
    Case(
        "skycore E201",
        sky("<TO> </TO><FROM>60856</FROM><TEXT>x</TEXT>"),
        sky_error("E201", "The receiver number is required", ""),
    ),
    Case("skycore E628", sky("<SPID>999999</SPID>" + SKY_GOOD), sky_error("E628", "Operator Not supported")),
    Case(
        "skycore E712",
        sky("<TO>15551234888</TO><FROM>60856</FROM><TEXT></TEXT>"),
        sky_error("E712", "The 'text' is required"),
    ),
    Case(
        "skycore E713",
        post(SKY, SKY_SEED % "broke-skycore"),
        sky_error("E713", "There is billing problem on your account"),
    ),
    Case(
        "skycore E714",
        sky("<CAMPAIGNREF>1</CAMPAIGNREF>" + SKY_GOOD),
        sky_error("E714", "Missing/Invalid CampaignID"),
    ),
]
