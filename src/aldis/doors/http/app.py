"""The customers' door: lets the dialect of a path read the request, asks admission or queries,
answers.

A dict is the route table. Whatever goes wrong inside is answered in the dialect's words for "internal error"
and logged under an incident; a customer never sees a traceback and never a bare 500.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import structlog

from aldis.dialects.contract import Asked
from aldis.dialects.exchange import LONG_BODY, HttpReply, HttpRequest
from aldis.dialects.http_face import HttpDialect
from aldis.doors.http.passing_on import OtherCells
from aldis.doors.http.reading import host_of
from aldis.doors.http.request_batcher import FAILED
from aldis.errors import OutcomeUnknown, TemporaryError
from aldis.http_phrases import phrase_of
from aldis.listening.inline_task import InlineTask
from aldis.stages.admission.admit import Admitter
from aldis.stages.aside import Aside
from aldis.stages.queries.responder import Responder
from aldis.telemetry import Metrics
from aldis.traffic.caller import Presented
from aldis.traffic.query import Answer, Query, StatusFound, StatusQuery
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.refused import incident_of
from aldis.traffic.submission import Admitted, Submission

log = structlog.get_logger()

_TEXT = b"text/plain; charset=utf-8"
NOT_FOUND = HttpReply(404, _TEXT, b"Nothing is served at this path.\n")
#: of a path of the house
NOT_ALLOWED = HttpReply(405, _TEXT, b"This path takes GET only.\n", ((b"Allow", b"GET, HEAD"),))
_LOOKS = frozenset(("GET", "HEAD"))

BAD_REQUEST = 400
SERVER_FAULT = 500
#: an answer that tells of more is written in a thread: each takes ten microseconds
MANY = 100


#: answers the paths that belong to no dialect
SystemRoute = Callable[[], HttpReply]
NO_ROUTES: Mapping[str, SystemRoute] = {}
NoteRefusal = Callable[[str, int, str, str, Presented | None, Refusal], None]


def _forget(*_: object) -> None:
    """Have nobody remember it."""


class Door:
    """Serves all dialects and the house's own paths on one listener."""

    def __init__(  # noqa: PLR0913, PLR0917 - one argument a collaborator
        self,
        dialects: Mapping[str, HttpDialect],
        house: Mapping[str, SystemRoute],
        admitter: Admitter,
        responder: Responder,
        metrics: Metrics,
        aside: Aside,
        hosts: Mapping[str, Mapping[str, HttpDialect]] | None = None,
        note: NoteRefusal = _forget,
    ) -> None:
        """`hosts`: host names that belong to a dialect, with its paths; all else is unknown there. note:
        remembers a refused request: dialect, nonce, peer, method and path, credentials, refusal.
        """
        self._note = note
        #: hears of addresses that have shown a valid credential
        self.know: Callable[[str], None] = _forget
        #: whose accounts' requests may come here
        self.other_cells: OtherCells | None = None
        self._dialects = dialects
        self._house = house
        self._hosts = hosts or {}
        self._admitter = admitter
        self._responder = responder
        self._metrics = metrics
        self._aside = aside
        #: for bodies, apart from it: whose they are is not known before they are read
        self._reading = Aside()
        self._accepted = {
            name: metrics.accepted.labels(name) for name in {each.policy.name for each in dialects.values()}
        }

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Answer one request, now or later, once."""
        path = request.path
        dialects, house = self._dialects, self._house
        if self._hosts:
            bound = self._hosts.get(host_of(request.header(b"host")))
            if bound is not None:
                dialects, house = bound, NO_ROUTES
        dialect = dialects.get(path)
        if dialect is None and path not in house:
            path = path[: path.rfind("/") + 1] + "*"
            dialect = dialects.get(path)
        if dialect is not None:
            InlineTask(self._converse(dialect, path, request), answer)
        else:
            route = house.get(path)
            if route is None:
                answer(NOT_FOUND)
            else:
                answer(route() if request.method in _LOOKS else NOT_ALLOWED)

    def answer_late(self, request: HttpRequest) -> HttpReply:
        """Answer what has waited too long for the store, in its dialect's words; it may still be done."""
        dialect = self._dialect_of(request)
        if dialect is None:
            return FAILED
        log.error(
            "a request was not answered in time",
            dialect=dialect.policy.name,
            incident=incident_of(request.nonce),
        )
        is_read = request.body_fits and len(request.body) <= LONG_BODY
        asked = dialect.face.read(request) if is_read else Refusal(RefusalReason.INTERNAL)
        if isinstance(asked, Query):
            return self._refuse(dialect, request, asked, Refusal(RefusalReason.INTERNAL))
        known = None if isinstance(asked, Refusal) else asked
        return self._refuse(dialect, request, known, Refusal(RefusalReason.OUTCOME_UNKNOWN))

    def refuse(self, request: HttpRequest, status: int) -> HttpReply | None:
        """Refuse what the server cannot read, or has no room for, in the words of the dialect whose path it
        names; None for none.

        status: the server's, which stands for a dialect's 200.
        """
        dialect = self._dialect_of(request)
        if dialect is None:
            return None
        is_ours = status >= SERVER_FAULT
        reason = RefusalReason.INTERNAL if is_ours else RefusalReason.NOT_HTTP
        reply = self._refuse(dialect, request, None, Refusal(reason, value=phrase_of(status)))
        is_said = reply.status >= BAD_REQUEST and not is_ours
        return reply if is_said else msgspec.structs.replace(reply, status=status)

    def _dialect_of(self, request: HttpRequest) -> HttpDialect | None:
        dialects = self._hosts.get(host_of(request.header(b"host")), self._dialects)
        path = request.path
        return dialects.get(path) or dialects.get(path[: path.rfind("/") + 1] + "*")

    async def _converse(self, dialect: HttpDialect, path: str, request: HttpRequest) -> HttpReply:
        asked: Asked | None = None
        try:
            if not request.body_fits:
                return self._refuse(dialect, request, None, Refusal(RefusalReason.BODY_TOO_LARGE))
            if request.method not in dialect.face.paths[path]:
                reply = self._refuse(dialect, request, None, Refusal(RefusalReason.METHOD_NOT_ALLOWED))
                allowed = ", ".join(sorted(dialect.face.paths[path])).encode()
                return msgspec.structs.replace(reply, headers=((b"Allow", allowed),))
            if len(request.body) > LONG_BODY:
                found = await self._read_aside(dialect, request)
            else:
                found = dialect.face.read(request)
            if isinstance(found, Refusal):
                return self._refuse(dialect, request, None, found)
            asked = found
            if self.other_cells is not None and (cell := self.other_cells.cell_of(asked.caller.presented)):
                return await self._pass_on(self.other_cells, cell, dialect, request, asked)
            return await self._do(dialect, request, asked)
        except TemporaryError as fault:
            log.error(
                "a request could not be stored",
                dialect=dialect.policy.name,
                incident=incident_of(request.nonce),
                fault=str(fault),
            )
            if isinstance(fault, OutcomeUnknown):
                return self._refuse(dialect, request, asked, Refusal(RefusalReason.OUTCOME_UNKNOWN))
        except Exception:
            log.exception(
                "a request failed", dialect=dialect.policy.name, incident=incident_of(request.nonce)
            )
        return self._refuse(dialect, request, asked, Refusal(RefusalReason.INTERNAL))

    async def _pass_on(
        self, others: OtherCells, cell: str, dialect: HttpDialect, request: HttpRequest, asked: Asked
    ) -> HttpReply:
        reply = await others.ask(cell, request)
        if reply is None:
            return self._refuse(dialect, request, asked, Refusal(RefusalReason.UNAVAILABLE))
        return reply

    async def _do(self, dialect: HttpDialect, request: HttpRequest, asked: Asked) -> HttpReply:
        if isinstance(asked, Query):
            return await self._tell(dialect, request, asked)
        if dialect.face.replay is not None:
            return await self._take_once(dialect, request, asked)
        verdict = await self._admitter.admit(dialect.policy, asked)
        return await self._answer(dialect, request, asked, verdict)

    async def _read_aside(self, dialect: HttpDialect, request: HttpRequest) -> Asked | Refusal:
        """Read a long body when it is the turn of the address that it came from."""
        if self._reading.is_taken(request.peer):
            return Refusal(RefusalReason.THROTTLED, value="1")
        return await self._reading.run(request.peer, dialect.face.read, request)

    async def _tell(self, dialect: HttpDialect, request: HttpRequest, asked: Query) -> HttpReply:
        write = partial(dialect.face.answer, request, asked)
        reply = await self._responder.answer(dialect.policy, asked, write)
        if isinstance(reply, Refusal):
            return self._refuse(dialect, request, asked, reply)
        if asked.caller.presented.identity:  # of prices everybody may ask
            self.know(request.peer)
        return reply

    async def _answer(
        self, dialect: HttpDialect, request: HttpRequest, asked: Submission, verdict: Admitted | Refusal
    ) -> HttpReply:
        if isinstance(verdict, Refusal):
            return self._refuse(dialect, request, asked, verdict)
        self.know(request.peer)
        count = asked.recipient_count
        if not asked.dry_run:
            self._accepted[dialect.policy.name].inc(count)
        if count > MANY:  # asked here too: a wait would cost every message a microsecond
            identity = asked.caller.presented.identity
            return await self._aside.run(identity, dialect.face.accept, request, asked, verdict)
        return dialect.face.accept(request, asked, verdict)

    async def _take_once(self, dialect: HttpDialect, request: HttpRequest, asked: Submission) -> HttpReply:
        """Take a submission, or answer its repetition as it was answered the first time."""
        repeated = await self._replayed(dialect, request, asked)
        if repeated is not None:
            return repeated
        verdict = await self._admitter.admit(dialect.policy, asked)
        if isinstance(verdict, Refusal) and verdict.reason is RefusalReason.DUPLICATE:
            repeated = await self._replayed(dialect, request, asked)  # both came at once
        return repeated or await self._answer(dialect, request, asked, verdict)

    async def _replayed(
        self, dialect: HttpDialect, request: HttpRequest, asked: Submission
    ) -> HttpReply | None:
        """Answer a repetition as the first was answered, from what the store keeps of it; None for none."""
        reference = asked.asks[0].client_reference if asked.asks and not asked.dry_run else None
        replay = dialect.face.replay
        if replay is None or reference is None:
            return None

        def write(found: Answer) -> HttpReply | None:
            return replay(asked, found) if isinstance(found, StatusFound) else None

        first = StatusQuery(caller=asked.caller, reference=reference)
        reply = await self._responder.answer(dialect.policy, first, write, is_repetition=True)
        if isinstance(reply, Refusal):
            return None
        duplicate = Refusal(RefusalReason.DUPLICATE, value=reference)
        return reply or self._refuse(dialect, request, asked, duplicate)

    def _refuse(
        self, dialect: HttpDialect, request: HttpRequest, asked: Asked | None, refusal: Refusal
    ) -> HttpReply:
        self._metrics.refused.labels(dialect.policy.name, refusal.reason).inc()
        what = f"{request.method} {request.path}"
        presented = None if asked is None else asked.caller.presented
        self._note(dialect.policy.name, request.nonce, request.peer, what, presented, refusal)
        return dialect.face.refuse(request, asked, refusal)
