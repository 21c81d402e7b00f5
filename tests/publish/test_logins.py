"""One wrong try a day per device and secret, over all processes and restarts; no password in the file."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from camagent.app import shared_ledger
from camagent.model.credential_book import covers
from camagent.model.fault import FaultCode
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.model.trust import OwnSigns
from camagent.operator_files.config import Config
from camagent.operator_files.credential_file import login_key
from camagent.store import refused_logins
from camagent.store.refused_logins import LoginRecord, open_logins
from camagent.wire.login_ledger import TURN_S, LoginLedger, in_turn
from tests.fakes import FakeClock

WRONG = Credential("admin", Secret("hunter2plain"))
OTHER = Credential("admin", Secret("another-one"))
CAMERA = "192.0.2.1"
START = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
NOTHING, MAC, ENDPOINT = OwnSigns(), OwnSigns(mac="00:11:22:33:44:55"), OwnSigns(endpoint="urn:uuid:1")


class Machine:
    """One machine's folder and clock, and the processes that run on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = START

    def process(self) -> LoginRecord:
        return open_logins(
            self.folder / "logins.sqlite", login_key(self.folder / "keys", self.folder), lambda: self.now
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def refused_once(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        assert ledger.why_not(CAMERA, WRONG) is None
        ledger.refused(CAMERA, WRONG)
        assert ledger.why_not(CAMERA, WRONG) is FaultCode.AUTH_REJECTED


def why_not(machine: Machine, credential: Credential = WRONG, device: str = CAMERA) -> FaultCode | None:
    with machine.process() as record:
        return LoginLedger(record).why_not(device, credential)


def test_a_refusal_outlives_the_process_for_a_day(machine: Machine) -> None:
    refused_once(machine)
    for hours in (0, 1, 23):
        machine.now = START + timedelta(hours=hours)
        assert why_not(machine) is FaultCode.AUTH_REJECTED
    assert why_not(machine, OTHER) is None and why_not(machine, WRONG, "192.0.2.2") is None
    machine.now = START + timedelta(hours=24, seconds=1)
    assert why_not(machine) is None


def test_a_clock_that_is_set_back_allows_no_further_try(machine: Machine) -> None:
    refused_once(machine)
    machine.now = START - timedelta(hours=3)
    assert why_not(machine) is FaultCode.AUTH_REJECTED


def test_a_log_in_that_is_out_is_not_sent_by_another_process(machine: Machine) -> None:
    with machine.process() as first, machine.process() as second:
        one, other = LoginLedger(first), LoginLedger(second)
        assert one.why_not(CAMERA, WRONG) is None and other.why_not(CAMERA, WRONG) is FaultCode.BUSY
        one.refused(CAMERA, WRONG)
        assert other.why_not(CAMERA, WRONG) is FaultCode.AUTH_REJECTED


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
def test_who_comes_second_waits_for_the_outcome(machine: Machine, outcome: str) -> None:
    with machine.process() as first, machine.process() as second:
        one, other, clock = LoginLedger(first), LoginLedger(second), FakeClock()
        assert one.why_not(CAMERA, WRONG) is None

        def judge() -> FaultCode | None:
            if clock.elapsed_s > 1:
                getattr(one, outcome)(CAMERA, WRONG)
            return other.why_not(CAMERA, WRONG)

        reasons = asyncio.run(in_turn(judge, clock))
        assert reasons is (None if outcome == "accepted" else FaultCode.AUTH_REJECTED)
        assert clock.elapsed_s < 2


def test_nobody_waits_for_ever(machine: Machine) -> None:
    with machine.process() as first, machine.process() as second:
        one, other, clock = LoginLedger(first), LoginLedger(second), FakeClock()
        assert one.why_not(CAMERA, WRONG) is None
        reasons = asyncio.run(in_turn(lambda: other.why_not(CAMERA, WRONG), clock))
        assert reasons is FaultCode.BUSY and TURN_S <= clock.elapsed_s < TURN_S + 1


def test_an_accepted_log_in_holds_nobody_up(machine: Machine) -> None:
    with machine.process() as first, machine.process() as second:
        one, other = LoginLedger(first), LoginLedger(second)
        assert one.why_not(CAMERA, WRONG) is None
        one.accepted(CAMERA, WRONG)
        assert other.why_not(CAMERA, WRONG) is None and one.why_not(CAMERA, WRONG) is None


def test_a_killed_process_holds_nobody_up_for_long(machine: Machine) -> None:
    killed = machine.process()
    assert LoginLedger(killed).why_not(CAMERA, WRONG) is None
    assert why_not(machine) is FaultCode.BUSY
    machine.now = START + timedelta(seconds=31)
    assert why_not(machine) is None


def test_a_process_that_is_killed_before_the_answer_has_had_its_try(machine: Machine) -> None:
    killed = machine.process()
    ledger = LoginLedger(killed)
    assert ledger.why_not(CAMERA, WRONG) is None
    ledger.sent(CAMERA, WRONG)
    assert ledger.why_not(CAMERA, WRONG) is FaultCode.AUTH_UNCLEAR  # a visit that was cut off, same process
    assert why_not(machine) is FaultCode.BUSY
    for hours in (0.01, 1, 23):
        machine.now = START + timedelta(hours=hours)
        assert why_not(machine) is FaultCode.AUTH_UNCLEAR
        with machine.process() as record:
            assert [refusal.device for refusal in record.refusals()] == [CAMERA]
    with machine.process() as record:
        assert record.allow(lambda _device: True) == 1
    assert why_not(machine) is None


def test_an_end_before_the_answer_is_no_wrong_try_of_a_login_that_was_let_in(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        assert ledger.why_not(CAMERA, WRONG) is None
        ledger.accepted(CAMERA, WRONG)
    machine.now = START + timedelta(days=3)
    killed = LoginLedger(machine.process())
    assert killed.why_not(CAMERA, WRONG) is None
    killed.sent(CAMERA, WRONG)
    machine.now += timedelta(minutes=1)
    assert why_not(machine) is None
    refused_once(machine)
    assert why_not(machine) is FaultCode.AUTH_REJECTED


def unclear(machine: Machine, device: str = CAMERA, signs: OwnSigns = NOTHING) -> FaultCode | None:
    """One process sends it once, and hears neither yes nor no; or why it did not."""
    with machine.process() as record:
        ledger = LoginLedger(record)
        ledger.know(device, signs)
        code = ledger.why_not(device, WRONG)
        if code is None:
            ledger.sent(device, WRONG)
            ledger.unclear(device, WRONG)
        return code


def test_what_is_neither_accepted_nor_refused_is_sent_twice_a_day_by_all_processes(machine: Machine) -> None:
    assert unclear(machine) is None
    with machine.process() as record:
        assert not record.refusals()
    machine.now = START + timedelta(hours=1)
    assert unclear(machine) is None
    for hours in (1, 2, 24):
        machine.now = START + timedelta(hours=hours)
        assert unclear(machine) is FaultCode.AUTH_UNCLEAR
    with machine.process() as record:
        (refusal,) = record.refusals()
        assert refusal.is_unclear and refusal.at == START + timedelta(hours=1)
        assert why_not(machine, OTHER) is None
    machine.now = START + timedelta(hours=26)
    assert unclear(machine) is None and unclear(machine) is None
    assert unclear(machine) is FaultCode.AUTH_UNCLEAR
    with machine.process() as record:
        assert record.allow(lambda _device: True) == 1
    assert unclear(machine) is None


def test_two_processes_at_once_send_it_twice_between_them(machine: Machine) -> None:
    with machine.process() as first, machine.process() as second:
        one, other, sends = LoginLedger(first), LoginLedger(second), 0
        for ledger in (one, other) * 3:
            if ledger.why_not(CAMERA, WRONG) is None:
                ledger.sent(CAMERA, WRONG)
                ledger.unclear(CAMERA, WRONG)
                sends += 1
    assert sends == 2


def test_a_process_that_claims_and_does_not_send_changes_no_count(machine: Machine) -> None:
    assert unclear(machine) is None
    assert why_not(machine) is None  # its port was closed: it gives the claim back
    killed = LoginLedger(machine.process())
    assert killed.why_not(CAMERA, WRONG) is None
    machine.now = START + timedelta(minutes=1)
    assert unclear(machine) is None and unclear(machine) is FaultCode.AUTH_UNCLEAR


def test_who_was_let_in_before_is_slow_and_not_wrong(machine: Machine) -> None:
    with machine.process() as record:
        LoginLedger(record).accepted(CAMERA, WRONG)
    for day in range(5):
        machine.now = START + timedelta(hours=day)
        assert unclear(machine) is None
    with machine.process() as record:
        LoginLedger(record).refused(CAMERA, WRONG)
    assert unclear(machine) is FaultCode.AUTH_REJECTED


def refused_at(machine: Machine, device: str, signs: OwnSigns) -> FaultCode | None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        ledger.know(device, signs)
        code = ledger.why_not(device, WRONG)
        if code is None:
            ledger.refused(device, WRONG)
        return code


@pytest.mark.parametrize("signs", [MAC, ENDPOINT])
def test_one_device_at_two_addresses_judges_a_login_once(machine: Machine, signs: OwnSigns) -> None:
    assert refused_at(machine, CAMERA, signs) is None
    assert refused_at(machine, "2001:db8::1", signs) is FaultCode.AUTH_REJECTED
    assert refused_at(machine, "192.0.2.9", OwnSigns()) is None, "nothing shows that it is the same"
    with machine.process() as record:
        assert record.allow(lambda device: device == "2001:db8::1") == 0
        assert record.allow(lambda device: device == CAMERA) == 1
    assert refused_at(machine, "2001:db8::1", signs) is None


def test_who_differs_in_anything_is_another_device(machine: Machine) -> None:
    """A rogue that repeats the endpoint of a camera must not have its refusal counted against it."""
    assert refused_at(machine, "192.0.2.66", OwnSigns("66:66:66:66:66:66", "urn:uuid:1")) is None
    assert refused_at(machine, CAMERA, OwnSigns("00:11:22:33:44:55", "urn:uuid:1")) is None


def test_a_refusal_elsewhere_shuts_out_nobody_who_let_us_in(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        ledger.know(CAMERA, ENDPOINT)
        assert ledger.why_not(CAMERA, WRONG) is None
        ledger.accepted(CAMERA, WRONG)
    assert refused_at(machine, "192.0.2.66", ENDPOINT) is None
    with machine.process() as record:
        ledger = LoginLedger(record)
        ledger.know(CAMERA, ENDPOINT)
        assert ledger.why_not(CAMERA, WRONG) is None


def test_a_stranger_at_the_address_is_not_who_was_let_in(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        ledger.know(CAMERA, MAC)
        assert ledger.why_not(CAMERA, WRONG) is None
        ledger.accepted(CAMERA, WRONG)
    other = OwnSigns(mac="66:66:66:66:66:66")
    assert [unclear(machine, signs=other) for _ in range(3)] == [None, None, FaultCode.AUTH_UNCLEAR]


def test_a_mac_of_many_addresses_is_a_routers(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        cameras = [f"192.0.2.{number}" for number in range(1, 6)]
        for camera in cameras:
            ledger.know(camera, MAC)
        for camera in cameras:
            assert ledger.why_not(camera, WRONG) is None
            ledger.refused(camera, WRONG)


def test_unclear_answers_at_two_addresses_of_one_device_are_counted_together(machine: Machine) -> None:
    assert unclear(machine, CAMERA, MAC) is None
    assert unclear(machine, "192.0.2.2", MAC) is None
    assert unclear(machine, CAMERA, MAC) is FaultCode.AUTH_UNCLEAR
    assert unclear(machine, "192.0.2.3", MAC) is FaultCode.AUTH_UNCLEAR


def test_two_addresses_of_one_device_wait_for_each_other_within_a_process(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        for device in (CAMERA, "192.0.2.2"):
            ledger.know(device, MAC)
        assert ledger.why_not(CAMERA, WRONG) is None
        assert ledger.why_not("192.0.2.2", WRONG) is FaultCode.BUSY
        ledger.refused(CAMERA, WRONG)
        assert ledger.why_not("192.0.2.2", WRONG) is FaultCode.AUTH_REJECTED


def test_a_record_of_the_version_before_is_read(machine: Machine) -> None:
    old = sqlite3.connect(machine.folder / "logins.sqlite")
    for number, step in enumerate(refused_logins._STEPS[:2], start=1):
        old.execute(step[0])
        old.execute(f"PRAGMA user_version = {number}")
    old.close()
    refused_once(machine)
    assert why_not(machine) is FaultCode.AUTH_REJECTED


def test_a_login_that_is_wanted_in_another_way_leaves_no_mark(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        assert ledger.why_not(CAMERA, WRONG) is None
        ledger.sent(CAMERA, WRONG)
        ledger.returned(CAMERA, WRONG)
        assert ledger.why_not(CAMERA, WRONG) is None
    assert why_not(machine) is None


def test_a_refusal_after_being_let_in_is_one_in_this_run_only(machine: Machine) -> None:
    with machine.process() as record:
        ledger = LoginLedger(record)
        assert ledger.why_not(CAMERA, WRONG) is None
        ledger.refused(CAMERA, WRONG, certain=False)
        assert ledger.why_not(CAMERA, WRONG) is FaultCode.AUTH_REJECTED
    assert why_not(machine) is None


def test_a_lock_after_our_log_in_is_remembered_and_one_before_it_is_not(machine: Machine) -> None:
    with machine.process() as record:
        LoginLedger(record).locked("192.0.2.7", WRONG)
        LoginLedger(record).locked("192.0.2.8")
    assert why_not(machine, WRONG, "192.0.2.7") is FaultCode.AUTH_REJECTED
    assert why_not(machine, WRONG, "192.0.2.8") is None


def test_refusals_are_listed_and_allowed_by_range(machine: Machine) -> None:
    refused_once(machine)
    with machine.process() as record:
        (refusal,) = record.refusals()
        assert (refusal.device, refusal.user, refusal.at) == (CAMERA, "admin", START)
        assert refusal.again_at == START + timedelta(days=1)
        assert record.allow(lambda device: covers("198.51.100.0/24", device)) == 0
        assert record.allow(lambda device: covers("192.0.2.0/24", device)) == 1
        assert record.refusals() == ()
    assert why_not(machine) is None


def test_the_file_holds_no_password_and_is_its_owners_only(machine: Machine) -> None:
    refused_once(machine)
    files = [path for path in machine.folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"logins.sqlite", "logins.key"}
    for path in files:
        assert b"hunter2plain" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_a_service_that_may_not_write_its_configuration_has_the_key_beside_its_data(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder should be")
    data = tmp_path / "data"
    key = login_key(tmp_path / "keys", data)
    assert key == login_key(tmp_path / "keys", data) == (data / "logins.key").read_bytes()


def test_runs_that_begin_together_make_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: login_key(tmp_path / "keys", tmp_path), range(8)))
    assert len(keys) == 1 and [path.name for path in (tmp_path / "keys").iterdir()] == ["logins.key"]


def test_runs_that_make_the_record_at_once_all_have_it(tmp_path: Path) -> None:
    """Who had none would remember for itself only, and send a wrong password once more."""
    starts = Barrier(2)

    def opened(number: int) -> bool:
        starts.wait(10)
        open_logins(tmp_path / f"{number}.sqlite", b"key", FakeClock().now).close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(opened, [number // 2 for number in range(300)]))


def test_another_key_means_another_fingerprint(machine: Machine) -> None:
    refused_once(machine)
    before = (machine.folder / "logins.sqlite").read_bytes()
    (machine.folder / "keys" / "logins.key").unlink()
    refused_once(machine)
    assert before != (machine.folder / "logins.sqlite").read_bytes()


def test_a_damaged_file_or_key_costs_only_itself(machine: Machine) -> None:
    refused_once(machine)
    for side in ("logins.sqlite-wal", "logins.sqlite-shm"):
        (machine.folder / side).unlink(missing_ok=True)
    (machine.folder / "logins.sqlite").write_bytes(b"no database at all" * 500)
    assert why_not(machine) is None
    (machine.folder / "keys" / "logins.key").write_bytes(b"short")
    with pytest.raises(OperatorError):
        machine.process()


def test_what_the_disk_does_later_is_no_exception(machine: Machine) -> None:
    record = machine.process()
    record._connection.close()
    ledger = LoginLedger(record)
    assert ledger.why_not(CAMERA, WRONG) is None
    ledger.refused(CAMERA, WRONG)
    assert ledger.why_not(CAMERA, WRONG) is FaultCode.AUTH_REJECTED and record.refusals() == ()


def test_the_file_is_made_by_the_first_login_and_by_nothing_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path / "config"))
    with shared_ledger(Config(), lambda problem: pytest.fail(str(problem))) as ledger:
        assert not ledger.is_locked(CAMERA)
        assert not list(tmp_path.iterdir())
        assert ledger.why_not(CAMERA, WRONG) is None
        assert (tmp_path / "data" / "logins.sqlite").is_file() and (
            tmp_path / "config" / "logins.key"
        ).is_file()
        ledger.refused(CAMERA, WRONG)
    with shared_ledger(Config(), lambda problem: pytest.fail(str(problem))) as ledger:
        assert ledger.why_not(CAMERA, WRONG) is FaultCode.AUTH_REJECTED


def test_where_it_cannot_be_kept_that_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path / "file" / "data"))
    monkeypatch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path / "file" / "config"))
    messages: list[str] = []
    with shared_ledger(Config(), lambda problem: messages.append(problem.key)) as ledger:
        assert not messages
        assert ledger.why_not(CAMERA, WRONG) is None
        ledger.refused(CAMERA, WRONG)
        assert ledger.why_not(CAMERA, WRONG) is FaultCode.AUTH_REJECTED
        assert ledger.why_not(CAMERA, OTHER) is None
    assert messages == ["cli.logins_not_kept"]


def test_a_running_service_hears_that_a_person_lifted_it(machine: Machine) -> None:
    with machine.process() as record, machine.process() as command:
        service = LoginLedger(record)
        assert service.why_not(CAMERA, WRONG) is None
        service.refused(CAMERA, WRONG)
        assert service.why_not(CAMERA, WRONG) is FaultCode.AUTH_REJECTED
        assert command.allow(lambda device: device == CAMERA) == 1
        assert service.why_not(CAMERA, WRONG) is None
