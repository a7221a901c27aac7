"""What the doctor sees on a machine, with real faults."""

from __future__ import annotations

import datetime as dt
import os
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.backends import apply
from tests.fakes.certificates import self_signed
from tests.fakes.clock import NOON
from tests.store.building import a_message, accept

from aldis.accounts.number_plans import NO_RANGES, VERSION, NumberRange, ranges_of, released_on
from aldis.admin import checkup
from aldis.admin.checkup import OLD_PLANS_DAYS, CheckResult, certificate
from aldis.admin.number_review import review, warn_of_moves
from aldis.store.contract.store import Store


def test_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path) -> None:
    found = checkup.flush_speed(tmp_path / "nowhere")
    assert (found.verdict, "cannot be written" in found.says) == (CheckResult.FAIL, True)
    assert "--data-dir" in found.advice
    assert checkup.free_disk(tmp_path / "nowhere").verdict is CheckResult.FAIL
    good = checkup.flush_speed(tmp_path)
    assert good.verdict is not CheckResult.FAIL
    assert "200 flushes" in good.says
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert checkup.flush_speed(tmp_path).verdict is CheckResult.FAIL
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("now", "newest", "verdict"),
    [(0, 0, CheckResult.FAIL), (NOON, NOON + 1, CheckResult.FAIL), (NOON, NOON - 1, None), (NOON, 0, None)],
)
def test_a_clock_that_cannot_be_right(now: int, newest: int, verdict: CheckResult | None) -> None:
    found = checkup.clock(now, newest)
    assert found.verdict is verdict if verdict else found.verdict is not CheckResult.FAIL


@pytest.mark.parametrize(
    ("mode", "is_secret", "verdict"),
    [
        (0o600, True, CheckResult.OK),
        (0o640, True, CheckResult.OK),
        (0o644, True, CheckResult.FAIL),
        (0o644, False, CheckResult.WARN),
        (0o602, True, CheckResult.FAIL),
    ],
)
def test_who_may_read_a_secret(tmp_path: Path, mode: int, is_secret: bool, verdict: CheckResult) -> None:  # noqa: FBT001
    tmp_path.chmod(0o755)
    path = tmp_path / "password"
    path.write_text("demosmpp")
    path.chmod(mode)
    (found,) = checkup.secrecy([("password", path, is_secret)])
    assert found.verdict is verdict
    assert "demosmpp" not in found.says
    (missing,) = checkup.secrecy([("password", tmp_path / "none", True)])
    assert missing.verdict is CheckResult.FAIL
    tmp_path.chmod(0o700)
    (shut,) = checkup.secrecy([("password", path, is_secret)])
    assert shut.verdict is CheckResult.OK


def test_ports_that_are_free_and_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        assert checkup.port("door", "127.0.0.1", number, is_running=False).verdict is CheckResult.FAIL
        assert checkup.port("door", "127.0.0.1", number, is_running=True).verdict is CheckResult.OK
    assert checkup.port("door", "127.0.0.1", number, is_running=False).verdict is CheckResult.OK
    assert checkup.port("door", "127.0.0.1", number, is_running=True).verdict is CheckResult.WARN


@pytest.mark.parametrize(
    ("count", "most", "verdict"),
    [
        (0, 1024, CheckResult.OK),
        (100, 1024, CheckResult.OK),
        (921, 1024, CheckResult.OK),
        (922, 1024, CheckResult.WARN),
        (1024, 1024, CheckResult.WARN),
    ],
)
def test_how_many_files_are_open(count: int, most: int, verdict: CheckResult) -> None:
    assert checkup.descriptors("gateway", count, most).verdict is verdict


@pytest.mark.parametrize(
    ("host", "is_tls", "is_told"),
    [
        ("127.0.0.1", False, False),
        ("127.9.9.9", False, False),
        ("::1", False, False),
        ("::ffff:127.0.0.1", False, False),
        ("localhost", False, False),
        ("0.0.0.0", False, True),
        ("::", False, True),
        ("10.0.0.1", False, True),
        ("gateway.example", False, True),
        ("0.0.0.0", True, False),
    ],
)
def test_a_console_that_others_reach_without_tls_is_told(host: str, *, is_tls: bool, is_told: bool) -> None:
    assert bool(checkup.exposed_console(host, is_tls=is_tls)) is is_told


async def test_names() -> None:
    found = await checkup.name("dns", "link a", "localhost")
    assert (found.verdict, "localhost is " in found.says) == (CheckResult.OK, True)
    for wrong in ("nowhere.invalid", "a" * 70 + ".invalid", ""):
        found = await checkup.name("dns", "link a", wrong)
        assert found.verdict is CheckResult.FAIL, found


@pytest.mark.slow
def test_certificates(tmp_path: Path) -> None:
    path, key = self_signed(tmp_path, "sms.example.com", days=90)
    now = dt.datetime.now(dt.UTC).timestamp()
    assert certificate("door", path, key, now).verdict is CheckResult.OK
    assert "89 more days" in certificate("door", path, key, now).says
    assert certificate("door", path, key, now + 80 * 86_400).verdict is CheckResult.WARN
    (tmp_path / "other").mkdir()
    _, another = self_signed(tmp_path / "other", "sms.example.com", days=1)
    for wrong in (another, tmp_path / "none.pem", path):
        found = certificate("door", path, wrong, now)
        assert (found.verdict, found.advice != "") == (CheckResult.FAIL, True), found


def test_old_numbering_plans_are_warned_of() -> None:
    released = int(dt.datetime.combine(released_on(VERSION), dt.time(), dt.UTC).timestamp() * 1000)
    day = 86_400_000
    fresh, old = (checkup.number_plans(released + days * day) for days in (1, OLD_PLANS_DAYS))
    assert (fresh.verdict, old.verdict) == (CheckResult.OK, CheckResult.WARN)
    assert f"phonenumberslite {VERSION}, about 1 days old" in fresh.says
    assert "[[number_range]]" in old.advice


async def test_recipients_that_are_of_another_country_now_are_told(store: Store) -> None:
    await apply(store, '[[account]]\nname = "rich"\ncredit = "9.00"\n', NOON)
    for number, (msisdn, country) in enumerate(
        [("12572345678", "US"), ("12572345679", "US"), ("447911123456", "GG"), ("447700900001", "GB")],
        start=1,
    ):
        await accept(store, a_message(number, recipient=msisdn, country=country))
    found = checkup.moved_numbers(await review(store.search, NO_RANGES, NOON, with_unknown=True))
    assert [(each.verdict, each.says.partition(",")[0]) for each in found] == [
        (CheckResult.WARN, "2 recipients were US and are CA now"),
        (CheckResult.OK, "of them not known to be in use: GB 1"),
    ]
    with capture_logs() as logged:
        await warn_of_moves(store.search, NO_RANGES, NOON)
    assert [(each["was"], each["now"], each["count"]) for each in logged] == [("US", "CA", 2)]
    ranges = ranges_of([NumberRange("US", "257", 10)])
    found = checkup.moved_numbers(await review(store.search, ranges, NOON))
    assert [each.says for each in found] == ["all 4 recipients of the last 30 days are read as they were"]
