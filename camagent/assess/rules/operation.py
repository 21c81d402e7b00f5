"""Is the system looked after: cameras checked every day, and mended soon?"""

from __future__ import annotations

from camagent.assess.judgement import Judgement, Reading, at_least, at_most, phrase, unknown
from camagent.assess.rule import About, Rule
from camagent.model.finding import Outcome
from camagent.model.scan_result import History


def checked_daily(
    history: History, *, minimum_ratio: float, recommended_ratio: float, minimum_days: int
) -> Judgement:
    """Of the days since the first check, at most 30, nearly all have one."""
    if history.days < minimum_days:
        return unknown("days_few", days=history.days, minimum=minimum_days)
    ratio = history.days_checked / history.days
    outcome = at_least(Reading(ratio), minimum_ratio, recommended_ratio)
    name = {Outcome.FAIL: "checked_rarely", Outcome.WARN: "checked_mostly"}.get(outcome, "checked_daily")
    return Judgement(
        outcome,
        phrase(
            name,
            checked=history.days_checked,
            days=history.days,
            minimum=round(100 * minimum_ratio, 2),
            recommended=round(100 * recommended_ratio, 2),
        ),
        observed=ratio,
        measured=ratio,
    )


def repaired(history: History, *, maximum_s: float, recommended_s: float, minimum_days: int) -> Judgement:
    """No outage of the last 30 days was longer than this, as far as the checks prove."""
    outage = history.outage
    dark_s = (outage.missed_at - outage.began_at).total_seconds() if outage is not None else 0.0
    if dark_s <= maximum_s and history.days < minimum_days:
        return unknown("days_few", days=history.days, minimum=minimum_days)
    outcome = at_most(Reading(dark_s), maximum_s, recommended_s)
    name = {Outcome.FAIL: "repaired_late", Outcome.WARN: "repaired_slowly"}.get(outcome, "repaired")
    if outcome is Outcome.FAIL and outage is not None and not outage.ended:
        name = "repaired_never"
    return Judgement(
        outcome,
        phrase(
            name,
            hours=round(dark_s / 3600, 1),
            maximum=round(maximum_s / 3600, 1),
            recommended=round(recommended_s / 3600, 1),
        ),
        observed=dark_s,
        measured=dark_s,
    )


RULES = (
    Rule(checked_daily, About.CAMERA, "minimum_ratio", "recommended_ratio"),
    Rule(repaired, About.CAMERA, "maximum_s", "recommended_s"),
)
