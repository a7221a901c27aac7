"""`aldis doctor`: what could keep this gateway from working, and what to do about it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.table import Table
from rich.text import Text

from aldis.admin import cells, checkup, nodes, stranded
from aldis.admin.checkup import CheckResult, Finding, certificate
from aldis.admin.metrics_snapshot import Reading
from aldis.admin.number_review import review
from aldis.app import descriptor_shares, descriptors
from aldis.app.cells import look_at_cells
from aldis.app.simulator import SOCKETS
from aldis.app.stores import backend_of
from aldis.cli.door import DoorClient, Ready
from aldis.cli.opened import StoreLocation, echo_json, print_wide
from aldis.cli.running import (
    Seconds,
    aside,
    config_option,
    data_dir_option,
    json_option,
    run,
    settings_or_default,
)
from aldis.clock import SystemClock
from aldis.errors import GatewayError, SettingsError
from aldis.links.entry import LinkEntry
from aldis.links.registry import kind_of
from aldis.settings import Settings, host_and_port, shown_store, store_path
from aldis.stages.sending.upstream import STANDING
from aldis.store.contract.metrics import StoreHealth, StoreRemark
from aldis.telemetry import Noted, configure_logs
from aldis.toml_file import MOST
from aldis.traffic.anomalies import describe

_STYLES = {CheckResult.OK: "green", CheckResult.WARN: "yellow", CheckResult.FAIL: "bold red"}
#: hosts of postbacks that are looked up at once, and in all
LOOK_UPS, MOST_HOSTS = 20, 500
#: messages that are set aside, of which the newest are named
POISON_SHOWN = 20
#: octets of a write-ahead log that somebody keeps, and of a file that are free, that are worth a word
LONG_LOG, MUCH_FREE = 128 * 2**20, 256 * 2**20


@click.command()
@click.option("--deep", "is_deep", is_flag=True, help="Look at all of the store, however large it is.")
@click.option("--numbers", is_flag=True, help="Also read all recipients of the last 30 days again.")
@json_option
@config_option
@data_dir_option
@click.option(
    "--within",
    "look_s",
    type=Seconds(0.1, MOST),
    default=60.0,
    show_default=True,
    help="Seconds that one look may take; a large store takes some.",
)
def doctor(
    *, is_deep: bool, numbers: bool, as_json: bool, config_file: Path, data_dir: Path, look_s: float
) -> None:
    """Check links, names, TLS, clock, disk, store, ports and files; exit code 1 when something fails.

    Binds to each link once, unless the gateway runs: then it is asked how its links stand.
    """
    configure_logs("error", "console")
    settings = settings_or_default(config_file)
    findings = run(_examine(settings, config_file, data_dir, look_s, is_deep=is_deep, numbers=numbers))
    if as_json:
        echo_json(findings)
    else:
        _print(findings)
    if any(finding.verdict is CheckResult.FAIL for finding in findings):
        raise click.exceptions.Exit(1)


async def _examine(
    settings: Settings, config_file: Path, data_dir: Path, look_s: float, *, is_deep: bool, numbers: bool
) -> list[Finding]:
    running, counted = await _running(settings)
    path = store_path(settings.store.url, data_dir)
    seen: list[StoreHealth] = []

    def store() -> list[Finding]:
        """Look at the store, and remember what else that tells."""
        seen.append(backend_of(settings).look_over(settings, data_dir, is_deep))
        return _store(path or shown_store(settings.store.url), seen[0])

    findings = [_gateway(running), *_guesses(counted.paused), *_descriptors(settings, counted)]
    if running is not None and running.postbacks.fault.kind:
        findings.append(checkup.posting(running.postbacks.fault))
    # the disk first: a store on a full one has no need of readers
    findings += await _aside("disk", lambda: [checkup.free_disk(data_dir)], look_s)
    findings += await _aside("store", store, look_s)
    findings.append(checkup.clock(SystemClock().now(), seen[0].newest_message_at if seen else 0))
    findings.append(checkup.number_plans(SystemClock().now()))
    is_running = running is not None
    for check, look in (
        ("fsync", lambda: [checkup.flush_speed(data_dir)]),
        ("ports", lambda: _ports(settings, is_running=is_running)),
        ("files", lambda: checkup.secrecy(_secrets(settings, config_file, path))),
        ("tls", lambda: _tls(settings)),
        ("console", lambda: _console(settings)),
    ):
        findings += await _aside(check, look, look_s)
    for entry in settings.link:
        standing = None if running is None else running.links.get(entry.name, [])
        findings += await _aside("links", functools.partial(_link, entry, standing), look_s)
        if entry.name in counted.links:
            findings += [_anomaly(entry.name, noted) for noted in counted.links[entry.name].anomalies]
    if not settings.link:
        advice = "Add a [[link]] to aldis.toml; until then messages are accepted and wait."
        findings.append(Finding("links", CheckResult.WARN, "there is no link", advice))
    if seen and seen[0].found == "ok":
        findings += await _aside("messages", lambda: run(_messages(settings, data_dir)), look_s)
        findings += await _aside("postbacks", lambda: run(_postbacks(settings, data_dir)), look_s)
        if path is None:
            findings += await _aside("nodes", lambda: run(_nodes(settings, data_dir)), look_s)
        if numbers:
            findings += await _aside("numbers", lambda: run(_numbers(settings, data_dir)), look_s)
    return findings


async def _aside(check: str, look: Callable[[], list[Finding]], within_s: float) -> list[Finding]:
    """Look at what may never answer, such as a disk; the other looks follow all the same."""
    try:
        return await aside(look, within_s)
    except TimeoutError:
        says = f"there was no answer within {within_s:g} s"
        advice = "See whether the disk or the network behind it answers; the kernel's log may tell."
        return [Finding(check, CheckResult.FAIL, says, advice)]


async def _running(settings: Settings) -> tuple[Ready | None, Reading]:
    """Ask whether the gateway runs, how it and its links stand, and what it has counted."""
    try:
        async with DoorClient(settings.http) as door:
            return await door.ready(), await door.reading()
    except GatewayError:
        return None, Reading()


def _gateway(running: Ready | None) -> Finding:
    if running is not None and running.store.fault:
        says = f"runs, and its store takes no writes: {running.store.fault}"
        advice = "Look at the disk and at who else has the store open; nothing is accepted until it does."
        return Finding("gateway", CheckResult.FAIL, says, advice)
    if running is not None and running.clock.doubt:
        says = f"runs, and its clock was set {running.clock.doubt}: nothing expires and nothing is forgotten"
        advice = "Set the clock, or say that it is right: `aldis clock --agree`."
        return Finding("gateway", CheckResult.WARN, says, advice)
    says = "does not run" if running is None else "runs"
    return Finding("gateway", CheckResult.OK, says)


def _descriptors(settings: Settings, counted: Reading) -> list[Finding]:
    """See whether there are descriptors (open files, sockets) enough for what the settings allow."""
    limit = counted.most_files or descriptors.limit()
    fitting = descriptor_shares.fit(settings, limit, SOCKETS if settings.simulator else 0, posts=False)
    found = [checkup.descriptors("gateway", counted.open_files, limit)]
    if counted.writer_most_files:
        found.append(checkup.descriptors("writer", counted.writer_open_files, counted.writer_most_files))
    if fitting != settings:
        says = f"{limit} open files are few: the door has {fitting.http.connections} connections"
        if settings.console is not None and fitting.console is not None:
            says += f", the console {fitting.console.connections}"
        advice = "Raise the hard limit (`LimitNOFILE=` of systemd, `ulimit -Hn`), or lower `connections`."
        found.append(Finding("descriptors", CheckResult.WARN, says, advice))
    return found


def _guesses(paused: float) -> list[Finding]:
    """See whether somebody guesses passwords of customers or MMSCs."""
    if not paused:
        return []
    says = f"{paused:.0f} passwords were not looked at since the start, because too many before were wrong"
    advice = (
        "`aldis refusals` and the log tell from where; keep them away, and `networks` of accounts narrow."
    )
    return [Finding("passwords", CheckResult.WARN, says, advice)]


def _store(path: Path | str, health: StoreHealth) -> list[Finding]:
    remarks = list(map(_remark, health.remarks))
    if not health.found:
        says = f"{health.engine}; there is no store at {path} yet"
        advice = "`aldis apply` or `aldis serve` makes it; see --data-dir."
        return [Finding("store", CheckResult.WARN, says, advice), *remarks]
    says = f"{health.engine}; {path}, {_mib(health.octets)}: {health.found}"
    if health.found != "ok":
        restore = "Stop Aldis, keep a copy of the data directory, and restore the last good one."
        advice = health.advice or restore
        return [Finding("store", CheckResult.FAIL, says, advice), *remarks]
    if health.in_part:
        says += f"; only in part looked at: {', '.join(health.in_part)} (--deep: whole)"
    found = [Finding("store", CheckResult.OK, says), *remarks]
    if health.log_octets > LONG_LOG:
        says = f"the write-ahead log has {_mib(health.log_octets)}"
        advice = "A long read keeps it from beginning anew: see who has the file open. It shrinks after that."
        found.append(Finding("store", CheckResult.WARN, says, advice))
    if health.free_octets > max(MUCH_FREE, health.octets // 4):
        says = f"{_mib(health.free_octets)} of the file are free for later messages"
        advice = "If they are needed elsewhere: stop Aldis and run `aldis compact`."
        found.append(Finding("store", CheckResult.WARN, says, advice))
    return found


def _remark(remark: StoreRemark) -> Finding:
    worst = CheckResult.FAIL if remark.is_fault else CheckResult.WARN
    return Finding("store", worst if remark.advice else CheckResult.OK, remark.says, remark.advice)


def _mib(octets: int) -> str:
    return f"{octets / 2**20:.1f} MiB"


def _ports(settings: Settings, *, is_running: bool) -> list[Finding]:
    listens = [("door", settings.http.listen)]
    if settings.console is not None:
        listens.append(("console", settings.console.listen))
    if settings.simulator is not None:
        listens += [("simulator", settings.simulator.listen), ("handsets", settings.simulator.view)]
    return [checkup.port(what, *host_and_port(where), is_running=is_running) for what, where in listens]


def _secrets(settings: Settings, config_file: Path, path: Path | None) -> list[tuple[str, Path, bool]]:
    found: list[tuple[str, Path, bool]] = []
    holds_password = (
        any(entry.password for entry in settings.link)
        or (settings.simulator is not None and settings.simulator.password)
        or "@" in settings.store.url
    )
    if holds_password and config_file.exists():
        found.append(("settings with passwords", config_file, False))
    for entry in settings.link:
        if entry.password_file:
            found.append((f"password of link {entry.name}", Path(entry.password_file), True))
        if entry.tls_key:
            found.append((f"key of link {entry.name}", Path(entry.tls_key), True))
    if settings.http.key:
        found.append(("key of the door", Path(settings.http.key), True))
    if settings.console is not None and settings.console.key:
        found.append(("key of the console", Path(settings.console.key), True))
    if path is not None and path.exists():
        found.append(("store", path, False))
    return found


def _tls(settings: Settings) -> list[Finding]:
    pairs = [("door", settings.http.certificate, settings.http.key)]
    if settings.console is not None:
        pairs.append(("console", settings.console.certificate, settings.console.key))
    pairs += [(f"link {entry.name}", entry.tls_certificate, entry.tls_key) for entry in settings.link]
    return [
        certificate(what, Path(path), Path(key), SystemClock().now() / 1000)
        for what, path, key in pairs
        if path
    ]


def _console(settings: Settings) -> list[Finding]:
    if settings.console is None:
        return []
    host, _ = host_and_port(settings.console.listen)
    return checkup.exposed_console(host, is_tls=bool(settings.console.certificate))


def _link(entry: LinkEntry, conditions: list[str] | None) -> list[Finding]:
    """Look at one link; `conditions`: how the running gateway's binds stand."""
    return run(_resolve_and_bind(entry, conditions))


