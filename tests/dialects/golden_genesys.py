"""Golden exchanges of Genesys (seed 003): the seed's own example, every input form, every refusal."""

from __future__ import annotations

from aldis.dialects.exchange import HttpRequest
from tests.dialects.asking import get, post
from tests.dialects.case import Case

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
    Case(
        "genesys older names",
        gene(sender="-", shortcode="74700", receipt="Yes", priority="BULK", carrier="99901"),
        "result_code=0",
    ),
    Case(
        "genesys query and form",
        post(
            f"{GENE}?login=demo&password=demo-genesys",
            "phone_number=12025550100&sender=74700&message=a&message_id=2",
        ),
        "result_code=0",
    ),
    *[Case(f"genesys 1 no {name}", gene(**{name: "-"}), "result_code=1") for name in GENE_GOOD],
    Case("genesys 1 priority", gene(priority="SOON"), "result_code=1"),
    Case("genesys 1 receipt", gene(receipt="PERHAPS"), "result_code=1"),
    Case("genesys 1 number", gene(phone_number="%2B12025550100"), "result_code=1"),
    Case("genesys 1 bad utf-8", gene(message="%ff"), "result_code=1"),
    Case("genesys 1 address to push", gene(wap_push_url="http://x.example/"), "result_code=1"),
    Case("genesys no address to push", gene(wap_push_url=""), "result_code=0"),
    Case("genesys 2 password", gene(password="wrong"), "result_code=2"),
    *[
        Case(f"genesys 2 {name}", gene(**who(name)), "result_code=2")
        for name in ("nobody", "suspended", "elsewhere", "mute")
    ],
    Case("genesys 3", gene(carrier="UNKNOWN"), "result_code=3"),
    Case("genesys 4", gene(sender="99999"), "result_code=4"),
    Case("genesys 4 number with a plus", gene(sender="%2B1+(202)+555-0100"), "result_code=4"),
    Case("genesys 4 number with a letter", gene(sender="tel:5550100"), "result_code=4"),
    Case("genesys 5", gene(sender="55555"), "result_code=5"),
    Case("genesys 6", gene(**who("slow"), message_id="2"), "result_code=6", after=(gene(**who("slow")),)),
    Case("genesys 7", gene(), "result_code=7", after=(gene(),)),
    Case("genesys 8", gene(message="a" * 1531), "result_code=8"),
    Case("genesys 99 broke", gene(**who("broke")), "result_code=99"),
    Case("genesys id of a refused request is free", gene(), "result_code=0", after=(gene(sender="55555"),)),
]
