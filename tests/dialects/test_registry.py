"""The registry refuses two dialects that would answer the same request."""

from __future__ import annotations

import msgspec
import pytest

from aldis.dialects import genesys, native
from aldis.dialects.http_face import HttpDialect
from aldis.dialects.registry import BY_PATH, DIALECTS, HTTP, POLICIES, by_path


def claiming(dialect: HttpDialect, *paths: str) -> HttpDialect:
    face = msgspec.structs.replace(dialect.face, paths=dict.fromkeys(paths, frozenset(["POST"])))
    return HttpDialect(dialect.policy, face)


@pytest.mark.parametrize(
    ("path", "other"), [("/send", "/send"), ("/v1/*", "/v1/*"), ("/v1/*", "/v1/send"), ("/v1/send", "/v1/*")]
)
def test_two_dialects_never_answer_one_request(path: str, other: str) -> None:
    with pytest.raises(ValueError, match=r"^the dialects genesys and aldis both claim "):
        by_path([claiming(genesys.DIALECT, path), claiming(native.DIALECT, other)])


@pytest.mark.parametrize(
    ("path", "other"),
    [("/send", "/sent"), ("/v1/*", "/v1"), ("/v1/*", "/v2/send"), ("/v1/*", "/v1/send/now")],
)
def test_dialects_stand_beside_each_other(path: str, other: str) -> None:
    found = by_path([claiming(genesys.DIALECT, path), claiming(native.DIALECT, other)])
    assert {claimed: dialect.policy.name for claimed, dialect in found.items()} == {
        path: "genesys",
        other: "aldis",
    }


def test_one_dialect_may_name_a_path_that_another_of_its_own_covers() -> None:
    assert len(by_path([claiming(native.DIALECT, "/v1/*", "/v1/send")])) == 2


def test_every_path_and_every_name_has_its_dialect() -> None:
    assert len(BY_PATH) == sum(len(dialect.face.paths) for dialect in HTTP)
    assert len(POLICIES) == len(DIALECTS)
