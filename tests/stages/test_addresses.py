"""Who wrote to which of our numbers, as carriers of one country write it, and what follows: a STOP binds, and
nobody abroad is answered.
"""

from __future__ import annotations

import pytest

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.sms.address import NumberType
from aldis.sms.dcs import Alphabet
from aldis.sms.fitting import PLAIN
from aldis.sms.reading import Piece
from aldis.stages.inbound.addresses import AddressReader
from aldis.stages.inbound.collector import Collector
from aldis.stages.inbound.reply import Replier
from aldis.stages.opt_outs import OptOutBarrier
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.inbound import InboundPart
from tests.backends import apply
from tests.fakes.clock import NOON, FakeClock

UNKNOWN, INTERNATIONAL, NATIONAL = NumberType.UNKNOWN, NumberType.INTERNATIONAL, NumberType.NATIONAL
WORLD = """
[[route]]
link = "link"
[[price]]
per_segment = "0.05"
[[account]]
name = "a"
credit = "10.00"
[[account.sender]]
value = "74700"
stop_reply = "You will hear no more."
[[account.sender]]
value = "12025550100"
stop_reply = "You will hear no more."
"""
LOCAL = '[[account.credential]]\ndialect = "sumotext"\nkey = "k"\ncountry = "{}"\n'


class Inbox:
    """A collector over a store, with one link; `country`: as its settings have it."""

    def __init__(self, store: Store, current: CurrentDirectory, country: str) -> None:
        self.store = store
        self.metrics = Metrics()
        replier = Replier(current, Router({"link": PLAIN}, lambda _link: True))
        self.collector = Collector(
            store.inbound,
            store.admission,
            current,
            FakeClock(),
            replier,
            AddressReader(current, {"link": country}, self.metrics),
            self.metrics,
            60,
            OptOutBarrier(lambda _people: None),
        )

    async def hear(self, sender: str, sender_type: NumberType, to: str, to_type: NumberType) -> None:
        piece = Piece(Alphabet.ASCII, b"STOP")
        part = InboundPart("link", sender, to, piece, NOON, sender_type=sender_type, recipient_type=to_type)
        await self.collector.keep([part])

    async def left(self, sender: str) -> list[str]:
        return await self.store.consent.list_opted_out(sender, "", 10)

    async def answered(self) -> list[str]:
        page = await self.store.search.messages(MessageFilter(), 0, 10)
        return [found.message.recipient for found in page.found]


async def opened(store: Store, country: str, world: str = WORLD) -> Inbox:
    await apply(store, world, NOON)
    return Inbox(store, CurrentDirectory(await store.directory.load()), country)


@pytest.mark.parametrize(
    ("country", "sender", "sender_type", "to", "to_type", "left", "answered"),
    [
        ("US", "4155550101", NATIONAL, "74700", UNKNOWN, ("74700", "14155550101"), True),
        ("US", "4155550101", UNKNOWN, "74700", UNKNOWN, ("74700", "14155550101"), True),
        ("US", "14155550102", INTERNATIONAL, "2025550100", NATIONAL, ("12025550100", "14155550102"), True),
        ("US", "14155550102", INTERNATIONAL, "12025550100", UNKNOWN, ("12025550100", "14155550102"), True),
        ("GB", "07700900123", NATIONAL, "74700", UNKNOWN, ("74700", "447700900123"), True),
        # nobody knows whose these digits are: another's would be bound
        ("", "15123456789", NATIONAL, "74700", UNKNOWN, ("74700", ""), False),
        # it cannot be a number of Switzerland: it is bound as it is, and not answered
        ("", "4155550101", UNKNOWN, "74700", UNKNOWN, ("74700", "4155550101"), False),
        ("", "14155550101", UNKNOWN, "74700", UNKNOWN, ("74700", "14155550101"), True),
    ],
)
async def test_a_stop_binds_whoever_wrote_it(  # noqa: PLR0913, PLR0917 - a table's columns
    store: Store,
    country: str,
    sender: str,
    sender_type: NumberType,
    to: str,
    to_type: NumberType,
    left: tuple[str, str],
    answered: bool,  # noqa: FBT001 - a table's column
) -> None:
    inbox = await opened(store, country)
    await inbox.hear(sender, sender_type, to, to_type)
    whom, who = left
    assert await inbox.left(whom) == ([who] if who else [])
    assert await inbox.answered() == ([who] if answered else [])
    unidentified = inbox.metrics.registry.get_sample_value(
        "aldis_inbound_unidentified_total", {"link": "link"}
    )
    assert (unidentified or 0) == (0 if answered else 1)


@pytest.mark.parametrize(
    ("countries", "who"), [(("US",), "14155550101"), (("US", "US"), "14155550101"), (("US", "NP"), "")]
)
async def test_a_link_without_a_country_has_that_of_all_credentials(
    store: Store, countries: tuple[str, ...], who: str
) -> None:
    credentials = [LOCAL.format(country).replace('"k"', f'"k{n}"') for n, country in enumerate(countries)]
    inbox = await opened(store, "", WORLD + "".join(credentials))
    await inbox.hear("4155550101", NATIONAL, "74700", UNKNOWN)
    assert await inbox.left("74700") == ([who] if who else [])