async def _resolve_and_bind(entry: LinkEntry, conditions: list[str] | None) -> list[Finding]:
    resolved = await checkup.name("dns", f"link {entry.name}", entry.address[0])
    if conditions is None and resolved.verdict is CheckResult.OK:
        try:
            conditions = await kind_of(entry).probe(entry, SystemClock())
        except SettingsError as fault:
            advice = "Correct aldis.toml; `aldis config check` tells all of it."
            return [resolved, Finding("links", CheckResult.FAIL, "; ".join(fault.problems), advice)]
    return [resolved, *(_bind(entry, condition) for condition in conditions or ())]


def _bind(entry: LinkEntry, condition: str) -> Finding:
    host, port = entry.address
    says = f"{entry.name}, {host}:{port}: {condition}"
    if condition in STANDING:
        return Finding("links", CheckResult.OK, says)
    if condition.startswith("refused: "):
        advice = (
            "Compare system_id, password, system_type and the kind of bind with what the carrier gave you."
        )
        if "certificate" in condition:
            advice = "Set `tls_ca` to the carrier's authority, and `host` to the name in its certificate."
    elif condition.startswith("unreachable"):
        advice = "Check host and port, the firewall, and whether the carrier lets this machine's address in."
    else:
        advice = (
            "Ask the carrier why it closes the session; check `tls`, and whether too many binds are open."
        )
    return Finding("links", CheckResult.FAIL, says, advice)


