"""`aldis` where one message ends the process for real, each time it is handled: a fault in a library that no
`except` can hold.

    python -m tests.crash.deadly serve …

The environment says how (`ALDIS_DEADLY`: a name of `WAYS`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from aldis.cli.main import main
from aldis.links.smpp.link import SmppLink
from aldis.stages.sending.in_flight import InFlightMessage
from aldis.stages.sending.upstream import Outbound

#: the number of the handset whose message it is
DEADLY = "447799999901"


def _read(die: Callable[[], None]) -> None:
    """Have it die when the message is read, before anything is on the wire."""
    read = InFlightMessage.segments

    def segments(self: InFlightMessage) -> list[Outbound]:
        found = read(self)
        if any(segment.recipient == DEADLY for segment in found):
            die()
        return found

    InFlightMessage.segments = segments  # type: ignore[method-assign] # it is another program's


def _submit(die: Callable[[], None]) -> None:
    """Have it die when the message is on the wire."""
    submit = SmppLink.submit

    def submits(self: SmppLink, segment: Outbound) -> None:
        submit(self, segment)
        if segment.recipient == DEADLY:
            die()

    SmppLink.submit = submits  # type: ignore[method-assign] # as above


#: where it dies, and of what
WAYS: dict[str, tuple[Callable[[Callable[[], None]], None], Callable[[], None]]] = {
    "read": (_read, lambda: os.kill(os.getpid(), signal.SIGSEGV)),
    "submit": (_submit, lambda: os.kill(os.getpid(), signal.SIGKILL)),
    "exit": (_submit, lambda: os._exit(1)),
}

if __name__ == "__main__":
    spoil, die = WAYS[os.environ["ALDIS_DEADLY"]]
    spoil(die)
    main()
