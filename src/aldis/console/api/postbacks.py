"""/v1/postbacks: what is pending, dead letters, one whole, and having them tried now."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.message_document import PostbackRecord, TryRecord, postback_record, try_record
from aldis.admin.postbacks import ShownRequest
from aldis.clock import iso_or_none
from aldis.console.api.documents import NEWEST_FIRST, answer, body_of, limit_of, made_of, number_of
from aldis.console.page import Calls, RequestContext
from aldis.stages.postbacks.status import LocalFault
from aldis.store.contract.outbox import LaneFacts, PostbackFilter


class LaneRecord(msgspec.Struct, frozen=True):
    """What of one account's is pending at one endpoint."""

    account: str
    #: scheme, host and port
    lane: str
    #: 100,000 at most
    pending: int
    oldest_at: str | None
    next_due_at: str | None
    last_http_status: int | None
    last_fault: str
    #: what more of it waits for than may start; "": for nothing, or it is due later
    waits_for: str


class EndedWebhookRecord(msgspec.Struct, frozen=True):
    """An address whose endpoint wants nothing more."""

    account: str
    url: str
    ended_at: str | None


class PostbackList(msgspec.Struct, frozen=True):
    """What is pending, and a page of dead letters, newest first."""

    lanes: list[LaneRecord]
    dead_letters: list[PostbackRecord]
    next: int | None
    #: where nothing is posted any more, because of an answer of 410
    ended_webhooks: list[EndedWebhookRecord]
    #: what of this machine's keeps postbacks from being tried; kind "": nothing
    local_fault: LocalFault


class PostbackDetail(msgspec.Struct, frozen=True):
    """One postback, and what it posts."""

    postback: PostbackRecord
    #: that are kept, also one that was taken and answered with words
    tries: list[TryRecord]
    #: null: nothing can be posted
    request: ShownRequest | None
    #: why not
    fault: str


class ReplayWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of those that are dead letters, or pending; what is left out asks nothing."""

    lane: str = ""
    event: str = ""
    account: str = ""


class ReplayedCount(msgspec.Struct, frozen=True):
    """How many postbacks are due again."""

    replayed: int


CALLS = Calls()
#: what a search may be asked by
_ASKED = {**dict.fromkeys(query_params.POSTBACK_FIELDS, "as the console's search takes it"), **NEWEST_FIRST}


@CALLS.add(
    "GET", "/v1/postbacks", "What is pending by lane, and dead letters", gives=PostbackList, query=_ASKED
)
async def _list(context: RequestContext) -> Response:
    services, given = context.services, context.request.query_params
    wanted = query_params.postbacks_wanted(given, services.messages.directory)
    page = await services.postbacks.dead_letters(wanted, number_of(context, "before"), limit_of(context))
    name_of = services.messages.account_name
    waits = services.postbacks.waits()
    lanes = [
        _lane(each, name_of(each.account_id or None), waits.get((each.account_id, each.lane), ""))
        for each in await services.postbacks.lanes()
    ]
    ended = [
        EndedWebhookRecord(name_of(each.account_id), each.url, iso_or_none(each.ended_at))
        for each in await services.postbacks.ended_webhooks()
    ]
    dead_letters = [postback_record(each) for each in page.found]
    local_fault = services.postbacks.posting().local_fault
    return answer(PostbackList(lanes, dead_letters, page.next_before or None, ended, local_fault))


@CALLS.add("GET", "/v1/postbacks/{postback_id:number}", "A postback, and what it posts", gives=PostbackDetail)
async def _show(context: RequestContext) -> Response:
    told = await context.services.postbacks.tell(context.number("postback_id"), context.now)
    tries = [try_record(each) for each in told.tries]
    return answer(PostbackDetail(postback_record(told.row, told.tries), tries, told.request, told.fault))


@CALLS.add(
    "POST", "/v1/postbacks/{postback_id:number}/replay", "Make a postback due again", Role.OPERATOR, status=0
)
async def _replay(context: RequestContext) -> Response:
    await context.services.postbacks.replay(context.actor, context.number("postback_id"), context.now)
    return answer(ReplayedCount(1))


@CALLS.add(
    "POST",
    "/v1/postbacks/replay",
    "Make all dead letters due again",
    Role.OPERATOR,
    takes=ReplayWanted,
    gives=ReplayedCount,
)
async def _replay_all(context: RequestContext) -> Response:
    wanted, postbacks = await _wanted(context), context.services.postbacks
    return answer(ReplayedCount(await postbacks.replay_all(context.actor, wanted, context.now)))


@CALLS.add(
    "POST",
    "/v1/postbacks/try",
    "Have all that is pending tried now",
    Role.OPERATOR,
    takes=ReplayWanted,
    gives=ReplayedCount,
)
async def _try_now(context: RequestContext) -> Response:
    wanted, postbacks = await _wanted(context), context.services.postbacks
    return answer(ReplayedCount(await postbacks.try_now(context.actor, wanted, context.now)))


async def _wanted(context: RequestContext) -> PostbackFilter:
    asked = msgspec.structs.asdict(await body_of(context, ReplayWanted))
    return query_params.postbacks_wanted(asked, context.services.messages.directory)


def _lane(lane: LaneFacts, account: str, waits_for: str) -> LaneRecord:
    oldest_at, next_due_at = iso_or_none(lane.oldest_at), iso_or_none(lane.next_due_at)
    return made_of(
        LaneRecord,
        lane,
        account=account,
        oldest_at=oldest_at,
        next_due_at=next_due_at,
        waits_for=waits_for,
    )
