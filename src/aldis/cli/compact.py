"""`aldis compact`: gives back to the disk what retention has freed in the store."""

from __future__ import annotations

import click

from aldis.app.stores import backend_of, own
from aldis.cli.opened import StoreLocation, existing_store_options


@click.command()
@existing_store_options
def compact(*, where: StoreLocation) -> None:
    """Write the store anew without what is free in it. Stop the gateway first.

    It needs twice what is in use free on the same disk. A crash leaves the store as it was.
    """
    lock = own(where.data_dir)
    try:
        before, after = backend_of(where.settings).compact(where.settings, where.data_dir)
    finally:
        lock.release()
    click.echo(f"{before / 2**20:.1f} MiB before, {after / 2**20:.1f} MiB now")
