"""Stands where a customer's credentials would: the house itself acts for an account.

Made by `admin`, whose doors know who asks, and by the stage that carries out bulk jobs. No dialect and no
door may import it (the contract in pyproject.toml), so no request can become one.
"""

from __future__ import annotations

from aldis.traffic.caller import Presented


class OnBehalf(Presented, frozen=True):
    """An act of the house for one of its accounts; `identity` is the account's name."""

    #: who does it, and by which door, for the audit log, which remembers it in the transaction that stores
    #: the messages; "" where the job behind it was remembered
    actor: str = ""
    via: str = ""
