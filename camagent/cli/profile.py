"""`camagent profile list|show|validate`: requirement profiles, with the basis of every value."""

from __future__ import annotations

import click

from camagent.app.requirements import load_profile
from camagent.assess.parameters import shown_value
from camagent.assess.requirement_profile import RequirementProfile, Row
from camagent.cli.language import lang, t
from camagent.cli.terminal_lines import write_lines
from camagent.model.text import Localised
from camagent.operator_files.profile_files import available_profiles


@click.group(
    name="profile",
    help=t("profile.help.group"),
    epilog=t("cli.help.example", example="camagent profile show ubnd-3288"),
)
def profile_group() -> None:
    pass


@profile_group.command(
    name="list", help=t("profile.help.list"), epilog=t("cli.help.example", example="camagent profile list")
)
def list_profiles_command() -> None:
    for name in available_profiles():
        requirements = load_profile(name)
        write_lines(f"{name}  {_in_language(requirements.title)}")
        write_lines(f"    {_standing(requirements)}  {t('profile.rows', count=len(requirements.rows))}")


@profile_group.command(
    name="show",
    help=t("profile.help.show"),
    epilog=t("cli.help.example", example="camagent profile show ubnd-3288"),
)
@click.argument("profile_id", metavar="ID")
def show_profile_command(profile_id: str) -> None:
    requirements = load_profile(profile_id)
    write_lines(_in_language(requirements.title))
    write_lines(_standing(requirements))
    write_lines(t("profile.version", version=requirements.version))
    write_lines(t("profile.digest", digest=requirements.digest))
    write_lines(t("profile.sources") + ":")
    for source in requirements.sources:
        write_lines(f"  {source.title}: {t(f'profile.status.{source.status}')}")
    for row in requirements.rows:
        click.echo("")
        write_lines("\n    ".join(_row_lines(row)))


@profile_group.command(
    name="validate",
    help=t("profile.help.validate"),
    epilog=t("cli.help.example", example="camagent profile validate quan-toi.toml"),
)
@click.argument("path", metavar="F")
def validate_command(path: str) -> None:
    requirements = load_profile(path)
    write_lines(t("profile.valid", path=path, count=len(requirements.rows), digest=requirements.digest))


def _standing(requirements: RequirementProfile) -> str:
    return t("profile.authoritative" if requirements.authoritative else "profile.provisional")


def _row_lines(row: Row) -> list[str]:
    """One requirement as people read it: id and title, rule, values, basis."""
    lines = [
        f"{row.id}  {_in_language(row.title)}",
        t("profile.by_rule", rule=row.rule, severity=t(f"profile.severity.{row.severity}")),
    ]
    if row.parameters:
        thresholds = "; ".join(f"{name} = {shown_value(value)}" for name, value in row.parameters)
        lines.append(t("profile.asks", parameters=thresholds))
    basis = row.basis
    kind, confidence = t(f"profile.kind.{basis.kind}"), t(f"profile.confidence.{basis.confidence}")
    if basis.document:
        lines.append(t("profile.basis", kind=kind, document=basis.document, confidence=confidence))
    else:
        lines.append(t("profile.basis_bare", kind=kind, confidence=confidence))
    if basis.comparators:
        lines.append(t("profile.comparators", list="; ".join(basis.comparators)))
    note = basis.note if lang() == "vi" else basis.note_en
    if note:
        lines.append(t("profile.note", note=note))
    return lines


def _in_language(text: Localised) -> str:
    return text.vi if lang() == "vi" else text.en
