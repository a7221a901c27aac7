"""The gateway: settings → store → stages → links and doors, started and stopped in order."""

from __future__ import annotations

import asyncio
import functools
import os
import platform
import secrets
from pathlib import Path
from typing import NamedTuple

import structlog
from prometheus_client import ProcessCollector

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.addresses import Networks
from aldis.admin import stranded
from aldis.admin.number_review import warn_of_moves
from aldis.app import descriptor_shares, descriptors, stores
from aldis.app.agents import RunningAgents
from aldis.app.cells import Cells
from aldis.app.cluster import Cluster, NodeName, Wakes
from aldis.app.doors import door_of, server_settings
from aldis.app.entropy import Entropy, jitter
from aldis.app.linking import content_limits, router_of
from aldis.app.links import Links
from aldis.app.operators import Operators, Parts
from aldis.app.posting import Posting, PostingBeside, PostingHere, PostingWatch, counter
from aldis.app.simulator import SOCKETS as SIMULATOR_SOCKETS
from aldis.app.simulator import Simulator
from aldis.clock import Clock, iso_or_none, unix_s
from aldis.doors.http import system_routes
from aldis.doors.http.asgi import AsgiServer
from aldis.doors.http.server import HttpServer
from aldis.errors import GatewayError
from aldis.links.contract import LinkDependencies
from aldis.settings import Settings
from aldis.stages.admission.admit import Admitter, AttachmentPolicy
from aldis.stages.admission.building import Deadlines
from aldis.stages.aside import Aside
from aldis.stages.authenticate import Authenticator
from aldis.stages.follow import DirectoryFollower
from aldis.stages.inbound.addresses import AddressReader
from aldis.stages.inbound.collector import Collector
from aldis.stages.inbound.mms import MmsIntake
from aldis.stages.inbound.reply import Replier
from aldis.stages.maintenance.gauge import BacklogGauge
from aldis.stages.maintenance.maintenance import Maintenance, MaintenanceSettings
from aldis.stages.maintenance.refusals import RefusalRecorder
from aldis.stages.maintenance.store_monitor import StoreMonitor
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.stages.opt_outs import OptOutBarrier, People
from aldis.stages.owner import Holder
from aldis.stages.queries.responder import Responder
from aldis.stages.rates import rates_of
from aldis.stages.receipts.recorder import Recorder
from aldis.stages.receipts.reviewer import Reviewer
from aldis.stages.receipts.sorter import Sorter
from aldis.stages.sending.retry import LONGEST_S
from aldis.stages.sending.upstream import Condition
from aldis.stages.slot_leases import SlotLeases
from aldis.store.contract.hints import Hint
from aldis.store.contract.ownership import postbacks_slot
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics

log = structlog.get_logger()


class _Watched(NamedTuple):
    """What hears of the store from when it is opened."""

    metrics: Metrics
    serving: stores.Serving
    lost: asyncio.Event
    posting: PostingWatch


