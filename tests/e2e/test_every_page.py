"""Every page as people see it: light and dark, desktop and phone; accessible; nothing runs over the edge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from aldis.console.pages import PAGES
from tests.e2e.conftest import IMAGES, Demo, sign_in

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
#: streams, data and files, which are no pages
NO_PAGES = ("/live", "/live/history", "/handsets/live", "/consent/export")
#: one of each kind that needs a name
NAMED = ("/messages/1", "/accounts/demo", "/accounts/demo/toml", "/carriers/acsus", "/handsets/14805550102")
PATHS = sorted(
    page.path
    for page in PAGES
    if "GET" in page.methods
    and "{" not in page.path
    and not page.path.startswith("/v1/")
    and not page.path.endswith(".csv")
    and page.path not in NO_PAGES
)


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-") or "now"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_can_be_looked_at(chromium: Browser, demo: Demo, scheme: Any, size: str) -> None:
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = sign_in(context, demo)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(f"{page.url}: {fault}"))
    page.on(
        "console", lambda said: faults.append(f"{page.url}: {said.text}") if said.type == "error" else None
    )
    for path in (*PATHS, *NAMED):
        answer = page.goto(demo.console + path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_timeout(150)  # charts are drawn
        IMAGES.mkdir(exist_ok=True)
        page.screenshot(path=IMAGES / f"{_name(path)}-{size}-{scheme}.png")
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            faults.append(f"{path} is {over} pixels too wide for a {size}")
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        faults += [
            f"{path}: {violation['id']} ({violation['impact']}): {violation['nodes'][0]['html'][:120]}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    context.close()
    assert not faults, "\n".join(faults)
