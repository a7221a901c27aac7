"""What can be wrong with settings that are well-formed: each fault with its place in the file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from aldis import toml_file
from aldis.addresses import Networks, host_and_port, own_http_fault, store_path
from aldis.channels.http.proxy import read_proxy
from aldis.dialects.registry import POLICIES
from aldis.host_names import read_host
from aldis.links.entry import LinkEntry
from aldis.settings.sections import ConsoleSettings, Settings, SimulatorSettings
from aldis.stages.postbacks.settings import PostbackSettings
from aldis.toml_file import MOST
from aldis.traffic.ids import CELLS


def faults(found: Settings) -> list[toml_file.Fault]:
    """Find all."""
    faults: list[toml_file.Fault] = []
    console, simulator = found.console or ConsoleSettings(), found.simulator or SimulatorSettings()
    listens = (
        ("http", "listen", found.http.listen),
        ("console", "listen", console.listen),
        ("simulator", "listen", simulator.listen),
        ("simulator", "view", simulator.view),
    )
    for section, key, value in listens:
        try:
            host_and_port(value)
        except ValueError as fault:
            faults.append(((section, key), str(fault)))
    try:
        store_path(found.store.url, Path())
    except ValueError as fault:
        faults.append((("store", "url"), str(fault)))
    for section, trusted, certificate, key in (
        ("http", found.http.trusted_proxies, found.http.certificate, found.http.key),
        ("console", console.trusted_proxies, console.certificate, console.key),
    ):
        faults += _trusted_faults(section, trusted)
        if bool(certificate) != bool(key):
            faults.append(((section,), "`certificate` and `key` belong together"))
    inactivity_s = simulator.inactivity_s
    for section, key, url in (
        ("simulator", "vasp_url", simulator.vasp_url),
        ("http", "public_url", found.http.public_url),
    ):
        if url and (told := own_http_fault(url)):
            faults.append(((section, key), told))
    if inactivity_s is not None and not 0 < inactivity_s <= MOST:
        faults.append((("simulator", "inactivity_s"), "must be above 0; leave it out for no limit"))
    faults += [(("http", "hosts", *where), fault) for where, fault in _host_faults(found.http.hosts)]
    faults += _positive("http", found.http)
    faults += _positive("console", console)
    faults += _positive("authentication", found.authentication)
    faults += _positive("store", found.store)
    faults += _positive("messages", found.messages)
    return faults + _postback_faults(found.postbacks) + _link_faults(found.link) + _cell_faults(found)


def _postback_faults(postbacks: PostbackSettings) -> list[toml_file.Fault]:
    faults = _positive("postbacks", postbacks)
    if postbacks.account_share > 1:
        faults.append((("postbacks", "account_share"), "must be 1 at most: all of them"))
    try:
        read_proxy(postbacks.proxy)
    except ValueError as fault:
        faults.append((("postbacks", "proxy"), str(fault)))
    return faults


def _trusted_faults(section: str, proxies: tuple[str, ...]) -> list[toml_file.Fault]:
    faults: list[toml_file.Fault] = []
    for proxy in proxies:
        try:
            Networks([proxy])
        except ValueError as fault:
            faults.append(((section, "trusted_proxies"), f"is no address and no network: {fault}"))
    return faults


def _host_faults(hosts: Mapping[str, tuple[str, ...]]) -> list[toml_file.Fault]:
    faults: list[toml_file.Fault] = []
    known = ", ".join(POLICIES)
    seen: set[str] = set()
    for dialect, names in hosts.items():
        if dialect not in POLICIES:
            faults.append(((dialect,), f"there is no such dialect; known here: {known}"))
        for name in names:
            host = read_host(name)
            if host.fault or ":" in name:
                faults.append(((dialect,), f"`{name}` is no host name: leave out scheme, port and path"))
            elif host.name in seen:
                faults.append(((dialect,), f"`{name}` is there twice"))
            seen.add(host.name)
    return faults


def _link_faults(links: tuple[LinkEntry, ...]) -> list[toml_file.Fault]:
    faults: list[toml_file.Fault] = []
    names: set[str] = set()
    for index, link in enumerate(links):
        path: toml_file.Path = ("link", index)
        if link.name in names:
            faults.append(((*path, "name"), f"there are two links named `{link.name}`"))
        names.add(link.name)
        faults += [((*path, *where), fault) for where, fault in link.faults()]
    return faults


def _cell_faults(found: Settings) -> list[toml_file.Fault]:
    faults: list[toml_file.Fault] = []
    if found.cells is None:
        return [(("cell", 0), "needs a section `[cells]` that says which cell this is")] if found.cell else []
    names = [found.cells.name, *(cell.name for cell in found.cell)]
    if not found.store.url.startswith("postgres"):
        faults.append((("cells",), "needs PostgreSQL (`[store] url`): other cells write to its database"))
    if not 0 <= found.cells.number < CELLS:
        faults.append((("cells", "number"), f"must be 0 to {CELLS - 1}"))
    if found.cells.directory not in names:
        faults.append((("cells", "directory"), f"must be one of the cells: {', '.join(names)}"))
    if not found.cells.name:
        faults.append((("cells", "name"), "is missing"))
    for index, cell in enumerate(found.cell):
        path: toml_file.Path = ("cell", index)
        if not cell.name or cell.name in names[: index + 1]:
            faults.append(((*path, "name"), "must be there, and unlike all others"))
        if not cell.store.startswith(("postgresql://", "postgres://")):
            faults.append(((*path, "store"), "must be the address of a database of PostgreSQL's"))
        if not cell.doors:
            faults.append(((*path, "doors"), "must name one at least"))
        faults += [
            ((*path, "doors"), f"{door}: {told}") for door in cell.doors if (told := own_http_fault(door))
        ]
    return faults


def _positive(section: str, record: msgspec.Struct) -> list[toml_file.Fault]:
    values = msgspec.structs.asdict(record)
    return [
        ((section, key), f"must be above 0 and {MOST:,} at most")
        for key, v in values.items()
        if isinstance(v, int | float) and not isinstance(v, bool) and not 0 < v <= MOST
    ]
