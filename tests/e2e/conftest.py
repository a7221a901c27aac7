"""A demo on ports of its own, and a browser in front of its console."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from aldis.demo.world import text_of
from tests.fakes.ports import free_port

CHROMIUM = "/usr/bin/chromium"
#: what keeps Chromium from looking for its maker's hosts
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_S = 60
IMAGES = Path(__file__).parents[2] / "docs" / "images"


class Demo(NamedTuple):
    """Where a running demo is."""

    console: str
    door: str
    view: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`aldis demo`, past its four messages."""
    folder = tmp_path_factory.mktemp("demo")
    ports = {port: str(free_port()) for port in ("8080", "8081", "8090", "2775", "8092")}
    text = text_of("aldis.toml")
    for old, new in ports.items():
        text = text.replace(old, new)
    (folder / "aldis.toml").write_text(text)
    command = [sys.executable, "-m", "aldis", "demo", "--config", str(folder / "aldis.toml")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            made = Demo(*(f"http://127.0.0.1:{ports[port]}" for port in ("8081", "8080", "8090")))
            _wait_for(made.console + "/sign-in", process)
            yield made
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)  # until another process listens
    pytest.fail(f"nothing answers at {url}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def sign_in(context: BrowserContext, demo: Demo) -> Page:
    """Open the console and sign in as the demo's admin."""
    page = context.new_page()
    page.goto(demo.console + "/sign-in")
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill("demo-console")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(demo.console + "/")
    return page


@pytest.fixture
def console(chromium: Browser, demo: Demo) -> Iterator[Page]:
    """The console, signed in; a script that the policy stopped or that failed fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = sign_in(context, demo)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not faults
