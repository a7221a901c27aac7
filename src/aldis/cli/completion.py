"""`aldis completion`: a script with which a shell completes verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from aldis.errors import GatewayError


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that lets SHELL complete `aldis`.

    In ~/.bashrc: eval "$(aldis completion bash)" · in ~/.zshrc: eval "$(aldis completion zsh)" · for fish:
    aldis completion fish > ~/.config/fish/completions/aldis.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise GatewayError(f"there is no completion for {shell}")
    click.echo(found(context.find_root().command, {}, "aldis", "_ALDIS_COMPLETE").source())
