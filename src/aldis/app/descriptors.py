"""Descriptors (open files and sockets) of a process: as many as the system allows, and shared out before they
are taken. The store and the links have theirs first; door, console and postbacks have parts of what is left.
So none of them can take another's, and what would be too many is refused before it fails.
"""

from __future__ import annotations

import resource

import msgspec
import structlog

from aldis.listening.guard import connections_of, sockets_of
from aldis.settings import PostbackSettings, Settings

log = structlog.get_logger()

#: Linux's fs.nr_open; a limit beyond it means that there is none
MOST = 1_048_576
#: what a process has open besides connections: store, logs, event loop, name servers, files of content
OWN = 128
#: parts of what is left that console and postbacks have for certain
CONSOLE_PART, POSTBACKS_PART = 8, 4
#: nobody gets less, however small the limit is
LEAST = 16


def limit() -> int:
    """Tell how many the system allows a process like this one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)


def raise_limit() -> int:
    """Let this process have as many as the system allows it; gives how many that are."""
    (soft, hard), most = resource.getrlimit(resource.RLIMIT_NOFILE), limit()
    if soft == resource.RLIM_INFINITY or soft >= most:
        return most
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError) as fault:  # such as a kernel whose own limit was lowered since
        log.warning("the limit of open files cannot be raised", limit=soft, fault=str(fault))
        return soft
    return most


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
        postbacks = _fewer(postbacks, got.postbacks)
    log.warning(
        "the limit of open files is small: fewer connections than the settings say",
        limit=limit,
        door=http.connections,
        console=0 if console is None else console.connections,
        postbacks=postbacks.connections,
    )
    return msgspec.structs.replace(settings, http=http, console=console, postbacks=postbacks)


def fit_postbacks(settings: PostbackSettings, limit: int) -> PostbackSettings:
    """Do so for a process that only writes and posts."""
    most = max(LEAST, limit - OWN)
    if settings.connections <= most:
        return settings
    log.warning("the limit of open files is small: fewer postbacks at once", limit=limit, postbacks=most)
    return _fewer(settings, most)


def _fewer(settings: PostbackSettings, most: int) -> PostbackSettings:
    connections = min(settings.connections, most)
    idle = min(settings.idle_connections, connections)
    return msgspec.structs.replace(settings, connections=connections, idle_connections=idle)
