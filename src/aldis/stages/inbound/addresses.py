"""Who wrote, and to which of our numbers, in international digits: carriers that serve one country leave its
code out.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog

from aldis.accounts.directory import CurrentDirectory, Directory
from aldis.accounts.numbering import read_handset
from aldis.sms.address import NumberType
from aldis.telemetry import Metrics
from aldis.traffic.inbound import InboundPart

log = structlog.get_logger()


class AddressReader:
    """Completes numbers by the home country of the link that they came by."""

    def __init__(self, current: CurrentDirectory, homes: Mapping[str, str], metrics: Metrics) -> None:
        """`homes`: the country of each link; "" for that of the directory."""
        self._current = current
        self._homes = homes
        self._metrics = metrics
        #: links of which the log has said that their handsets' numbers cannot be completed
        self._said: set[str] = set()

    def read(self, part: InboundPart) -> InboundPart:
        """Give a part with both addresses read. Its sender is international when it is known who that is."""
        directory = self._current.directory
        home = self._homes.get(part.link) or directory.home
        sender = read_handset(part.sender, part.sender_type, home, directory.number_ranges)
        if sender is None:
            self._tell(part, home)
        return msgspec.structs.replace(
            part,
            sender=part.sender if sender is None else sender,
            sender_type=part.sender_type if sender is None else NumberType.INTERNATIONAL,
            recipient=_ours(directory, part, home),
        )

    def _tell(self, part: InboundPart, home: str) -> None:
        """Count a number that cannot be told, and log the first of each link."""
        self._metrics.unidentified.labels(part.link).inc()
        if part.link not in self._said and part.sender_type is NumberType.NATIONAL:
            self._said.add(part.link)
            log.warning(
                "a handset's number is national and cannot be completed: set `country` of the link",
                link=part.link,
                country=home,
            )


def _ours(directory: Directory, part: InboundPart, home: str) -> str:
    """Find which of our numbers is meant: the one that is written so, else the one that it is in full."""
    if part.recipient in directory.senders:
        return part.recipient
    found = read_handset(part.recipient, part.recipient_type, home, directory.number_ranges)
    return found if found in directory.senders else part.recipient
