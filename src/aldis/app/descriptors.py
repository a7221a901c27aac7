"""Descriptors (open files and sockets) of a process: as many as the system allows."""

from __future__ import annotations

import resource

import msgspec
import structlog

from aldis.stages.postbacks.settings import PostbackSettings

log = structlog.get_logger()

#: Linux's fs.nr_open; a limit beyond it means that there is none
MOST = 1_048_576
#: what a process has open besides connections: store, logs, event loop, name servers, files of content
OWN = 128
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


def fit_postbacks(settings: PostbackSettings, limit: int) -> PostbackSettings:
    """Give settings whose connections fit a limit, for a process that only writes and posts."""
    most = max(LEAST, limit - OWN)
    if settings.connections <= most:
        return settings
    log.warning("the limit of open files is small: fewer postbacks at once", limit=limit, postbacks=most)
    return fewer(settings, most)


def fewer(settings: PostbackSettings, most: int) -> PostbackSettings:
    """Lower how many postbacks may be under way."""
    connections = min(settings.connections, most)
    idle = min(settings.idle_connections, connections)
    return msgspec.structs.replace(settings, connections=connections, idle_connections=idle)
