"""`aldis key`: a key that nobody can guess, with a beginning that tells people what it is."""

from __future__ import annotations

import click

from aldis.app.entropy import token

#: 256 bits: so many that one round of SHA-256 keeps it (`accounts/credentials.py`)
OCTETS = 32


@click.command()
@click.option(
    "--prefix", default="aldis", show_default=True, help="What the key begins with, to recognise it by."
)
def key(prefix: str) -> None:
    """Make a key (or a secret) for the directory file: 256 random bits behind a visible beginning."""
    click.echo(f"{prefix}_{token(OCTETS)}")