async def _nodes(settings: Settings, data_dir: Path) -> list[Finding]:
    """See which gateways share the database, and what is unequal among them; and how other cells stand."""
    async with StoreLocation(settings, data_dir).opened() as store:
        found = nodes.findings(await nodes.Nodes(store.nodes).all())
    return found + cells.findings(await look_at_cells(settings, data_dir))


async def _messages(settings: Settings, data_dir: Path) -> list[Finding]:
    """See which messages will not be sent by themselves."""
    async with StoreLocation(settings, data_dir).opened() as store:
        names = [entry.name for entry in settings.link]
        sentences = await stranded.look(store.metrics, store.directory, names)
        poison = await store.actions.poison(POISON_SHOWN)
    advice = "Add the [[link]] to aldis.toml, or change the route; what waits already needs its link."
    found = [Finding("links", CheckResult.WARN, sentence, advice) for sentence in sentences]
    if poison:
        ids = ", ".join(str(each.message_id) for each in poison)
        says = f"set aside, because handling them failed: {ids}"
        advice = "Look at each with `aldis message ID`; `--try-again` has it claimed again."
        found.append(Finding("messages", CheckResult.WARN, says, advice))
    return found


def _anomaly(link: str, noted: Noted) -> Finding:
    says, advice = describe(noted.kind, noted.detail)
    verdict = CheckResult.WARN if advice else CheckResult.OK
    return Finding("links", verdict, f"{link}: {noted.times} {says}", advice)


