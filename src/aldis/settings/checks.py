"""What can be wrong with settings that are well-formed: each fault with its place in the file. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from aldis import toml_file
from aldis.dialects.registry import POLICIES
from aldis.settings.sections import File, LinkEntry
from aldis.settings.values import MAX_PASSWORD, MAX_PORT, host_and_port, is_http, store_path

#: Source: RFC 1123 §2.1
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def faults(found: File) -> list[tuple[toml_file.Path, str]]:
    """Find all."""
    faults: list[tuple[toml_file.Path, str]] = []
    listens = (
        ("http", "listen", found.http.listen),
        ("console", "listen", found.console.listen),
        ("simulator", "listen", found.simulator.listen),
        ("simulator", "view", found.simulator.view),
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
    if bool(found.http.certificate) != bool(found.http.key):
        faults.append((("http",), "`certificate` and `key` belong together"))
    inactivity_s = found.simulator.inactivity_s
    if found.simulator.vasp_url and not is_http(found.simulator.vasp_url):
        faults.append((("simulator", "vasp_url"), "is no http or https address"))
    if inactivity_s is not None and not 0 < inactivity_s < math.inf:
        faults.append((("simulator", "inactivity_s"), "must be above 0; leave it out for no limit"))
    faults += [(("http", "hosts", *where), fault) for where, fault in _host_faults(found.http.hosts)]
    faults += _positive("http", found.http)
    faults += _positive("store", found.store)
    faults += _positive("messages", found.messages)
    return faults + _link_faults(found.link)


def _host_faults(hosts: Mapping[str, tuple[str, ...]]) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = []
    known = ", ".join(POLICIES)
    seen: set[str] = set()
    for dialect, names in hosts.items():
        if dialect not in POLICIES:
            faults.append(((dialect,), f"there is no such dialect; known here: {known}"))
        for name in names:
            if not _HOST.fullmatch(name.lower()):
                faults.append(((dialect,), f"`{name}` is no host name: leave out scheme, port and path"))
            elif name.lower() in seen:
                faults.append(((dialect,), f"`{name}` is there twice"))
            seen.add(name.lower())
    return faults


def _link_faults(links: tuple[LinkEntry, ...]) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = []
    names: set[str] = set()
    for index, link in enumerate(links):
        path: toml_file.Path = ("link", index)
        if link.name in names:
            faults.append(((*path, "name"), f"there are two links named `{link.name}`"))
        names.add(link.name)
        faults += [((*path, *where), fault) for where, fault in _faults_of(link)]
    return faults


def _faults_of(link: LinkEntry) -> list[tuple[toml_file.Path, str]]:
    faults = _smpp_faults(link) if link.kind == "smpp" else _mm7_faults(link)
    if not link.name:
        faults.append((("name",), "must not be empty"))
    if link.password and link.password_file:
        faults.append(((), "give `password` or `password_file`, not both"))
    for key in ("window", "binds", "max_attempts", "enquire_link_s", "response_s"):
        if not 0 < getattr(link, key) < math.inf:
            faults.append(((key,), "must be above 0"))
    if link.tps is not None and not 0 < link.tps < math.inf:
        faults.append((("tps",), "must be above 0; leave it out for no limit"))
    return faults + _tls_faults(link) + [(("quirks", key), fault) for key, fault in link.quirks.faults()]


def _smpp_faults(link: LinkEntry) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = [
        ((key,), 'is for links of `kind = "mm7"`') for key in _MM7_KEYS if getattr(link, key)
    ]
    for key, longest in (("system_id", 15), ("system_type", 12), ("password", MAX_PASSWORD)):
        if len(getattr(link, key)) > longest:
            faults.append(((key,), f"must be {longest} characters at most (SMPP v3.4 §4.1.1)"))
        if not getattr(link, key).isascii():
            faults.append(((key,), "must be ASCII (SMPP v3.4 §3.1)"))
    if not link.host:
        faults.append((("host",), "must not be empty"))
    if not 0 < link.port <= MAX_PORT:
        why = "must be above 0" if link.port <= 0 else f"must be {MAX_PORT} at most"
        faults.append((("port",), why))
    if link.in_doubt == "hold" and not link.quirks.registered_delivery & 0x03:
        faults.append((("in_doubt",), "`hold` waits for receipts, and `registered_delivery` asks for none"))
    return faults


_MM7_KEYS = ("url", "vasp_id", "vas_id", "service_code", "user", "listen", "max_octets", "downscale")
_SMPP_KEYS = ("host", "port", "system_id", "system_type", "tls")


def _mm7_faults(link: LinkEntry) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = [
        ((key,), 'is for links of `kind = "smpp"`') for key in _SMPP_KEYS if getattr(link, key)
    ]
    if not is_http(link.url):
        faults.append((("url",), "is no http or https address"))
    if link.listen:
        try:
            host_and_port(link.listen)
        except ValueError as fault:
            faults.append((("listen",), str(fault)))
        faults += [
            ((key,), "must not be empty: the MMSC has to show it")
            for key in ("listen_user", "listen_password")
            if not getattr(link, key)
        ]
    elif link.in_doubt == "hold":
        faults.append((("in_doubt",), "`hold` waits for reports, and there is no `listen` for them"))
    if bool(link.listen_certificate) != bool(link.listen_key):
        faults.append(((), "`listen_certificate` and `listen_key` belong together"))
    faults += [
        ((key,), "must not hold a colon (RFC 7617 §2)")
        for key in ("user", "listen_user")
        if ":" in getattr(link, key)
    ]
    if link.max_octets < 0:
        faults.append((("max_octets",), "must not be negative"))
    if link.downscale and not link.max_octets:
        faults.append((("downscale",), "makes pictures fit `max_octets`: give that too"))
    return faults


def _tls_faults(link: LinkEntry) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = []
    if bool(link.tls_certificate) != bool(link.tls_key):
        faults.append(((), "`tls_certificate` and `tls_key` belong together"))
    is_tls = link.tls if link.kind == "smpp" else link.url.startswith("https:")
    if not is_tls and (link.tls_ca or link.tls_certificate):
        wanted = "`tls = true`" if link.kind == "smpp" else "an https `url`"
        faults.append(((), f"`tls_ca`, `tls_certificate` and `tls_key` need {wanted}"))
    return faults


def _positive(section: str, record: msgspec.Struct) -> list[tuple[toml_file.Path, str]]:
    values = msgspec.structs.asdict(record)
    return [
        ((section, key), "must be above 0")
        for key, v in values.items()
        if isinstance(v, int | float) and not isinstance(v, bool) and v <= 0
    ]
