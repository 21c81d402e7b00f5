"""What changed since an earlier scan, on a terminal. Prints; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from camagent.document.compare import CameraChange, ChangeKind, Comparison
from camagent.text import say
from camagent.text.moments import moment_text
from camagent.text.vietnamese import clean_line

MAX_LISTED = 20  # cameras by name; the report has them all
MAX_RULES = 4  # of one camera

_STYLE = {
    ChangeKind.BROKEN: "bold red",
    ChangeKind.GONE: "bold red",
    ChangeKind.FIXED: "bold green",
    ChangeKind.CONFIRMED: "bold green",
}


def print_changes(comparison: Comparison, console: Console, names: Mapping[str, str], lang: str) -> None:
    """One line with the counts, then one a camera; where other requirements judged then, that is said too.

    names: what rules are called, by id.
    """
    for line, style in _lines(comparison, names, lang):
        console.print(Text(line, style=style), soft_wrap=not console.is_terminal)


def _lines(comparison: Comparison, names: Mapping[str, str], lang: str) -> Iterator[tuple[str, str]]:
    # A range that this run did not look at is no news: only what it looked at changed.
    changes = [item for item in comparison.changes if item.change is not ChangeKind.UNSEEN]
    kinds = [(kind, sum(item.change is kind for item in changes)) for kind in ChangeKind]
    counted = ", ".join(
        say("report.since.count", lang, count=n, what=_word(kind, lang)) for kind, n in kinds if n
    )
    summary = counted or say("report.since.nothing", lang)
    yield say("report.since.line", lang, at=moment_text(comparison.before_at, lang), changes=summary), "bold"
    if not comparison.same_profile:
        yield say("report.since.other_profile", lang), "yellow"
    for item in changes[:MAX_LISTED]:
        yield f"  {_camera_line(item, names, lang)}", _STYLE.get(item.change, "")
    if len(changes) > MAX_LISTED:
        yield f"  {say('report.since.more', lang, count=len(changes) - MAX_LISTED)}", ""


def _camera_line(item: CameraChange, names: Mapping[str, str], lang: str) -> str:
    name = clean_line(item.name, 60)
    who = f"{name} ({item.address})" if name and name != item.address else item.address
    parts = [
        say(f"report.since.{key}", lang, rules=_listed(rules, names))
        for key, rules in (("rules_fixed", item.rules_fixed), ("rules_broken", item.rules_broken))
        if rules
    ]
    return f"{_word(item.change, lang).capitalize()}: {who}" + (f" – {'; '.join(parts)}" if parts else "")


def _listed(rules: tuple[str, ...], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(rule, rule) for rule in rules[:MAX_RULES]) + (
        " …" if len(rules) > MAX_RULES else ""
    )


def _word(change: ChangeKind, lang: str) -> str:
    word = say(f"report.change.{change}", lang)
    return word[:1].lower() + word[1:]
