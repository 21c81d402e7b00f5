"""Rows that only a person can answer; an answer has a name, a date and an end. Pure."""

from __future__ import annotations

from datetime import timedelta

from camagent.assess.judgement import Judgement, phrase
from camagent.assess.rule import About, Rule
from camagent.model.finding import Outcome
from camagent.model.scan_result import Declaration, ManualAnswer, SiteFacts

VIETNAM = timedelta(hours=7)  # answers carry the date on the answering person's wall


def judged_answer(answer: ManualAnswer | None, site: SiteFacts, valid_days: int) -> Judgement:
    """What a person said, while it holds; never a pass when nobody said anything, or it ran out."""
    if answer is None:
        return _open("manual_open")
    today = (site.now + VIETNAM).date()
    ends = answer.expires or answer.on + timedelta(days=valid_days)
    args = {"by": answer.by, "on": answer.on.isoformat(), "ends": ends.isoformat()}
    if answer.on > today:
        return _open("manual_future", **args)
    if ends < today:
        return _open("manual_expired", **args)
    if answer.met:
        return Judgement(Outcome.PASS, phrase("manual_met", **args), observed=True, manual=True)
    return Judgement(Outcome.FAIL, phrase("manual_not_met", **args), observed=False, manual=True)


def _open(name: str, **args: str) -> Judgement:
    return Judgement(Outcome.NOT_ASSESSED, phrase(name, **args), manual=True)


def camera_answer(
    answer: ManualAnswer | None,
    declaration: Declaration | None,
    site: SiteFacts,
    *,
    asks: str,
    valid_days: int,
    outdoor_only: bool = False,
) -> Judgement:
    """A person confirmed this of the camera, or of the whole school."""
    if outdoor_only and declaration is not None and declaration.outdoor is False:
        return Judgement(Outcome.NOT_APPLICABLE, phrase("manual_indoor"))
    return judged_answer(answer, site, valid_days)


def site_answer(answer: ManualAnswer | None, site: SiteFacts, *, asks: str, valid_days: int) -> Judgement:
    """A person confirmed this of the school."""
    return judged_answer(answer, site, valid_days)


RULES = (
    Rule(camera_answer, About.CAMERA, "asks", by_hand=True),
    Rule(site_answer, About.SITE, "asks", by_hand=True),
)
