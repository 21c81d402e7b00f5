"""`camagent credentials`: log-ins at rest on this machine."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.terminal_lines import write_lines
from camagent.model.address_order import address_order
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.model.uri import shown_range

if TYPE_CHECKING:
    from camagent.operator_files.credential_file import CredentialStore
    from camagent.store.refused_logins import LoginRecord, RefusedLogin


SHORT_PASSWORD_CHARS = 12  # who heard one Digest answer may guess without asking the camera again


@click.group(
    "credentials",
    help=t("cli.help.credentials"),
    epilog=t("cli.help.example", example="camagent credentials list"),
)
def credentials_group() -> None:
    """Keep, list and forget camera log-ins."""


@credentials_group.command(
    "set",
    help=t("cli.help.credentials_set"),
    epilog=t("cli.help.example", example="camagent credentials set 192.168.1.0/24 --user admin"),
)
@click.argument("network", metavar="ADDRESS")
@click.option("--user", required=True, help=t("cli.help.user"))
@click.option(
    "--password-file", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.password_file")
)
@click.option("--allow-basic", is_flag=True, help=t("cli.help.allow_basic"))
def set_command(network: str, user: str, password_file: Path | None, allow_basic: bool) -> int:
    """Bind a log-in to an address or range; the password is asked for, or read from a file or
    CAMAGENT_PASSWORD."""
    from camagent.model.credential_book import BoundCredential
    from camagent.model.secret import Credential, Secret
    from camagent.operator_files.credential_file import read_password_file

    bound = _network(network)
    if password_file is not None:
        secret = read_password_file(password_file)
    elif "CAMAGENT_PASSWORD" in os.environ:
        secret = Secret(os.environ["CAMAGENT_PASSWORD"])
    else:
        secret = Secret(click.prompt(t("cli.password_prompt", user=user), hide_input=True, err=True))
    _store().keep(BoundCredential(bound, Credential(user, secret, allow_basic)))
    _allow(bound)
    write_lines(t("cli.credential_kept", user=user, network=bound))
    write_lines(t("cli.viewer_account"), err=True)
    if len(secret.reveal()) < SHORT_PASSWORD_CHARS:
        write_lines(t("cli.short_password", least=SHORT_PASSWORD_CHARS), err=True)
    return 0


@credentials_group.command(
    "list",
    help=t("cli.help.credentials_list"),
    epilog=t("cli.help.example", example="camagent credentials list"),
)
def list_credentials_command() -> int:
    """Addresses and user names, and what was refused within a day; never a password."""
    from camagent.text.moments import moment_text

    entries = _store().entries()
    for entry in entries:
        click.echo(f"{entry.network}\t{entry.credential.user}")
    for refusal in _refusals():
        at, again = (moment_text(moment, lang()) for moment in (refusal.at, refusal.again_at))
        line = "cli.login_unclear" if refusal.is_unclear else "cli.login_refused"
        write_lines(t(line, address=refusal.device, user=refusal.user, at=at, again=again))
    if not entries:
        write_lines(t("cli.credential_none"), err=True)
    return 0


@credentials_group.command(
    "remove",
    help=t("cli.help.credentials_remove"),
    epilog=t("cli.help.example", example="camagent credentials remove 192.168.1.0/24"),
)
@click.argument("network", metavar="ADDRESS")
def remove_command(network: str) -> int:
    """Forget the log-in of one address or range."""

    bound = _network(network)
    removed = _store().remove(bound)
    if not removed:
        raise OperatorError(message("cli.credential_missing", network=bound))
    write_lines(t("cli.credential_removed", network=bound))
    return 0


@credentials_group.command(
    "retry",
    help=t("cli.help.credentials_retry"),
    epilog=t("cli.help.example", example="camagent credentials retry 192.168.1.64"),
)
@click.argument("network", metavar="ADDRESS")
def retry_command(network: str) -> int:
    """A refused log-in may be tried again at once: it was put right at the camera."""
    write_lines(t("cli.logins_allowed", count=_allow(_network(network)), network=network))
    return 0


@credentials_group.command(
    "trust",
    help=t("cli.help.credentials_trust"),
    epilog=t("cli.help.example", example="camagent credentials trust 192.168.1.64"),
)
@click.argument("network", metavar="ADDRESS")
def trust_command(network: str) -> int:
    """The devices at this address or in this range are ours: they may be given the log-in of their range."""
    from camagent.app import open_site_store, read_config
    from camagent.platform.system_clock import SystemClock

    bound = _network(network)
    store = open_site_store(read_config(None))
    try:
        store.grant_trust(bound, SystemClock().now())
    finally:
        store.close()
    write_lines(t("trust.granted", network=bound.removesuffix("/32").removesuffix("/128")))
    return 0


@credentials_group.command(
    "accept-certificate",
    help=t("cli.help.credentials_accept"),
    epilog=t("cli.help.example", example="camagent credentials accept-certificate 192.168.1.64"),
)
@click.argument("address", metavar="ADDRESS")
def accept_certificate_command(address: str) -> int:
    """Forget the certificate that a camera showed first: the next scan takes the one it shows then as its
    own."""
    from camagent.app import open_site_store, read_config
    from camagent.model.earlier_runs import pin_place, pins_of

    store = open_site_store(read_config(None))
    try:
        host = address.removeprefix("[").removesuffix("]")
        places = [pin_place(host, port) for port, _ in pins_of(store.pins(), host)]
        if not places:
            raise OperatorError(message("cli.no_certificate", address=shown_range(address)[:60]))
        store.forget_pins(host, places)
    finally:
        store.close()
    write_lines(t("cli.certificate_accepted", address=address))
    return 0


@credentials_group.command(
    "accept-login",
    help=t("cli.help.credentials_accept_login"),
    epilog=t("cli.help.example", example="camagent credentials accept-login 192.168.1.64"),
)
@click.argument("network", metavar="ADDRESS")
def accept_login_command(network: str) -> int:
    """Forget how strong a log-in these devices asked for: they were reset, set up anew or replaced."""
    from camagent.model.credential_book import covers

    bound, record, count = _network(network), _record(), 0
    if record is not None:
        with record:
            count = record.forget_strength(lambda device: covers(bound, device))
    write_lines(t("cli.login_accepted", network=bound, count=count))
    return 0


def _store() -> CredentialStore:
    from camagent.app import config_dir, data_dir, read_config
    from camagent.operator_files.credential_file import CredentialStore

    return CredentialStore(data_dir(read_config(None)), config_dir())


def _record() -> LoginRecord | None:
    """None where nothing was ever refused on this machine: looking makes no file."""
    from camagent.app import login_file, open_login_record, read_config

    config = read_config(None)
    return open_login_record(config) if login_file(config).exists() else None


def _refusals() -> tuple[RefusedLogin, ...]:
    record = _record()
    if record is None:
        return ()
    with record:
        return tuple(sorted(record.refusals(), key=lambda refusal: address_order(refusal.device)))


def _allow(network: str) -> int:
    from camagent.model.credential_book import covers

    record = _record()
    if record is None:
        return 0
    with record:
        return record.allow(lambda device: covers(network, device))


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise OperatorError(message("cli.bad_network", network=shown_range(text)[:60])) from None
