"""The `aldis` command: gathers the verbs, and turns every expected fault into one clear sentence on stderr.

Exit codes: 0 done, 1 it did not work, 2 misuse (also of a file).
"""

from __future__ import annotations

import os
import sys

import click

from aldis import __version__
from aldis.app.stores import FAULTS
from aldis.cli.admin import admin, audit_log
from aldis.cli.apply import apply
from aldis.cli.bulk import bulk
from aldis.cli.cell import cell
from aldis.cli.clock import clock
from aldis.cli.compact import compact
from aldis.cli.completion import completion
from aldis.cli.config import config
from aldis.cli.consent import consent
from aldis.cli.decode import decode
from aldis.cli.demo import demo
from aldis.cli.doctor import doctor
from aldis.cli.export import export
from aldis.cli.history import history, undo
from aldis.cli.inbound import inbound
from aldis.cli.key import key
from aldis.cli.link import link
from aldis.cli.message import message
from aldis.cli.messages import messages
from aldis.cli.migrate import migrate
from aldis.cli.node import node
from aldis.cli.postbacks import postbacks
from aldis.cli.refusals import refusals
from aldis.cli.route import route
from aldis.cli.segments import segments
from aldis.cli.send import send
from aldis.cli.serve import serve
from aldis.cli.simulator import simulator
from aldis.cli.statistics import statistics
from aldis.cli.tail import tail
from aldis.cli.top import top
from aldis.errors import GatewayError, SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aldis")
def aldis() -> None:
    """Aldis: an SMS gateway that takes customers' own HTTP dialects and speaks SMPP to carriers."""


for verb in (
    serve,
    demo,
    simulator,
    apply,
    export,
    admin,
    audit_log,
    config,
    doctor,
    clock,
    compact,
    migrate,
    top,
    tail,
    send,
    bulk,
    link,
    node,
    cell,
    history,
    undo,
    message,
    messages,
    postbacks,
    statistics,
    inbound,
    consent,
    refusals,
    route,
    key,
    segments,
    decode,
    completion,
):
    aldis.add_command(verb)


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # the store, journals and what is exported hold texts, numbers and secrets
    try:
        aldis()
    except SettingsError as fault:
        for problem in fault.problems:
            click.echo(f"aldis: {problem}", err=True)
        sys.exit(2)
    except GatewayError as fault:
        click.echo(f"aldis: {fault}", err=True)
        sys.exit(1)
    except FAULTS as fault:
        click.echo(f"aldis: the store: {type(fault).__name__}: {fault}", err=True)
        sys.exit(1)
    except OSError as fault:  # a directory, a file or a port that the system does not give us
        what = f"{fault.filename}: " if fault.filename else ""
        click.echo(f"aldis: {what}{fault.strerror or fault}", err=True)
        sys.exit(1)
    except UnicodeEncodeError:
        if not any("\udc80" <= character <= "\udcff" for argument in sys.argv for character in argument):
            raise
        click.echo("aldis: an argument is not UTF-8", err=True)
        sys.exit(2)
