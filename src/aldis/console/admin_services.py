"""What the pages and the admin API stand on: made once by app/, handed to every page."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.admin.bulk import Bulk
from aldis.admin.consents import Consents
from aldis.admin.credentials import Credentials
from aldis.admin.directory import DirectoryEditor
from aldis.admin.event_feed import EventFeed
from aldis.admin.history import History
from aldis.admin.links import LinkOrders
from aldis.admin.messages import Messages
from aldis.admin.metrics_sampler import MetricsSampler
from aldis.admin.nodes import Nodes
from aldis.admin.operators import People
from aldis.admin.postbacks import Postbacks
from aldis.admin.sending import Sending
from aldis.admin.sign_ins import SignIns
from aldis.admin.simulator_control import SimulatorControl
from aldis.admin.statistics import Statistics
from aldis.admin.waiting import Waiting
from aldis.clock import Clock
from aldis.console.sse_limits import SseLimits
from aldis.store.contract.operators import AuditStore, OperatorStore
from aldis.store.contract.refusals import RefusalStore
from aldis.store.contract.search import SearchStore
from aldis.telemetry import Metrics


class AdminServices(msgspec.Struct, frozen=True):
    """The gateway as the console sees it."""

    operators: OperatorStore
    audit: AuditStore
    clock: Clock
    #: draws a text of so many random octets
    token: Callable[[int], str]
    current: CurrentDirectory
    metrics: Metrics
    people: People
    sign_ins: SignIns
    messages: Messages
    #: messages from handsets, those that belong to nobody too
    search: SearchStore
    postbacks: Postbacks
    refusals: RefusalStore
    statistics: Statistics
    #: link → how each of its binds stands
    binds: Callable[[], dict[str, list[str]]]
    sampler: MetricsSampler
    happenings: EventFeed
    phones: SimulatorControl
    streams: SseLimits
    sending: Sending
    bulk: Bulk
    directory: DirectoryEditor
    credentials: Credentials
    history: History
    links: LinkOrders
    nodes: Nodes
    waiting: Waiting
    consents: Consents
