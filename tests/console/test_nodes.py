"""Nodes at the console, in the API and on the command line: of a gateway by itself, and of one on a database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.console.conftest import BOSS
from tests.fakes.browser import Browser
from tests.fakes.customer import FakeCustomer
from tests.fakes.programs import aldis
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Role
from aldis.app.people import people_of
from aldis.app.stores import node_name


async def test_a_gateway_with_a_file_is_the_only_node(
    watched: WholeGateway, browser: Browser, tmp_path: Path
) -> None:
    status, page = await browser.get("/nodes")
    assert (status, "has its store to itself" in page) == (200, True)
    status, text = await browser.get("/v1/nodes")
    assert (status, json.loads(text)) == (200, {"nodes": [], "unequal": []})
    assert (await browser.post("/nodes/drain", name="one"))[0] == 404
    assert watched.data_dir.exists()
    done = aldis("node", cwd=tmp_path)
    assert (done.returncode, "the only node" in done.stdout) == (0, True)
    assert aldis("node", "drain", "one", cwd=tmp_path).returncode == 1


@pytest.fixture
async def sharing(tmp_path: Path, customer: FakeCustomer, database: str) -> WholeGateway:
    """A gateway on a database, with a console."""
    more = f'\n[console]\nlisten = "127.0.0.1:0"\n[store]\nurl = "{database}"\n'
    return WholeGateway(tmp_path / "data", customer, more=more)


def where(sharing: WholeGateway, folder: Path) -> tuple[str, ...]:
    """Options of a command beside it."""
    config = folder / "aldis.toml"
    config.write_text(f'[store]\nurl = "{sharing.settings.store.url}"\n')
    return "--config", str(config), "--data-dir", str(sharing.data_dir)


async def test_a_node_is_shown_and_drained(sharing: WholeGateway, tmp_path: Path) -> None:
    await sharing.start()
    try:
        await sharing.up()
        people, now = people_of(sharing.gateway.store), sharing.clock.now()
        await people.put_operator(BOSS, "demo", Role.ADMIN, "demo-console", now)
        name = node_name(sharing.data_dir)
        async with Browser(sharing.console) as browser:
            assert await browser.sign_in() == 200
            (node,) = json.loads((await browser.get("/v1/nodes"))[1])["nodes"]
            assert (node["name"], node["state"], node["is_drained"]) == (name, "serving", False)
            assert {"maintenance", "jobs"} <= set(node["held"])
            assert (await browser.post("/nodes/drain", name=name))[0] == 200
            page = (await browser.get("/nodes"))[1]
            assert name in page
            assert "Have it back" in page
            assert (await browser.post("/nodes/burn", name=name))[0] == 404
            assert (await browser.post("/nodes/remove", name=name))[0] == 409
            done = aldis("node", "undrain", name, *where(sharing, tmp_path), cwd=tmp_path)
            assert (done.returncode, done.stderr) == (0, "")
            done = aldis("node", "drain", name, *where(sharing, tmp_path), cwd=tmp_path)
            assert (done.returncode, "what is accepted waits" in done.stderr) == (0, True)
            (link,) = json.loads((await browser.get("/v1/links"))[1])["links"]
            assert link["elsewhere"] == []
    finally:
        await sharing.stop()
