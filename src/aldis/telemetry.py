"""Logs and metrics. Never a text, a number or a secret in either; ids, links, states and counts only.

Logs are structured (structlog): JSON lines, or colours on a terminal. Metrics are Prometheus counters bound
once, in a registry of their own, so that several gateways can live in one process.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

log = structlog.get_logger()

#: words of one kind and link that are told apart, and what the rest are called
MAX_DETAILS = 20
OTHERS = "others"


def configure_logs(level: str, style: str) -> None:
    """Set up logging for the process, as `[log]` of the settings says; call it once, where it begins."""
    is_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    written: list[structlog.typing.Processor] = [structlog.processors.JSONRenderer()]
    if not is_json:
        plain = structlog.dev.plain_traceback  # it is text already, below
        written = [
            _printable,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain),
        ]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *written,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # aiohttp and others log through the standard library; their warnings count, their chatter does not
    logging.basicConfig(level=logging.WARNING, handlers=[_OfLibraries()])


class _OfLibraries(logging.Handler):
    """Writes what libraries log as our own is written."""

    def __init__(self) -> None:
        super().__init__()
        self._log = structlog.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        try:
            said = record.getMessage()
        except (TypeError, ValueError):  # its values do not fit it
            said = str(record.msg)
        write = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        write(said, logger=record.name, exc_info=record.exc_info)


def _printable(
    _logger: object, _method: str, entry: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Escape what would control a terminal, or look like another line; a traceback keeps its lines."""
    for key, value in entry.items():
        if isinstance(value, str) and not value.isprintable():
            keeps = "\n" if key == "exception" else ""
            entry[key] = "".join(
                each if each.isprintable() or each in keeps else ascii(each)[1:-1] for each in value
            )
    return entry


class Cell:
    """One number of a tally."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def inc(self, amount: int = 1) -> None:
        """Count on, on the event loop."""
        self.count += amount


class Tally(Collector):
    """A counter of what happens with every message: plain numbers, which are looked at when somebody asks.

    The library's own counts under a lock and asks itself four questions each time.
    """

    def __init__(self, name: str, help_text: str, label: str, registry: CollectorRegistry) -> None:
        self._name, self._help, self._label = name, help_text, label
        self._cells: dict[str, Cell] = {}
        registry.register(self)

    def labels(self, value: str) -> Cell:
        """Give the number of one value of the label; keep it where it is counted often."""
        return self._cells.setdefault(value, Cell())

    def collect(self) -> Iterable[Metric]:
        """Show what was counted, as the registry asks for it."""
        family = CounterMetricFamily(self._name, self._help, labels=[self._label])
        for value, cell in self._cells.items():
            family.add_metric([value], cell.count)
        yield family


class Listened(NamedTuple):
    """How many connections a listener has."""

    open: int
    most: int
    #: since the start, those that were one too many, and those that were closed for others
    refused: int
    gave_way: int


class ListenerConnections(Collector):
    """The connections of each listener, which are looked at when somebody asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._looks: dict[str, Callable[[], Listened]] = {}
        registry.register(self)

    def watch(self, listener: str, look: Callable[[], Listened]) -> None:
        """Tell of a listener from now on."""
        self._looks[listener] = look

    def collect(self) -> Iterable[Metric]:
        """Show how many there are, as the registry asks for it."""
        labels = ["listener"]
        current = GaugeMetricFamily("aldis_connections", "Open connections, by listener", labels=labels)
        most = GaugeMetricFamily("aldis_connections_limit", "How many there may be", labels=labels)
        refused = CounterMetricFamily(
            "aldis_connections_refused", "Connections that were one too many", labels=labels
        )
        gave_way = CounterMetricFamily(
            "aldis_connections_gave_way",
            "Connections that were closed so that others may come",
            labels=labels,
        )
        for listener, look in self._looks.items():
            found = look()
            current.add_metric([listener], found.open)
            most.add_metric([listener], found.most)
            refused.add_metric([listener], found.refused)
            gave_way.add_metric([listener], found.gave_way)
        yield from (current, most, refused, gave_way)


class Noted(NamedTuple):
    """How often something was noticed."""

    kind: str
    #: which word it was about; "" where there is none
    detail: str
    times: int


class Anomalies:
    """What carriers do otherwise, by link: counted, and logged the first time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "aldis_link_anomalies",
            "What a carrier did otherwise than specifications and settings say, by link and kind",
            ["link", "kind", "detail"],
            registry=registry,
        )
        self._noted: dict[tuple[str, str, str], int] = {}

    def note(self, link: str, kind: str, detail: str = "", count: int = 1) -> None:
        """Count what was noticed; a carrier's words are told apart as long as they are few."""
        key = (link, kind, detail)
        if key not in self._noted:
            if detail and sum(noted[:2] == key[:2] for noted in self._noted) >= MAX_DETAILS:
                key = (link, kind, OTHERS)
            if key not in self._noted:
                log.warning("a carrier departs from the specification", link=link, kind=kind, detail=key[2])
        self._noted[key] = self._noted.get(key, 0) + count
        self._counter.labels(*key).inc(count)

    def of(self, link: str) -> tuple[Noted, ...]:
        """Give what was noticed of a link since the start."""
        return tuple(
            Noted(kind, detail, times) for (name, kind, detail), times in self._noted.items() if name == link
        )


