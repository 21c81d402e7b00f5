"""What the operator is advised about log-ins, and who may answer for the school."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from camagent.cli.main import build
from camagent.discover.diagnosis import Level, judge_logins
from camagent.model.earlier_runs import MemoryChange
from camagent.model.operator_error import OperatorError
from camagent.store import open_store
from camagent.text import render
from tests.builders import NOW


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path / "config"))


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), [*words, "--lang", "en"], standalone_mode=False)


@pytest.mark.parametrize(("password", "is_short"), [("hunter2", True), ("a-long-pass-phrase", False)])
def test_keeping_a_log_in_advises_one_that_may_only_view(
    password: str, is_short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMAGENT_PASSWORD", password)
    output = run("credentials", "set", "192.0.2.0/24", "--user", "admin")
    assert output.exit_code == 0 and "may only view" in output.output
    assert ("may guess it" in output.output) is is_short and password not in output.output


@pytest.mark.parametrize(
    ("users", "level"), [(["viewer"], Level.OK), (["viewer", "Admin"], Level.WARN), (["root"], Level.WARN)]
)
def test_the_doctor_names_log_ins_of_administrators(users: list[str], level: Level) -> None:
    line = judge_logins(users)
    assert line.level is level and (line.remedy is not None) is (level is Level.WARN)


def test_the_doctor_looks_at_the_log_ins_that_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "administrator" not in run("doctor").output
    monkeypatch.setenv("CAMAGENT_PASSWORD", "a-long-pass-phrase")
    run("credentials", "set", "192.0.2.0/24", "--user", "admin")
    output = run("doctor").output
    assert "administrator is used: admin" in output and "may only view" in output


@pytest.mark.parametrize("account", ["root", "camagent"])
def test_nobody_answers_by_the_account_of_a_machine(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: account)
    refused = run("answer", "PRV-NOTICE", "yes")
    assert isinstance(refused.exception, OperatorError)
    assert "--by" in render(refused.exception.problem, "vi")
    assert "Nguyễn Văn An" in run("answer", "PRV-NOTICE", "yes", "--by", "Nguyễn Văn An").output
    monkeypatch.setattr("getpass.getuser", lambda: "an")
    assert "an" in run("answer", "PRV-NOTICE", "yes").output


def test_check_knows_the_certificates_of_earlier_scans(tmp_path: Path) -> None:
    from camagent.cli.check import _pins
    from camagent.operator_files.config import Config

    assert _pins(Config()) == () and not (tmp_path / "data").exists(), "looking makes no file"
    (tmp_path / "data").mkdir(mode=0o700)
    with open_store(tmp_path / "data" / "camagent.sqlite") as store:
        store.remember(MemoryChange(pins=(("127.0.0.1:8443", "ab" * 32),)), NOW)
    assert _pins(Config()) == (("127.0.0.1:8443", "ab" * 32),)
