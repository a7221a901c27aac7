"""What operators do all day, in a real browser at a running demo."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo

OPTED_IN = "14805550123"
PATIENCE_MS = 20_000


def send(demo: Demo, number: str, message_id: str) -> str:
    """Send by the Genesys door, as a customer; returns the answer."""
    form = {
        "login": "demo",
        "password": "demo-genesys",
        "phone_number": number,
        "sender": "74700",
        "message": f"Hello {message_id}",
        "message_id": message_id,
        "receipt": "TRUE",
    }
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(demo.door + "/httpapi/receiver", data, timeout=10) as answer:
        return str(answer.read().decode())


def accept_dialogs(page: Page) -> None:
    page.on("dialog", lambda dialog: dialog.accept())


def test_messages_show_up_by_themselves(console: Page, demo: Demo) -> None:
    """Sent while one looks: the live page and the phones hear of them without a reload."""
    console.goto(demo.console + "/handsets")
    expect(console.get_by_role("heading", name="Handsets")).to_be_visible()
    for number in range(4):
        assert send(demo, f"4477009002{number:02d}", f"live-{number}") == "result_code=0"
    for number in range(4):
        phone = console.locator(f'a[href="/handsets/4477009002{number:02d}"]')
        expect(phone).to_be_visible(timeout=PATIENCE_MS)
    console.goto(demo.console + "/")
    before = console.locator("#liveness").inner_text()
    expect(console.locator("#liveness")).not_to_have_text(before, timeout=PATIENCE_MS)
    expect(console.locator('[data-link="simulator"] [data-field="binds"]')).to_contain_text("bound")


def test_a_message_is_found_and_tells_its_life(console: Page, demo: Demo) -> None:
    assert send(demo, "447700900301", "find-me") == "result_code=0"
    console.keyboard.press("/")
    console.keyboard.type("find-me")
    console.keyboard.press("Enter")
    console.get_by_role("link", name=re.compile(r"^\d+$")).first.click()
    expect(console.get_by_role("heading", name="Timeline (UTC)")).to_be_visible()
    timeline = console.locator(".timeline")
    expect(timeline).to_contain_text("accepted from the customer, in genesys")
    expect(timeline).to_contain_text("receipt: segment 1 delivered")
    expect(console.locator("table.pdu").first).to_contain_text("destination_addr")


def test_the_browser_keeps_nothing_of_what_was_shown(console: Page, demo: Demo) -> None:
    assert send(demo, "447700900302", "kept") == "result_code=0"
    console.goto(demo.console + "/messages?q=kept")
    found = console.locator("#found")
    expect(found).to_contain_text("447700900302")
    console.get_by_label("Country").fill("GB")
    console.get_by_label("Country").blur()
    expect(console).to_have_url(re.compile("country=GB"))
    console.get_by_label("Country").fill("US")
    console.get_by_label("Country").blur()
    expect(console).to_have_url(re.compile("country=US"))
    expect(found).not_to_contain_text("447700900302")
    kept = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])"
    assert "447700900302" not in console.evaluate(kept)
    console.go_back()
    expect(console).to_have_url(re.compile("country=GB"))
    expect(console.get_by_role("navigation", name="Main")).to_be_visible()
    expect(found).to_contain_text("447700900302")


def test_who_says_stop_gets_nothing_more(console: Page, demo: Demo) -> None:
    assert send(demo, OPTED_IN, "before-stop") == "result_code=0"
    console.goto(f"{demo.console}/handsets/{OPTED_IN}")
    console.get_by_role("button", name="STOP").click()
    expect(console.locator("#bubbles")).to_contain_text("You will get no more messages", timeout=PATIENCE_MS)
    assert send(demo, OPTED_IN, "after-stop") == "result_code=99"


def test_a_table_of_a_thousand_rows_is_sent(console: Page, demo: Demo, tmp_path: Path) -> None:
    accept_dialogs(console)
    table = tmp_path / "offer.csv"
    rows = [f"447701{row // 80:04d}{row % 80:02d},Ann {row}" for row in range(999)]  # 80 to 99 misbehave
    table.write_text("\n".join(["mobile,name", *rows, "nonsense,Bo"]) + "\n")
    console.goto(demo.console + "/compose/bulk")
    console.get_by_label("Account").select_option("demo")
    console.get_by_label("Table (CSV, UTF-8)").set_input_files(table)
    console.get_by_role("button", name="Load").click()
    console.get_by_label("Text").fill("Hello {name}")
    expect(console.locator(".look")).to_contain_text("Hello Ann 1", timeout=PATIENCE_MS)
    console.get_by_role("button", name="Send all").click()
    expect(console.locator("#progress")).to_contain_text("999accepted", timeout=60_000)
    expect(console.locator("#progress")).to_contain_text("1refused")
    console.reload()
    expect(console.get_by_role("cell", name="nonsense", exact=True)).to_be_visible()


def test_a_customer_is_told_once_more(console: Page, demo: Demo) -> None:
    accept_dialogs(console)
    assert send(demo, "447700900302", "tell-again") == "result_code=0"
    console.goto(demo.console + "/messages?q=tell-again")
    console.get_by_role("link", name=re.compile(r"^\d+$")).first.click()
    for _ in range(40):  # the page tells how it stood when it was asked for
        if console.locator("table .tag.good", has_text="taken").count():
            break
        console.wait_for_timeout(250)
        console.reload()
    console.get_by_role("button", name="Replay").click()
    expect(console.get_by_role("status")).to_contain_text("due again")


def test_an_edited_route_carries_the_next_message(console: Page, demo: Demo) -> None:
    assert send(demo, "447700900303", "by-the-old") == "result_code=0"
    console.goto(demo.console + "/routes")
    console.get_by_label("Link, row 3").fill("elsewhere")
    console.locator('[form="routes"][name="2.country"]').fill("GB")
    console.get_by_role("button", name="Save routes").click()
    expect(console.get_by_text("Saved. The next message takes it.")).to_be_visible()
    # the settings have no such link, so there is no way to Britain now
    assert send(demo, "447700900304", "by-the-new") == "result_code=3"
    console.locator('[form="routes"][name="2.remove"]').check()
    console.get_by_role("button", name="Save routes").click()
    expect(console.get_by_text("Saved. The next message takes it.")).to_be_visible()
    assert send(demo, "447700900305", "by-the-old-again") == "result_code=0"


def test_keys_go_where_they_say(console: Page, demo: Demo) -> None:
    console.keyboard.press("g")
    console.keyboard.press("m")
    console.wait_for_url(demo.console + "/messages")
    console.keyboard.press("g")
    console.keyboard.press("l")
    console.wait_for_url(demo.console + "/links")
