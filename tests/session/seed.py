"""One seed for all that is random in a run: printed when it starts, the same for every worker, and given again
with `--seed` or ALDIS_SEED. Hypothesis takes it too, also where it finds that it runs in CI: there it would draw the
same examples whatever the seed.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import settings

LARGEST = 2**32
PROFILE = "aldis"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="the seed of all that is random in the tests")


@pytest.hookimpl(tryfirst=True)  # before Hypothesis reads its option
def pytest_configure(config: pytest.Config) -> None:
    options = config.option
    if options.seed is None:  # a worker has it from who started it
        options.seed = int(os.environ.get("ALDIS_SEED") or random.SystemRandom().randrange(LARGEST))
    if options.hypothesis_seed is None:
        options.hypothesis_seed = str(options.seed)
    # No deadline: on a busy machine a time limit for one example fails good code.
    settings.register_profile(PROFILE, derandomize=False, deadline=None)
    settings.load_profile(PROFILE)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the seed; `pytest_report_header` would say nothing with `-q`."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:  # workers have none
        terminal.write_line(f"seed {session.config.option.seed} (again: --seed or ALDIS_SEED)")


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """What a test may draw from: the run's seed decides, whichever tests ran before it."""
    return random.Random(f"{request.config.option.seed} {request.node.name}")
