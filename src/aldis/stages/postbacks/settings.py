"""What operators set of postbacks; whoever only posts loads no other settings."""

from __future__ import annotations

import msgspec


class PostbackSettings(msgspec.Struct, frozen=True):
    """`[postbacks]`: how customers are told of things."""

    #: an HTTP proxy that all of them go through: http://user:password@proxy.example:3128; "": none
    proxy: str = ""
    #: keep what endpoints say when they refuse, and show that and what is posted to operators
    show_bodies: bool = True
    #: connections to endpoints that may be open at once, each with one request, and how many of them are kept
    #: while nothing is asked of them
    connections: int = 512
    idle_connections: int = 256
    #: what of them, and of the postbacks held in memory, one account may have
    account_share: float = 0.25
