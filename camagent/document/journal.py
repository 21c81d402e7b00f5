"""The journal of decisions and the history of one camera, line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from camagent.document.decisions import Decision
from camagent.document.progress_wording import asked_text, decision_text
from camagent.document.school_sightings import ASKED, FINE, SightingView
from camagent.text import say
from camagent.text.moments import VIETNAM, day_text, moment_text


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One decision and the camera that it is about, as far as the record knows it."""

    decision: Decision
    camera: SightingView | None

    @property
    def site(self) -> str:
        """The school's name, else its id."""
        return (self.camera.site if self.camera else "") or self.decision.row_id.partition("/")[0]

    @property
    def name(self) -> str:
        """The camera's name and address, else its id."""
        if self.camera is None:
            return self.decision.row_id.partition("/")[2]
        return ", ".join(dict.fromkeys(filter(None, (self.camera.name, self.camera.address))))


def journal_text(line: JournalLine, lang: str) -> str:
    """One line: day, school, camera, decision, who, note, from which file."""
    item = line.decision
    return say(
        "area.journal.line",
        lang,
        day=day_text(item.day, lang),
        site=line.site,
        camera=line.name,
        decision=say(f"report.decision.{item.decision}", lang),
        by=item.by or say("report.progress.nobody", lang),
        note=f": {item.note}" if item.note else "",
        source=item.source,
        at=moment_text(item.at, lang),
    )


def history_text(states: Sequence[SightingView], decisions: Sequence[Decision], lang: str) -> Iterator[str]:
    """What was asked for one camera, what was decided and what became of it, oldest first."""
    last = states[-1]
    where = ", ".join(dict.fromkeys(filter(None, (last.site, last.name, last.address))))
    yield say("area.journal.camera", lang, where=where, id=last.row_id)
    entries = [(state.at, _state_text(state, number > 0, lang)) for number, state in enumerate(states)]
    entries += [(_moment(item), decision_text(item, lang)) for item in decisions]
    for at, text in sorted(entries, key=lambda item: item[0]):
        yield f"  {day_text(at.astimezone(VIETNAM).date(), lang)}  {text}"


def _state_text(state: SightingView, earlier: bool, lang: str) -> str:
    if state.state == ASKED:
        return say("area.journal.asked", lang, action=asked_text(state, lang), reason=state.reason)
    if state.state == FINE:
        return say("area.journal.done" if earlier else "area.journal.fine", lang)
    return state.reason


def _moment(item: Decision) -> datetime:
    """The end of its day: what was asked that day was asked before."""
    return datetime.combine(item.day, time(23, 59), VIETNAM)
