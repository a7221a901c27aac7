"""Messages as operators find, read, repeat and call back.

Called by the console and the admin API; by the command line to look, and by the worker for what that orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory, Directory
from aldis.accounts.numbering import Recipient
from aldis.accounts.routing import Content, Planned, Router, Unroutable
from aldis.accounts.staff import Actor, audit
from aldis.admin.ordering import order
from aldis.admin.query_params import msisdn
from aldis.admin.routing import Explanation, explain
from aldis.admin.timeline import HIDDEN, TimelineEntry, WrittenText, events, written
from aldis.admin.wire import Inspect, ShownSubmit
from aldis.dialects.registry import POLICIES
from aldis.errors import AdminError, TemporaryError
from aldis.mms.parts import Part
from aldis.sms.address import is_digits
from aldis.sms.encoding import Encoding, decode
from aldis.sms.fitting import PLAIN, ChosenEncoding, EncodingOptions, fit, from_coding
from aldis.sms.segments import TooLong
from aldis.store.contract.actions import ActionStore, Command, CommandKind, CommandStore
from aldis.store.contract.admission import IdStore
from aldis.store.contract.search import (
    EVER,
    FoundMessage,
    MessageFilter,
    MessagePage,
    MessageView,
    SearchStore,
)
from aldis.traffic.content import from_column
from aldis.traffic.message import MessageFacts, NewMessage, PoisonMessage
from aldis.traffic.postback import lane_of
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.states import ENDED, State

#: HTTP's words for "no such thing" and "not as it stands now"
MISSING, CONFLICT = 404, 409
#: messages of an export that are read at once
EXPORT_PAGE = 500
#: how often a page is asked for where the store cannot answer, with pauses
EXPORT_TRIES, PAUSE_S = 20, 0.5
#: when maintenance looks first at what is sent again; it then knows when to look next
FIRST_REVIEW_MS = 3_600_000

_REFUSED = {
    RefusalReason.CREDIT_INSUFFICIENT: "the account's credit does not cover it",
    RefusalReason.OPTED_OUT: "the recipient has opted out of this sender",
}


class Upstreams(msgspec.Struct, frozen=True):
    """The links that the settings name, as far as operating needs them."""

    router: Router
    inspect: Inspect
    #: tells senders that they have work; a hint
    wake: Callable[[set[str]], None]


class Told(msgspec.Struct, frozen=True):
    """One message with all that can be said of it."""

    view: MessageView
    #: "" when it is gone from the directory
    account: str
    currency: str
    written: WrittenText
    #: as its link writes it, with the settings of now
    submits: tuple[ShownSubmit, ...]
    #: as a message like it would go now
    route: Explanation
    events: tuple[TimelineEntry, ...]


class Messages:
    """What can be done with messages."""

    def __init__(
        self,
        search: SearchStore,
        actions: ActionStore,
        ids: IdStore,
        current: CurrentDirectory,
        upstreams: Upstreams,
        commands: CommandStore | None = None,
    ) -> None:
        """`commands`: by which another gateway is told what to do, where there may be one."""
        self._commands = commands
        self._search = search
        self._actions = actions
        self._ids = ids
        self._current = current
        self._upstreams = upstreams

    @property
    def directory(self) -> Directory:
        """The directory as it is now."""
        return self._current.directory

    @property
    def links(self) -> tuple[str, ...]:
        """The links of the settings."""
        return (*self._upstreams.router.rules, *sorted(self._upstreams.router.mms))

    def account_name(self, account_id: int | None) -> str:
        """Name an account; "" for nobody's."""
        if account_id is None:
            return ""
        account = self._current.directory.accounts_by_id.get(account_id)
        return f"account {account_id}" if account is None else account.name

    async def search(self, wanted: MessageFilter, before: int, limit: int) -> MessagePage:
        """Find messages, newest first, with ids below a cursor (0: from the newest)."""
        return await self._search.messages(wanted, before, limit)

    async def guess(self, text: str, wanted: MessageFilter) -> MessageFilter:
        """Add to a search what a few characters may mean: an id, else a reference, else a number."""
        text = text.strip()[:200]
        if not text:
            return wanted
        replace = msgspec.structs.replace
        if text.isascii() and text.isdigit() and int(text) < EVER and await self._search.message(int(text)):
            return replace(wanted, message_id=int(text))
        named = replace(wanted, reference=text)
        if (await self._search.messages(MessageFilter(reference=text), 0, 1)).found:
            return named
        number = msisdn(text)
        return replace(wanted, number=number) if is_digits(number) else named

    async def export(self, wanted: MessageFilter) -> AsyncIterator[FoundMessage]:
        """Give all messages of a search, newest first, reading a page at a time."""
        before = 0
        while True:
            page = await self._page(wanted, before)
            for found in page.found:
                yield found
            before = page.next_before
            if not before:
                return

    async def _page(self, wanted: MessageFilter, before: int) -> MessagePage:
        """Read a page of an export, which does not end because others ask much just now."""
        for _ in range(EXPORT_TRIES):
            try:
                return await self._search.messages(wanted, before, EXPORT_PAGE)
            except TemporaryError:
                await asyncio.sleep(PAUSE_S)
        return await self._search.messages(wanted, before, EXPORT_PAGE)

    async def tell(self, message_id: int) -> Told:
        """Tell all about a message; raises AdminError when there is none."""
        view = await self._view(message_id)
        message, known = view.message, self._current.directory
        account = known.accounts_by_id.get(message.account_id)
        router = self._upstreams.router
        is_hidden = message.dialect in POLICIES and POLICIES[message.dialect].hides_text(message.echo)
        return Told(
            view,
            "" if account is None else account.name,
            "" if account is None else account.currency,
            HIDDEN if is_hidden else written(view, router.rules.get(message.link, PLAIN)),
            () if is_hidden else self._upstreams.inspect(view),
            explain(
                known,
                router,
                Recipient(message.recipient, message.country),
                message.sender,
                "",
                _content_of(view.accepted),
            ),
            events(view),
        )

    async def cancel(self, actor: Actor, message_id: int, now: int, command_id: int = 0) -> None:
        """End a message that waits and that nobody has in hand; raises AdminError. `command_id`: a command
        that this carries out.
        """
        message = (await self._view(message_id)).message
        if message.state is not State.QUEUED:
            raise AdminError(f"message {message_id} is {message.state}: it waits no more", CONFLICT)
        if await self._ordered(CommandKind.CANCEL, actor, message, now, command_id):
            return
        entry = audit(actor, now, "cancel message", str(message_id))
        if not await self._actions.cancel(message_id, message.link, entry):
            raise AdminError(f"message {message_id} is being sent: it is too late", CONFLICT)

    async def poison(self, limit: int) -> list[PoisonMessage]:
        """Give messages that are set aside, because handling them failed again and again."""
        return await self._actions.poison(limit)

    async def try_again(self, actor: Actor, message_id: int, now: int, command_id: int = 0) -> None:
        """Have a message that is set aside tried again; raises AdminError. `command_id`: a command that this
        carries out.
        """
        message = (await self._view(message_id)).message
        if await self._ordered(CommandKind.TRY_AGAIN, actor, message, now, command_id):
            return
        entry = audit(actor, now, "try message again", str(message_id))
        if not await self._actions.try_again(message_id, message.link, entry, command_id):
            raise AdminError(f"message {message_id} is not set aside", CONFLICT)
        self._upstreams.wake({message.link})

    async def again(self, actor: Actor, message_id: int, now: int, command_id: int = 0) -> int:
        """Send what a message says once more, as a new one at the price and by the route of now.

        Its customer knows it by the same reference, and is told of it as of the first. Returns the new id;
        raises AdminError. `command_id`: a command that this carries out.
        """
        view = await self._view(message_id)
        if view.message.state not in ENDED:
            raise AdminError(f"message {message_id} is {view.message.state}: wait for its end", CONFLICT)
        account = self._sending_account(view.accepted)
        link, price, backups = self._planned(view.accepted)
        message = _copy(view.accepted, account, now)
        if not message.parts:
            message = self._rewritten(message, account, link)
        (new_id,) = await self._ids.take_ids(1)
        message = msgspec.structs.replace(
            message,
            message_id=new_id,
            submission_id=new_id,
            link=link,
            price_micros=price,
            backups=msgspec.json.encode(backups).decode() if backups else "",
        )
        entry = audit(actor, now, "send again", str(message_id), f"as message {new_id}")
        refusal = await self._actions.send_again(
            message, prepaid=account.prepaid, entry=entry, command_id=command_id
        )
        if refusal is not None:
            raise AdminError(_REFUSED.get(refusal.reason, refusal.reason.replace("_", " ")), CONFLICT)
        self._upstreams.wake({link})
        return new_id

    async def _ordered(
        self, kind: CommandKind, actor: Actor, message: MessageFacts, now: int, command_id: int
    ) -> bool:
        """Have the gateway do it that has the message's slot; tells whether that is another. Raises
        AdminError where it will not, or does not answer.
        """
        if command_id or self._commands is None:
            return False
        if not await self._actions.is_anothers(message.message_id, message.link):
            return False
        answer = await order(
            self._commands, Command(0, kind, message.message_id, actor.name, actor.role, now)
        )
        if answer is None:
            raise AdminError(
                "the gateway that has the message does not answer, so nothing was done", CONFLICT
            )
        if not answer.done:
            raise AdminError(answer.answer, CONFLICT)
        return True

    async def _view(self, message_id: int) -> MessageView:
        view = await self._search.message(message_id) if 0 < message_id < EVER else None
        if view is None:
            raise AdminError(f"there is no message {message_id}", MISSING)
        return view

    def _sending_account(self, accepted: NewMessage) -> Account:
        known = self._current.directory
        account = known.accounts_by_id.get(accepted.account_id)
        if account is None or not account.active or not account.may_send:
            raise AdminError("its account may not send any more", CONFLICT)
        owners = known.senders.get(accepted.sender)
        is_own = account.name in owners if owners else False
        is_free = owners is None and accepted.dialect in account.alphanumeric_in
        if not is_own and (is_digits(accepted.sender) or not is_free):
            raise AdminError(f"the sender {accepted.sender} is not the account's any more", CONFLICT)
        return account

    def _planned(self, accepted: NewMessage) -> Planned:
        recipient, content = Recipient(accepted.recipient, accepted.country), _content_of(accepted)
        planned = self._upstreams.router.plan(
            self._current.directory, accepted.sender, recipient, content=content
        )
        if planned is Unroutable.TOO_LARGE:
            raise AdminError("no link of now takes attachments of that size", CONFLICT)
        if planned is Unroutable.NO_ROUTE:
            raise AdminError("there is no route or no price for it any more", CONFLICT)
        return planned

    def _rewritten(self, message: NewMessage, account: Account, link: str) -> NewMessage:
        fitted = self._fitted(message, account, link)
        return msgspec.structs.replace(
            message, coding=fitted.coding, octets=fitted.encoded.octets, segments=fitted.segments
        )

    def _fitted(self, accepted: NewMessage, account: Account, link: str) -> ChosenEncoding:
        """Write it for a link: as it was, where that can carry it so."""
        kept, rules = from_coding(accepted.coding, accepted.octets), self._upstreams.router.rules
        is_alike = rules.get(accepted.link) == rules[link]
        if is_alike or kept.encoded.encoding is Encoding.OCTETS:
            return ChosenEncoding(kept.encoded, kept.splitting, accepted.segments, kept.message_class)
        options = EncodingOptions(smart=account.smart_encoding, message_class=kept.message_class)
        try:
            fitted = fit(decode(kept.encoded), rules[link], options)
        except TooLong:
            fitted = None
        if fitted is None or fitted.segments > account.max_segments:
            raise AdminError("the link of now needs too many segments for it", CONFLICT)
        return fitted


def _copy(accepted: NewMessage, account: Account, now: int) -> NewMessage:
    """Give a message its times anew, and let it be told of where the account is told of things now."""
    url = accepted.callback_url or account.postback.get(accepted.dialect, "")
    validity_ms = accepted.expires_at - accepted.due_at
    return msgspec.structs.replace(
        accepted,
        duplicate_scope="",  # it is meant to be the same
        notify=accepted.notify if url else 0,
        lane=lane_of(account.account_id, url),
        accepted_at=now,
        due_at=now,
        expires_at=now + validity_ms,
        review_at=now + min(validity_ms, FIRST_REVIEW_MS),
        exempt=False,
    )


def _content_of(accepted: NewMessage) -> Content | None:
    """Tell what a link has to carry of a multimedia message; None for a text."""
    if not accepted.parts:
        return None
    parts = from_column(accepted.parts)
    octets = len(accepted.octets) + sum(part.octets for part in parts)
    return Content(octets, any(Part(part.content_type, b"").is_multipart for part in parts[:1]))
