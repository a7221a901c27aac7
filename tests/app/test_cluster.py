"""What gateways on one database tell each other of themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from tests.backends import open_store
from tests.fakes.clock import FakeClock
from tests.fakes.nodes import SharedNodes, Telling
from tests.store.test_nodes import ONE

from aldis.app.agents import RunningAgents
from aldis.app.cluster import Cluster, NodeName, Wakes, digests, standing_of
from aldis.app.links import Links
from aldis.settings import Settings, read
from aldis.stages.owner import Holder
from aldis.stages.sending.upstream import Condition
from aldis.store.contract.hints import Hint
from aldis.telemetry import Metrics

FILE = """
[messages]
validity_s = {validity}
[store]
url = "postgresql://{user}@db/aldis"
retention_days = {days}
[http]
listen = "127.0.0.1:{port}"
[[link]]
name = "demo"
host = "{host}"
port = 2775
password = "{password}"
tls = true
tls_ca = "{ca}"
tps = {tps}
[link.quirks]
data_coding_gsm = {coding}
"""
USUAL = {
    "validity": 3600,
    "user": "a:secret",
    "days": 30,
    "port": 8080,
    "host": "smsc",
    "password": "one",
    "ca": "/etc/ca.pem",
    "tps": 10,
    "coding": 0,
}


def of(**otherwise: object) -> dict[str, str]:
    return digests(read(FILE.format(**{**USUAL, **otherwise}), "test", {}))


@pytest.mark.parametrize(
    ("otherwise", "unequal"),
    [
        ({}, set()),
        ({"user": "b:other"}, set()),
        ({"port": 8081}, set()),
        ({"password": "two"}, set()),
        ({"ca": "/srv/ca.pem"}, set()),
        ({"host": "smsc2"}, {"link `demo`"}),
        ({"tps": 11}, {"link `demo`"}),
        ({"coding": 1}, {"link `demo`"}),
        ({"validity": 3601}, {"[messages]"}),
        ({"days": 31}, {"[store] retention_days"}),
    ],
)
def test_what_must_be_the_same_everywhere_is_compared(
    otherwise: dict[str, object], unequal: set[str]
) -> None:
    one, other = of(), of(**otherwise)
    assert one.keys() == other.keys() == {"link `demo`", "[messages]", "[store] retention_days"}
    assert {name for name in one if one[name] != other[name]} == unequal


def test_a_digest_is_the_same_in_each_process() -> None:
    made = [of() for _ in range(3)]
    assert all(one == other for one, other in pairwise(made))


class Woken:
    """Hears who is woken."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.wakes = Wakes(**{name: partial(self.names.append, name) for name in Wakes.__struct_fields__})


class Shared:
    """One of the gateways on a database that lives in memory."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.hints, self.nodes = Telling(), SharedNodes(clock)
        self.store = replace(open_store(folder, clock), hints=self.hints, nodes=self.nodes)
        holder = Holder(self.store.ownership, "one 1", clock)
        links = Links(self.store.sending, self.store.link_states, holder)
        self.cluster = Cluster(self.store, Settings(), NodeName("one", "one 1"), clock, links, Metrics())
        self.agents = RunningAgents()

    async def join(self, woken: Woken) -> None:
        await self.cluster.join(woken.wakes, lambda _opted_out: None, self.agents)


@pytest.fixture
async def shared(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Shared]:
    made = Shared(tmp_path, clock)
    yield made
    made.agents.stop()
    await made.agents.ended()
    await made.store.close()


@pytest.mark.parametrize(
    ("hint", "woken"),
    [
        (Hint(), ""),
        (Hint(links=frozenset({"demo"})), ""),
        (Hint(postbacks=True), "postbacks"),
        (Hint(opted_out=True, directory=True), "directory"),
        (Hint(orders=True), "orders"),
        (Hint(anything=True), "postbacks directory orders"),
    ],
)
async def test_a_hint_wakes_whoever_may_have_work(shared: Shared, hint: Hint, woken: str) -> None:
    heard = Woken()
    await shared.join(heard)
    (hear,) = shared.hints.hearing
    hear(hint)
    assert heard.names == woken.split()


async def test_who_is_alone_tells_nobody(shared: Shared) -> None:
    await shared.join(Woken())
    shared.cluster.wake({"demo"})
    shared.cluster.tell(Hint(orders=True))
    assert shared.hints.told == []
    await shared.nodes.say(replace(ONE, name="two"))
    await shared.cluster.membership.say()
    shared.cluster.wake({"demo"})
    shared.cluster.tell(Hint(orders=True))
    assert shared.hints.told == [Hint(links=frozenset({"demo"})), Hint(orders=True)]


@pytest.mark.parametrize("said", ["bound", "", "\0", "\ud800", "\U0010ffff" * 999, "x" * 10_000])
def test_what_a_carrier_says_can_be_told_and_is_bounded(said: str) -> None:
    condition = Condition(
        binds=(said,), in_flight=1, window=2, per_s=0.26, slowed_to=None, last_error=said, last_error_at=3
    )
    told = standing_of(condition, is_up=True)
    assert msgspec.json.decode(msgspec.json.encode(told), type=type(told)) == told
    assert len(told.last_error) <= 200
    assert told.binds == (told.last_error,)
    assert (told.is_up, told.per_s) == (True, 0.3)
