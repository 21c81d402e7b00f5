"""The school and the log-in of one scan, named on its command line."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from camagent.app import RunOptions, bound_to_search, credential_book, with_site
from camagent.discover.interfaces import Interface, Medium
from camagent.discover.plan import make_plan
from camagent.model.credential_book import BoundCredential
from camagent.model.device import DeviceTarget
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.model.trust import LoginGiven, Trust
from camagent.operator_files.config import Config, parse_config
from tests import test_trust
from tests.interrogate.fake_device import LOGIN

CARD = Interface("eth0", 2, Medium.LAN, True, True, True, (IPv4Interface("192.168.7.9/20"),))


def test_a_typed_log_in_is_bound_to_the_named_ranges_only() -> None:
    plan = make_plan([CARD], (), ["192.168.1.0/24", "10.0.0.0/24"])
    bound = bound_to_search(LOGIN, plan, named=True)
    assert {entry.network for entry in bound} == {"192.168.1.0/24", "10.0.0.0/24"}
    assert all(entry.is_range for entry in bound)


def test_without_a_named_range_it_is_bound_to_the_cards_own_networks() -> None:
    bound = bound_to_search(LOGIN, make_plan([CARD]), named=False)
    assert {entry.network for entry in bound} == {"192.168.4.0/22", "192.168.0.0/20"}


def test_a_stranger_does_not_get_the_typed_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = bound_to_search(LOGIN, make_plan([], (), ["192.168.1.0/24"]), named=True)
    stranger = DeviceTarget("192.168.1.64", 80, endpoint="urn:uuid:1")
    assert test_trust.given(test_trust.order(entry.network), stranger) is LoginGiven.WITHHELD
    assert (
        test_trust.given(test_trust.order(entry.network, Trust(all_new=True)), stranger) is LoginGiven.NEWLY
    )


def test_what_is_typed_goes_before_another_one_of_the_same_range(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("old\n", encoding="utf-8")
    table = {"address": "192.168.1.0/24", "user": "old", "password_file": str(secret)}
    narrow = {**table, "address": "192.168.1.7", "user": "own"}
    config = parse_config(
        {"credential": [table, narrow], "agent": {"data_dir": str(tmp_path)}}, tmp_path / "c.toml"
    )
    book = credential_book(config, {}, (BoundCredential("192.168.1.0/24", Credential("new", Secret("x"))),))
    users = [
        login.user for login in map(book.for_address, ("192.168.1.64", "192.168.1.7")) if login is not None
    ]
    assert users == ["new", "own"]


def test_the_school_of_the_options_goes_before_the_configuration() -> None:
    config = parse_config({"site": {"id": "1", "name": "A", "area": "W"}}, Path("camagent.toml"))
    site = with_site(config, RunOptions(site_name="B")).as_site()
    assert (site.id, site.name, site.area) == ("1", "B", "W")
    assert with_site(config, RunOptions()) is config
    with pytest.raises(OperatorError) as error:
        with_site(Config(), RunOptions(site_id="x" * 65))
    assert "--site-id" in str(dict(error.value.problem.args))


def scan(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "camagent",
        "scan",
        "--subnet",
        "127.251.0.0/30",
        "--lang",
        "en",
        *arguments,
    ]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, timeout=90, env=environment, check=False)


@pytest.mark.slow
def test_a_scan_without_a_school_says_that_the_ward_cannot_merge_it(tmp_path: Path) -> None:
    nameless, named = scan(tmp_path), scan(tmp_path, "--site-name", "THCS Nguyễn Du")
    assert "--site-name" in nameless.stderr and "camagent init" in nameless.stderr
    assert "ward" not in named.stderr
    # a camera that another test simulates may answer the search: what it is worth is not asked here
    assert {nameless.returncode, named.returncode} <= {1, 3}


def test_a_password_file_without_a_user_is_a_mistake(tmp_path: Path) -> None:
    done = scan(tmp_path, "--password-file", str(tmp_path / "nothing"))
    assert done.returncode == 2 and "--user" in done.stderr
