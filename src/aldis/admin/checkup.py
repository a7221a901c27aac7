"""What `aldis doctor` looks at on this machine: clock, disk, ports, names, files, certificates. Each look
gives findings, and each finding says in one sentence what to do.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import stat
import tempfile
import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import msgspec

from aldis.accounts.number_plans import VERSION, released_on
from aldis.addresses import is_loopback
from aldis.admin.number_review import DAYS, Review
from aldis.clock import as_datetime, kernel_clock_state
from aldis.host_names import read_host
from aldis.stages.postbacks.status import LocalFault


class CheckResult(StrEnum):
    """How serious it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """What one look gave."""

    check: str
    verdict: CheckResult
    #: what was seen
    says: str
    #: what to do; "" where nothing is to be done
    advice: str = ""


#: flushes that are timed, and what is too slow
FLUSHES = 200
SLOW_MS, VERY_SLOW_MS = 20.0, 200.0
_OCTETS = b"\0" * 4096
LITTLE_OCTETS, NONE_OCTETS = 2 * 2**30, 256 * 2**20
#: numbering plans that are older miss whole mobile ranges
OLD_PLANS_DAYS = 90
#: moves of numbers from one country to another that are told one by one
MOST_MOVES = 20
#: how long a name may take
RESOLVE_S = 5.0
#: a clock before this is wrong: 2026-01-01
_EARLIEST = 1_767_225_600_000
#: adjtimex(2): the clock is not synchronised
_TIME_ERROR = 5
#: the part of its descriptors that a process should not have open
MUCH_OPEN = 0.9
#: a certificate that holds no longer is to be renewed
_SOON_DAYS = 21
_DAY_S = 86_400


