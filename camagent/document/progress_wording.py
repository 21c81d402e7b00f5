"""What became of a camera, in words: for terminal, page and workbook alike. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from camagent.document.decisions import Decision
from camagent.document.progress import CameraProgress, Progress, ProgressStep
from camagent.document.school_sightings import ASKED, OUT, SightingView
from camagent.model.finding import Verdict
from camagent.text import say
from camagent.text.moments import day_text, moment_text


def heading_text(progress: Progress, lang: str) -> str:
    """What is compared with what."""
    before = moment_text(progress.before_at, lang)
    if progress.term:
        title = say(f"report.progress.{progress.term}", lang)
        return say("report.progress.term", lang, term=title, before=before)
    return say("report.progress.compared", lang, before=before)


def counts_text(progress: Progress, lang: str) -> str:
    """How many cameras were asked for, and what became of them."""
    counts = progress.counts()
    asked = say("report.progress.asked", lang, count=progress.asked)
    parts = (
        say("report.progress.count", lang, count=counts[kind], what=became_text(kind, lang))
        for kind in CameraProgress
        if counts[kind]
    )
    return "; ".join((asked, *parts))


def became_text(became: CameraProgress, lang: str) -> str:
    """One word or two."""
    return say(f"report.progress.became_{became}", lang)


def asked_text(item: SightingView | None, lang: str) -> str:
    """What is asked for a camera; empty for nothing."""
    return say(f"report.action.{item.action}", lang) if item is not None and item.state == ASKED else ""


def step_reason_text(step: ProgressStep, lang: str) -> str:
    """Why it is so: of one that stays what was decided and the weightiest reason."""
    return " ".join(_why(step, lang))


def decision_text(decision: Decision | None, lang: str) -> str:
    """What the office decided, who and when; that nothing was decided."""
    if decision is None:
        return say("report.progress.undecided", lang)
    word = say(f"report.decision.{decision.decision}", lang)
    who = decision.by or say("report.progress.nobody", lang)
    text = say("report.progress.decided", lang, decision=word, by=who, day=day_text(decision.day, lang))
    return f"{text}: {decision.note}." if decision.note else f"{text}."


def _why(step: ProgressStep, lang: str) -> Iterator[str]:
    now = step.now
    if step.became is CameraProgress.UNKNOWN and (now is None or now.verdict != Verdict.UNDETERMINED.value):
        yield say(f"report.progress.{'not_found' if step.has_result else 'not_heard'}", lang)
    elif step.became is CameraProgress.UNKNOWN:
        yield say("report.progress.undetermined", lang)
    if step.became is CameraProgress.DONE and now is not None:
        yield say("report.progress.ready_at", lang, at=moment_text(now.at, lang))
    if step.became is CameraProgress.REPLACED and now is not None:
        device = ", ".join(filter(None, (now.model, now.serial)))
        yield say("report.progress.device", lang, device=device)
    if (
        step.became in (CameraProgress.STAYS, CameraProgress.OTHER, CameraProgress.UNKNOWN)
        or step.decision is not None
    ):
        yield decision_text(step.decision, lang)
    if now is not None and now.state in (ASKED, *OUT) and now.reason:
        yield now.reason
