"""The composition root: settings → store → stages → links and doors. The only file that knows every concrete
class.

Whatever is not deterministic (time, randomness, sockets, disk) enters the gateway here and nowhere else.
"""

from __future__ import annotations

import asyncio
import functools
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from aldis.accounts.directory import CurrentDirectory
from aldis.channels.http.client import HttpChannel
from aldis.clock import Clock
from aldis.console.desk import Desk
from aldis.console.server import ConsoleServer
from aldis.console.site import site
from aldis.console.viewers import Viewers
from aldis.dialects import native
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.native.problems import words_of
from aldis.dialects.registry import BY_NAME, BY_PATH
from aldis.doors.http import house
from aldis.doors.http.app import Door
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import HttpServer, ServerSettings
from aldis.linking import (
    Link,
    Surroundings,
    content_limits,
    link_of,
    links_of,
    listener_of,
    sender_settings,
    text_rules,
)
from aldis.links.smpp import explain
from aldis.mms.access import Access
from aldis.operating.bulk import Bulk
from aldis.operating.clerk import Clerk
from aldis.operating.consents import Consents
from aldis.operating.credentials import Credentials
from aldis.operating.directory import DirectoryEditor
from aldis.operating.happenings import Happenings
from aldis.operating.history import History
from aldis.operating.inbound import Inbound
from aldis.operating.links import LinkOrders
from aldis.operating.messages import Messages, Upstreams
from aldis.operating.people import People
from aldis.operating.phones import Phones
from aldis.operating.postbacks import Postbacks
from aldis.operating.sampling import Sampler
from aldis.operating.sending import Sending
from aldis.operating.statistics import Statistics
from aldis.settings import (
    HttpSettings,
    LinkEntry,
    Settings,
    SimulatorSettings,
    host_and_port,
    store_path,
)
from aldis.simulator.counter import OperatorsCounter
from aldis.simulator.memory import Memory, SmscSettings
from aldis.simulator.mmsc import Mmsc, VaspSettings
from aldis.simulator.smsc import Smsc
from aldis.simulator.view import HandsetView
from aldis.smpp.timers import Timers
from aldis.stages.admission.admit import Admitter, ContentDesk, Deadlines
from aldis.stages.authenticate import Authenticator
from aldis.stages.bulk.dispatcher import Dispatcher
from aldis.stages.enquiries.enquirer import Enquirer
from aldis.stages.inbound.collector import Collector
from aldis.stages.inbound.mms import MmsIntake
from aldis.stages.inbound.reply import Replier
from aldis.stages.postbacks.poster import Poster
from aldis.stages.receipts.recorder import Recorder
from aldis.stages.sending.orders import Line, OrderFollower
from aldis.stages.sending.sender import Sender
from aldis.stages.sending.upstream import Condition
from aldis.stages.upkeep.keeper import Keeper, KeeperSettings
from aldis.store.content_files import ContentFiles
from aldis.store.contract import Store
from aldis.store.health import StoreHealth
from aldis.store.sqlite.health import look_over
from aldis.store.sqlite.in_process import ProcessRunner
from aldis.store.sqlite.journal import Journal
from aldis.store.sqlite.ownership import OwnerLock, is_owned
from aldis.store.sqlite.store import SqliteStore
from aldis.telemetry import Metrics
from aldis.traffic.refusal import Refusal
from aldis.traffic.submission import Admitted, Submission

log = structlog.get_logger()

#: what stands where a customer's request would, when the house itself sends
OURS = HttpRequest("POST", "", b"", [], b"", "")
#: how long what is under way may take when the gateway stops
GRACE_S = 10.0
#: how long to wait for a gateway that is just ending
TAKE_OVER_S = 2.0
#: what the simulator takes at once: a large multimedia message
VIEW_OCTETS = 8_388_608


def luck() -> float:
    """Draw from 0..1, for jitter."""
    return secrets.randbits(32) / 2**32


class Entropy:
    """Random bits from the kernel, fetched by the page: a system call for each request would be felt."""

    PAGE = 4096
    WORD = 8

    def __init__(self) -> None:
        self._page = b""
        self._at = 0

    def __call__(self, bits: int) -> int:
        """Give up to 64 bits that nobody can guess."""
        if self._at >= len(self._page):
            self._page, self._at = os.urandom(self.PAGE), 0
        word = int.from_bytes(self._page[self._at : self._at + self.WORD], "big")
        self._at += self.WORD
        return word >> (8 * self.WORD - bits)


def open_store(settings: Settings, data_dir: Path) -> SqliteStore:
    """Open the store that the settings name, for a command; inside a running event loop."""
    return SqliteStore(store_path(settings.store.url, data_dir))


