"""`camagent init`: five questions, a commented camagent.toml, and the camera log-in in the credential
store."""

from __future__ import annotations

import json
import shlex
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t, tm
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.pairs import pairs_of
from camagent.model.text import message, os_reason
from camagent.model.uri import without_logins

if TYPE_CHECKING:
    from camagent.discover.interfaces import Interface
    from camagent.model.secret import Credential


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked; `data_dir` None: the usual place, `login` None: none yet."""

    name: str
    id: str
    area: str
    subnets: tuple[str, ...]
    data_dir: Path | None
    login: Credential | None = None


@click.command("init", help=t("cli.help.init"), epilog=t("cli.help.example", example="camagent init"))
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
def init_command(config_path: Path | None) -> int:
    """Ask, write the configuration and keep the log-in; nothing is overwritten, nothing written before the
    end."""
    from camagent.app import config_dir

    path = config_path or config_dir() / "camagent.toml"
    if path.exists():
        raise OperatorError(message("setup.exists", path=str(path)))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise OperatorError(message("setup.not_asked"))
    answers = _ask()
    _write_new(path, configuration(answers, lang()))
    write_lines(t("setup.done", path=str(path)), err=True)
    if answers.login is not None:
        _keep(answers, answers.login, path)
    options = f" --config {shlex.quote(str(path))}" if config_path is not None else ""
    write_lines(t("setup.next", command=f"camagent scan{options} --output ket-qua"), err=True)
    return 0


def configuration(answers: Answers, language: str) -> str:
    """The text of camagent.toml, with a comment on each table.

    Raises: OperatorError where an answer is longer than the configuration takes.
    """
    from camagent.operator_files.config import parse_config
    from camagent.text import say

    def table(name: str, values: dict[str, object]) -> list[str]:
        rows = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
        return [f"# {say(f'setup.comment.{name}', language)}", f"[{name}]", *rows, ""]

    lines = [f"# {say('setup.comment.head', language)}", ""]
    lines += table("site", {"id": answers.id, "name": answers.name, "area": answers.area})
    lines += table("discovery", {"subnets": list(answers.subnets)})
    lines += [f"# {say('setup.comment.credential', language)}", ""]
    if answers.data_dir is not None:
        lines += table("agent", {"data_dir": str(answers.data_dir)})
    text = "\n".join(lines)
    parse_config(tomllib.loads(text), Path("camagent.toml"))
    return text


def _ask() -> Answers:
    from camagent.app import data_dir

    write_lines(t("setup.start"), err=True)
    name = _line("setup.name", 200)
    code = _line("setup.id", 64, "")
    area = _line("setup.area", 200, "")
    subnets = _ask_ranges()
    user = _line("setup.user", 128, "")
    login = _ask_password(user) if user else None
    usual = data_dir()
    folder = Path(_line("setup.data_dir", 4096, str(usual))).expanduser().absolute()
    return Answers(name, code, area, subnets, None if folder == usual else folder, login)


def _line(key: str, most_chars: int, default: str | None = None) -> str:
    """One answer without control characters."""
    from camagent.model.printable import printable_line

    while True:
        answer = click.prompt(t(key), default=default, show_default=bool(default), err=True)
        line = printable_line(answer, most_chars)
        if line is not None or default is not None:
            return line or ""


def _ask_password(user: str) -> Credential:
    from camagent.model.secret import Credential, Secret

    return Credential(
        user, Secret(click.prompt(t("cli.password_prompt", user=user), hide_input=True, err=True))
    )


def _ask_ranges() -> tuple[str, ...]:
    """The ranges of the cameras; asked again until a search would take them."""
    from camagent.discover.interfaces import list_interfaces
    from camagent.discover.plan import make_plan

    machine = list_interfaces()
    present = ranges_present(machine)
    if present:
        write_lines(
            t("setup.ranges_found", ranges=", ".join(f"{net} ({card})" for net, card in present)), err=True
        )
    else:
        write_lines(t("setup.ranges_none"), err=True)
    default = ", ".join(net for net, _ in present)
    while True:
        typed = _line("setup.ranges", 4096, default or None)
        wanted = tuple(filter(None, (part.strip() for part in typed.replace(";", ",").split(","))))
        try:
            return tuple(map(str, make_plan(machine, (), wanted).subnets))
        except OperatorError as error:
            for problem in error.problems:
                write_lines(t("setup.wrong", problem=without_logins(tm(problem))), err=True)


def ranges_present(machine: tuple[Interface, ...]) -> tuple[tuple[str, str], ...]:
    """The machine's own ranges that a search would take, each with the network card that leads there."""
    from camagent.discover.interfaces import default_ranges, usable_interfaces

    chosen, _ = usable_interfaces(machine)
    networks = pairs_of({card.name: default_ranges([card])[0] for card in chosen})
    return tuple((str(network), card) for card, network in networks)


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise OperatorError(message("setup.exists", path=str(path))) from None
    except OSError as error:
        raise OperatorError(message("cli.cannot_write", path=str(path), reason=os_reason(error))) from error


def _keep(answers: Answers, login: Credential, path: Path) -> None:
    from camagent.app import config_dir, data_dir, read_config
    from camagent.model.credential_book import BoundCredential
    from camagent.operator_files.credential_file import CredentialStore

    store = CredentialStore(data_dir(read_config(path)), config_dir())
    for network in answers.subnets:
        store.keep(BoundCredential(network, login))
        write_lines(t("cli.credential_kept", user=login.user, network=network), err=True)
