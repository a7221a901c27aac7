"""The people and programs that operate the house: who they are, what they may, and what they did."""

from __future__ import annotations

from enum import IntEnum

import msgspec

#: what a key of the admin API begins with, so that a leaked one is recognised
TOKEN_PREFIX = "aldis_"  # noqa: S105 - a prefix and no secret
#: how much of a key stays visible in listings
_VISIBLE = 12


class Role(IntEnum):
    """What somebody may; each may all that the ones below may. The values are kept in the store."""

    #: look at everything but secrets
    VIEWER = 1
    #: send, repeat, cancel, stop links
    OPERATOR = 2
    #: change the directory and the people
    ADMIN = 3


class Operator(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who signs in."""

    name: str
    role: Role
    #: argon2id
    password_hash: str
    created_at: int


class Session(msgspec.Struct, frozen=True, array_like=True):
    """A signed-in browser."""

    #: SHA-256 of the cookie's value
    digest: str
    operator: str
    started_at: int
    expires_at: int
    #: where it was started from
    address: str = ""


class ApiToken(msgspec.Struct, frozen=True, array_like=True):
    """A key of the admin API, for a program."""

    name: str
    #: SHA-256 of the key
    digest: str
    #: its first characters, for people
    visible: str
    role: Role
    created_at: int
    #: when it stops being valid; 0: never
    until: int = 0
    #: the operator who made it, and with whom it ends; "": nobody who signs in
    made_by: str = ""


class Actor(msgspec.Struct, frozen=True):
    """Who is doing something now."""

    name: str
    role: Role
    #: "console", "api" or "command line"
    via: str


class AuditEntry(msgspec.Struct, frozen=True, array_like=True):
    """Something that somebody did. Never holds a secret or a message's text."""

    at: int
    actor: str
    #: "console", "api" or "command line"
    via: str
    #: a verb and what it was done to: "change account", "stop link"
    action: str
    #: which one: "demo", "4711"
    subject: str
    #: what else there is to say, for people
    detail: str = ""


def audit(actor: Actor, at: int, action: str, subject: str, detail: str = "") -> AuditEntry:
    """Write down that an actor does something."""
    return AuditEntry(at, actor.name, actor.via, action, subject, detail)


def visible_part(token: str) -> str:
    """Give as much of a key as may be shown."""
    return token[:_VISIBLE] + "…"
