"""`camagent answer`: what no network can measure, answered by a person, with name and date."""

from __future__ import annotations

import getpass
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import t
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.model.uri import shown_as_typed

if TYPE_CHECKING:
    from camagent.assess.requirement_profile import Row
    from camagent.store import Store

MAX_WORDS_CHARS = 200  # a name, or a document's number: it stands in every report
MAX_NAMED = 20
NOBODY = frozenset(("root", "Administrator", "SYSTEM", "camagent"))  # accounts that are no person
WHOLE_SITE = ""  # the key of answers that hold for every camera of the site


@click.command(
    "answer",
    help=t("cli.help.answer"),
    epilog=t(
        "cli.help.example", example='camagent answer PRV-NOTICE yes --by "Nguyễn Văn An" --expires 2027-05-15'
    ),
)
@click.argument("rule")
@click.argument("met", type=click.Choice(["yes", "no"]))
@click.option("--camera", help=t("cli.help.answer_camera"))
@click.option("--by", help=t("cli.help.answer_by"))
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help=t("cli.help.answer_expires"),
)
@click.option("--note", help=t("cli.help.answer_note"))
@click.option("--profile", "requirement_profile", help=t("cli.help.requirement_profile"))
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
def answer_command(
    rule: str,
    met: str,
    camera: str | None,
    by: str | None,
    expires: datetime | None,
    note: str | None,
    requirement_profile: str | None,
    config_path: Path | None,
) -> int:
    """Record one answer in the store of this machine."""
    from camagent.app import open_site_store, read_config
    from camagent.model.scan_result import ManualAnswer

    config = read_config(config_path)
    row = _answerable_row(rule, requirement_profile or config.check.profile, camera)
    today, last_day = date.today(), expires.date() if expires is not None else None
    if last_day is not None and last_day < today:
        raise OperatorError(message("profile.answer.past", expires=last_day.isoformat()))
    who = _told("--by", _person() if by is None else by)
    answer = ManualAnswer(
        rule, met == "yes", who, today, last_day, None if note is None else _told("--note", note)
    )
    store = open_site_store(config)
    try:
        if camera is not None:
            _known_camera(camera, store)
        store.answer(camera or WHOLE_SITE, answer)
    finally:
        store.close()
    ends = last_day or today + timedelta(days=int(dict(row.parameters)["valid_days"]))
    kept = "profile.answer.kept_met" if answer.met else "profile.answer.kept_not_met"
    write_lines(t(kept, rule=rule, by=answer.by, ends=ends.isoformat()))
    return 0


def _answerable_row(rule: str, name: str, camera: str | None) -> Row:
    """Raises: OperatorError for a row that the requirement profile does not have, or that the network
    answers."""
    from camagent.app.requirements import load_profile
    from camagent.assess.catalogue import CATALOGUE
    from camagent.assess.rule import About

    requirements = load_profile(name)
    answerable = requirements.answerable()
    if rule not in answerable:
        own_text, rows = shown_as_typed(rule)[:40], ", ".join(sorted(answerable))
        raise OperatorError(message("cli.no_manual_row", rule=own_text, rows=rows))
    row = next(row for row in requirements.rows if row.id == rule)
    if camera is not None and CATALOGUE[row.rule].about is About.SITE:
        raise OperatorError(message("profile.answer.whole_site", rule=rule))
    return row


def _person() -> str:
    """Who answers: asked for on a terminal, with the account's name to be taken; root is nobody.

    Raises: OperatorError where nobody can be asked and the account is a machine's.
    """
    account = getpass.getuser()
    named = account not in NOBODY
    if sys.stdin.isatty() and sys.stderr.isatty():
        asked: str = click.prompt(t("cli.answer_who"), default=account if named else None, err=True)
        return asked
    if not named:
        raise OperatorError(message("cli.answer_nobody", account=account[:40]))
    return account


def _told(option: str, text: str) -> str:
    """Raises: OperatorError for what nobody could read in a report."""
    if not text.strip() or len(text) > MAX_WORDS_CHARS or not text.isprintable():
        raise OperatorError(message("profile.answer.words", option=option, limit=MAX_WORDS_CHARS))
    return text.strip()


def _known_camera(camera: str, store: Store) -> None:
    """Raises: OperatorError where scans are remembered and none of them saw this camera: it would never be
    read."""
    latest = store.latest()
    from_scan = {view.id for view in latest.cameras} if latest is not None else set()
    ids = from_scan | {device.id for device in store.known_devices()}
    if ids and camera not in ids:
        listing = ", ".join(sorted(ids)[:MAX_NAMED]) + (" …" if len(ids) > MAX_NAMED else "")
        own_text = shown_as_typed(camera)[:60]
        raise OperatorError(message("profile.answer.no_camera", camera=own_text, cameras=listing))
