"""`aldis export`: writes the present directory as a file that `aldis apply` takes."""

from __future__ import annotations

from pathlib import Path

import click

from aldis.accounts.directory_export import export as exported
from aldis.cli.opened import StoreLocation, existing_store_options
from aldis.errors import GatewayError


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@existing_store_options
def export(*, file: Path | None, where: StoreLocation) -> None:
    """Write the directory as it is now, for `aldis apply`: into FILE, which must not be there yet, or to
    standard output. Keys and passwords are in it as digests, what is signed with as it is.
    """
    text = exported(where.run(lambda store: store.changes.stored()))
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise GatewayError(f"{file}: {fault.strerror}") from None
    click.echo(f"wrote {file}", err=True)
