"""What became of what was asked: done, replaced, still open and why, new. Pure.

Unknown is not done: a camera that is missing, or whose school was not heard, stays open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from camagent.document.decisions import Decision
from camagent.document.school_sightings import ASKED, FINE, OUT, SightingView
from camagent.model.finding import Verdict
from camagent.text.vietnamese import sort_key


class CameraProgress(StrEnum):
    """What became of one camera, in the order of a report."""

    DONE = "done"
    """Something was asked, and the camera needs nothing now."""
    REPLACED = "replaced"
    """Another device stands in its place."""
    OTHER = "other"
    """What was asked is not needed any more, but something else is."""
    STAYS = "stays"
    """The same is asked as last time."""
    UNKNOWN = "unknown"
    """Not seen this time, or no verdict: it may be done or not."""
    OUT = "out"
    """Taken out of service."""
    NEW = "new"
    """Nothing was asked last time."""


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """One camera between two times."""

    became: CameraProgress
    before: SightingView | None
    now: SightingView | None
    has_result: bool
    """The school has a result now."""
    decision: Decision | None = None

    @property
    def camera(self) -> SightingView:
        """The camera as it was last seen."""
        camera = self.now or self.before
        assert camera is not None, "a step is of a camera"
        return camera


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything that was asked until a moment, and what is asked now."""

    before_at: datetime
    """The last result of the earlier time began before this moment."""
    now_at: datetime
    steps: tuple[ProgressStep, ...]
    term: str = ""
    """The reporting date that it is for, "hk1" or "cn"; empty for any other comparison."""

    @property
    def asked(self) -> int:
        """Cameras for which something was asked last time."""
        return sum(step.before is not None for step in self.steps)

    def counts(self) -> Counter[CameraProgress]:
        """Cameras by what became of them."""
        return Counter(step.became for step in self.steps)


def steps_between(
    before: Iterable[SightingView],
    now: Iterable[SightingView],
    schools: AbstractSet[str],
    decisions: Mapping[str, Decision],
) -> tuple[ProgressStep, ...]:
    """Each camera for which something was asked before or is asked now.

    before, now: under the ids of now; schools: ids of those that have a result now.
    """
    was = {item.row_id: item for item in before if item.state == ASKED}
    present_by_id = {item.row_id: item for item in now}
    successors = _successors(
        [item for key, item in was.items() if key not in present_by_id], present_by_id, was
    )
    successor_ids = {item.row_id for item in successors.values()}
    steps = []
    for key, item in was.items():
        other = successors.get(key)
        present = other or present_by_id.get(key)
        became = CameraProgress.REPLACED if _is_another(item, other) else _became(item, present)
        steps.append(ProgressStep(became, item, present, item.site_id in schools, decisions.get(key)))
    fresh = (item for item in present_by_id.values() if item.state == ASKED)
    steps += [
        ProgressStep(CameraProgress.NEW, None, item, True, decisions.get(item.row_id))
        for item in fresh
        if item.row_id not in was and item.row_id not in successor_ids
    ]
    return tuple(sorted(steps, key=_order))


def _became(before: SightingView, now: SightingView | None) -> CameraProgress:
    if now is None:
        return CameraProgress.UNKNOWN
    if now.state in OUT:
        return CameraProgress.OUT
    if now.state == FINE:
        return CameraProgress.DONE
    undetermined = Verdict.UNDETERMINED.value
    if now.verdict == undetermined and before.verdict != undetermined:
        return CameraProgress.UNKNOWN
    return CameraProgress.STAYS if now.action == before.action else CameraProgress.OTHER


def _successors(
    missing: Sequence[SightingView],
    present_by_id: Mapping[str, SightingView],
    was: Mapping[str, SightingView],
) -> dict[str, SightingView]:
    """By id of a camera that is missing: the only new one of that name in its school."""
    by_name: dict[tuple[str, str], list[SightingView]] = {}
    for item in present_by_id.values():
        if item.row_id not in was and item.name not in ("", item.address):
            by_name.setdefault((item.site_id, item.name), []).append(item)
    names = Counter((item.site_id, item.name) for item in missing)
    pairs = {}
    for item in missing:
        twins = by_name.get((item.site_id, item.name), [])
        if len(twins) == 1 and names[item.site_id, item.name] == 1 and twins[0].state not in OUT:
            pairs[item.row_id] = twins[0]
    return pairs


def _is_another(before: SightingView, now: SightingView | None) -> bool:
    """Both say who they are, and it is not the same."""
    return now is not None and bool(before.serial and now.serial) and before.serial != now.serial


def _order(step: ProgressStep) -> tuple[object, ...]:
    camera = step.camera
    return (
        list(CameraProgress).index(step.became),
        sort_key(camera.area),
        sort_key(camera.site),
        sort_key(camera.name),
        camera.row_id,
    )
