"""What changed between two results of one school. Pure.

A camera that is not in the later result is "gone" only where that run looked for it; else it was not looked
for.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from camagent.document.model import CameraView, CoverageView, ScanDocument
from camagent.model.finding import Outcome, Verdict
from camagent.text.vietnamese import sort_key


class ChangeKind(StrEnum):
    """What may have happened to a camera, most urgent first."""

    BROKEN = "broken"
    """It was ready, and is not ready."""
    GONE = "gone"
    """Its address was probed and it was not there."""
    OBSCURED = "obscured"
    """Its state was known, and is undetermined now."""
    UNSEEN = "unseen"
    """It is missing, but the later run did not look where it was."""
    REPLACED = "replaced"
    """Another device stands in its place."""
    REFUTED = "refuted"
    """It was undetermined, and is not ready: that is news to us, not to the camera."""
    NEW = "new"
    FIXED = "fixed"
    """It was not ready and is ready."""
    CONFIRMED = "confirmed"
    """It was undetermined and is ready."""
    CHANGED = "changed"
    """The verdict is the same; single requirements changed."""


@dataclass(frozen=True, slots=True)
class CameraChange:
    """One camera that is not as it was."""

    change: ChangeKind
    camera_id: str
    name: str
    address: str
    before: Verdict | None
    after: Verdict | None
    rules_fixed: tuple[str, ...] = ()
    rules_broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results of one school, side by side."""

    before_at: datetime
    after_at: datetime
    same_profile: bool
    """False: the requirements changed too, so a verdict may differ though the camera does not."""
    changes: tuple[CameraChange, ...]

    def count(self, change: ChangeKind) -> int:
        """How many cameras changed that way."""
        return sum(1 for item in self.changes if item.change is change)


def compare(before: ScanDocument, after: ScanDocument) -> Comparison:
    """What was fixed, broke, is new, gone or replaced; cameras are recognised by their stable id."""
    was = {camera.id: camera for camera in before.cameras}
    now = {camera.id: camera for camera in after.cameras}
    gone = [camera for camera in before.cameras if camera.id not in now]
    fresh = [camera for camera in after.cameras if camera.id not in was]
    replaced = _pairs(gone, fresh)
    changes = [_replacement(old, new) for old, new in replaced]
    changes += [
        _missing(camera, after.coverage) for camera in gone if camera not in [old for old, _ in replaced]
    ]
    changes += [_entered(camera) for camera in fresh if camera not in [new for _, new in replaced]]
    changes += [change for key in was.keys() & now.keys() if (change := _same(was[key], now[key]))]
    order = list(ChangeKind)
    return Comparison(
        before_at=before.started_at,
        after_at=after.started_at,
        same_profile=before.profile.digest == after.profile.digest,
        changes=tuple(sorted(changes, key=lambda item: (order.index(item.change), sort_key(item.name)))),
    )


def _pairs(gone: list[CameraView], fresh: list[CameraView]) -> list[tuple[CameraView, CameraView]]:
    """An old and a new device with the same name, or at the same address, in the same place: replaced."""
    pairs: list[tuple[CameraView, CameraView]] = []
    left = list(fresh)
    for old in gone:
        twins = [new for new in left if _stands_for(old, new)]
        if len(twins) == 1:
            pairs.append((old, twins[0]))
            left.remove(twins[0])
    return pairs


def _stands_for(old: CameraView, new: CameraView) -> bool:
    named = old.name == new.name and old.name not in (old.address, new.address)
    return named or (old.address == new.address and (old.place or new.place) == (new.place or old.place))


def _replacement(old: CameraView, new: CameraView) -> CameraChange:
    return CameraChange(
        ChangeKind.REPLACED,
        new.id,
        new.name,
        new.address,
        old.verdict,
        new.verdict,
        *_rules(old, new),
    )


def _missing(camera: CameraView, coverage: CoverageView) -> CameraChange:
    change = ChangeKind.GONE if _probed(camera.address, coverage) else ChangeKind.UNSEEN
    return CameraChange(change, camera.id, camera.name, camera.address, camera.verdict, None)


def _probed(address: str, coverage: CoverageView) -> bool:
    try:
        host = ipaddress.ip_address(address)
        networks = [ipaddress.ip_network(subnet, strict=False) for subnet in coverage.subnets]
    except ValueError:
        return False
    return any(host in network for network in networks)


def _entered(camera: CameraView) -> CameraChange:
    return CameraChange(ChangeKind.NEW, camera.id, camera.name, camera.address, None, camera.verdict)


def _same(old: CameraView, new: CameraView) -> CameraChange | None:
    fixed, broken = _rules(old, new)
    change = _kind(old.verdict, new.verdict)
    if change is None:
        if not fixed and not broken:
            return None
        change = ChangeKind.CHANGED
    return CameraChange(change, new.id, new.name, new.address, old.verdict, new.verdict, fixed, broken)


def _kind(old: Verdict, new: Verdict) -> ChangeKind | None:
    if old is new:
        return None
    if new is Verdict.NOT_READY:
        return ChangeKind.BROKEN if old is Verdict.READY else ChangeKind.REFUTED
    if new is Verdict.UNDETERMINED:
        return ChangeKind.OBSCURED
    return ChangeKind.FIXED if old is Verdict.NOT_READY else ChangeKind.CONFIRMED


def _rules(old: CameraView, new: CameraView) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rows that failed and pass now, and rows that passed and fail now; unknown is neither."""
    good = {Outcome.PASS, Outcome.WARN}
    was = {(finding.rule, finding.stream): finding.outcome for finding in old.findings}
    fixed, broken = [], []
    for finding in new.findings:
        before = was.get((finding.rule, finding.stream))
        if before is Outcome.FAIL and finding.outcome in good:
            fixed.append(finding.rule)
        elif before in good and finding.outcome is Outcome.FAIL:
            broken.append(finding.rule)
    return tuple(sorted(set(fixed))), tuple(sorted(set(broken)))