async def _postbacks(settings: Settings, data_dir: Path) -> list[Finding]:
    """See whether the hosts of the directory's postbacks can be resolved."""
    async with StoreLocation(settings, data_dir).opened() as store:
        accounts = (await store.directory.load()).accounts.values()
    hosts: dict[str, str] = {}
    for account in accounts:
        for url in (*account.postback.values(), *account.inbound.values()):
            hosts.setdefault(urlsplit(url).hostname or "", account.name)
    names = list(hosts.items())[:MOST_HOSTS]
    look = functools.partial(checkup.name, "postbacks")
    turn = asyncio.Semaphore(LOOK_UPS)
    return list(await asyncio.gather(*(_in_turn(turn, look, f"account {who}", host) for host, who in names)))


async def _numbers(settings: Settings, data_dir: Path) -> list[Finding]:
    """See which recipients would be read otherwise today."""
    async with StoreLocation(settings, data_dir).opened() as store:
        ranges = (await store.directory.load()).number_ranges
        found = await review(store.search, ranges, store.clock.now(), with_unknown=True)
    return checkup.moved_numbers(found)


async def _in_turn(
    turn: asyncio.Semaphore, look: Callable[[str, str], Awaitable[Finding]], what: str, host: str
) -> Finding:
    async with turn:
        return await look(what, host)


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        says = Text(finding.says)
        if finding.advice:
            says.append(f"\n{finding.advice}", style="italic")
        table.add_row(Text(finding.verdict, style=_STYLES[finding.verdict]), finding.check, says)
    print_wide(table)
