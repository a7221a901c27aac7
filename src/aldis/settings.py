"""The operator's file `aldis.toml`, with overrides from the environment; every fault is reported at once,
with its line.

Keys are described in docs/reference/settings.md, overrides in `environment.py`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from aldis import toml_file
from aldis.dialects.registry import BY_NAME
from aldis.environment import override
from aldis.errors import SettingsError
from aldis.links.smpp.quirks import Quirks

MAX_PORT = 65_535
MAX_PASSWORD = 64
#: Source: RFC 1123 §2.1
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


class HttpSettings(msgspec.Struct, frozen=True):
    """`[http]`: the customers' door."""

    listen: str = "127.0.0.1:8080"
    #: PEM files; both or neither
    certificate: str = ""
    key: str = ""
    #: scheme and host as customers write them, which signatures of requests cover; "": as the request says
    public_url: str = ""
    #: by dialect: host names at which that dialect is served and nothing else
    hosts: dict[str, tuple[str, ...]] = {}
    #: addresses of proxies whose X-Forwarded-For is believed
    trusted_proxies: tuple[str, ...] = ()
    connections: int = 2000
    connections_per_address: int = 40
    max_body_octets: int = 2_097_152
    header_octets: int = 32_768
    header_count: int = 100
    header_s: float = 5.0
    body_s: float = 30.0


class StoreSettings(msgspec.Struct, frozen=True):
    """`[store]`."""

    #: a relative path is inside the data directory
    url: str = "sqlite:///aldis.db"
    #: where transactions run; auto: in a process of their own where there is more than one core
    writer: Literal["auto", "process", "thread"] = "auto"
    #: ended messages are forgotten after so many days
    retention_days: int = 30


class MessageSettings(msgspec.Struct, frozen=True):
    """`[messages]`."""

    #: how long a message may wait to be sent
    validity_s: int = 172_800
    #: how long a link must be down before its messages take a backup
    failover_s: int = 30
    #: the same words from the same handset within this time are the carrier's repetition
    inbound_repeat_s: int = 60
    #: attachments and text of one multimedia message
    mms_octets: int = 1_048_576
    #: look into pictures before they are accepted
    mms_verify: bool = False
    #: how long to wait for a receipt before a message counts as unconfirmed
    receipt_patience_s: int = 259_200


class LinkEntry(msgspec.Struct, frozen=True):
    """`[[link]]`: a carrier's SMSC, or with `kind = "mm7"` its MMSC."""

    name: str
    kind: Literal["smpp", "mm7"] = "smpp"
    host: str = ""
    port: int = 0
    #: a transceiver, or a transmitter and a receiver
    bind: Literal["transceiver", "pair"] = "transceiver"
    #: so many of them
    binds: int = 1
    tls: bool = False
    #: PEM files: whom to believe instead of the system's authorities; who we are
    tls_ca: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    system_id: str = ""
    password: str = ""
    password_file: str = ""
    system_type: str = ""
    #: unanswered submits on each bind
    window: int = 100
    #: segments a second; none: no limit
    tps: float | None = None
    #: what to do with a message that was submitted and not answered: send again, or wait for its receipt
    in_doubt: Literal["resend", "hold"] = "resend"
    max_attempts: int = 24
    enquire_link_s: float = 30.0
    response_s: float = 30.0
    quirks: Quirks = Quirks()
    #: where an MMSC takes messages
    url: str = ""
    #: who we are to it
    vasp_id: str = ""
    vas_id: str = ""
    service_code: str = ""
    user: str = ""
    #: where it sends its reports and what handsets write, and what it must show; "": nowhere
    listen: str = ""
    listen_user: str = ""
    listen_password: str = ""
    #: PEM files; both or neither
    listen_certificate: str = ""
    listen_key: str = ""
    #: of one message; 0: no limit of its own
    max_octets: int = 0
    #: pictures are made smaller where a message is larger than that
    downscale: bool = False


