"""`camagent doctor`: can this machine find cameras, and if not, why?"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import t, tm
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.model.uri import shown_range

if TYPE_CHECKING:
    from camagent.discover.diagnosis import Diagnosis
    from camagent.operator_files.config import Config

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(
    "doctor",
    help=t("discover.help.doctor"),
    epilog=t("cli.help.example", example="camagent doctor --subnet 192.168.1.0/24"),
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@click.option("--subnet", "subnets", multiple=True, metavar="CIDR", help=t("discover.help.doctor_subnet"))
@click.option(
    "--inventory", type=click.Path(path_type=Path, dir_okay=False), help=t("discover.help.doctor_inventory")
)
def doctor_command(config_path: Path | None, subnets: tuple[str, ...], inventory: Path | None) -> int:
    """Every check with one line and a remedy; 1 where something makes a search impossible."""
    from camagent.app import data_dir, read_config
    from camagent.discover.diagnosis import is_able, judge_logins, judge_machine, verdict
    from camagent.discover.network_facts import collect_facts
    from camagent.platform.system_clock import SystemClock

    config = read_config(config_path)
    wanted = _wanted(subnets or config.discovery.subnets, inventory or config.discovery.inventory)
    diagnoses = judge_machine(collect_facts(SystemClock(), data_dir(config), wanted))
    users = _users(config)
    diagnoses = (*diagnoses, judge_logins(users)) if users else diagnoses
    click.secho(t("discover.doctor.title"), bold=True)
    for diagnosis in diagnoses:
        _print(diagnosis)
    click.secho(tm(verdict(diagnoses)), bold=True)
    return 0 if is_able(diagnoses) else 1


def _users(config: Config) -> list[str]:
    """User names of the configuration and of the credential store; what cannot be read is told elsewhere."""
    from camagent.app import config_dir, data_dir
    from camagent.operator_files.credential_file import CredentialStore

    users = [entry.user for entry in config.credential]
    with suppress(OperatorError):
        kept = CredentialStore(data_dir(config), config_dir()).entries()
        users += [entry.credential.user for entry in kept]
    return users


def _wanted(subnets: tuple[str, ...], inventory: Path | None) -> tuple[str, ...]:
    """The ranges that were named, and the /24 of each address of the inventory.

    Raises: OperatorError with every problem at once.
    """
    from camagent.app import read_inventory_file

    wrong = [shown_range(text) for text in subnets if not _is_network(text)]
    if wrong:
        raise OperatorError(*(message("discover.error.bad_subnet", subnet=text) for text in wrong))
    hosts = (declared.address for declared in read_inventory_file(inventory))
    addresses = [host for host in hosts if host and _is_network(host)]
    nets = (
        ipaddress.ip_network(f"{host}/24" if ":" not in host else f"{host}/64", strict=False)
        for host in addresses
    )
    return tuple(dict.fromkeys((*subnets, *map(str, nets))))


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _print(diagnosis: Diagnosis) -> None:
    level = diagnosis.level.value
    click.secho(f"{t(f'discover.doctor.level_{level}'):>9}  ", fg=_COLOURS[level], nl=False)
    write_lines(tm(diagnosis.message))
    if diagnosis.remedy is not None:
        write_lines(f"{'':>11}→ {tm(diagnosis.remedy)}")