def flush_speed(data_dir: Path) -> Finding:
    """Time flushes to the disk of the data directory: each accepted batch waits for one."""
    took_ms: list[float] = []
    try:
        with tempfile.NamedTemporaryFile(dir=data_dir, prefix=".doctor-") as file:
            for _ in range(FLUSHES):
                os.pwrite(file.fileno(), _OCTETS, 0)
                began = time.perf_counter()
                os.fdatasync(file.fileno())
                took_ms.append((time.perf_counter() - began) * 1000)
    except OSError as fault:
        says = f"{data_dir} cannot be written: {fault.strerror}"
        advice = "Make it and give it to the user that runs Aldis, or say another one with --data-dir."
        return Finding("fsync", CheckResult.FAIL, says, advice)
    took_ms.sort()
    median, worst = took_ms[FLUSHES // 2], took_ms[FLUSHES * 99 // 100]
    says = f"{FLUSHES} flushes: p50 {median:.2f} ms, p99 {worst:.2f} ms"
    if worst >= VERY_SLOW_MS or median >= SLOW_MS:
        return Finding("fsync", CheckResult.WARN, says, "Every accept waits for a flush: use a faster disk.")
    if worst >= SLOW_MS:
        return Finding("fsync", CheckResult.WARN, says, "See what else writes to this disk while Aldis runs.")
    return Finding("fsync", CheckResult.OK, says)


def free_disk(data_dir: Path) -> Finding:
    """See how much room the data directory has."""
    try:
        free = shutil.disk_usage(data_dir).free
    except OSError as fault:
        return Finding("disk", CheckResult.FAIL, f"{data_dir}: {fault.strerror}", "Make the data directory.")
    says = f"{free / 2**30:.1f} GiB free"
    advice = "Make room, or lower retention_days in [store]: without room nothing is accepted."
    if free < NONE_OCTETS:
        return Finding("disk", CheckResult.FAIL, says, advice)
    return (
        Finding("disk", CheckResult.WARN, says, advice)
        if free < LITTLE_OCTETS
        else Finding("disk", CheckResult.OK, says)
    )


def clock(now: int, newest_message_at: int) -> Finding:
    """See whether the clock can be right, and whether somebody keeps it so. Instants in Unix milliseconds."""
    if now < max(_EARLIEST, newest_message_at):
        says = (
            "the clock is behind the newest message"
            if newest_message_at > now
            else "the clock is years behind"
        )
        return Finding("clock", CheckResult.FAIL, says, "Set it: deadlines and receipts are told by it.")
    state = kernel_clock_state()
    if state is None:
        return Finding("clock", CheckResult.OK, "plausible; whether it is synchronised cannot be told here")
    if state == _TIME_ERROR:
        says = "plausible, but nobody keeps it synchronised"
        return Finding(
            "clock", CheckResult.WARN, says, "Run chrony or systemd-timesyncd on this machine or its host."
        )
    return Finding("clock", CheckResult.OK, "synchronised" if state >= 0 else "plausible")


def number_plans(now: int) -> Finding:
    """See how old the numbering plans are, which change with every release."""
    days = (as_datetime(now).date() - released_on(VERSION)).days
    says = f"plans of phonenumberslite {VERSION}, about {max(0, days)} days old"
    if days < OLD_PLANS_DAYS:
        return Finding("numbers", CheckResult.OK, says)
    advice = (
        "Upgrade phonenumberslite; until then give new ranges as [[number_range]] in the directory. Then see "
        "`aldis doctor --numbers`."
    )
    return Finding("numbers", CheckResult.WARN, says, advice)


def moved_numbers(found: Review) -> list[Finding]:
    """Tell which recipients of the last days would be read otherwise today."""
    moves = sorted(found.moves.values(), key=lambda move: -move.count)
    says = [
        f"{move.count} recipients were {move.was} and are {move.now} now, as {move.example}"
        for move in moves[:MOST_MOVES]
    ]
    if len(moves) > MOST_MOVES:
        says.append(
            f"{sum(move.count for move in moves[MOST_MOVES:])} more recipients are of another country now"
        )
    advice = "They are priced and routed as of that country: see [[price]], [[route]] and [[number_range]]."
    findings = [Finding("numbers", CheckResult.WARN, each, advice) for each in says]
    if not moves:
        says = [f"all {found.numbers} recipients of the last {DAYS} days are read as they were"]
        findings = [Finding("numbers", CheckResult.OK, says[0])]
    unknown = ", ".join(f"{country} {count}" for country, count in sorted(found.unknown.items()))
    if unknown:
        says = [f"of them not known to be in use: {unknown}"]
        findings.append(Finding("numbers", CheckResult.OK, says[0]))
    return findings


def secrecy(files: Iterable[tuple[str, Path, bool]]) -> list[Finding]:
    """See who may read files that hold secrets. files: what it is, where, and whether it is nothing but a
    secret.
    """
    found: list[Finding] = []
    for what, path, is_secret in files:
        try:
            mode, around = path.stat().st_mode, path.parent.stat().st_mode
        except OSError as fault:
            found.append(
                Finding("files", CheckResult.FAIL, f"{what}: {path}: {fault.strerror}", "Put the file there.")
            )
            continue
        says = f"{what}: {path} is {stat.filemode(mode)}"
        advice = f"Let nobody else read it: chmod o-rwx {path}"
        is_reached = around & stat.S_IXOTH  # who cannot enter the folder cannot read what is in it
        if not (mode & stat.S_IRWXO and is_reached):
            found.append(Finding("files", CheckResult.OK, says))
        else:
            found.append(Finding("files", CheckResult.FAIL if is_secret else CheckResult.WARN, says, advice))
    return found


def port(what: str, host: str, number: int, *, is_running: bool) -> Finding:
    """See whether a port is free; `is_running`: our own gateway is, so that it should be taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probing:
            probing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probing.bind((host, number))
    except OSError as fault:
        says = f"{what}, {host}:{number}: {fault.strerror}"
        if is_running:
            return Finding("ports", CheckResult.OK, f"{what}, {host}:{number}: taken by the running gateway")
        advice = "Stop what listens there, or let Aldis listen elsewhere."
        return Finding("ports", CheckResult.FAIL, says, advice)
    says = f"{what}, {host}:{number}: free"
    if is_running and number:
        return Finding(
            "ports", CheckResult.WARN, says, "The running gateway does not listen there: start it again."
        )
    return Finding("ports", CheckResult.OK, says)


def posting(fault: LocalFault) -> Finding:
    """Say what of this machine's keeps postbacks from being tried, and what to do about it."""
    says = f"a fault of this machine's keeps postbacks from being tried ({fault.kind}): {fault.says}"
    advice = _POSTING_ADVICE.get(fault.kind, "See why this machine does not let connections out.")
    return Finding("postbacks", CheckResult.FAIL, says, advice + " No try is counted meanwhile.")


_OPEN_FILES = (
    "Raise the limit of open files (`LimitNOFILE=`, `ulimit -n`), or lower `[postbacks] connections`."
)
_NETWORK = "See whether this machine's network is up, and has a route."
_POSTING_ADVICE = {
    "EMFILE": _OPEN_FILES,
    "ENFILE": "Raise the kernel's limit of open files (`fs.file-max`).",
    "EADDRNOTAVAIL": "Widen the range of ports for connections out (`net.ipv4.ip_local_port_range`).",
    "ENETUNREACH": _NETWORK,
    "ENETDOWN": _NETWORK,
    "ENOBUFS": "The kernel has no memory for sockets: see what takes it.",
    "ENOMEM": "The kernel has no memory for sockets: see what takes it.",
    "resolver": "See whether this machine's name servers (/etc/resolv.conf) answer, and know the root.",
    "authorities": "Install `ca-certificates`: without them no endpoint can be believed.",
    "threads": "Let the gateway's user have more processes and threads (`TasksMax=`, `ulimit -u`).",
    "proxy": "See whether the proxy of `[postbacks]` answers, and knows us.",
    "store": "See what the store says (`aldis doctor`): attachments cannot be read from it.",
}


def descriptors(process: str, count: int, most: int) -> Finding:
    """See how many of its descriptors (open files, sockets) a process has open; 0: it does not run."""
    says = (
        f"{process}: {count} of {most} open files" if count else f"{process}: {most} open files allowed here"
    )
    if count < MUCH_OPEN * most:
        return Finding("descriptors", CheckResult.OK, says)
    advice = "See who connects (`aldis_connections`), and raise the hard limit of open files."
    return Finding("descriptors", CheckResult.WARN, says, advice)


def exposed_console(host: str, *, is_tls: bool) -> list[Finding]:
    """See whether what operators type can be read on its way. `host`: where the console listens."""
    if is_tls or is_loopback(host):
        return []
    says = f"the console listens on {host} without TLS: passwords and sessions can be read on their way"
    advice = "Set `certificate` and `key` in [console], or listen on loopback behind a proxy that speaks TLS."
    return [Finding("console", CheckResult.WARN, says, advice)]


async def name(check: str, what: str, host: str) -> Finding:
    """See whether a name can be resolved."""
    try:
        async with asyncio.timeout(RESOLVE_S):
            known = read_host(host).name or host
            found = await asyncio.get_running_loop().getaddrinfo(known, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as fault:
        why = (
            "no answer in time"
            if isinstance(fault, TimeoutError)
            else getattr(fault, "strerror", "") or "no name"
        )
        says = f"{what}: {host} cannot be resolved: {why}"
        return Finding(check, CheckResult.FAIL, says, "Correct the name, or this machine's resolver.")
    addresses = sorted({str(address[0]) for *_, address in found})
    return Finding(check, CheckResult.OK, f"{what}: {host} is {', '.join(addresses)}")


def certificate(what: str, path: Path, key: Path, now_s: float) -> Finding:
    """Look at a certificate of ours as a client would: does it fit its key, and until when does it hold."""
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(path, key, password=lambda: "")
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.load_verify_locations(path)
        client.verify_flags |= (
            ssl.VERIFY_X509_PARTIAL_CHAIN
        )  # it vouches for itself: only its dates matter here
        until = ssl.cert_time_to_seconds(_shaken(client, server))
    except ssl.SSLCertVerificationError as fault:
        says = f"{what}: {path}: {fault.verify_message}"
        return Finding(
            "tls", CheckResult.FAIL, says, "Get a new certificate; links read theirs when Aldis starts."
        )
    except (OSError, ValueError) as fault:
        says = (
            f"{what}: {path}: {getattr(fault, 'reason', None) or getattr(fault, 'strerror', None) or fault}"
        )
        return Finding(
            "tls", CheckResult.FAIL, says, "Give a PEM certificate and the key that belongs to it."
        )
    days = int((until - now_s) // _DAY_S)
    says = f"{what}: {path} holds for {days} more days"
    if days < _SOON_DAYS:
        return Finding("tls", CheckResult.WARN, says, "Renew it.")
    return Finding("tls", CheckResult.OK, says)


def _shaken(client: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """Shake hands in memory; returns until when the server's certificate holds."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)]
    waiting = list(ends)
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
    peer = ends[0].getpeercert() or {}
    return str(peer["notAfter"])
