"""A store of this backend: what is promised here no other backend has to keep."""

from __future__ import annotations

import pytest

from tests.backends import BACKENDS
from tests.store.conftest import parameters


@pytest.fixture(params=parameters(name for name in BACKENDS if name.startswith("sqlite")))
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