class Gateway:
    """One running gateway: `open`, `start`, then `stop`."""

    @classmethod
    async def open(cls, settings: Settings, data_dir: Path, clock: Clock) -> Gateway:
        """Make the data directory ours, and open the store. Raises SettingsError, StoreUnavailable."""
        metrics = Metrics()
        lock, lost = stores.own(data_dir), asyncio.Event()
        watch = PostingWatch(metrics)
        serving = stores.Serving(lock, lost.set, counter(metrics), watch.hear)
        try:
            opened = await stores.backend_of(settings).open(settings, data_dir, clock, serving)
        except GatewayError:
            lock.release()
            raise
        return cls(settings, data_dir, clock, opened, _Watched(metrics, serving, lost, watch))

    def __init__(
        self, settings: Settings, data_dir: Path, clock: Clock, opened: stores.ToServe, watched: _Watched
    ) -> None:
        self._clock = clock
        self.metrics = watched.metrics
        self._lock = watched.serving.lock
        #: set when the store's writer has ended by itself: what was kept is unknown, so nothing may go on
        self.lost = watched.lost
        self._count = watched.serving.count
        self._posting_watch = watched.posting
        self._cells = Cells(settings, opened.store)
        self.store: Store = self._cells.store
        self._back_office = opened.back_office
        reserved = 0 if settings.simulator is None else SIMULATOR_SOCKETS
        posts = opened.back_office is None
        self._settings = descriptor_shares.fit(settings, descriptors.raise_limit(), reserved, posts=posts)
        self._watch_process()
        self.admitter: Admitter
        self.responder: Responder
        self._authenticator = Authenticator(
            self.store.clock,
            secrets.token_bytes(32),
            self.metrics,
            settings.authentication,
            self.store.shared,
        )
        self._posting: Posting
        self.server: HttpServer
        self._aside = Aside()
        self._recorder = Recorder(self.store.receipts, self.metrics)
        self._maintenance: Maintenance
        self._gauge: BacklogGauge
        self._refusals: RefusalRecorder
        self._monitor: StoreMonitor
        self._collector: Collector
        self._sorter: Sorter
        self._time = Timekeeper(self.store.time, self.store.clock, self.metrics, LONGEST_S)
        name = f"{platform.node()} {os.getpid()} {secrets.token_hex(4)}"  # in containers all have one number
        self._holder = Holder(self.store.ownership, name, clock)
        self._links = Links(self.store.sending, self.store.link_states, self._holder)
        node = NodeName(stores.node_name(data_dir), name)
        self._cluster = Cluster(self.store, self._settings, node, clock, self._links, self.metrics)
        self._holder.nodes = self._cluster.membership
        self._reviewer = Reviewer(self.store.receipts, self._links.unsettled, self.store.clock, self.metrics)
        self._opt_outs = OptOutBarrier(self._opt_out, self.store.shared, name)
        self.operators: Operators
        self._agents = RunningAgents()
        #: the built-in simulator, where the settings ask for one
        self.simulator: Simulator | None = None

    async def start(self) -> None:
        """Open everything; when this returns, requests are taken."""
        settings = self._settings
        if settings.simulator is not None:
            self.simulator = Simulator(settings.simulator, self._clock)
            await self.simulator.start()
        current = CurrentDirectory(await self.store.directory.load())
        self._build_stages(current)
        trusted = Networks(settings.http.trusted_proxies)
        self._links.add_all(settings.link, self._link_dependencies(), trusted)
        parts = Parts(
            settings=settings,
            store=self.store,
            holder=self._holder,
            metrics=self.metrics,
            current=current,
            admitter=self.admitter,
            responder=self.responder,
            maintenance=self._maintenance,
            time=self._time,
            links=self._links,
            cluster=self._cluster,
            simulator=self.simulator,
            posting=lambda: self._posting_watch.status,
            read_content=self.store.contents.read,
            opt_outs=self._opt_outs,
        )
        self.operators = Operators(parts)
        # Before anything is sent: a port that is taken must not leave messages in doubt.
        self.server = self._make_server(current)
        await self._time.look()
        await self._cells.join(self._agents)
        wakes = Wakes(self._posting.wake, self._maintenance.wake, self.operators.wake)
        await self._cluster.join(wakes, self._release, self._agents)
        await self._links.recover(await self._maintenance.own(), self.store.clock.now())
        self._agents.start(self._sorter, self._recorder, self._reviewer, self._collector)
        self._agents.start(self._maintenance, self._gauge, self._monitor, self._refusals)
        for sentence in await stranded.look(self.store.metrics, self.store.directory, self._links.names):
            log.warning(sentence)
        await self._posting.start()
        await self._links.start()
        self.metrics.connections.watch("door", self.server.guard.counts)
        await self.server.start()
        await self.operators.start()
        if self.console is not None:
            self.metrics.connections.watch("console", self.console.guard.counts)
        log.info("gateway up", port=self.server.port, links=self._links.names)
        await warn_of_moves(self.store.search, current.directory.number_ranges, self.store.clock.now())

    def _make_server(self, current: CurrentDirectory) -> HttpServer:
        http = self._settings.http
        health = functools.partial(system_routes.ready, self._standing)
        note = self._refusals.note
        door = door_of(http, self.admitter, self.responder, self.metrics, self._aside, health, note)
        door.other_cells = self._cells.doors(current)
        server = HttpServer(
            door.serve, server_settings(http), Entropy(), unix_s, door.answer_late, door.refuse
        )
        door.know = server.guard.know
        return server

    async def stop(self) -> None:
        """Refuse new work, finish what is under way within bounds, close."""
        self.admitter.draining = True
        self._cluster.membership.leave()
        await self.operators.close()
        await self.server.stop()
        await self._cells.close()
        self._authenticator.close()
        self._aside.close()
        await self._links.stop()
        self._agents.stop()
        await asyncio.gather(self._agents.ended(), self.operators.agents.ended())
        await self._posting.stop()
        await self.store.close()
        if self.simulator is not None:
            await self.simulator.stop()
        self._lock.release()
        log.info("gateway down")

    async def abandon(self) -> None:
        """Once the store is lost: answer what is under way, and take nothing more."""
        self.admitter.draining = True
        self._agents.stop()
        await self.server.stop()

    @property
    def console(self) -> AsgiServer | None:
        """The console, where the settings ask for one."""
        return self.operators.console

    def links_up(self) -> dict[str, bool]:
        """Tell which links are bound, and not to be drained."""
        return self._links.are_up()

    def conditions(self) -> dict[str, Condition]:
        """Tell how each link stands."""
        return self._links.conditions()

    def binds(self) -> dict[str, list[str]]:
        """Tell how the binds of each link stand, for people."""
        return self._links.binds()

    def _watch_process(self) -> None:
        """Count this process's descriptors, memory and CPU, and those of the process that writes."""
        ProcessCollector(registry=self.metrics.registry)
        writer = self._back_office
        if writer is not None:
            ProcessCollector("aldis_writer", lambda: writer.pid or "", registry=self.metrics.registry)

    @property
    def is_store_gone(self) -> bool:
        """Whether the store wrote last to a file that nobody will find."""
        return self._monitor.is_gone

    def _standing(self) -> system_routes.Readiness:
        """Tell how we are, for `/health/ready`."""
        store = system_routes.ShownStore(self._monitor.fault, iso_or_none(self._monitor.written_at))
        clock = system_routes.ShownClock(self._time.doubt)
        postbacks = system_routes.ShownPostbacks(self._posting_watch.status.local_fault)
        is_draining = self.admitter.draining or self._cluster.membership.is_to_have_nothing
        return system_routes.Readiness(is_draining, store, clock, self._links.binds(), postbacks)

    def _build_stages(self, current: CurrentDirectory) -> None:
        settings, store, clock = self._settings, self.store, self.store.clock
        router = router_of(settings.link, self._cluster.is_up)
        self._build_for_customers(current, router)
        replier = Replier(current, router)
        repeat_s = settings.messages.inbound_repeat_s
        homes = {entry.name: entry.country for entry in settings.link}
        addresses = AddressReader(current, homes, self.metrics)
        self._collector = Collector(
            store.inbound,
            self.admitter.ids,
            current,
            clock,
            replier,
            addresses,
            self.metrics,
            repeat_s,
            self._opt_outs,
        )
        self._sorter = self._make_sorter()
        if self._back_office is not None:
            self._posting = PostingBeside(self._back_office, settings.postbacks)
        else:
            self._posting = posting = PostingHere(
                store.postbacks,
                current,
                clock,
                self._count,
                self.store.contents,
                settings.postbacks,
                self._posting_watch.note,
            )
            if store.postbacks.is_shared:
                posting.share(SlotLeases(self._holder, postbacks_slot, self._cluster.postback_slots))
        keeping = MaintenanceSettings(
            settings.store.retention_days,
            settings.messages.receipt_patience_s,
            settings.messages.failover_s,
        )
        self._gauge = BacklogGauge(store.metrics, self.metrics, clock)
        self._refusals = RefusalRecorder(
            store.refusals,
            clock,
            current,
            settings.http.refusals_kept,
            settings.store.retention_days,
            is_logged=settings.log.refusals,
        )
        self._monitor = StoreMonitor(store.time, self._time, self.metrics, self._shut)
        self._maintenance = Maintenance(
            store.maintenance,
            self._holder,
            DirectoryFollower(store.directory, current),
            self._time,
            keeping,
            self._cluster,
            self.store.contents,
        )
        if isinstance(self._posting, PostingHere):
            self._cluster.release_leaving(current, self._maintenance, self._posting.withhold, self._agents)

    def _make_sorter(self) -> Sorter:
        return Sorter(
            self.store.receipts,
            self._links.unsettled,
            self.store.clock,
            self.metrics,
            self._recorder.take,
            self._collector.take,
        )

    def _build_for_customers(self, current: CurrentDirectory, router: Router) -> None:
        """Build what the doors ask, all counted against one rate."""
        settings, store, clock = self._settings, self.store, self.store.clock
        rates, agents = rates_of(clock, store.shared)
        self._agents.start(*agents)
        self.admitter = Admitter(
            store.admission,
            clock,
            current,
            self._authenticator,
            rates,
            self._aside,
            router,
            Deadlines(settings.messages.validity_s, settings.messages.receipt_patience_s),
            AttachmentPolicy(self.store.contents, content_limits(settings.messages)),
            self._cluster.wake,
        )
        self.responder = Responder(
            store.queries,
            store.consent,
            clock,
            current,
            self._authenticator,
            rates,
            self._aside,
            settings.messages.most_labels,
        )

    def _link_dependencies(self) -> LinkDependencies:
        return LinkDependencies(
            clock=self.store.clock,
            metrics=self.metrics,
            jitter=jitter,
            take_receipt=self._recorder.take,
            take_inbound=self._collector.take,
            take_doubtful=self._sorter.take,
            take_mms=MmsIntake(self.store.contents, self._collector.take).take,
            read_content=self.store.contents.read,
            verify_password=self._authenticator.passwords.verify,
        )

    def _shut(self, is_stuck: bool) -> None:  # noqa: FBT001 - as the monitor tells it
        """Refuse requests at once, or no longer."""
        self.admitter.is_store_stuck = is_stuck

    def _opt_out(self, people: People) -> None:
        """Have nothing more go to them, and the other nodes hear of it."""
        self._release(people)
        self._cluster.tell(Hint(opted_out=True))

    def _release(self, people: People) -> None:
        self._links.release_opted_out(people)
        self._maintenance.note_opted_out()
