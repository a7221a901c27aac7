"""The demo's two files as they ship, and the rule that its public credentials stay on loopback."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from aldis.accounts import directory_file
from aldis.accounts.staff import Actor, Role
from aldis.addresses import is_loopback
from aldis.admin.directory import DirectoryEditor
from aldis.admin.operators import People
from aldis.app.entropy import token
from aldis.app.people import people_of
from aldis.dialects.registry import TRAITS
from aldis.errors import SettingsError
from aldis.settings import Settings, host_and_port
from aldis.store.contract.store import Store

#: who signs in at the demo's console: name, role, password
CONSOLE_LOGIN = ("demo", Role.ADMIN, "demo-console")
FILES = ("aldis.toml", "world.toml")


def text_of(name: str) -> str:
    """Read one of the files that ship with the demo."""
    return (files("aldis.demo") / name).read_text(encoding="utf-8")


def write_files(folder: Path) -> list[Path]:
    """Copy the files out, to start one's own from; never overwrites."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = [str(folder / name) for name in FILES if (folder / name).exists()]
    if taken:
        raise SettingsError([f"{path} is there already" for path in taken])
    for name in FILES:
        (folder / name).write_text(text_of(name), encoding="utf-8")
    return [folder / name for name in FILES]


async def apply_world(store: Store) -> None:
    """Put the demo's accounts into a store."""
    wanted = directory_file.read(text_of("world.toml"), "world.toml", TRAITS)
    now = store.clock.now()
    demo = Actor("demo", Role.ADMIN, "command line")
    await DirectoryEditor(store.changes, store.consent).apply(demo, wanted, now, replace=True)
    # a password that is public may well be the name of this machine
    await People(store.operators, token, host="").put_operator(demo, *CONSOLE_LOGIN, now)


async def refuse_demo_login(store: Store) -> None:
    """Raise SettingsError where the demo's admin may sign in: everybody can know the password."""
    name, _, password = CONSOLE_LOGIN
    if await people_of(store).has_password(name, password):
        says = (
            f"the demo's admin `{name}` may sign in here with the password that everybody can read: "
            f"`aldis admin create {name}` gives another, `aldis admin remove {name}` ends it"
        )
        raise SettingsError([says])


def refuse_public_addresses(settings: Settings) -> None:
    """Raise SettingsError unless everything listens on loopback: the demo's credentials are public."""
    listens = [settings.http.listen, *(link.listens_at for link in settings.link if link.listens_at)]
    if settings.simulator is not None:
        listens += [settings.simulator.listen, settings.simulator.view]
    if settings.console is not None:
        listens.append(settings.console.listen)
    problems = [
        f"the demo listens on loopback only, because its credentials are public; {listen} is not"
        for listen in listens
        if not is_loopback(host_and_port(listen)[0])
    ]
    if problems:
        raise SettingsError(problems)
