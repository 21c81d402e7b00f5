"""The pages about profiles and rules say what the files and the code say.

`docs/requirements.md` is written by `python -m tests.assess.test_rows_doc > docs/requirements.md`.
"""

from __future__ import annotations

from pathlib import Path

from camagent.assess.catalogue import CATALOGUE
from camagent.assess.parameters import shown_value
from camagent.assess.requirement_profile import Row
from camagent.assess.rule import UNITS, Rule, parameters
from camagent.operator_files.profile_files import available_profiles
from tests.assess.judging import shipped

DOCS = Path(__file__).resolve().parents[2] / "docs"
HEAD = """# The {rows} rows of `ubnd-3288`, and the rules

Written from `profiles/ubnd-3288.toml` by `python -m tests.assess.test_rows_doc`; a test keeps the two equal.
The text of 3288/UBND-KT was **not obtained**: no value here is "what 3288 says". [profiles.md](profiles.md)
explains units and outcomes. Behind the name of each row is its page, in Vietnamese and English.

"""
RULES_HEAD = """
# The rules

What each judges, and the parameters that a row of a profile gives it. Written from `camagent/assess/rules`.

| rule | judges | parameters |
|---|---|---|
"""


def page() -> str:
    rows = "\n".join(_section(row) for row in shipped().rows)
    head = HEAD.format(rows=len(shipped().rows))
    return head + rows + RULES_HEAD + "".join(_line(rule) for rule in CATALOGUE.values())


def _line(rule: Rule) -> str:
    judges = " ".join((rule.judge.__doc__ or "").split("\n\n")[0].split())
    names = ", ".join(f"`{parameter.name}`" for parameter in parameters(rule)) or "–"
    return f"| `{rule.name}` | {judges} | {names} |\n"


def _section(row: Row) -> str:
    values = "; ".join(f"`{name}` = {shown_value(value)}" for name, value in row.parameters) or "–"
    basis = row.basis
    lines = [
        f"## [{row.id}](findings/{row.id}.md)",
        "",
        f"{row.title.en} · {row.title.vi}",
        "",
        f"- {row.severity}, rule `{row.rule}`: {values}",
        f"- basis: {basis.kind}{f', {basis.document}' if basis.document else ''} (confidence: "
        f"{basis.confidence})",
    ]
    if basis.comparators:
        lines.append(f"- compare: {'; '.join(basis.comparators)}")
    if basis.note_en:
        lines.append(f"- {basis.note_en}")
    return "\n".join(lines) + "\n"


def test_the_page_of_requirements_is_that_of_the_profile() -> None:
    assert (DOCS / "requirements.md").read_text(encoding="utf-8") == page()


def test_every_rule_says_what_it_judges() -> None:
    assert all((rule.judge.__doc__ or "").strip() for rule in CATALOGUE.values())


def test_every_profile_and_unit_is_named() -> None:
    text = (DOCS / "profiles.md").read_text(encoding="utf-8")
    for name in available_profiles():
        assert f"| `{name}` |" in text
    for suffix in UNITS:
        assert f"`_{suffix}`" in text


if __name__ == "__main__":
    print(page(), end="")