class Metrics:
    """The counters that the parts of one gateway share."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Tally(
            "aldis_messages_accepted", "Messages accepted, by dialect", "dialect", self.registry
        )
        self.refused = Counter(
            "aldis_requests_refused",
            "Requests refused, by dialect and reason",
            ["dialect", "reason"],
            registry=self.registry,
        )
        self.submitted = Counter(
            "aldis_segments_answered",
            "Segments answered by the upstream, by link and outcome",
            ["link", "outcome"],
            registry=self.registry,
        )
        self.receipts = Counter(
            "aldis_receipts",
            "Receipts recorded, by link and state",
            ["link", "state"],
            registry=self.registry,
        )
        self.early = Counter(
            "aldis_receipts_early", "Receipts that came before their response", registry=self.registry
        )
        self.forgotten = Counter(
            "aldis_receipts_forgotten",
            "Early receipts forgotten before their time, because there were too many",
            registry=self.registry,
        )
        self.inbound = Counter(
            "aldis_inbound_messages",
            "Messages from handsets, by what became of them: told, unroutable, repeated",
            ["outcome"],
            registry=self.registry,
        )
        self.unidentified = Counter(
            "aldis_inbound_unidentified",
            "Messages from handsets whose number cannot be told, by link",
            ["link"],
            registry=self.registry,
        )
        self.commits = Gauge("aldis_store_commits", "Commits since the start", registry=self.registry)
        self.store_up = Gauge("aldis_store_up", "1 while the store takes writes", registry=self.registry)
        self.anomalies = Anomalies(self.registry)
        self.connections = ListenerConnections(self.registry)
        self._add_passwords()
        self._add_clock()
        self._add_links()
        self._add_postbacks()
        self._add_troubles()

    def _add_passwords(self) -> None:
        """Add what tells of guessing."""
        self.passwords = Counter(
            "aldis_passwords",
            "Passwords of customers that were not known yet: right, wrong, paused (not looked at)",
            ["outcome"],
            registry=self.registry,
        )
        self.passwords_waiting = Gauge(
            "aldis_passwords_waiting", "Passwords that wait for their verification", registry=self.registry
        )

    def _add_clock(self) -> None:
        """Add what tells whether the clock is believed."""
        self.clock_steps = Counter(
            "aldis_clock_steps", "Times that the wall clock was set", registry=self.registry
        )
        self.clock_in_doubt = Gauge(
            "aldis_clock_in_doubt", "1 while nothing expires and nothing is forgotten", registry=self.registry
        )

    def _add_links(self) -> None:
        """Add what tells how the links stand, and what waits."""
        self.link_up = Gauge("aldis_link_up", "1 while a link is bound", ["link"], registry=self.registry)
        self.link_down_since = Gauge(
            "aldis_link_down_since_seconds",
            "Since when a link is not bound, in Unix seconds; 0 while it is",
            ["link"],
            registry=self.registry,
        )
        self.link_in_flight = Gauge(
            "aldis_link_in_flight", "Segments awaiting a response", ["link"], registry=self.registry
        )
        self.link_rate = Gauge(
            "aldis_link_slowed_to",
            "Segments a second that a link allows itself while its SMSC throttles; 0 without a limit",
            ["link"],
            registry=self.registry,
        )
        self.bind_failures = Counter(
            "aldis_bind_failures",
            "Binds that ended or never stood, by link and kind: unreachable, refused, lost, failed",
            ["link", "kind"],
            registry=self.registry,
        )
        self.link_window = Gauge(
            "aldis_link_window",
            "Segments that may await a response on all binds of a link together",
            ["link"],
            registry=self.registry,
        )
        self.link_limit = Gauge(
            "aldis_link_limit",
            "Segments a second that the settings allow a link; 0 without a limit",
            ["link"],
            registry=self.registry,
        )
        self.backlog = Gauge(
            "aldis_queued_messages",
            "Messages waiting, by link and priority (3 is the most urgent)",
            ["link", "priority"],
            registry=self.registry,
        )

    def _add_postbacks(self) -> None:
        """Add what tells of postbacks."""
        self.postbacks = Counter(
            "aldis_postback_tries",
            "Postback tries, by dialect and result",
            ["dialect", "result"],
            registry=self.registry,
        )
        self.postbacks_put_back = Counter(
            "aldis_postbacks_put_back",
            "Postback tries that a fault of our own prevented: an errno, resolver, proxy; they do not count",
            ["fault"],
            registry=self.registry,
        )
        self.postback_lanes_waiting = Gauge(
            "aldis_postback_lanes_waiting",
            "Lanes of postbacks with more due than may start, by what they wait for",
            ["waits_for"],
            registry=self.registry,
        )
        self.postbacks_under_way = Gauge(
            "aldis_postbacks_under_way", "Postback requests that await their answer", registry=self.registry
        )
        self.postback_connections = Gauge(
            "aldis_postback_connections",
            "Connections to endpoints that are open, by whether anything is asked of them: busy, idle",
            ["state"],
            registry=self.registry,
        )
        self.postbacks_pending = Gauge(
            "aldis_postbacks_pending", "Postbacks neither done nor a dead letter", registry=self.registry
        )

    def _add_troubles(self) -> None:
        """Add what tells of links that do not do as they should."""
        self.set_aside = Counter(
            "aldis_messages_set_aside",
            "Messages that are not claimed any more because handling them failed, by link",
            ["link"],
            registry=self.registry,
        )
        self.link_throttled_at = Gauge(
            "aldis_link_throttled_at_seconds",
            "When a carrier last slowed a link down with this answer, in Unix seconds",
            ["link", "answer"],
            registry=self.registry,
        )
        self.link_late_at = Gauge(
            "aldis_link_late_at_seconds",
            "When an answer was last awaited for longer than response_s, in Unix seconds; 0 for never",
            ["link"],
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        """Write all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
