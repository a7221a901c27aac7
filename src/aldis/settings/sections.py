"""The sections of `aldis.toml` as records. docs/reference/settings.md describes every key."""

from __future__ import annotations

from typing import Literal

import msgspec

from aldis.links.registry import AnyEntry
from aldis.stages.authenticate import AuthenticationSettings
from aldis.stages.postbacks.settings import PostbackSettings


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
    #: of all requests together, while they come and while they are answered; None: as `total_octets` has it
    bodies_octets: int | None = None
    header_octets: int = 32_768
    header_count: int = 100
    header_s: float = 5.0
    body_s: float = 30.0
    #: who waits longer for the store is answered "internal error"
    answer_s: float = 20.0
    #: of each account, and of nobody's; 0: none
    refusals_kept: int = 100


class StoreSettings(msgspec.Struct, frozen=True):
    """`[store]`."""

    #: a relative path of SQLite's is inside the data directory; or postgresql://USER:PASSWORD@HOST/DATABASE
    url: str = "sqlite:///aldis.db"
    #: where transactions run and postbacks are posted; auto: in a process of their own where there is more
    #: than one core
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
    #: labels, or senders, of one account that statistics tell one by one
    most_labels: int = 1_000


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
    #: PEM files; both or neither
    certificate: str = ""
    key: str = ""
    #: addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    connections: int = 200
    connections_per_address: int = 50
    #: a page that has not begun to be answered after so long is refused; streams go on
    answer_s: float = 60.0


class CellsSettings(msgspec.Struct, frozen=True):
    """`[cells]`: which cell this gateway belongs to; where the section is missing, there is only one."""

    name: str
    #: 0..63, unlike all others: a part of its ids; kept in the database at the first start
    number: int
    #: the cell in which the directory is changed, and to which accounts belong that name none
    directory: str


class CellEntry(msgspec.Struct, frozen=True):
    """`[[cell]]`: another one."""

    name: str
    #: its database, as `[store] url`
    store: str
    #: scheme, host and port of its gateways' doors, in the order in which they are asked
    doors: tuple[str, ...]


class LogSettings(msgspec.Struct, frozen=True):
    """`[log]`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    #: auto: colours on a terminal, JSON otherwise
    format: Literal["auto", "json", "console"] = "auto"
    #: a line for each refused request
    refusals: bool = False


class Settings(msgspec.Struct, frozen=True):
    """The whole file."""

    http: HttpSettings = HttpSettings()
    authentication: AuthenticationSettings = AuthenticationSettings()
    store: StoreSettings = StoreSettings()
    messages: MessageSettings = MessageSettings()
    postbacks: PostbackSettings = PostbackSettings()
    link: tuple[AnyEntry, ...] = ()
    simulator: SimulatorSettings | None = None
    console: ConsoleSettings | None = None
    log: LogSettings = LogSettings()
    cells: CellsSettings | None = None
    cell: tuple[CellEntry, ...] = ()
