"""`camagent answer`: what no network can measure, answered by a person, with name and date."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path

import click

from camagent.cli.language import t, tm
from camagent.cli.mistakes import Mistake

WHOLE_SITE = ""  # the key of answers that hold for every camera of the site


@click.command(
    "answer",
    help=t("cli.help.answer"),
    epilog=t("cli.help.example", example='camagent answer PRV-NOTICE yes --by "Nguyễn Văn An" --expires 2027-05-15'),
)
@click.argument("rule")
@click.argument("met", type=click.Choice(["yes", "no"]))
@click.option("--camera", help=t("cli.help.answer_camera"))
@click.option("--by", help=t("cli.help.answer_by"))
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help=t("cli.help.answer_expires"))
@click.option("--note", help=t("cli.help.answer_note"))
@click.option("--profile", "requirement_profile", help=t("cli.help.requirement_profile"))
@click.option("--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config"))
def answer_command(
    rule: str,
    met: str,
    camera: str | None,
    by: str | None,
    expires: object,
    note: str | None,
    requirement_profile: str | None,
    config_path: Path | None,
) -> int:
    """Record one answer in the store of this machine."""
    from camagent.cli.run import read_config
    from camagent.cli.scanning import open_site_store
    from camagent.model.scan import ManualAnswer
    from camagent.publish.store import StoreError

    config = read_config(config_path)
    _known_row(rule, requirement_profile or config.check.profile)
    last_day = expires.date() if hasattr(expires, "date") else None
    answer = ManualAnswer(rule, met == "yes", by or getpass.getuser(), date.today(), last_day, note)
    store = open_site_store(config)
    try:
        store.answer(camera or WHOLE_SITE, answer)
    except StoreError as error:
        raise Mistake(tm(error.problem)) from None
    finally:
        store.close()
    click.echo(t("cli.answer_kept", rule=rule, by=answer.by))
    return 0


def _known_row(rule: str, name: str) -> None:
    """Raises: Mistake for a row that the requirement profile does not have, or that the network answers."""
    from camagent.assess.profile import ProfileError, load_profile
    from camagent.cli.profile import problem_line

    try:
        answerable = load_profile(name).answerable()
    except ProfileError as error:
        raise Mistake(*(problem_line(problem) for problem in error.problems)) from None
    if rule not in answerable:
        raise Mistake(t("cli.no_manual_row", rule=rule[:40], rows=", ".join(sorted(answerable))))
