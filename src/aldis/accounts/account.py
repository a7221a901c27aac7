"""An account: a customer with rights, networks, limits, senders and addresses for postbacks."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import msgspec

from aldis.accounts.endpoint import Endpoint
from aldis.accounts.senders import Sender

Network = IPv4Network | IPv6Network


class Account(msgspec.Struct, frozen=True):
    """One customer, as the running gateway sees it."""

    account_id: int
    name: str
    active: bool
    may_send: bool
    #: ask whose numbers are whose
    may_look_up: bool
    #: ISO 4217
    currency: str
    #: refuse what the balance does not cover
    prepaid: bool
    #: where requests may come from; empty: nowhere
    networks: tuple[Network, ...]
    #: accepted messages a second, and how many at once; None: unlimited
    rate_per_s: float | None
    burst: int
    #: the same in segments
    segments_per_s: float | None
    segment_burst: int
    #: 1..255
    max_segments: int
    #: replace characters that GSM 7-bit lacks by their equals, where that avoids UCS-2
    smart_encoding: bool
    #: Genesys' message_id may be left out
    reference_optional: bool
    #: refuse a Skycore campaign that the recipient has not subscribed to, and a message without one
    enforce_campaign: bool
    senders: tuple[Sender, ...]
    #: dialects in which any alphanumeric sender is the account's
    alphanumeric_in: frozenset[str]
    default_sender: str
    #: by dialect
    postback_urls: dict[str, str]
    #: by dialect: where messages from handsets go; the first one counts
    inbound_urls: dict[str, str]
    #: dialects in which the customer is told only of messages that were not delivered
    failures_only: frozenset[str]
    #: by dialect: how it writes its postbacks, where it knows several ways
    postback_styles: dict[str, str]
    #: by dialect: what its postbacks are signed with
    postback_secrets: dict[str, str]
    #: private networks that postbacks may reach all the same
    postback_networks: tuple[Network, ...]

    def endpoint(self, dialect: str, callback_url: str) -> Endpoint | None:
        """Tell where and how postbacks of a dialect go; None: nowhere. `callback_url`: a message's own
        address, or "".
        """
        url = callback_url or self.postback_urls.get(dialect, "")
        if not url:
            return None
        return Endpoint(url, self.postback_styles.get(dialect, ""), self.postback_secrets.get(dialect, ""))

    def inbound_endpoint(self, dialect: str) -> Endpoint | None:
        """Tell where and how messages from handsets go in a dialect; None: nowhere."""
        url = self.inbound_urls.get(dialect, "")
        if not url:
            return None
        return Endpoint(url, self.postback_styles.get(dialect, ""), self.postback_secrets.get(dialect, ""))

    def senders_of_campaign(self, campaign: str) -> list[str]:
        """Find the senders that a campaign hangs on."""
        return [sender.value for sender in self.senders if campaign in sender.campaigns]


#: who has not said who it is: may nothing
STRANGER = Account(
    account_id=0,
    name="",
    active=False,
    may_send=False,
    may_look_up=False,
    currency="",
    prepaid=True,
    networks=(),
    rate_per_s=None,
    burst=0,
    segments_per_s=None,
    segment_burst=0,
    max_segments=1,
    smart_encoding=False,
    reference_optional=False,
    enforce_campaign=True,
    senders=(),
    alphanumeric_in=frozenset(),
    default_sender="",
    postback_urls={},
    inbound_urls={},
    failures_only=frozenset(),
    postback_styles={},
    postback_secrets={},
    postback_networks=(),
)


@lru_cache(maxsize=4096)
def source_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read a peer's address; an IPv4 one that came in through IPv6 is taken as what it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def may_connect_from(account: Account, address: IPv4Address | IPv6Address | None) -> bool:
    """Tell whether an account may be used from an address."""
    return address is not None and any(address in network for network in account.networks)
