"""A store: one sub-store for each stage or use. Whoever works on it is given only those that it needs.

Obligations of every backend (tests/store holds it to them):
1. One method is one transaction, batch-shaped, named for what happened.
2. A call returns only after its commit is on disk; what it returned survives `kill -9` and power loss.
3. A call that raises StoreUnavailable has kept nothing; one that raises OutcomeUnknown, all of it or nothing.
4. Concurrent calls may share a commit; one that fails does not fail the others.
5. `admission.accept` is all or nothing for each submission, also where a duplicate or the balance refuses it.
6. Money never leaks: for each account credited = available + held + spent, after every call.
7. A claim or write that is given a lease raises LeaseLost, and keeps nothing, where another has been acquired
   since or it was given back. It need not mind whether the lease's time is over: nobody else has it.
8. What one store has committed, another one that is open on the same data reads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from aldis.clock import Clock
from aldis.store.contract.actions import ActionStore, CommandStore
from aldis.store.contract.admission import AdmissionStore
from aldis.store.contract.bulk import BulkStore
from aldis.store.contract.cell_exchange import ExchangeStore
from aldis.store.contract.cells import CellStore
from aldis.store.contract.consent import ConsentStore
from aldis.store.contract.content import ContentStore
from aldis.store.contract.directory import ChangeStore, DirectoryStore
from aldis.store.contract.events import EventStore
from aldis.store.contract.hints import HintStore
from aldis.store.contract.inbound import InboundStore, ReceiptStore
from aldis.store.contract.link_states import LinkStateStore
from aldis.store.contract.maintenance import MaintenanceStore
from aldis.store.contract.metrics import MetricsStore
from aldis.store.contract.nodes import NodeStore
from aldis.store.contract.operators import AuditStore, OperatorStore
from aldis.store.contract.outbox import OutboxStore
from aldis.store.contract.ownership import OwnershipStore
from aldis.store.contract.postbacks import PostbackStore
from aldis.store.contract.queries import QueryStore
from aldis.store.contract.refusals import RefusalStore
from aldis.store.contract.search import SearchStore
from aldis.store.contract.sending import SendingStore
from aldis.store.contract.shared import SharedStore
from aldis.store.contract.time import TimeStore


class Store(msgspec.Struct, frozen=True):
    """All that is kept."""

    #: says what time it is, for every instant that is written; a networked engine answers by its own time
    clock: Clock
    #: finish what was called, then close the data
    close: Callable[[], Awaitable[None]]
    ownership: OwnershipStore
    nodes: NodeStore
    hints: HintStore
    # ── a message's way ──
    admission: AdmissionStore
    sending: SendingStore
    receipts: ReceiptStore
    inbound: InboundStore
    contents: ContentStore
    postbacks: PostbackStore
    maintenance: MaintenanceStore
    time: TimeStore
    # ── what customers ask and wish ──
    queries: QueryStore
    consent: ConsentStore
    bulk: BulkStore
    # ── what operators look at ──
    search: SearchStore
    outbox: OutboxStore
    metrics: MetricsStore
    events: EventStore
    refusals: RefusalStore
    # ── what operators do ──
    actions: ActionStore
    commands: CommandStore
    link_states: LinkStateStore
    directory: DirectoryStore
    changes: ChangeStore
    operators: OperatorStore
    audit: AuditStore
    # ── what gateways share; None where there can be only one ──
    shared: SharedStore | None = None
    # ── of a store that may be one of several cells ──
    cells: CellStore | None = None
    exchange: ExchangeStore | None = None
