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


#: about the account: they carry no receiver
NO_RECEIVER = {"E104", "E107", "E109", "E112"}


def sky_error(code: str, info: str, to: str = "15551234888") -> str:
    end = f"<TO>{to}</TO>" if to and code not in NO_RECEIVER else ""
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
        sky_error("E102", "'user' or 'api_key' required", ""),
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
    *[
        Case(
            f"skycore E111 {sender}",
            sky(f"<TO>15551234888</TO><FROM>{sender}</FROM><TEXT>x</TEXT>"),
            sky_error("E111", "Invalid shortcode"),
        )
        for sender in ("+1 (202) 555-0100", "tel:5550100")
    ],
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


def subscribe(action: str, elements: str, key: str = "demo-skycore") -> HttpRequest:
    return post(SKY, f"<REQUEST><ACTION>{action}</ACTION><API_KEY>{key}</API_KEY>{elements}</REQUEST>")


def campaign_error(code: str, info: str, campaign: str = "77676", mobile: str = "15551234888") -> str:
    end = f"<CAMPAIGNID>{campaign}</CAMPAIGNID><MOBILE>{mobile}</MOBILE>" if code not in NO_RECEIVER else ""
    return f"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>{code}</ERRORCODE><ERRORINFO>{info}</ERRORINFO>{end}</RESPONSE>"


#: of "demo-skycore-password"
MD5 = "ad8a534f972372f71aa2c81a7ab81136"
MEMBER = "<CAMPAIGNID>77676</CAMPAIGNID><MOBILE> 15551234888</MOBILE>"
SUBSCRIBED = (
    "<RESPONSE><STATUS>Success</STATUS><CAMPAIGNID>77676</CAMPAIGNID><MOBILE>15551234888</MOBILE></RESPONSE>"
)
SKY_CASES += [
    Case(
        "skycore user and pass",
        post(
            SKY, f"<REQUEST><ACTION>sendSMS</ACTION><USER>demo</USER><PASS>{MD5}</PASS>{SKY_GOOD}</REQUEST>"
        ),
        SKY_OK,
    ),
    Case(
        "skycore E103",
        post(SKY, f"<REQUEST><ACTION>sendSMS</ACTION><USER>demo</USER>{SKY_GOOD}</REQUEST>"),
        sky_error("E103", "'pass' md5(password) required", ""),
    ),
    Case(
        "skycore E104 of a password",
        post(
            SKY,
            f"<REQUEST><ACTION>sendSMS</ACTION><USER>demo</USER><PASS>{MD5[::-1]}</PASS>{SKY_GOOD}</REQUEST>",
        ),
        sky_error("E104", "User Authentication FAILED"),
    ),
    Case(
        "skycore form fields without XML",
        post(
            SKY,
            "action=sendsms&api_key=demo-skycore&to=15551234888&from=60856&text=Hello+Jerry",
            "application/x-www-form-urlencoded",
        ),
        SKY_OK,
    ),
    Case(
        "skycore form fields beside a query",
        post(
            f"{SKY}?action=sendsms&api_key=demo-skycore",
            '--b\r\nContent-Disposition: form-data; name="TO"\r\n\r\n15551234888\r\n'
            '--b\r\nContent-Disposition: form-data; name="FROM"\r\n\r\n60856\r\n'
            '--b\r\nContent-Disposition: form-data; name="TEXT"\r\n\r\nHi\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        SKY_OK,
    ),
    Case(
        "skycore E100 of a post without XML",
        post(SKY, "xml=", "application/x-www-form-urlencoded"),
        sky_error(
            "E100",
            "Invalid request. Make request via GET method or send valid XML inside 'xml' field via POST.",
            "",
        ),
    ),
    Case("skycore operator", sky("<OPERATORID>0001890</OPERATORID>" + SKY_GOOD), SKY_OK),
    Case("skycore subscribe", subscribe("subscribe", MEMBER), SUBSCRIBED, messages=0),
    Case("skycore unsubscribe", subscribe("UnSubscribe", MEMBER), SUBSCRIBED, messages=0),
    Case(
        "skycore subscribe in a query",
        get(f"{SKY}?action=subscribe&api_key=demo-skycore&campaignid=77676&mobile=15551234888"),
        SUBSCRIBED,
        messages=0,
    ),
    Case(
        "skycore E901",
        subscribe("subscribe", "<CAMPAIGNID>77676</CAMPAIGNID>"),
        campaign_error("E901", "The 'mobile' is required", mobile=""),
    ),
    Case(
        "skycore E902",
        subscribe("subscribe", "<MOBILE>15551234888</MOBILE>"),
        campaign_error("E902", "The 'campaignid' is required", campaign=""),
    ),
    Case(
        "skycore E903",
        subscribe("subscribe", "<CAMPAIGNID>1</CAMPAIGNID><MOBILE>15551234888</MOBILE>"),
        campaign_error("E903", "Invalid CampaignID", campaign="1"),
    ),
    Case(
        "skycore subscribe E110",
        subscribe("subscribe", "<CAMPAIGNID>77676</CAMPAIGNID><MOBILE>abc</MOBILE>"),
        campaign_error("E110", "Invalid receiver number", mobile="abc"),
    ),
    Case(
        "skycore subscribe E104",
        subscribe("subscribe", MEMBER, "x"),
        campaign_error("E104", "User Authentication FAILED"),
    ),
    Case(
        "skycore subscribe E107",
        subscribe("subscribe", MEMBER, "mute-skycore"),
        campaign_error("E107", "This account has no rights to use this action"),
    ),
]
