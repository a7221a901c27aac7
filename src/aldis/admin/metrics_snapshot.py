"""What the gateway's counters say: one look at them, and what lies between two looks. Pure.

The same for the console, which looks at the counters in memory, and for `aldis top`, which reads /metrics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import msgspec
from prometheus_client import Metric

from aldis.telemetry import Metrics, Noted

#: what a carrier took is a segment with this outcome
_TAKEN = "accepted"
#: receipts that end nothing
_INTERIM = frozenset(("submitted", "enroute"))


class LinkReading(msgspec.Struct):
    """One link's counters."""

    is_up: bool = False
    #: segments that the carrier took since the start, and those that it deferred or refused
    taken: float = 0
    not_taken: float = 0
    in_flight: int = 0
    window: int = 0
    #: segments a second that the settings allow, and to which it has slowed down; 0: no limit
    limit: float = 0
    slowed_to: float = 0
    #: by which answers the carrier throttled it, each with when it did last; when an answer was last late.
    #: Unix seconds, 0 for never
    throttled_at: dict[str, float] = msgspec.field(default_factory=dict)
    late_at: float = 0
    #: as Unix seconds; 0: it is up
    down_since: float = 0
    #: queued messages by priority
    queued: dict[int, int] = msgspec.field(default_factory=dict)
    #: what its carrier did otherwise since the start
    anomalies: list[Noted] = msgspec.field(default_factory=list)

    def notes(self, now: float) -> list[str]:
        """Say what is unusual about it, as of now (Unix seconds)."""
        found = [f"down, {_ago(now - self.down_since)}"] if self.down_since else []
        if self.throttled_at:
            answer, at = max(self.throttled_at.items(), key=lambda each: each[1])
            slowed = (
                f"throttled to {self.slowed_to:.0f} a second by" if self.slowed_to else "last throttled by"
            )
            found.append(f"{slowed} {answer}, {_ago(now - at)}")
        if self.late_at:
            found.append(f"answers came after response_s, {_ago(now - self.late_at)}")
        return found


