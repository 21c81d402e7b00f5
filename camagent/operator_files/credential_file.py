"""Where the passwords of log-ins rest. The only module that reads secrets from disk.

At rest: one file readable by its owner only, encrypted with a key that lies in another folder, so that a
copied data folder or backup alone gives nothing away. Who can read both files as that user can read the
passwords. On Windows, where file modes protect nothing, the key is bound to the Windows user (DPAPI).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from camagent.model.credential_book import BoundCredential
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.model.text import message, os_reason
from camagent.operator_files import unreadable
from camagent.operator_files.config import CredentialTable
from camagent.platform.private_files import exclusive, seal, unseal
from camagent.platform.whole_files import make_data_folder, write_whole

MAX_PASSWORD_BYTES = 1024  # ONVIF allows far less; a larger "password" is a wrong file
MAX_STORE_BYTES = 4_000_000
LOGIN_KEY_BYTES = 32


def read_password_file(path: Path) -> Secret:
    """The first line of a file, without its line end.

    Raises: OperatorError, never with the content in it.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_PASSWORD_BYTES + 2)
    except OSError as error:
        raise OperatorError(unreadable(path, error)) from error
    lines = raw.splitlines()
    if not lines or len(lines[0]) > MAX_PASSWORD_BYTES:
        raise OperatorError(message("config.no_password_line", path=str(path), limit=MAX_PASSWORD_BYTES))
    try:
        return Secret(lines[0].decode("utf-8"))
    except UnicodeDecodeError:
        raise OperatorError(message("config.not_text", path=str(path))) from None


def configured_credentials(
    tables: Iterable[CredentialTable], environment: Mapping[str, str]
) -> tuple[BoundCredential, ...]:
    """The log-ins of the configuration, their passwords read from files or systemd credentials.

    Raises: OperatorError naming the first entry that has no password.
    """
    entries = []
    for table in tables:
        if table.password_file is not None:
            secret = read_password_file(table.password_file)
        elif table.password_credential is not None:
            folder = environment.get("CREDENTIALS_DIRECTORY")
            if not folder:
                raise OperatorError(message("config.no_systemd", address=table.address))
            secret = read_password_file(Path(folder) / Path(table.password_credential).name)
        elif "CAMAGENT_PASSWORD" in environment:
            secret = Secret(environment["CAMAGENT_PASSWORD"])
        else:
            raise OperatorError(message("config.no_password", address=table.address))
        entries.append(BoundCredential(table.address, Credential(table.user, secret, table.allow_basic)))
    return tuple(entries)


def login_key(key_dir: Path, data_dir: Path) -> bytes:
    """The key of the fingerprints by which refused log-ins are remembered; made where there is none.

    It lies in `key_dir`, apart from the fingerprints; a service that may not write there has it in
    `data_dir`. Raises: OperatorError where it can be neither read nor made.
    """
    places = [folder / "logins.key" for folder in (key_dir, data_dir)]
    path = next((place for place in places if place.exists()), places[0])
    try:
        if not path.exists():
            path = _made_key(places)
        key = path.read_bytes()
    except OSError as error:
        raise OperatorError(unreadable(path, error)) from error
    if len(key) != LOGIN_KEY_BYTES:
        raise OperatorError(message("config.key_damaged", path=str(path)))
    return key


def _made_key(places: Sequence[Path]) -> Path:
    """Of runs that make it at the same moment the first one's counts for all."""
    for place in places:
        fresh = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
        try:
            _write_private(fresh, secrets.token_bytes(LOGIN_KEY_BYTES))
            with suppress(FileExistsError):
                os.link(fresh, place)
            fresh.unlink()
        except OSError:
            if place is places[-1]:
                raise
        else:
            return place
    raise AssertionError("no place")


class CredentialStore:
    """Log-ins kept between runs by `camagent credentials`."""

    def __init__(self, data_dir: Path, key_dir: Path) -> None:
        self._file = data_dir / "credentials.enc"
        self._key_file = key_dir / "credentials.key"

    def entries(self) -> tuple[BoundCredential, ...]:
        """Everything kept; empty where nothing was ever kept.

        Raises: OperatorError where the file or its key cannot be read.
        """
        if not self._file.exists():
            return ()
        rows = self._load()
        return tuple(
            BoundCredential(
                row["network"], Credential(row["user"], Secret(row["password"]), bool(row["allow_basic"]))
            )
            for row in rows
        )

    def keep(self, entry: BoundCredential) -> None:
        """Add or replace the log-in of one network."""
        with self._alone():
            kept = [old for old in self.entries() if old.network != entry.network]
            self._save([*kept, entry])

    def remove(self, network: str) -> bool:
        """Forget the log-in of one network; False where none was kept."""
        if not self._file.exists():
            return False
        with self._alone():
            entries = self.entries()
            kept = [old for old in entries if old.network != network]
            if len(kept) == len(entries):
                return False
            self._save(kept)
            return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else reads and writes the store between our reading and our writing: two at once lose one of
        them."""
        lock = self._file.with_name(self._file.name + ".lock")
        try:
            make_data_folder(lock.parent)
            with exclusive(lock):
                yield
        except OSError as error:
            raise OperatorError(
                message("config.unwritable", path=str(lock), reason=os_reason(error))
            ) from error

    def _load(self) -> list[dict[str, str]]:
        from cryptography.fernet import Fernet, InvalidToken

        try:
            if self._file.stat().st_size > MAX_STORE_BYTES:
                raise OperatorError(message("config.too_large", path=str(self._file), limit=MAX_STORE_BYTES))
            token, key = self._file.read_bytes(), unseal(self._key_file.read_bytes())
            rows: list[dict[str, str]] = json.loads(Fernet(key).decrypt(token))
        except OSError as error:
            raise OperatorError(unreadable(Path(error.filename or self._file), error)) from error
        except (InvalidToken, ValueError):
            raise OperatorError(
                message("config.key_does_not_fit", path=str(self._file), key_file=str(self._key_file))
            ) from None
        return rows

    def _save(self, entries: Iterable[BoundCredential]) -> None:
        from cryptography.fernet import Fernet

        rows = [
            {
                "network": entry.network,
                "user": entry.credential.user,
                "password": entry.credential.secret.reveal(),
                "allow_basic": entry.credential.allow_basic,
            }
            for entry in entries
        ]
        try:
            if not self._key_file.exists():
                _write_private(self._key_file, seal(Fernet.generate_key()))
            token = Fernet(unseal(self._key_file.read_bytes())).encrypt(json.dumps(rows).encode())
            _write_private(self._file, token)
        except OSError as error:
            path = str(error.filename or self._file)
            raise OperatorError(message("config.unwritable", path=path, reason=os_reason(error))) from error


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step, readable by its owner only from its first byte on."""
    make_data_folder(path.parent)
    write_whole(path, content)
