"""All links of one gateway with who feeds each, and how they stand."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from pathlib import Path

import structlog

from aldis.addresses import Networks, host_and_port
from aldis.admin.messages import Upstreams
from aldis.admin.wire import ShownSubmit
from aldis.app.agents import AFTER_S, RunningAgents, within
from aldis.app.entropy import Entropy, jitter
from aldis.app.linking import router_of, sender_settings
from aldis.clock import unix_s
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import HttpServer, ServerSettings
from aldis.links.contract import Link, LinkDependencies, Listening
from aldis.links.entry import LinkEntry
from aldis.links.registry import kind_of
from aldis.settings import Settings
from aldis.stages.owner import Holder
from aldis.stages.sending.orders import Line, OrderFollower
from aldis.stages.sending.sender import Sender
from aldis.stages.sending.upstream import Condition, UpstreamListener
from aldis.store.contract.link_states import LinkStateStore
from aldis.store.contract.ownership import Lease
from aldis.store.contract.search import MessageView
from aldis.store.contract.sending import SendingStore

log = structlog.get_logger()

#: how long an unbind may take
UNBIND_S = 1.0
#: how long a carrier's request may wait for the store; it comes again
ANSWER_S = 20.0


class Links:
    """The links; `add_all`, `recover`, `start`, then `stop`."""

    def __init__(self, sending: SendingStore, link_states: LinkStateStore, holder: Holder) -> None:
        self._sending = sending
        self._link_states = link_states
        self._holder = holder
        self._links: dict[str, Link] = {}
        #: where carriers ask us
        self._listeners: list[HttpServer] = []
        self.senders: dict[str, Sender] = {}
        self._lines: dict[str, Line] = {}
        self.follower = OrderFollower(link_states, self._lines)
        self._link_tasks: list[asyncio.Task[None]] = []
        self._agents = RunningAgents()

    def add_all(self, entries: tuple[LinkEntry, ...], around: LinkDependencies, trusted: Networks) -> None:
        """Build them. `trusted`: proxies that carriers may ask us through. Raises SettingsError."""
        for entry in entries:
            connect, settings = functools.partial(self._connect, entry, around), sender_settings(entry)
            sender = Sender(
                self._sending, self._holder, connect, settings, around.clock, jitter, around.metrics
            )
            link = self._links[entry.name]
            around.metrics.link_window.labels(entry.name).set(link.window)
            around.metrics.link_limit.labels(entry.name).set(entry.tps or 0)
            self.senders[entry.name] = sender
            self._lines[entry.name] = Line(link, sender)
            listening = kind_of(entry).listener(entry, around)
            if listening is not None:
                server = _server(entry, listening, trusted)
                self._listeners.append(server)
                around.metrics.connections.watch(f"link {entry.name}", server.guard.counts)

    def _connect(self, entry: LinkEntry, around: LinkDependencies, listener: UpstreamListener) -> Link:
        link: Link = kind_of(entry).build(entry, around, listener)
        self._links[entry.name] = link
        return link

    async def recover(self, maintenance: Sequence[Lease], now: int) -> None:
        """Take each link's slots that nobody has and release what lost owners left behind, also where there
        is no link any more, if maintenance is ours; stop what operators have stopped.
        """
        for sender in self.senders.values():
            await sender.own()
        for lease in maintenance:
            await self._sending.recover_orphans(lease, list(self._links), now)
        await self.follower.step()

    async def start(self) -> None:
        """Connect, send and listen."""
        self._link_tasks = [asyncio.create_task(link.run()) for link in self._links.values()]
        self._agents.start(self.follower, *self.senders.values())
        for server in self._listeners:
            await server.start()

    async def stop(self) -> None:
        """Claim no more, finish what is under way within bounds, unbind."""
        self._agents.stop()
        await self._agents.ended()
        await asyncio.gather(*(link.stop(UNBIND_S) for link in self._links.values()))
        await within(AFTER_S, [*self._link_tasks, *self._agents.tasks])
        for server in self._listeners:
            await server.stop()

    @property
    def names(self) -> list[str]:
        """All, in the order of the settings."""
        return list(self._links)

    def wake(self, links: set[str]) -> None:
        """Say that these may have work."""
        for name in links:
            sender = self.senders.get(name)
            if sender is not None:
                sender.wake()

    def leases(self) -> list[Lease]:
        """Give those of all slots that are held."""
        return [lease for sender in self.senders.values() for lease in sender.leases]

    def unsettled(self) -> dict[str, set[int]]:
        """Give the messages of each link whose outcome is not on disk."""
        return {name: sender.unsettled() for name, sender in self.senders.items()}

    def release_opted_out(self, opted_out: set[tuple[str, str]]) -> None:
        """Have every sender release what goes to them."""
        for sender in self.senders.values():
            sender.release_opted_out(opted_out)

    def is_up(self, name: str) -> bool:
        """Whether messages can go over a link: it is bound, and not to be drained."""
        link = self._links.get(name)
        return link is not None and link.is_up and self.follower.takes(name)

    def are_up(self) -> dict[str, bool]:
        """Tell it of all."""
        return {name: self.is_up(name) for name in self._links}

    def conditions(self) -> dict[str, Condition]:
        """Tell how each link stands."""
        return {name: link.condition() for name, link in self._links.items()}

    def binds(self) -> dict[str, list[str]]:
        """Tell how the binds of each link stand, for people."""
        return {name: list(condition.binds) for name, condition in self.conditions().items()}

    def errors(self) -> dict[str, tuple[str, int]]:
        """Tell why each was last not up, and when (Unix milliseconds); "", 0 for never."""
        standing = self.conditions()
        return {name: (each.last_error, each.last_error_at) for name, each in standing.items()}


def _server(entry: LinkEntry, listening: Listening, trusted: Networks) -> HttpServer:
    """Build what a link's carrier asks."""
    host, port = host_and_port(entry.listens_at)
    where = ServerSettings(
        host=host,
        port=port,
        guard=GuardLimits(
            answer_s=ANSWER_S,
            body_octets=listening.body_octets,
            connections=listening.connections,
            trusted=trusted,
        ),
        certificate=Path(listening.certificate) if listening.certificate else None,
        key=Path(listening.key) if listening.key else None,
        name=f"link `{entry.name}`",
    )
    return HttpServer(listening.serve, where, Entropy(), unix_s)


def upstreams(settings: Settings) -> Upstreams:
    """Give the links of the settings to those who only look, where none of them runs."""
    entries = {entry.name: entry for entry in settings.link}

    def inspect(view: MessageView) -> tuple[ShownSubmit, ...]:
        """Show what the link of a message writes."""
        entry = entries.get(view.message.link)
        return () if entry is None else kind_of(entry).inspect(entry, view)

    return Upstreams(
        router=router_of(settings.link),
        inspect=inspect,
        wake=lambda _links: None,
    )
