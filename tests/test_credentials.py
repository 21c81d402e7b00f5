"""Log-ins go only to the addresses they are bound to, rest encrypted, and never show themselves."""

from __future__ import annotations

import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from camagent.model.credential_book import BoundCredential, CredentialBook
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.operator_files.config import CredentialTable
from camagent.operator_files.credential_file import (
    CredentialStore,
    configured_credentials,
    read_password_file,
)


def bound(network: str, user: str = "city", password: str = "hunter2") -> BoundCredential:
    return BoundCredential(network, Credential(user, Secret(password)))


def test_the_narrowest_binding_wins_and_strangers_get_none() -> None:
    book = CredentialBook([bound("192.168.1.0/24", "all"), bound("192.168.1.64/32", "one")])
    login = book.for_address("192.168.1.64")
    assert login is not None and login.user == "one"
    other = book.for_address("192.168.1.65")
    assert other is not None and other.user == "all"
    assert book.for_address("192.168.2.1") is None
    assert book.for_address("camera.example") is None


def test_a_kept_login_survives_and_its_file_shows_nothing(tmp_path: Path) -> None:
    store = CredentialStore(tmp_path / "data", tmp_path / "keys")
    assert store.entries() == ()
    store.keep(bound("192.168.1.0/24"))
    store.keep(bound("10.0.0.5/32", "x", "mật khẩu"))
    again = CredentialStore(tmp_path / "data", tmp_path / "keys").entries()
    assert {entry.credential.secret.reveal() for entry in again} == {"hunter2", "mật khẩu"}
    for path in (tmp_path / "data" / "credentials.enc", tmp_path / "keys" / "credentials.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"hunter2" not in path.read_bytes()
        assert b"192.168" not in path.read_bytes()


def test_setting_again_replaces_and_removing_forgets(tmp_path: Path) -> None:
    store = CredentialStore(tmp_path, tmp_path / "keys")
    store.keep(bound("10.0.0.5/32", password="old"))
    store.keep(bound("10.0.0.5/32", password="new"))
    assert [entry.credential.secret.reveal() for entry in store.entries()] == ["new"]
    assert store.remove("10.0.0.5/32")
    assert not store.remove("10.0.0.5/32")
    assert store.entries() == ()


@pytest.mark.parametrize("damage", [b"", b"garbage", b"gAAAAA" * 20])
def test_a_damaged_file_is_one_clear_line_and_is_not_overwritten(tmp_path: Path, damage: bytes) -> None:
    store = CredentialStore(tmp_path, tmp_path / "keys")
    store.keep(bound("10.0.0.5/32"))
    (tmp_path / "credentials.enc").write_bytes(damage)
    with pytest.raises(OperatorError, match="key_does_not_fit"):
        store.keep(bound("10.0.0.6/32"))
    assert (tmp_path / "credentials.enc").read_bytes() == damage


def test_a_configured_login_takes_its_password_from_file_systemd_or_environment(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("hunter2\nsecond line\n", encoding="utf-8")
    from_file = CredentialTable(address="10.0.0.0/8", user="a", password_file=tmp_path / "pw")
    from_systemd = CredentialTable(address="10.0.0.0/8", user="a", password_credential="pw")
    plain = CredentialTable(address="10.0.0.0/8", user="a")
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path), "CAMAGENT_PASSWORD": "from-env"}
    entries = configured_credentials([from_file, from_systemd, plain], environment)
    assert [entry.credential.secret.reveal() for entry in entries] == ["hunter2", "hunter2", "from-env"]


def test_a_login_without_a_password_is_refused_by_name() -> None:
    with pytest.raises(OperatorError, match="10.0.0.0/8"):
        configured_credentials([CredentialTable(address="10.0.0.0/8", user="a")], {})


def test_a_systemd_credential_name_cannot_leave_its_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("hunter2", encoding="utf-8")
    table = CredentialTable(address="10.0.0.0/8", user="a", password_credential="../outside")
    inside = tmp_path / "credentials"
    inside.mkdir()
    with pytest.raises(OperatorError):
        configured_credentials([table], {"CREDENTIALS_DIRECTORY": str(inside)})


@pytest.mark.parametrize("content", [b"", b"x" * 2000, b"\xff\xfe\n"])
def test_a_useless_password_file_is_refused_without_quoting_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pw"
    path.write_bytes(content)
    with pytest.raises(OperatorError) as caught:
        read_password_file(path)
    assert "xxx" not in str(caught.value)


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes, each with a log-in of its own: all four are kept."""
    script = (
        "import sys, pathlib\n"
        "from camagent.operator_files.credential_file import BoundCredential, CredentialStore\n"
        "from camagent.model.secret import Credential, Secret\n"
        "store = CredentialStore(pathlib.Path(sys.argv[1]) / 'data', pathlib.Path(sys.argv[1]) / 'key')\n"
        "store.keep(BoundCredential(f'10.0.{sys.argv[2]}.0/24', Credential('u', Secret('p' + "
        "sys.argv[2]))))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(number)]) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    kept = CredentialStore(tmp_path / "data", tmp_path / "key").entries()
    assert {entry.network for entry in kept} == {f"10.0.{number}.0/24" for number in range(4)}
    assert sorted(entry.name for entry in (tmp_path / "data").iterdir()) == [
        "credentials.enc",
        "credentials.enc.lock",
    ]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "credentials.enc").symlink_to(victim)
    store = CredentialStore(tmp_path / "data", tmp_path / "key")
    with suppress(OperatorError):  # what lies behind the link is no store
        store.keep(BoundCredential("10.0.0.0/24", Credential("u", Secret("p"))))
    assert victim.read_text() == "untouched"
