"""`camagent explain RULE`: what a finding means, why it matters, how it is mended, what to write to the
supplier."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.mistakes import close_to
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.model.uri import shown_as_typed
from camagent.text.pages import Block, BlockKind, filled, finding_page, page_names

if TYPE_CHECKING:
    from camagent.assess.requirement_profile import RequirementProfile, Row

WIDTH_CHARS = 78
A_YES = "✓"
"""What a profile writes for a question that is answered by yes or no: nothing to read as a bound."""
_INDENT = {BlockKind.STEP: "   ", BlockKind.ITEM: "  ", BlockKind.QUOTE: "  │ "}


@click.command(
    "explain",
    help=t("cli.help.explain"),
    epilog=t("cli.help.example", example="camagent explain TIM-NTP"),
)
@click.argument("rule", metavar="RULE", required=False)
@click.option("--profile", "requirement_profile", help=t("cli.help.requirement_profile"))
def explain_command(rule: str | None, requirement_profile: str | None) -> int:
    """The page of one row, or the list of rows."""
    from camagent.app import read_config
    from camagent.app.requirements import load_profile

    requirements = load_profile(requirement_profile or read_config(None).check.profile)
    if rule is None:
        _list(requirements)
        return 0
    row = _row(requirements, rule)
    page = finding_page(_page_of(row), lang())
    if page is None:
        raise OperatorError(message("profile.explain.no_page", rule=row.id))
    required, recommended = row_bounds(row)
    print_page(filled(page, required, recommended))
    _print_bounds(requirements, row, required, recommended)
    return 0


def row_bounds(row: Row) -> tuple[str, str]:
    """What the row requires and recommends, as a person reads it; "as the profile has it" where it has no
    bound."""
    from camagent.assess.catalogue import CATALOGUE
    from camagent.assess.rule import unit_of
    from camagent.text.quantities import quantity_text

    rule, values = CATALOGUE[row.rule], dict(row.parameters)
    unit = unit_of(rule)
    texts = []
    for name in (rule.required, rule.recommended):
        value = values.get(name or "")
        texts.append(t("profile.explain.no_bound") if value is None else quantity_text(value, unit, lang()))
    return texts[0], texts[1]


def print_page(page: tuple[Block, ...]) -> None:
    """The page on a screen of 80 columns."""
    step, before = 0, BlockKind.TITLE
    for block in page:
        step = step + 1 if block.kind is BlockKind.STEP else 0
        if block.kind is BlockKind.PARAGRAPH and before in (BlockKind.STEP, BlockKind.PARAGRAPH):
            click.echo("")
        before = block.kind
        if block.kind in (BlockKind.TITLE, BlockKind.HEADING, BlockKind.CASE):
            click.echo("", nl=block.kind is not BlockKind.TITLE)
            click.secho(block.plain, bold=True, underline=block.kind is BlockKind.HEADING)
            continue
        first = {BlockKind.STEP: f"{step}. ", BlockKind.ITEM: "- ", BlockKind.QUOTE: "  │ "}
        write_lines(
            textwrap.fill(
                block.plain,
                WIDTH_CHARS,
                initial_indent=first.get(block.kind, ""),
                subsequent_indent=_INDENT.get(block.kind, ""),
                break_long_words=False,
                break_on_hyphens=False,
            )
        )


def _list(requirements: RequirementProfile) -> None:
    for row in requirements.rows:
        click.echo(f"{row.id:<16} {row.title.vi if lang() == 'vi' else row.title.en}")
    click.echo("")
    write_lines(t("profile.explain.how"))


def _row(requirements: RequirementProfile, rule: str) -> Row:
    """Raises: OperatorError, with the nearest names, for a row that the profile does not have."""
    rows = {row.id.casefold(): row for row in requirements.rows}
    match = rows.get(rule.strip().casefold())
    if match is None:
        near, own_text = close_to(rule, [row.id for row in requirements.rows]), shown_as_typed(rule)[:40]
        if near:
            raise OperatorError(message("profile.explain.unknown_near", rule=own_text, near=", ".join(near)))
        raise OperatorError(message("profile.explain.unknown", rule=own_text))
    return match


def _page_of(row: Row) -> str:
    """The row's own page; for a row of another profile that of the default profile's row with the same
    rule."""
    from camagent.app.requirements import load_profile

    if row.id in page_names():
        return row.id
    default = load_profile("ubnd-3288")
    return next((other.id for other in default.rows if other.rule == row.rule), row.id)


def _print_bounds(requirements: RequirementProfile, row: Row, required: str, recommended: str) -> None:
    """What the profile in use asks for, and that it is provisional."""
    click.echo("")
    click.secho(t("profile.explain.in_force", profile=requirements.id), bold=True, underline=True)
    nothing = t("profile.explain.no_bound")
    if required not in (nothing, A_YES):
        click.echo(textwrap.fill(t("profile.explain.required", required=required), WIDTH_CHARS))
    if recommended != nothing:
        click.echo(textwrap.fill(t("profile.explain.recommended", recommended=recommended), WIDTH_CHARS))
    write_lines(t("profile.explain.severity", severity=t(f"profile.severity.{row.severity}")))
    if not requirements.authoritative:
        write_lines(t("profile.provisional"))
