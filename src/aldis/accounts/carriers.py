"""Carriers under the names that each dialect gives them."""

from __future__ import annotations

import msgspec


class Carrier(msgspec.Struct, frozen=True, omit_defaults=True):
    """One carrier and its aliases; `name` is ours."""

    name: str
    #: ISO 3166 alpha-2; "" when it spans several
    country: str = ""
    #: by dialect: the codes that mean this carrier there; the first is the one that we say
    aliases: dict[str, tuple[str, ...]] = {}
    #: beginnings of the international numbers that are its own
    prefixes: tuple[str, ...] = ()
