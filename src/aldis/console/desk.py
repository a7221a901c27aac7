"""What the pages and the admin API stand on: made once by app/, handed to every page."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.clock import Clock
from aldis.console.viewers import Viewers
from aldis.operating.bulk import Bulk
from aldis.operating.consents import Consents
from aldis.operating.credentials import Credentials
from aldis.operating.directory import DirectoryEditor
from aldis.operating.happenings import Happenings
from aldis.operating.history import History
from aldis.operating.inbound import Inbound
from aldis.operating.links import LinkOrders
from aldis.operating.messages import Messages
from aldis.operating.people import People
from aldis.operating.phones import Phones
from aldis.operating.postbacks import Postbacks
from aldis.operating.sampling import Sampler
from aldis.operating.sending import Sending
from aldis.operating.statistics import Statistics
from aldis.store.contract import Store
from aldis.telemetry import Metrics


class Desk(msgspec.Struct, frozen=True):
    """The gateway as the console sees it."""

    store: Store
    clock: Clock
    current: CurrentDirectory
    metrics: Metrics
    people: People
    messages: Messages
    inbound: Inbound
    postbacks: Postbacks
    statistics: Statistics
    #: link → how each of its binds stands
    binds: Callable[[], dict[str, list[str]]]
    sampler: Sampler
    happenings: Happenings
    phones: Phones
    viewers: Viewers
    sending: Sending
    bulk: Bulk
    directory: DirectoryEditor
    credentials: Credentials
    history: History
    links: LinkOrders
    consents: Consents
