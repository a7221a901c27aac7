"""`aldis apply`: writes the business's directory into the store; running gateways follow within a second."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from aldis.accounts import directory_file
from aldis.accounts.directory_file import DirectoryFile
from aldis.accounts.history import Difference, differences
from aldis.accounts.plan import Plan, Stored, plan
from aldis.admin.directory import DirectoryEditor, refuse_conflicts
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import StoreLocation, location_options
from aldis.cli.running import printable
from aldis.dialects.registry import TRAITS
from aldis.errors import SettingsError
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.store import Store


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show every value that would change, change nothing.")
@click.option("--replace", is_flag=True, help="Take what FILE says also where hands have changed it since.")
@location_options
def apply(*, file: Path, dry_run: bool, replace: bool, where: StoreLocation) -> None:
    """Bring the directory to what FILE says: accounts, credentials, senders, carriers, routes, prices,
    opt-ins.

    What was changed by hand since a file was applied, and FILE has not changed, stays. What both have changed
    is refused, and with it all of FILE, unless --replace is given.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError([f"{file}: {getattr(fault, 'strerror', None) or 'not UTF-8'}"]) from None
    wanted = directory_file.read(text, str(file), TRAITS)
    if not dry_run:
        _tell(*where.run(lambda store: _applied(store, wanted, replace=replace)))
        return
    if where.is_missing:
        stored, known = Stored({}, {}), 0
    else:
        stored, known = where.run(lambda store: _looked(store, wanted))
    changes = plan(wanted, stored, TRAITS, replace=replace)
    opt_ins = sum(len(each.numbers) for each in changes.opt_ins)
    _tell(changes, opt_ins - known, stored, "would ")
    refuse_conflicts(changes)


async def _looked(store: Store, wanted: DirectoryFile) -> tuple[Stored, int]:
    """Give what is stored, and how many of the file's opt-ins are."""
    numbers = [(each, n) for each in wanted.opt_in for n in directory_file.opted_in_numbers(each)]
    keys = [OptInKey(each.sender, each.topic, number) for each, number in numbers]
    return await store.changes.stored(), len(await store.consent.opted_in(keys))


async def _applied(store: Store, wanted: DirectoryFile, *, replace: bool) -> tuple[Plan, int]:
    editor = DirectoryEditor(store.changes, store.consent)
    return await editor.apply(whoever_runs_this(), wanted, store.clock.now(), replace=replace)


def _tell(changes: Plan, opted_in: int, before: Stored | None = None, would: str = "") -> None:
    """Print what changes; with `before`, each value of it."""
    for line in changes.lines:
        click.echo(would + line)
    for record in changes.records if before is not None else ():
        held = before.records.get(record.place) if before is not None else None
        if held is not None:
            _tell_differences(f"{record.kind} {record.key}".rstrip(), differences(held, record.body))
    if opted_in:
        click.echo(f"{would}opt in {opted_in} numbers")
    for each in changes.kept:
        click.echo(f"{would}keep what was changed by hand in {each.record}; in the file and in the store:")
        _tell_differences(each.record, each.differences)
    if not (changes.lines or opted_in or changes.kept or changes.conflicts):
        click.echo("nothing to change")


def _tell_differences(name: str, found: Iterable[Difference]) -> None:
    for each in found:
        path = f"{name}: {each.path}" if each.path else name
        click.echo(printable(f"  {path}: {each.before or '-'} → {each.after or '-'}"))