class SimulatorSettings(msgspec.Struct, frozen=True):
    """`[simulator]`: a built-in SMSC; it runs only when this section is there."""

    listen: str = "127.0.0.1:2775"
    view: str = "127.0.0.1:8090"
    system_id: str = ""
    password: str = ""
    #: where the MMSC sends its reports and what handsets write, and what it shows there; "": nowhere
    vasp_url: str = ""
    vasp_user: str = ""
    vasp_password: str = ""
    #: unbind a customer that only says that it lives, after so long
    inactivity_s: float | None = None


class ConsoleSettings(msgspec.Struct, frozen=True):
    """`[console]`: the operator's pages and the admin API; they run only when this section is there."""

    listen: str = "127.0.0.1:8081"


class LogSettings(msgspec.Struct, frozen=True):
    """`[log]`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    #: auto: colours on a terminal, JSON otherwise
    format: Literal["auto", "json", "console"] = "auto"


class Settings(msgspec.Struct, frozen=True):
    """The whole file."""

    http: HttpSettings = HttpSettings()
    store: StoreSettings = StoreSettings()
    messages: MessageSettings = MessageSettings()
    link: tuple[LinkEntry, ...] = ()
    simulator: SimulatorSettings | None = None
    console: ConsoleSettings | None = None
    log: LogSettings = LogSettings()


class _File(msgspec.Struct, frozen=True):
    """The file's sections as `toml_file` walks them: without the union that it cannot."""

    http: HttpSettings = HttpSettings()
    store: StoreSettings = StoreSettings()
    messages: MessageSettings = MessageSettings()
    link: tuple[LinkEntry, ...] = ()
    simulator: SimulatorSettings = SimulatorSettings()
    console: ConsoleSettings = ConsoleSettings()
    log: LogSettings = LogSettings()


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file and the environment. Raises SettingsError with every fault found."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError([f"{path}: {getattr(fault, 'strerror', None) or 'not UTF-8'}"]) from None
    return read(text, str(path), environment)


def read(text: str, file: str, environment: Mapping[str, str]) -> Settings:
    """Read the text of a settings file."""
    data = toml_file.parse(text, file)
    origins, problems = override(data, _File, environment)
    try:
        found = toml_file.convert(data, _File, toml_file.Source(text, file, origins), _faults)
    except SettingsError as fault:
        raise SettingsError(problems + fault.problems) from None
    if problems:
        raise SettingsError(problems)
    return Settings(
        http=found.http,
        store=found.store,
        messages=found.messages,
        link=found.link,
        simulator=found.simulator if "simulator" in data else None,
        console=found.console if "console" in data else None,
        log=found.log,
    )


def host_and_port(listen: str) -> tuple[str, int]:
    """Split `host:port`; an IPv6 host stands in brackets. Raises ValueError."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > MAX_PORT:
        raise ValueError(f"`{listen}` is not host:port")
    return host, int(port)


def store_path(url: str, data_dir: Path) -> Path:
    """Find the SQLite file that a store URL names. Raises ValueError."""
    if not url.startswith("sqlite:///") or len(url) == len("sqlite:///"):
        raise ValueError("only sqlite:///FILE is supported")
    return data_dir / url.removeprefix("sqlite:///")


def password_of(link: LinkEntry) -> str:
    """Read a link's password from where the file says it is. Raises SettingsError."""
    if not link.password_file:
        return link.password
    try:
        password = Path(link.password_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(
            [f"password_file of link `{link.name}`: {getattr(fault, 'strerror', None) or 'not UTF-8'}"]
        ) from None
    if len(password) > MAX_PASSWORD or not password.isascii():
        raise SettingsError(
            [f"password_file of link `{link.name}`: must be {MAX_PASSWORD} ASCII characters at most"]
        )
    return password


def _faults(found: _File) -> list[tuple[toml_file.Path, str]]:
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
    known = ", ".join(BY_NAME)
    seen: set[str] = set()
    for dialect, names in hosts.items():
        if dialect not in BY_NAME:
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


def is_http(url: str) -> bool:
    """Tell whether an address is one of HTTP, without a user name."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_good and parts.username is None


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
