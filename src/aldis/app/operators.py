"""What only operators use, wired together: live numbers, orders, tables, and the console over all of it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.admin.bulk import Bulk
from aldis.admin.command_worker import CommandWorker
from aldis.admin.consents import Consents
from aldis.admin.credentials import Credentials
from aldis.admin.directory import DirectoryEditor
from aldis.admin.event_feed import EventFeed
from aldis.admin.history import History
from aldis.admin.links import LinkOrders, OtherNodes
from aldis.admin.messages import Messages
from aldis.admin.metrics_sampler import MetricsSampler
from aldis.admin.nodes import Nodes
from aldis.admin.postbacks import Postbacks
from aldis.admin.sending import Sending
from aldis.admin.sign_ins import SignIns
from aldis.admin.simulator_control import SimulatorControl
from aldis.admin.statistics import Statistics
from aldis.admin.waiting import Waiting
from aldis.app.agents import RunningAgents
from aldis.app.cluster import Cluster
from aldis.app.console import console_of
from aldis.app.entropy import token
from aldis.app.linking import router_of
from aldis.app.links import Links, upstreams
from aldis.app.people import people_of
from aldis.app.simulator import Simulator
from aldis.console.admin_services import AdminServices
from aldis.console.sse_limits import SseLimits
from aldis.dialects import native
from aldis.dialects.registry import POLICIES
from aldis.doors.http.asgi import AsgiServer
from aldis.settings import Settings
from aldis.simulator.counter import OperatorsCounter
from aldis.stages.admission.admit import Admitter
from aldis.stages.bulk.dispatcher import Dispatcher, DispatcherSettings
from aldis.stages.maintenance.maintenance import Maintenance
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.stages.opt_outs import OptOutBarrier
from aldis.stages.owner import Holder
from aldis.stages.postbacks.status import PostingStatus
from aldis.stages.postbacks.writing import Writing
from aldis.stages.queries.responder import Responder
from aldis.store.contract.hints import Hint
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.refusal import Refusal
from aldis.traffic.submission import Admitted, Submission


class Parts(msgspec.Struct, frozen=True):
    """What operators look at and act on."""

    settings: Settings
    store: Store
    holder: Holder
    metrics: Metrics
    current: CurrentDirectory
    admitter: Admitter
    responder: Responder
    maintenance: Maintenance
    time: Timekeeper
    links: Links
    cluster: Cluster
    simulator: Simulator | None
    #: tells how posting stands
    posting: Callable[[], PostingStatus]
    #: gives the octets of a digest, None where they are lost
    read_content: Callable[[str], Awaitable[bytes | None]]
    opt_outs: OptOutBarrier


class Operators:
    """Agents that carry operators' options out, and where they are wished."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        store, clock, links = parts.store, parts.store.clock, parts.links
        router = router_of(parts.settings.link, parts.cluster.is_up)
        seen = msgspec.structs.replace(upstreams(parts.settings), router=router, wake=parts.cluster.wake)
        self._messages = Messages(
            store.search, store.actions, parts.admitter.ids, parts.current, seen, store.commands
        )
        self._command_worker = CommandWorker(store.commands, self._messages, clock)
        self.consents = Consents(store.consent, store.directory, store.audit, parts.opt_outs, token, clock)
        self._dispatcher = Dispatcher(
            store.bulk,
            parts.holder,
            store.queries,
            clock,
            parts.current,
            self._admit,
            DispatcherSettings(
                native.POLICY.name, parts.settings.store.retention_days, lambda: not parts.time.doubt
            ),
        )
        rates = parts.cluster.rates_elsewhere
        self.sampler = MetricsSampler(store.metrics, parts.metrics, clock, links.binds, links.errors, rates)
        self.streams = SseLimits()
        self.agents = RunningAgents()
        #: None where the settings ask for none
        self.console: AsgiServer | None = None

    async def start(self) -> None:
        """Follow orders, and open the console where the settings ask for one."""
        settings = self._parts.settings
        self.agents.start(self._command_worker, self._dispatcher)
        if settings.console is None:
            return
        await self.sampler.recall()
        self.agents.start(self.sampler)
        self.console = console_of(settings.console, self._services())
        await self.console.start()

    def wake(self) -> None:
        """Say that there may be orders to links or messages."""
        self._parts.links.follower.wake()
        self._command_worker.wake()

    async def close(self) -> None:
        """Take no more options."""
        self.agents.stop()
        self.streams.close()
        if self.console is not None:
            await self.console.stop()
        await self.consents.stop()

    def _services(self) -> AdminServices:
        parts, store, current = self._parts, self._parts.store, self._parts.current
        carrier = None if parts.simulator is None else OperatorsCounter(parts.simulator.memory)
        ask = functools.partial(parts.responder.answer, native.POLICY)
        editor = DirectoryEditor(store.changes, store.consent, self._follow_directory)
        tps = {entry.name: entry.tps for entry in parts.settings.link}
        orders = LinkOrders(
            store.link_states,
            store.metrics,
            OtherNodes(store.nodes, parts.cluster.membership.node),
            tps,
            parts.links.conditions,
            self._tell_orders,
        )
        people = people_of(store)
        return AdminServices(
            operators=store.operators,
            audit=store.audit,
            clock=store.clock,
            token=token,
            current=current,
            metrics=parts.metrics,
            people=people,
            sign_ins=SignIns(people, store.audit, store.clock, store.shared),
            binds=parts.links.binds,
            sampler=self.sampler,
            happenings=EventFeed(store.events, current, store.clock),
            phones=SimulatorControl(carrier, store.audit),
            streams=self.streams,
            messages=self._messages,
            search=store.search,
            refusals=store.refusals,
            postbacks=Postbacks(
                store.outbox,
                Writing(POLICIES, current, parts.read_content),
                shows_bodies=parts.settings.postbacks.show_bodies,
                posting=parts.posting,
            ),
            statistics=Statistics(store.search, current, parts.settings.messages.most_labels),
            sending=Sending(native.POLICY.name, self._admit, ask, current),
            bulk=Bulk(store.bulk, lambda: current.directory, self._dispatcher.wake),
            directory=editor,
            credentials=Credentials(editor, token),
            history=History(store.changes, editor),
            links=orders,
            nodes=Nodes(store.nodes),
            waiting=Waiting(store.search, orders),
            consents=self.consents,
        )

    def _tell_orders(self) -> None:
        """Have a link's order followed, on the other nodes too."""
        self._parts.links.follower.wake()
        self._parts.cluster.tell(Hint(orders=True))

    async def _follow_directory(self) -> None:
        """Load what was changed, here and on the other nodes."""
        await self._parts.maintenance.follow_directory()
        self._parts.cluster.tell(Hint(directory=True))

    async def _admit(self, submission: Submission) -> Admitted | Refusal:
        """Have accepted what the house itself sends for an account."""
        verdict = await self._parts.admitter.admit(native.POLICY, submission)
        if isinstance(verdict, Admitted) and not submission.dry_run:
            self._parts.metrics.accepted.labels(native.POLICY.name).inc(submission.recipient_count)
        return verdict
