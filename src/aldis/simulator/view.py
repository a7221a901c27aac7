"""What the handsets received and write, by HTTP as JSON, for people and for tests.

GET    /                   what the SMSC has done so far
GET    /handsets           the numbers, and how many messages each has
GET    /handsets/<number>  the messages of one, oldest first
POST   /handsets/<number>  have it write {"to": "74700", "text": "STOP"}; with "parts" a multimedia message
GET    /handsets/<number>/<message>/content/<part>  a part of a multimedia message
DELETE /handsets           forget all messages
GET    /chaos              the faults that it makes by chance
PUT    /chaos              make these from now on: {"throttle": 0.1, "seed": 7}
POST   /mm7                where the MMSC takes messages
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from aldis.clock import as_datetime
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.mms.media import fault_of
from aldis.mms.parts import Part, printable
from aldis.simulator.handsets import Received
from aldis.simulator.memory import Memory
from aldis.simulator.mmsc import Mmsc
from aldis.sms.address import is_msisdn, is_sender
from aldis.sms.segments import TooLong
from aldis.traffic.handset import Bubble, Chaos, chaos_fault

PREFIX, CHAOS = "/handsets", "/chaos"
#: messages that a handset wrote, in its answer
MOST_WRITTEN = 1000
PREFIX = "/handsets"
MM7 = "/mm7"
_CONTENT = re.compile(r"^/handsets/\+?\d+/(\d{1,15})/content/(\d{1,4})$", re.ASCII)


class _LetterPart(msgspec.Struct, frozen=True):
    content_type: str
    #: base64
    content: bytes


class _Letter(msgspec.Struct, frozen=True):
    """What a handset is to write."""

    to: str
    text: str
    parts: tuple[_LetterPart, ...] = ()


class HandsetView:
    """Answers by HTTP."""

    def __init__(self, memory: Memory, mmsc: Mmsc) -> None:
        self._memory = memory
        self._mmsc = mmsc

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Answer one request."""
        path = request.path.rstrip("/")
        if path == MM7:
            self._mmsc.serve(request, answer)
            return
        if request.method == "GET" and (found := _CONTENT.match(path)):
            answer(self._content(int(found[1]), int(found[2])))
            return
        if request.method == "POST" and path.startswith(PREFIX + "/"):
            status, document = self._write(path.removeprefix(PREFIX + "/").lstrip("+"), request.body)
        elif path == CHAOS and request.method in ("GET", "PUT"):
            status, document = self._chaos(request)
        else:
            status, document = self._answer(request.method, path)
        body = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        answer(HttpReply(status, b"application/json", body))

    def _content(self, message: int, part: int) -> HttpReply:
        found = self._memory.handsets.content(message, part)
        if found is None:
            return HttpReply(404, b"application/json", b'{"error": "there is no such part any more"}\n')
        content_type = printable(found.content_type).encode("ascii")
        return HttpReply(200, content_type, found.octets)

    def _answer(self, method: str, path: str) -> tuple[int, object]:
        handsets = self._memory.handsets
        if method == "DELETE" and path == PREFIX:
            handsets.clear()
            return 200, {"messages": 0}
        if method != "GET":
            return 405, {"error": "use GET, POST /handsets/<number>, DELETE /handsets, or PUT /chaos"}
        if path == "":
            return 200, self._counts()
        if path == PREFIX:
            return 200, {"handsets": handsets.numbers()}
        if path.startswith(PREFIX + "/"):
            number = path.removeprefix(PREFIX + "/").lstrip("+")
            written = [_written(b) for b in handsets.conversation(number, MOST_WRITTEN) if b.is_written]
            received = [_shown(received) for received in handsets.of(number)]
            return 200, {"msisdn": number, "messages": received, "written": written}
        return 404, {"error": "there are /, /handsets, /handsets/<number> and /chaos"}

    def _chaos(self, request: HttpRequest) -> tuple[int, object]:
        if request.method == "PUT":
            try:
                chaos = msgspec.json.decode(request.body, type=Chaos)
            except (msgspec.DecodeError, RecursionError) as fault:
                return 400, {"error": str(fault)}
            if fault_of := chaos_fault(chaos):
                return 400, {"error": fault_of}
            self._memory.make_chaos(chaos)
        return 200, self._memory.mischiefs.chaos

    def _write(self, number: str, body: bytes) -> tuple[int, object]:
        if not is_msisdn(number):
            return 400, {"error": "a handset has an international number, in digits"}
        try:
            letter = msgspec.json.decode(body, type=_Letter)
            if not is_sender(letter.to):
                return 400, {"error": "`to` is no number"}
            if letter.parts:
                return self._send(number, letter)
            segments = self._memory.write(number, letter.to, letter.text)
        except (msgspec.DecodeError, UnicodeError, TooLong, RecursionError) as fault:
            return 400, {"error": str(fault) or 'send {"to": "74700", "text": "STOP"}'}
        if segments is None:
            return 503, {"error": "nobody is bound"}
        return 202, {"segments": segments}

    def _send(self, number: str, letter: _Letter) -> tuple[int, object]:
        media = [Part(part.content_type, part.content) for part in letter.parts]
        for part in media:
            fault = fault_of(part.media_type, part.octets)
            if fault:
                return 400, {"error": f"a part {fault}"}
        if not self._mmsc.write(number, letter.to, letter.text, media):
            return 503, {"error": "the settings have no vasp_url"}
        return 202, {"parts": len(media)}

    def _counts(self) -> object:
        memory = self._memory
        return {
            "bound": memory.system_ids,
            "submits": dict(memory.answers),
            "messages": memory.handsets.messages,
            "segments": memory.handsets.segments,
            "incomplete": memory.handsets.incomplete,
            "receipts_pending": memory.receipts_pending,
            "receipts_acknowledged": memory.receipts_acknowledged,
            "written_acknowledged": memory.written_acknowledged,
        }


def _shown(received: Received) -> dict[str, object]:
    return {
        "at": as_datetime(received.at).isoformat(timespec="milliseconds"),
        "from": received.sender,
        "text": received.text,
        "encoding": received.encoding,
        "segments": received.segments,
        "class": received.message_class,
        **({"parts": _parts(received)} if received.parts else {}),
    }


def _written(bubble: Bubble) -> dict[str, object]:
    at = as_datetime(bubble.at).isoformat(timespec="milliseconds")
    return {"at": at, "to": bubble.other, "text": bubble.text, "segments": bubble.segments}


def _parts(received: Received) -> list[dict[str, object]]:
    where = f"{PREFIX}/{received.recipient}/{received.number}/content"
    return [
        {
            "content_type": part.content_type,
            "name": part.name,
            "octets": part.octets,
            "url": f"{where}/{number}",
        }
        for number, part in enumerate(received.parts)
    ]
