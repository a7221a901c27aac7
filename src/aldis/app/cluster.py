"""One gateway among the others on its database: what it says of itself, and whom its hints wake."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from aldis import __version__
from aldis.accounts.directory import CurrentDirectory
from aldis.admin.metrics_snapshot import RateMeter
from aldis.app.agents import RunningAgents
from aldis.app.links import Links
from aldis.clock import Clock
from aldis.settings import Settings
from aldis.stages.cluster.leaving import AccountReleaser
from aldis.stages.cluster.membership import Membership
from aldis.stages.maintenance.maintenance import Maintenance
from aldis.stages.opt_outs import OptOutFollower, People
from aldis.stages.sending.upstream import Condition
from aldis.store.contract.hints import Hint
from aldis.store.contract.nodes import LinkStanding, NodeState, NodeStatus
from aldis.store.contract.ownership import Lease
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.slots import wanted

#: keys of a link that are a machine's own: its secrets, its files, where it listens
_OWN = ("password", "tls_", "listen")
_DIGEST_CHARACTERS = 8
#: characters of a text that a carrier may have written
_MOST_TEXT = 200


class NodeName(msgspec.Struct, frozen=True):
    """Who we are."""

    #: host and data directory
    node: str
    #: this run of the process, under which it takes leases
    holder: str


class Wakes(msgspec.Struct, frozen=True):
    """Whom a hint wakes, beside the senders and who follows opt-outs."""

    postbacks: Callable[[], None]
    directory: Callable[[], None]
    orders: Callable[[], None]


class Cluster:
    """Tells the other nodes, and hears of them."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        name: NodeName,
        clock: Clock,
        links: Links,
        metrics: Metrics,
    ) -> None:
        """`clock`: the machine's."""
        self._meter = RateMeter(metrics, clock.monotonic)
        self._hints = store.hints
        self._shared, self._cells = store.shared, store.cells
        self._links = links
        self._clock = clock
        self._said = NodeStatus(
            name=name.node,
            holder=name.holder,
            version=__version__,
            started_at=store.clock.now(),
            clock_at=0,
            settings=digests(settings),
        )
        self.membership = Membership(store.nodes, name.node, self._status)

    async def join(self, wakes: Wakes, release: Callable[[People], None], agents: RunningAgents) -> None:
        """Say from now on that we are there, among these agents, have hints of other nodes wake those, and
        release what is claimed for people who opt out there. Raises StoreUnavailable.
        """
        if self._shared is not None:
            follower = OptOutFollower(self._shared.opt_outs, self._said.holder, release)
            await follower.begin()
            agents.start(follower)

        def heard(hint: Hint) -> None:
            """Wake whoever may have work."""
            if hint.links or hint.anything:
                self._links.wake(set(self._links.names) if hint.anything else set(hint.links))
            for name in Wakes.__struct_fields__:
                if hint.anything or getattr(hint, name):
                    getattr(wakes, name)()
            if self._shared is not None and (hint.anything or hint.opted_out):
                follower.wake()

        self._hints.subscribe(heard)
        await self.membership.say()
        agents.start(self.membership)

    def release_leaving(
        self,
        current: CurrentDirectory,
        maintenance: Maintenance,
        withhold: Callable[[Collection[int]], Collection[int]],
        agents: RunningAgents,
    ) -> None:
        """Release from now on what we have of accounts that move to another cell. `withhold`: see
        `AccountReleaser`.
        """
        if self._cells is not None:
            follow = maintenance.follow_directory
            agents.start(
                AccountReleaser(self._cells, self._said.holder, current, follow, self.leases, withhold)
            )

    def postback_slots(self) -> frozenset[int]:
        """Tell which slots of postbacks are to be ours."""
        return wanted("postbacks", self.membership.node, self.membership.candidates())

    def rates_elsewhere(self) -> list[dict[str, float]]:
        """Give what each other node did in its last second."""
        return [view.rates for view in self.membership.nodes if view.name != self.membership.node]

    def is_up(self, link: str) -> bool:
        """Whether messages can go over a link, from here or from another node."""
        return self._links.is_up(link) or link in self.membership.up_elsewhere

    def are_up(self) -> dict[str, bool]:
        """Tell it of all."""
        return {name: self.is_up(name) for name in self._links.names}

    def leases(self) -> list[Lease]:
        """Give the leases of all slots of links that are held here."""
        return self._links.leases()

    def wake(self, links: set[str]) -> None:
        """Say that links have work, to our senders and to those of others, who may own a part of it."""
        self._links.wake(links)
        if self.membership.has_others:
            self._hints.tell(Hint(links=frozenset(links)))

    def tell(self, hint: Hint) -> None:
        """Have the other nodes hear of what we have done."""
        if self.membership.has_others:
            self._hints.tell(hint)

    def _status(self, state: NodeState) -> NodeStatus:
        """Tell how we are now."""
        standings = {
            name: standing_of(each, is_up=self._links.is_up(name))
            for name, each in self._links.conditions().items()
        }
        rates = self._meter.rates() if self.membership.has_others else {}
        return msgspec.structs.replace(
            self._said, clock_at=self._clock.now(), state=state, links=standings, rates=rates
        )


def standing_of(condition: Condition, *, is_up: bool) -> LinkStanding:
    """Tell the other nodes how a link stands, with as much as may be of what its carrier said."""
    return LinkStanding(
        is_up=is_up,
        binds=tuple(map(_bounded, condition.binds)),
        in_flight=condition.in_flight,
        window=condition.window,
        per_s=round(condition.per_s, 1),
        last_error=_bounded(condition.last_error),
        last_error_at=condition.last_error_at,
    )


def _bounded(text: str) -> str:
    return text[:_MOST_TEXT].encode("utf-8", "replace").decode()


def digests(settings: Settings) -> dict[str, str]:
    """Give a digest of each section that must be the same on all nodes; no secret is in one."""
    sections: dict[str, Any] = {
        f"link `{entry.name}`": [
            (key, value) for key, value in _plain(entry).items() if not key.startswith(_OWN)
        ]
        for entry in settings.link
    }
    sections["[messages]"] = _plain(settings.messages)
    if settings.cells is not None:
        sections["[cells]"] = _plain(settings.cells)
        sections["[[cell]]"] = [(cell.name, cell.doors) for cell in settings.cell]
    sections["[store] retention_days"] = settings.store.retention_days
    return {
        name: hashlib.sha256(msgspec.json.encode(section, order="deterministic")).hexdigest()[
            :_DIGEST_CHARACTERS
        ]
        for name, section in sections.items()
    }


def _plain(record: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(record)
    return found
