"""What the handsets received, by HTTP as JSON, for people and for tests.

GET    /                   what the SMSC has done so far
GET    /handsets           the numbers, and how many messages each has
GET    /handsets/<number>  the messages of one, oldest first
DELETE /handsets           forget all messages
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.clock import as_datetime
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.simulator.handsets import Received
from aldis.simulator.memory import Memory

PREFIX = "/handsets"


class HandsetView:
    """Answers by HTTP."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Answer one request."""
        status, document = self._answer(request.method, request.path.rstrip("/"))
        body = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        answer(HttpReply(status, b"application/json", body))

    def _answer(self, method: str, path: str) -> tuple[int, object]:
        handsets = self._memory.handsets
        if method == "DELETE" and path == PREFIX:
            handsets.clear()
            return 200, {"messages": 0}
        if method != "GET":
            return 405, {"error": "use GET, or DELETE /handsets"}
        if path == "":
            return 200, self._counts()
        if path == PREFIX:
            return 200, {"handsets": handsets.numbers()}
        if path.startswith(PREFIX + "/"):
            number = path.removeprefix(PREFIX + "/").lstrip("+")
            return 200, {"msisdn": number, "messages": [_shown(received) for received in handsets.of(number)]}
        return 404, {"error": "there are /, /handsets and /handsets/<number>"}

    def _counts(self) -> object:
        memory = self._memory
        return {
            "bound": memory.system_ids,
            "submits": dict(memory.answers),
            "messages": memory.handsets.messages,
            "segments": memory.handsets.segments,
            "incomplete": memory.handsets.incomplete,
            "receipts_owed": memory.receipts_owed,
            "receipts_acknowledged": memory.receipts_acknowledged,
        }


def _shown(received: Received) -> dict[str, object]:
    return {
        "at": as_datetime(received.at).isoformat(timespec="milliseconds"),
        "from": received.sender,
        "text": received.text,
        "encoding": received.encoding,
        "segments": received.segments,
        "class": received.message_class,
    }
