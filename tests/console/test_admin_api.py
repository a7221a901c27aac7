"""The admin API: what it takes and gives, and what it says when something is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.accounts.history import MASK
from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of
from aldis.stages.sending.upstream import CLOSED
from aldis.traffic.anomalies import Anomaly, describe

BOSS = Actor("boss", Role.ADMIN, "command line")


class Api:
    """A program with a key."""

    def __init__(self, base: str, key: str) -> None:
        self.base = base + "/v1"
        self.session = aiohttp.ClientSession(headers={"authorization": f"Bearer {key}"})

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.request(method, self.base + path, data=data, params=query) as answer:
            text = await answer.text()
            kind = "application/json" if answer.status < 400 else "application/problem+json"
            assert answer.content_type == kind, text
            return answer.status, json.loads(text)


@pytest.fixture
async def api(watched: WholeGateway) -> AsyncIterator[Api]:
    people = people_of(watched.gateway.store)
    key = await people.make_token(BOSS, "robot", Role.ADMIN, 0, watched.clock.now())
    made = Api(watched.console, key)
    yield made
    await made.session.close()


async def test_an_account_is_put_changed_and_taken_back(api: Api) -> None:
    new = {"account": {"networks": ["127.0.0.0/8"], "sender": [{"value": "74700"}]}}
    status, made = await api.call("PUT", "/accounts/acme", new)
    assert (status, made["account"]["networks"]) == (201, ["127.0.0.0/8"])
    assert (await api.call("PUT", "/accounts/acme", new))[0] == 409  # is there already
    patch = {"account": {"burst": 7, "postback_secret": {"mavorion": "s3cret"}}, "version": made["version"]}
    status, changed = await api.call("PATCH", "/accounts/acme", patch)
    assert (status, changed["account"]["burst"]) == (200, 7)
    assert changed["account"]["postback_secret"] == {"mavorion": MASK}
    assert changed["account"]["sender"][0]["value"] == "74700"
    status, problem = await api.call("PATCH", "/accounts/acme", patch)
    assert (status, "changed this since" in problem["detail"]) == (409, True)
    status, again = await api.call(
        "PUT", "/accounts/acme", {"account": changed["account"], "version": changed["version"]}
    )
    assert again == changed  # what is given can be put
    status, done = await api.call("POST", f"/history/{changed['version']}/undo")
    assert (status, done["lines"]) == (200, ["change account acme"])
    assert (await api.call("GET", "/accounts/acme"))[1]["account"]["burst"] == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", 400),
        (b"\xff", 400),
        ([], 422),
        ({}, 422),
        ({"account": {}, "colour": 1}, 422),
        ({"account": {"burst": 0, "currency": "x"}}, 422),
        ({"account": {"name": "other"}}, 422),
        ({"account": {"credit": "5"}}, 422),
        ({"account": {"sender": [{"value": 1}]}}, 422),
        ({"account": {"networks": "all"}}, 422),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_kept(api: Api, body: Any, expected: int) -> None:
    status, problem = await api.call("PUT", "/accounts/acme", body)
    assert (status, problem["status"], problem["detail"] != "") == (expected, expected, True)
    assert (await api.call("GET", "/accounts/acme"))[0] == 404


async def test_faults_are_told_by_their_paths(api: Api) -> None:
    _, problem = await api.call("PUT", "/accounts/acme", {"account": {"burst": 0, "currency": "x"}})
    assert set(problem["faults"]) == {"burst", "currency"}
    _, problem = await api.call("PUT", "/routes", {"routes": [{"link": "a", "country": "XX"}], "version": 1})
    assert set(problem["faults"]) == {"0.country"}


async def test_credentials_and_credit(api: Api) -> None:
    await api.call("PUT", "/accounts/acme", {"account": {}})
    status, account = await api.call("POST", "/accounts/acme/credit", {"amount": "12.5"})
    assert (status, account["ledger"]["available"]) == (200, "12.50")
    assert (await api.call("POST", "/accounts/acme/credit", {"amount": "-13"}))[0] == 422
    status, told = await api.call("POST", "/accounts/acme/credentials", {"dialect": "skycore"})
    assert (status, bool(told["key"])) == (201, True)
    status, fresh = await api.call(
        "POST", f"/accounts/acme/credentials/{told['id']}/rotate", {"grace_hours": 1}
    )
    assert (status, fresh["key"] not in ("", told["key"])) == (200, True)
    _, found = await api.call("GET", "/accounts/acme/credentials")
    assert [each["until"] is None for each in found["credentials"]] == [False, True]
    assert (await api.call("DELETE", f"/accounts/acme/credentials/{told['id']}"))[0] == 200
    assert (await api.call("DELETE", f"/accounts/acme/credentials/{told['id']}"))[0] == 404
    assert told["key"] not in str(await api.call("GET", "/history", kind="account", name="acme"))


@pytest.mark.parametrize(("method", "action"), [("POST", "/rotate"), ("DELETE", "")])
async def test_anothers_credential_is_no_more_an_accounts_than_one_that_never_was(
    api: Api, method: str, action: str
) -> None:
    _, demo = await api.call("GET", "/accounts/demo")
    path, never = "/accounts/slow/credentials/{}" + action, "0" * len(demo["credentials"][0]["id"])
    body = {"grace_hours": 1} if action else None
    for credential in demo["credentials"]:
        status, told = await api.call(method, path.format(credential["id"]), body)
        unknown = await api.call(method, path.format(never), body)
        assert (status, json.dumps(told).replace(credential["id"], never)) == (404, json.dumps(unknown[1]))
        assert unknown[0] == 404
    assert (await api.call("GET", "/accounts/demo"))[1] == demo


async def test_lists_come_in_pages(api: Api) -> None:
    names: list[str] = []
    after = ""
    while True:
        _, page = await api.call("GET", "/carriers", limit="50", after=after)
        names += [each["name"] for each in page["carriers"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert len(names) == len(set(names)) > 100
    _, history = await api.call("GET", "/history", limit="2")
    _, older = await api.call("GET", "/history", limit="2", before=str(history["next"]))
    assert history["changes"][-1]["id"] > older["changes"][0]["id"]
    _, audit = await api.call("GET", "/audit", limit="1")
    assert audit["entries"][0]["action"] == "add api key"
    assert (await api.call("GET", "/audit", limit="many"))[0] == 422
    assert (await api.call("GET", "/history", kind="nothing"))[0] == 422
    assert (await api.call("GET", "/history/" + "9" * 30))[0] == 404


async def test_carriers_routes_and_prices(api: Api) -> None:
    carrier = {"carrier": {"country": "GB", "aliases": {"skycore": ["9"]}, "prefixes": ["4499"]}}
    status, made = await api.call("PUT", "/carriers/mine", carrier)
    assert (status, made["carrier"]["prefixes"]) == (201, ["4499"])
    _, routes = await api.call("GET", "/routes")
    routes["routes"].insert(0, {"link": "simulator", "carrier": "mine"})
    assert (await api.call("PUT", "/routes", routes))[0] == 200
    assert (await api.call("PUT", "/routes", routes))[0] == 409
    assert (await api.call("DELETE", "/carriers/mine", {"version": made["version"]}))[
        0
    ] == 409  # routes name it
    _, routes = await api.call("GET", "/routes")
    await api.call("PUT", "/routes", {**routes, "routes": routes["routes"][1:]})
    assert (await api.call("DELETE", "/carriers/mine", {"version": made["version"]}))[0] == 200
    _, prices = await api.call("GET", "/prices")
    prices["prices"].append({"per_segment": "0.07", "country": "GB"})
    status, prices = await api.call("PUT", "/prices", prices)
    assert (status, prices["prices"][-1]["per_segment"]) == (200, "0.07")


async def test_number_ranges(api: Api, watched: WholeGateway) -> None:
    assert (await api.call("GET", "/number-ranges"))[1] == {"version": 0, "number_ranges": []}
    added = [{"country": "US", "begins": "679", "length": 10}]
    status, kept = await api.call("PUT", "/number-ranges", {"number_ranges": added})
    assert (status, kept["number_ranges"]) == (200, added)
    known = await watched.gateway.store.directory.load()
    assert known.number_ranges.country_of("16792345678") == "US"
    status, problem = await api.call(
        "PUT", "/number-ranges", {"version": kept["version"], "number_ranges": [{**added[0], "length": 2}]}
    )
    assert (status, list(problem["faults"])) == (422, ["0.length"])
    assert (await api.call("PUT", "/number-ranges", {"number_ranges": []}))[0] == 409


async def test_a_link_tells_what_its_carrier_does_otherwise(api: Api, watched: WholeGateway) -> None:
    watched.gateway.metrics.anomalies.note("simulator", Anomaly.MISNAMED_RECEIPT, count=2)
    (link,) = (await api.call("GET", "/links"))[1]["links"]
    says, _ = describe("misnamed_receipt", "")
    told = {"kind": "misnamed_receipt", "detail": None, "times": 2, "says": says, "advice": None}
    assert link["anomalies"] == [told]


async def test_a_link_is_ordered(api: Api, watched: WholeGateway) -> None:
    status, link = await api.call("POST", "/links/simulator/drain")
    assert (status, link["wanted"]) == (202, "draining")
    while not (await api.call("GET", "/links"))[1]["links"][0]["is_closed"]:
        await asyncio.sleep(0.01)
    assert watched.gateway.binds() == {"simulator": [CLOSED]}
    assert (await api.call("POST", "/links/simulator/start"))[1]["ordered_by"] == "robot"
    assert (await api.call("POST", "/links/ghost/start"))[0] == 404


async def test_consent_is_changed(api: Api) -> None:
    wish = {"sender": "74700", "topic": "news", "kind": "opt_in", "why": "letter"}
    status, found = await api.call("POST", "/consents/447700900001", wish)
    assert (status, found["standings"][0]["topics"]) == (200, ["news"])
    assert (await api.call("POST", "/consents/447700900001", wish))[0] == 409
    assert (await api.call("POST", "/consents/447700900001", {**wish, "kind": "perhaps"}))[0] == 422
    assert (await api.call("GET", "/consents/nobody"))[0] == 422


async def test_people_and_keys(api: Api) -> None:
    assert (await api.call("PUT", "/operators/nina", {"role": "viewer"}))[
        0
    ] == 404  # new ones need a password
    assert (await api.call("PUT", "/operators/nina", {"role": "viewer", "password": "nina-console"}))[
        0
    ] == 200
    assert (await api.call("PUT", "/operators/nina", {"role": "operator"}))[0] == 200
    _, found = await api.call("GET", "/operators")
    assert {"nina": "operator"}.items() <= {o["name"]: o["role"] for o in found["operators"]}.items()
    assert "argon2" not in str(found)
    assert (await api.call("DELETE", "/operators/nina"))[0] == 200
    assert (await api.call("PUT", "/operators/demo", {"role": "king"}))[0] == 422
    status, told = await api.call("POST", "/keys", {"name": "second", "role": "viewer", "days": 3})
    assert (status, told["key"][:6]) == (201, "aldis_")
    assert told["key"] not in str(await api.call("GET", "/keys"))
    keys = {key["name"]: key["made_by"] for key in (await api.call("GET", "/keys"))[1]["keys"]}
    assert keys == {"robot": "", "second": ""}  # made from the command line, and by that key
    assert (await api.call("DELETE", "/keys/second"))[0] == 200
    assert (await api.call("POST", "/keys", {"name": "third", "role": "viewer", "days": 0}))[0] == 422


async def test_sessions_are_listed_and_ended(watched: WholeGateway, api: Api) -> None:
    async with Browser(watched.console) as vera, Browser(watched.console) as otto:
        assert await vera.sign_in("vera", "vera-console") == 200
        assert await otto.sign_in("otto", "otto-console") == 200
        _, found = await api.call("GET", "/sessions")
        of = {each["operator"]: each for each in found["sessions"]}
        assert sorted(of) == ["otto", "vera"]
        assert of["vera"]["address"] == "127.0.0.1"
        assert vera.cookies["aldis_session"] not in str(found)
        assert (await api.call("DELETE", f"/sessions/{of['vera']['id']}"))[0] == 200
        assert (await api.call("DELETE", f"/sessions/{of['vera']['id']}"))[0] == 404
        assert (await vera.ask("GET", "/"))[0] == 303
        assert (await otto.ask("GET", "/"))[0] == 200


async def test_a_key_that_nobody_has_is_in_the_audit_log(watched: WholeGateway, api: Api) -> None:
    async with Browser(watched.console) as stranger:
        assert (await stranger.ask("GET", "/v1/accounts", authorization="Bearer aldis_guess1234567"))[
            0
        ] == 401
    _, found = await api.call("GET", "/audit")
    newest = found["entries"][0]
    assert (newest["action"], newest["subject"]) == ("refused: use api key", "aldis_guess1…")
    assert "127.0.0.1" in newest["detail"]
