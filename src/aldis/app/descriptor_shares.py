"""Descriptors are shared out before they are taken. The store and the links have theirs first; door, console
and postbacks have parts of what is left. So none of them can take another's, and what would be too many is
refused before it fails.
"""

from __future__ import annotations

import msgspec
import structlog

from aldis.app.descriptors import LEAST, OWN, fewer
from aldis.listening.guard import connections_of, sockets_of
from aldis.settings import Settings

log = structlog.get_logger()

#: parts of what is left that console and postbacks have for certain
CONSOLE_PART, POSTBACKS_PART = 8, 4


class Shares(msgspec.Struct, frozen=True):
    """How many descriptors each may have."""

    door: int
    console: int
    postbacks: int


def share(left: int, wanted: Shares) -> Shares:
    """Share out what links and store leave: parts for console and postbacks, the rest for the door; what one
    does not want goes to the next.
    """
    console = min(wanted.console, max(LEAST, left // CONSOLE_PART))
    postbacks = min(wanted.postbacks, max(LEAST, left // POSTBACKS_PART))
    door = min(wanted.door, max(LEAST, left - console - postbacks))
    console = min(wanted.console, max(console, left - door - postbacks))
    return Shares(door, console, min(wanted.postbacks, max(postbacks, left - door - console)))


def fit(settings: Settings, limit: int, reserved: int, *, posts: bool) -> Settings:
    """Give settings whose connections fit a limit of descriptors; says once where they had to be lowered.
    `reserved`: what others than links have besides; `posts`: this process posts as well.
    """
    http, console, postbacks = settings.http, settings.console, settings.postbacks
    links = sum(entry.sockets for entry in settings.link)
    wanted = Shares(
        door=sockets_of(http.connections),
        console=0 if console is None else sockets_of(console.connections),
        postbacks=postbacks.connections if posts else 0,
    )
    got = share(limit - OWN - links - reserved, wanted)
    if got == wanted:
        return settings
    if got.door < wanted.door:
        http = msgspec.structs.replace(http, connections=connections_of(got.door))
    if console is not None and got.console < wanted.console:
        console = msgspec.structs.replace(console, connections=connections_of(got.console))
    if posts:
        postbacks = fewer(postbacks, got.postbacks)
    log.warning(
        "the limit of open files is small: fewer connections than the settings say",
        limit=limit,
        door=http.connections,
        console=0 if console is None else console.connections,
        postbacks=postbacks.connections,
    )
    return msgspec.structs.replace(settings, http=http, console=console, postbacks=postbacks)