def _ago(seconds: float) -> str:
    """Say how long ago something was, for people."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{max(0.0, seconds):.0f} s ago"


class Reading(msgspec.Struct):
    """All of them; totals since the start, and what stands now."""

    accepted: float = 0
    refused: float = 0
    inbound: float = 0
    delivered: float = 0
    undelivered: float = 0
    told: float = 0
    untold: float = 0
    pending: int = 0
    #: lanes of postbacks with more due than may start, by what they wait for
    postback_waits: dict[str, int] = msgspec.field(default_factory=dict)
    #: passwords that were not looked at, because too many were wrong
    paused: float = 0
    #: descriptors that the gateway and its writer have open, and the most that each may; 0: not known
    open_files: int = 0
    most_files: int = 0
    writer_open_files: int = 0
    writer_most_files: int = 0
    links: dict[str, LinkReading] = msgspec.field(default_factory=lambda: defaultdict(LinkReading))


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """What one second was like, or on average one minute."""

    #: Unix seconds
    at: int
    #: each a second: messages accepted, segments taken by carriers, messages from handsets
    accepted: float = 0
    sent: float = 0
    inbound: float = 0
    #: receipts a second: delivered, and ended otherwise
    delivered: float = 0
    undelivered: float = 0
    #: postbacks a second that customers took
    told: float = 0
    #: messages that wait, postbacks that are pending
    queued: int = 0
    pending: int = 0


class LinkNow(msgspec.Struct, frozen=True):
    """How one link stands."""

    name: str
    is_up: bool
    #: how each of its binds stands, where that is known
    binds: list[str]
    in_flight: int
    window: int
    per_s: float
    not_taken_per_s: float
    limit: float
    slowed_to: float
    #: by priority
    queued: dict[int, int]
    #: why it was last not bound, and when (Unix milliseconds); "", 0 for never
    last_error: str = ""
    last_error_at: int = 0

    @property
    def waiting(self) -> int:
        """How many messages wait for it."""
        return sum(self.queued.values())


def read(families: Iterable[Metric]) -> Reading:
    """Read what a registry or a page of /metrics says."""
    found = Reading()
    for family in families:
        for sample in family.samples:
            _take(found, sample.name, sample.labels, sample.value)
    return found


#: totals that are taken whatever their labels
_TOTALS = {
    "aldis_messages_accepted_total": "accepted",
    "aldis_requests_refused_total": "refused",
    "aldis_inbound_messages_total": "inbound",
}


#: numbers that are taken as they are
_NUMBERS = {
    "aldis_postbacks_pending": "pending",
    "process_open_fds": "open_files",
    "process_max_fds": "most_files",
    "aldis_writer_process_open_fds": "writer_open_files",
    "aldis_writer_process_max_fds": "writer_most_files",
}


def _take(found: Reading, name: str, labels: dict[str, str], value: float) -> None:
    match name:
        case _ if name in _TOTALS:
            setattr(found, _TOTALS[name], getattr(found, _TOTALS[name]) + value)
        case "aldis_receipts_total" if labels["state"] == "delivered":
            found.delivered += value
        case "aldis_receipts_total" if labels["state"] not in _INTERIM:
            found.undelivered += value
        case "aldis_postback_tries_total" if labels["result"] == "done":
            found.told += value
        case "aldis_postback_tries_total":
            found.untold += value
        case "aldis_passwords_total" if labels["outcome"] == "paused":
            found.paused += value
        case "aldis_postback_lanes_waiting":
            found.postback_waits[labels["waits_for"]] = int(value)
        case _ if name in _NUMBERS:
            setattr(found, _NUMBERS[name], int(value))
        case _ if "link" in labels:
            _take_link(found.links[labels["link"]], name, labels, value)


#: gauges of a link that are taken as they are
_GAUGES = {
    "aldis_link_limit": "limit",
    "aldis_link_slowed_to": "slowed_to",
    "aldis_link_late_at_seconds": "late_at",
    "aldis_link_down_since_seconds": "down_since",
}
_COUNTS = {"aldis_link_in_flight": "in_flight", "aldis_link_window": "window"}


def _take_link(link: LinkReading, name: str, labels: dict[str, str], value: float) -> None:
    match name:
        case _ if name in _GAUGES:
            setattr(link, _GAUGES[name], value)
        case _ if name in _COUNTS:
            setattr(link, _COUNTS[name], int(value))
        case "aldis_link_up":
            link.is_up = bool(value)
        case "aldis_link_throttled_at_seconds":
            link.throttled_at[labels["answer"]] = value
        case "aldis_queued_messages":
            link.queued[int(labels["priority"])] = int(value)
        case "aldis_link_anomalies_total":
            link.anomalies.append(Noted(labels["kind"], labels["detail"], int(value)))
        case "aldis_segments_answered_total" if labels["outcome"] == _TAKEN:
            link.taken += value
        case "aldis_segments_answered_total":
            link.not_taken += value


def between(before: Reading, after: Reading, seconds: float, at: int) -> Sample:
    """Tell what went on between two looks. A gateway that was started anew counts from 0: nothing is below
    that.
    """

    def rate(name: str) -> float:
        """Give how much a total grew in a second."""
        return _rate(getattr(before, name), getattr(after, name), seconds)

    sent = sum(
        _rate(before.links[name].taken if name in before.links else 0, link.taken, seconds)
        for name, link in after.links.items()
    )
    return Sample(
        at,
        accepted=rate("accepted"),
        sent=round(sent, 1),
        inbound=rate("inbound"),
        delivered=rate("delivered"),
        undelivered=rate("undelivered"),
        told=rate("told"),
        queued=sum(sum(link.queued.values()) for link in after.links.values()),
        pending=after.pending,
    )


def _rate(before: float, after: float, seconds: float) -> float:
    return round(max(0.0, after - before) / seconds, 1) if seconds > 0 else 0.0


def links_between(
    before: Reading, after: Reading, seconds: float, binds: dict[str, list[str]]
) -> list[LinkNow]:
    """Tell how the links stand, by name. `binds`: how each bind of each link stands."""
    found: list[LinkNow] = []
    for name in sorted({*after.links, *binds}):
        link, was = after.links.get(name, LinkReading()), before.links.get(name, LinkReading())
        found.append(
            LinkNow(
                name=name,
                is_up=link.is_up,
                binds=binds.get(name, []),
                in_flight=link.in_flight,
                window=link.window,
                per_s=_rate(was.taken, link.taken, seconds),
                not_taken_per_s=_rate(was.not_taken, link.not_taken, seconds),
                limit=link.limit,
                slowed_to=round(link.slowed_to, 1),
                queued=dict(sorted(link.queued.items(), reverse=True)),
            )
        )
    return found


_RATES = ("accepted", "sent", "inbound", "delivered", "undelivered", "told")


def mean(samples: Iterable[Sample], at: int) -> Sample:
    """Make one sample of many: rates on average, what stands as it stood last."""
    many = list(samples)
    averages = {name: round(sum(getattr(each, name) for each in many) / len(many), 2) for name in _RATES}
    return msgspec.structs.replace(many[-1], at=at, **averages)


def rates_of(sample: Sample) -> dict[str, float]:
    """Give what was counted a second, by its names, to be told to others."""
    return {name: getattr(sample, name) for name in _RATES}


def of_others(at: int, rates: Mapping[str, float]) -> Sample:
    """Make a sample of what another gateway tells; it may be of another version."""
    return msgspec.structs.replace(Sample(at), **{name: rates.get(name, 0.0) for name in _RATES})


class RateMeter:
    """Tells what was done each second since it was asked last."""

    def __init__(self, metrics: Metrics, monotonic: Callable[[], float]) -> None:
        """`monotonic`: gives seconds that only grow."""
        self._metrics = metrics
        self._monotonic = monotonic
        self._last: tuple[Reading, float] | None = None

    def rates(self) -> dict[str, float]:
        """Read the counters; the first time nothing was done."""
        reading, at = read(self._metrics.registry.collect()), self._monotonic()
        before, then = self._last or (reading, at)
        self._last = (reading, at)
        return rates_of(between(before, reading, at - then, 0))


def together(samples: Iterable[Sample]) -> Sample:
    """Make one sample of those that several gateways took of the same time: each counts what it does itself,
    and all count the same that waits in their store.
    """
    many = list(samples)
    rates = {name: round(sum(getattr(each, name) for each in many), 2) for name in _RATES}
    return msgspec.structs.replace(many[-1], **rates)


def delivered_share(samples: Iterable[Sample]) -> float | None:
    """Tell which part of the receipts said `delivered`; None without any."""
    delivered = ended = 0.0
    for sample in samples:
        delivered += sample.delivered
        ended += sample.delivered + sample.undelivered
    return delivered / ended if ended else None
