"""An account: a customer with rights, networks, limits, senders and addresses for postbacks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import msgspec

from aldis.accounts.endpoint import Endpoint, read_headers
from aldis.accounts.senders import Sender

Network = IPv4Network | IPv6Network


class AccountSettings(msgspec.Struct, frozen=True):
    """What is set of an account, the same in the directory file, the store, the admin API and the gateway. A
    new setting is a line here; its words on the form are in `console/account_form.py`.
    """

    name: str
    active: bool = True
    may_send: bool = True
    #: ask whose numbers are whose
    may_look_up: bool = True
    #: ISO 4217
    currency: str = "EUR"
    #: refuse what the balance does not cover
    prepaid: bool = True
    #: where it lives; "": in the cell in which the directory is changed
    cell: str = ""
    #: where requests may come from; empty: nowhere
    networks: tuple[str, ...] = ()
    #: accepted messages a second, and how many at once; None: unlimited
    rate_per_s: float | None = None
    burst: int = 1
    #: the same in segments
    segments_per_s: float | None = None
    segment_burst: int = 255
    #: of a text: 1..255; what other providers take at most
    max_segments: int = 10
    #: replace characters that GSM 7-bit lacks by their equals, where that avoids UCS-2
    smart_encoding: bool = False
    #: Genesys' message_id may be left out
    reference_optional: bool = False
    #: a STOP to one sender counts for all of the account's
    stop_all_senders: bool = False
    #: refuse a Skycore campaign that the recipient has not subscribed to, and a message without one
    enforce_campaign: bool = False
    #: dialects in which any alphanumeric sender is the account's
    alphanumeric_in: tuple[str, ...] = ()
    default_sender: str = ""
    #: by dialect
    postback: dict[str, str] = {}
    #: by dialect: where messages from handsets go; the first one counts
    inbound: dict[str, str] = {}
    #: dialects in which the customer is told only of messages that were not delivered
    failures_only: tuple[str, ...] = ()
    #: by dialect: how it writes its postbacks, where it knows several ways
    postback_style: dict[str, str] = {}
    #: by dialect: what its postbacks are signed with; kept as it is, because signing needs it
    postback_secret: dict[str, str] = {}
    #: by dialect: headers that its postbacks have besides, `Name: value` a line; secret too
    postback_headers: dict[str, str] = {}
    #: private networks that postbacks may reach all the same
    postback_networks: tuple[str, ...] = ()


def settings_of(account: AccountSettings) -> dict[str, Any]:
    """Give what is set of an account, whatever else is known of it."""
    return {name: getattr(account, name) for name in AccountSettings.__struct_fields__}


class Account(AccountSettings, frozen=True, kw_only=True):
    """One customer, as the running gateway sees it."""

    account_id: int
    senders: tuple[Sender, ...] = ()
    #: `networks` and `postback_networks`, read
    sources: tuple[Network, ...] = ()
    reachable: tuple[Network, ...] = ()

    def endpoint(self, dialect: str, callback_url: str) -> Endpoint | None:
        """Tell where and how postbacks of a dialect go; None: nowhere. `callback_url`: a message's own
        address, or "".
        """
        return self._endpoint(dialect, callback_url or self.postback.get(dialect, ""))

    def inbound_endpoint(self, dialect: str) -> Endpoint | None:
        """Tell where and how messages from handsets go in a dialect; None: nowhere."""
        return self._endpoint(dialect, self.inbound.get(dialect, ""))

    def _endpoint(self, dialect: str, url: str) -> Endpoint | None:
        if not url:
            return None
        more = self.postback_headers.get(dialect, "")
        return Endpoint(
            url,
            self.postback_style.get(dialect, ""),
            self.postback_secret.get(dialect, ""),
            read_headers(more) if more else (),
        )

    def senders_of_campaign(self, campaign: str) -> list[str]:
        """Find the senders that a campaign hangs on."""
        return [sender.value for sender in self.senders if campaign in sender.campaigns]


#: who has not said who it is: may nothing
ANONYMOUS = Account(
    account_id=0,
    name="",
    active=False,
    may_send=False,
    may_look_up=False,
    currency="",
    burst=0,
    segment_burst=0,
    max_segments=1,
    enforce_campaign=True,
)


def may_connect_from(account: Account, address: IPv4Address | IPv6Address | None) -> bool:
    """Tell whether an account may be used from an address."""
    return address is not None and any(address in network for network in account.sources)
