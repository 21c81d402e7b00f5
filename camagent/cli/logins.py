"""The memory of refused log-ins that all runs of this machine share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from camagent.cli.language import t, tm
from camagent.cli.run import config_dir, data_dir, warn
from camagent.model.operator_error import OperatorError

if TYPE_CHECKING:
    from camagent.config import Config
    from camagent.store.logins import LoginRecord
    from camagent.wire.login_ledger import LoginLedger


@contextmanager
def shared_ledger(config: Config) -> Iterator[LoginLedger]:
    """The ledger of refused log-ins, shared with every other run of this machine; alone where it cannot be kept."""
    from camagent.wire.login_ledger import LoginLedger

    try:
        record = open_login_record(config)
    except OperatorError as error:
        warn(t("cli.logins_not_kept", reason=tm(error.problem)))
        yield LoginLedger()
        return
    with record:
        yield LoginLedger(record)


def open_login_record(config: Config) -> LoginRecord:
    """Which log-ins were refused within a day, by any run of this machine.

    Raises: OperatorError where it cannot be kept.
    """
    from camagent.clock import SystemClock
    from camagent.credentials import login_key
    from camagent.store.logins import open_logins

    return open_logins(login_file(config), login_key(config_dir(), data_dir(config)), SystemClock().now)


def login_file(config: Config) -> Path:
    """Where the refused log-ins of this machine are kept."""
    return data_dir(config) / "logins.sqlite"
