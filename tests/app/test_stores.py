"""Which store the settings name: a new kind is known by its line in `BACKENDS` alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.clock import FakeClock

from aldis.accounts.staff import AuditEntry
from aldis.app import stores
from aldis.app.stores import BACKENDS, Serving, backend_of, open_store
from aldis.cli.opened import StoreLocation
from aldis.errors import LeaseLost, SettingsError
from aldis.settings import Settings, read, shown_store
from aldis.store.contract.store import Store


def settings_with(url: str) -> Settings:
    return read(f'[store]\nurl = "{url}"\nwriter = "thread"\n', "aldis.toml", {})


async def test_the_scheme_says_who_opens_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = settings_with("sqlite:///here.db")
    other = stores.Backend(
        open=lambda settings, data_dir, clock, serving: BACKENDS["sqlite"].open(
            here, data_dir / settings.store.url.removeprefix("other://"), clock, serving
        ),
        make_ready=lambda _, data_dir: BACKENDS["sqlite"].make_ready(here, data_dir / "there"),
        look_over=lambda _, data_dir, is_deep: BACKENDS["sqlite"].look_over(
            here, data_dir / "there", is_deep
        ),
        compact=lambda _, data_dir: BACKENDS["sqlite"].compact(here, data_dir / "there"),
    )
    monkeypatch.setitem(BACKENDS, "other", other)
    (tmp_path / "there").mkdir()
    settings = settings_with("other://there")
    assert backend_of(settings).look_over(settings, tmp_path, False).found == ""
    assert not StoreLocation(settings, tmp_path).is_missing
    store = await open_store(settings, tmp_path)
    assert await store.directory.version() == 0
    await store.close()
    assert backend_of(settings).look_over(settings, tmp_path, False).found == "ok"
    lock = stores.own(tmp_path)
    serving = Serving(lock, lambda: None, lambda _dialect, _done, _count: None, lambda _status: None)
    served = await backend_of(settings).open(settings, tmp_path, FakeClock(), serving)
    assert served.back_office is None
    await served.store.close()
    lock.release()


async def test_a_kind_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no kind of store `other`; known: sqlite, postgresql"):
        await open_store(settings_with("other://there"), tmp_path)


@pytest.mark.parametrize("url", ["", "aldis.db", "sqlite:///", "sqlite://aldis.db", "sqlite://", "://a"])
def test_what_is_no_address_is_a_fault_of_the_settings(url: str) -> None:
    with pytest.raises(SettingsError, match="is no address of a store"):
        settings_with(url)


async def test_a_command_takes_no_gateways_place(database: str, tmp_path: Path) -> None:
    """A gateway of the same data directory does."""
    settings = settings_with(database)
    lock = stores.own(tmp_path)
    serving = Serving(lock, lambda: None, lambda _dialect, _done, _count: None, lambda _status: None)
    entry = AuditEntry(0, "ada", "console", "try", "")

    async def serve() -> Store:
        return (await backend_of(settings).open(settings, tmp_path, FakeClock(), serving)).store

    first = await serve()
    command = await open_store(settings, tmp_path)
    await first.audit.note(entry)
    await command.audit.note(entry)
    second = await serve()
    with pytest.raises(LeaseLost):
        await first.audit.note(entry)
    await command.audit.note(entry)
    await second.audit.note(entry)
    assert len(await command.audit.log(0, 10)) == 4
    for store in (first, command, second):
        await store.close()
    lock.release()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql://aldis:s3cret@db1,db2:5433/aldis?sslmode=verify-full",
            "postgresql://db1,db2:5433/aldis",
        ),
        ("postgresql://aldis:p@ss@db1/aldis?password=x", "postgresql://db1/aldis"),
        ("postgresql:///aldis?host=/run/postgresql", "postgresql:///aldis"),
        ("sqlite:///aldis.db", "sqlite:///aldis.db"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert shown_store(url) == shown
