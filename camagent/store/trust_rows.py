"""Whom the site's log-ins may be given: rows of devices that let us in, and of what the operator said."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from camagent.model.credential_book import covers
from camagent.model.device import SignsBefore
from camagent.model.trust import Trust, TrustedDevice

MAX_TRUSTED = 5_000  # devices that one run may add; as many as are known
_COLUMNS = "address, endpoint, mac, serial, tls_port, certificate"


def read_trust(connection: sqlite3.Connection) -> Trust:
    """Who let us in before, and whom the operator trusts."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM trusted_device ORDER BY address").fetchall()
    grants = connection.execute("SELECT network FROM trust_grant ORDER BY network").fetchall()
    return Trust(tuple(_device(row) for row in rows), tuple(network for (network,) in grants))


def write_trusted(connection: sqlite3.Connection, devices: Sequence[TrustedDevice], at: str) -> None:
    """The devices that let us in; what one of them did not show this time stays as it was."""
    kept = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in _COLUMNS.split(", ")[1:])
    connection.executemany(
        f"INSERT INTO trusted_device ({_COLUMNS}, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
        f" ON CONFLICT (address) DO UPDATE SET at = excluded.at, {kept}",
        [(*_row(device), at) for device in devices[:MAX_TRUSTED]],
    )


def grant(connection: sqlite3.Connection, network: str, at: str) -> None:
    """The operator trusts whoever is there now: what stood there before is compared no more."""
    connection.execute("INSERT OR REPLACE INTO trust_grant VALUES (?, ?)", (network, at))
    stale = [(host,) for host in _hosts(connection) if covers(network, host)]
    connection.executemany("DELETE FROM trusted_device WHERE address = ?", stale)


def accept_certificate(connection: sqlite3.Connection, host: str) -> None:
    """Its certificate is compared no more, until it is seen again."""
    query = "UPDATE trusted_device SET tls_port = NULL, certificate = NULL WHERE address = ?"
    connection.execute(query, (host,))


def _hosts(connection: sqlite3.Connection) -> list[str]:
    return [host for (host,) in connection.execute("SELECT address FROM trusted_device").fetchall()]


def _device(row: tuple[Any, ...]) -> TrustedDevice:
    address, endpoint, mac, serial, port, pin = row
    certificate = (port, pin) if port is not None and pin is not None else None
    return TrustedDevice(address, endpoint, mac, SignsBefore(serial, certificate))


def _row(device: TrustedDevice) -> tuple[str | int | None, ...]:
    signs = device.signs
    return (device.address, device.endpoint, device.mac, signs.serial, *(signs.certificate or (None, None)))