def store_health(path: Path) -> StoreHealth:
    """Look a store's file over."""
    return look_over(path)


def is_served(data_dir: Path) -> bool:
    """Tell whether a gateway runs over a data directory now."""
    return is_owned(data_dir)


def upstreams(settings: Settings) -> Upstreams:
    """Give the links of the settings to those who only look, where none of them runs."""
    quirks = {entry.name: entry.quirks for entry in settings.link if entry.kind == "smpp"}
    return Upstreams(
        rules=text_rules(settings.link),
        is_up=lambda _link: True,
        inspect=functools.partial(explain.submits, quirks=quirks),
        mms=frozenset(entry.name for entry in settings.link if entry.kind == "mm7"),
    )


def _open_to_serve(
    settings: Settings, data_dir: Path, lock: OwnerLock, on_lost: Callable[[], None]
) -> SqliteStore:
    path, writer = store_path(settings.store.url, data_dir), settings.store.writer
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if writer == "thread" or (writer == "auto" and cores == 1):
        return SqliteStore(path, journal=Journal(data_dir))
    return SqliteStore(path, ProcessRunner(path, (lock.descriptor,), on_lost), Journal(data_dir))


class Gateway:
    """One running gateway: `start`, then `stop`."""

    def __init__(self, settings: Settings, data_dir: Path, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.metrics = Metrics()
        data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = OwnerLock(data_dir, TAKE_OVER_S)
        #: set when the store's writer has ended by itself: what was kept is unknown, so nothing may go on
        self.lost = asyncio.Event()
        self.store: Store = _open_to_serve(settings, data_dir, self._lock, self.lost.set)
        self.admitter: Admitter
        self.enquirer: Enquirer
        self.poster: Poster
        self.server: HttpServer
        self._contents = ContentFiles(data_dir)
        self._recorder = Recorder(self.store, self.metrics)
        self._channel = HttpChannel()
        self._keeper: Keeper
        self._dispatcher: Dispatcher
        self._messages: Messages
        self._clerk: Clerk
        self._collector: Collector
        self._links: dict[str, Link] = {}
        #: where carriers ask us
        self._listeners: list[HttpServer] = []
        self._senders: dict[str, Sender] = {}
        self._lines: dict[str, Line] = {}
        self._consents = Consents(self.store)
        self._follower = OrderFollower(self.store, self._lines)
        self._link_tasks: list[asyncio.Task[None]] = []
        self._sender_tasks: list[asyncio.Task[None]] = []
        self._agent_tasks: list[asyncio.Task[None]] = []
        self._simulator: Simulator | None = None
        self.console: ConsoleServer | None = None
        self._sampler = Sampler(self.store.watching, self.metrics, clock, self.binds, self._link_errors)
        self._viewers = Viewers()

    async def start(self) -> None:
        """Open everything; when this returns, requests are taken."""
        settings = self._settings
        if settings.simulator is not None:
            self._simulator = Simulator(settings.simulator, self._clock)
            await self._simulator.start()
        current = CurrentDirectory(await self.store.directory())
        authenticator = Authenticator(self._clock, secrets.token_bytes(32))
        links = links_of(settings.link, self._is_up)
        deadlines = Deadlines(settings.messages.validity_s, settings.messages.receipt_patience_s)
        content = ContentDesk(self._contents, content_limits(settings.messages))
        self.admitter = Admitter(self.store, self._clock, current, authenticator, links, deadlines, content)
        self.enquirer = Enquirer(self.store, self._clock, current, authenticator)
        replier = Replier(current, links.rules, self._is_up, links.routes)
        repeat_s = settings.messages.inbound_repeat_s
        self._collector = Collector(self.store, current, self._clock, replier, self.metrics, repeat_s)
        read = self._contents.read
        self.poster = Poster(self.store, self._channel, BY_NAME, current, self._clock, self.metrics, read)
        keeping = KeeperSettings(
            settings.store.retention_days,
            settings.messages.receipt_patience_s,
            settings.messages.failover_s,
        )
        self._keeper = Keeper(
            self.store, current, self._clock, keeping, self.metrics, self.links_up, self._contents
        )
        self._dispatcher = Dispatcher(
            self.store,
            self._clock,
            current,
            native.DIALECT.name,
            self._admit_ours,
            words_of,
            settings.store.retention_days,
        )
        self._add_links(settings.link)
        wake = self._wire_hints()
        seen = msgspec.structs.replace(upstreams(settings), is_up=self._is_up, wake=wake)
        self._messages = Messages(self.store, current, seen)
        self._clerk = Clerk(self.store, self._messages, self._clock)
        # Before anything is sent: a port that is taken must not leave messages in doubt.
        self.server = HttpServer(self._door().serve, _server_settings(settings.http), Entropy())
        for sender in self._senders.values():
            await sender.recover()
        await self.store.recover_orphans(list(self._links), self._clock.now())
        await self._follower.step()  # what was stopped stays so
        self._link_tasks = [asyncio.create_task(link.run()) for link in self._links.values()]
        self._sender_tasks = [asyncio.create_task(sender.run()) for sender in self._senders.values()]
        stages = (self._recorder, self._collector, self.poster, self._keeper, self._dispatcher)
        agents = (*stages, self._clerk, self._follower)
        self._agent_tasks = [asyncio.create_task(agent.run()) for agent in agents]
        for server in (self.server, *self._listeners):
            await server.start()
        if settings.console is not None:
            await self._sampler.recall()
            self._agent_tasks.append(asyncio.create_task(self._sampler.run()))
            self.console = ConsoleServer(site(self._desk(current)), *host_and_port(settings.console.listen))
            await self.console.start()
        log.info("gateway up", port=self.server.port, links=list(self._links))

    async def stop(self) -> None:
        """Refuse new work, finish what is under way within bounds, close."""
        self.admitter.draining = True
        self._sampler.stop()
        self._viewers.close()
        self._dispatcher.stop()
        if self.console is not None:
            await self.console.stop()
        await self._consents.stop()
        await self.server.stop()
        self._follower.stop()
        for sender in self._senders.values():
            sender.stop()
        await _within(GRACE_S, self._sender_tasks)
        await asyncio.gather(*(link.stop(1.0) for link in self._links.values()))
        await _within(GRACE_S, [*self._link_tasks, *self._sender_tasks])
        for server in self._listeners:
            await server.stop()
        self._recorder.stop()
        self._collector.stop()
        self.poster.stop()
        self._keeper.stop()
        self._clerk.stop()
        await _within(GRACE_S, self._agent_tasks)
        await self._channel.close()
        await self.store.close()
        if self._simulator is not None:
            await self._simulator.stop()
        self._lock.release()
        log.info("gateway down")

    @property
    def simulator(self) -> Simulator | None:
        """The built-in simulator, where the settings ask for one."""
        return self._simulator

    def links_up(self) -> dict[str, bool]:
        """Tell which links are bound, and not to be drained."""
        return {name: self._is_up(name) for name in self._links}

    def _is_up(self, name: str) -> bool:
        link = self._links.get(name)
        return link is not None and link.is_up and self._follower.takes(name)

    def binds(self) -> dict[str, list[str]]:
        """Tell how the binds of each link stand, for people."""
        return {name: list(condition.binds) for name, condition in self.conditions().items()}

    def conditions(self) -> dict[str, Condition]:
        """Tell how each link stands."""
        return {name: link.condition() for name, link in self._links.items()}

    def _link_errors(self) -> dict[str, tuple[str, int]]:
        standing = self.conditions()
        return {name: (each.last_error, each.last_error_at) for name, each in standing.items()}

    def _add_links(self, entries: tuple[LinkEntry, ...]) -> None:
        around = Surroundings(
            clock=self._clock,
            metrics=self.metrics,
            luck=luck,
            take_receipt=self._recorder.take,
            take_inbound=self._collector.take,
            take_mms=MmsIntake(self._contents, self._collector.take).take,
            read_content=self._contents.read,
        )
        for entry in entries:
            link = self._links[entry.name] = link_of(entry, around)
            settings = sender_settings(entry)
            self.metrics.link_window.labels(entry.name).set(link.window)
            self.metrics.link_limit.labels(entry.name).set(entry.tps or 0)
            sender = Sender(self.store, link, settings, self._clock, luck, self.metrics)
            self._senders[entry.name] = sender
            self._lines[entry.name] = Line(link, sender)
            listener = listener_of(entry, around)
            if listener is not None:
                self._listeners.append(HttpServer(*listener, Entropy()))

    def _wire_hints(self) -> Callable[[set[str]], None]:
        """Let each stage's commit wake the next; all of them poll as well. Returns what wakes senders."""

        def wake_senders(links: set[str]) -> None:
            for name in links:
                if name in self._senders:
                    self._senders[name].wake()

        def let_go(opted_out: set[tuple[str, str]]) -> None:
            """Have every sender let go of what goes to them."""
            for sender in self._senders.values():
                sender.let_go(opted_out)
            self._keeper.note_opted_out()

        self.admitter.on_accepted = wake_senders
        self._collector.on_opted_out = self._consents.on_opted_out = let_go
        self._collector.on_kept = self.poster.wake
        self._recorder.on_recorded = self.poster.wake
        self._keeper.on_ended = self.poster.wake
        for sender in self._senders.values():
            sender.on_owed = self.poster.wake
        return wake_senders

    def _desk(self, current: CurrentDirectory) -> Desk:
        carrier = None if self._simulator is None else OperatorsCounter(self._simulator.memory)
        watching = self.store.watching
        ask = functools.partial(self.enquirer.answer, native.DIALECT, OURS)
        bulk = Bulk(self.store.bulk, lambda: current.directory)
        bulk.on_started = self._dispatcher.wake
        people, editor = People(self.store.staff), DirectoryEditor(self.store, self._keeper.follow_directory)
        tps = {entry.name: entry.tps for entry in self._settings.link}
        links = LinkOrders(self.store, tps, self.conditions, self._follower.wake)
        return Desk(
            store=self.store,
            clock=self._clock,
            current=current,
            metrics=self.metrics,
            people=people,
            binds=self.binds,
            sampler=self._sampler,
            happenings=Happenings(watching, current, self._clock),
            phones=Phones(carrier, watching),
            viewers=self._viewers,
            messages=self._messages,
            inbound=Inbound(self.store),
            postbacks=Postbacks(self.store),
            statistics=Statistics(self.store, current),
            sending=Sending(self._admit_ours, ask, current),
            bulk=bulk,
            directory=editor,
            credentials=Credentials(editor),
            history=History(self.store, editor),
            links=links,
            consents=self._consents,
        )

    async def _admit_ours(self, submission: Submission) -> Admitted | Refusal:
        """Have accepted what the house itself sends for an account."""
        verdict = await self.admitter.admit(native.DIALECT, OURS, submission)
        if isinstance(verdict, Admitted) and not submission.dry_run:
            self.metrics.accepted.labels(native.DIALECT.name).inc(submission.recipient_count)
        return verdict

    def _door(self) -> Door:
        paths: dict[str, Callable[[], HttpReply]] = {
            "/health/live": house.live,
            "/health/ready": functools.partial(house.ready, self.binds, lambda: self.admitter.draining),
            "/metrics": functools.partial(house.metrics, self.metrics),
        }
        hosts = {
            host.lower(): dict.fromkeys(BY_NAME[dialect].paths, BY_NAME[dialect])
            for dialect, names in self._settings.http.hosts.items()
            for host in names
        }
        return Door(BY_PATH, paths, self.admitter, self.enquirer, self.metrics, hosts)


class Simulator:
    """The SMSC, the MMSC and a view of their handsets, as `aldis simulator` and the gateway's `[simulator]`
    run them.
    """

    def __init__(self, settings: SimulatorSettings, clock: Clock) -> None:
        host, port = host_and_port(settings.listen)
        timers = Timers(inactivity_s=settings.inactivity_s)
        self.memory = Memory(SmscSettings(host, port, settings.system_id, settings.password, timers), clock)
        self.smsc = Smsc(self.memory)
        vasp = VaspSettings(settings.vasp_url, Access(settings.vasp_user, settings.vasp_password))
        self.mmsc = Mmsc(self.memory, vasp)
        host, port = host_and_port(settings.view)
        view = HandsetView(self.memory, self.mmsc)
        where = ServerSettings(host, port, GuardLimits(body_octets=VIEW_OCTETS))
        self.view = HttpServer(view.serve, where, Entropy())

    async def start(self) -> None:
        """Listen on both."""
        await self.smsc.start()
        self.mmsc.start()
        await self.view.start()

    async def stop(self) -> None:
        """Send the receipts that are owed, then close both."""
        await self.smsc.stop()
        await self.mmsc.stop()
        await self.view.stop()


async def _within(seconds: float, tasks: list[asyncio.Task[None]]) -> None:
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        if late:
            log.warning("stopping without waiting any longer", tasks=len(late))


def _server_settings(http: HttpSettings) -> ServerSettings:
    host, port = host_and_port(http.listen)
    return ServerSettings(
        host=host,
        port=port,
        guard=GuardLimits(
            header_octets=http.header_octets,
            header_count=http.header_count,
            header_s=http.header_s,
            body_s=http.body_s,
            body_octets=http.max_body_octets,
            connections=http.connections,
            connections_per_address=http.connections_per_address,
            trusted=frozenset(http.trusted_proxies),
        ),
        certificate=Path(http.certificate) if http.certificate else None,
        key=Path(http.key) if http.key else None,
        public_url=http.public_url,
    )
