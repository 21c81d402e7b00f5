"""From conversations with devices to the cameras of a run: recognised, joined with the inventory, judged. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from camagent.credentials import CredentialBook
from camagent.inventory import identity
from camagent.inventory.earlier_runs import Learned, Memory, Pins, learned_from, memory_after
from camagent.inventory.join import join
from camagent.model.device import DeviceFacts, DeviceInformation, NetworkFacts, TlsFacts
from camagent.model.discovery import Change, Discovery, InventoryRow, SeenCamera
from camagent.model.fault import Fault
from camagent.model.finding import Finding
from camagent.model.scan import (
    CameraFacts,
    CameraResult,
    Coverage,
    Declaration,
    NotChecked,
    ProfileStamp,
    ScanResult,
    Site,
    SiteFacts,
)
from camagent.model.stream import FileTarget
from camagent.run.naming import address_of, name_of
from camagent.run.pictures import against_reference, pictures_of
from camagent.run.shown_certificates import certificates, handshakes, stream_certificate_changed
from camagent.run.trust import let_in
from camagent.run.visit import DeviceCheck, Judge, SeenSource, judge_all
from camagent.run.visit import SeenCamera as CheckedCamera


@dataclass(frozen=True, slots=True)
class Order:
    """What the operator wants to know, and by what it is judged."""

    judge: Judge
    stamp: ProfileStamp
    credentials: CredentialBook
    inventory: tuple[Declaration, ...] = ()
    memory: Memory = Memory()

    @property
    def site(self) -> Site:
        """The site of the run."""
        return self.judge.site.site


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run with what should be remembered of it."""

    result: ScanResult
    learned: Learned
    memory: Memory
    """What is known from now on."""
    discovery: Discovery | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """When a run took place and what kind it was."""

    started_at: datetime
    finished_at: datetime
    kind: str
    discovery: Discovery | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """One source of one device, on its way to become a camera."""

    check: DeviceCheck
    source: SeenSource
    sighting: identity.Sighting


def finish(checks: Sequence[DeviceCheck], order: Order, frame: Frame) -> Run:
    """From conversations to the run's result: identities, inventory, verdicts. Pure."""
    seen = [_Seen(check, source, _sighting(check, source)) for check in checks for source in check.sources]
    cloned = identity.shared_signs([one.sighting for one in seen])
    matches = identity.match_all(order.memory.known, [one.sighting for one in seen], cloned)
    taken = {known.id for known in order.memory.known}
    identities = [
        (found.known.id, found.change)
        if found.known is not None and found.change in ("same", "moved")
        else (identity.identity_of(one.sighting, cloned, taken).id, found.change if order.memory.known else "")
        for one, found in zip(seen, matches, strict=True)
    ]
    identities = _unique(identities)
    rows = join(order.inventory, [_inventory_view(one, key) for one, (key, _) in zip(seen, identities, strict=True)])
    by_key = {row.seen.key: row for row in rows if row.seen is not None}
    left = _left_behind(seen, identities, rows)
    fingerprints = _fingerprint_counts(checks)
    cameras = [
        _checked(one, _camera_facts(one, _Recognised(key, change, by_key.get(key)), order, fingerprints))
        for one, (key, change) in zip(seen, identities, strict=True)
        if key not in left
    ]
    results, site_findings = judge_all(cameras, order.judge)
    missing = tuple(
        NotChecked(row.declaration.address or row.declaration.name or "?", "missing")
        for row in rows
        if row.change is Change.MISSING and row.declaration is not None
    )
    result = _result(results, site_findings, order, frame)
    result = replace(result, coverage=_with_missing(result.coverage, missing))
    met = [identity.remember(key, one.sighting) for one, (key, _) in zip(seen, identities, strict=True)]
    learned = learned_from(order.memory, met, certificates(checks))
    learned = replace(learned, pictures=tuple(pictures_of(results)), trusted=tuple(let_in(checks)))
    return Run(result, learned, memory_after(order.memory, learned), frame.discovery)


def _checked(one: _Seen, facts: CameraFacts) -> CheckedCamera:
    """The camera with the circumstances of its check, and as another look in the run saw it."""
    check, other = one.check, one.check.other_look
    alike = [source for source in other.sources if source.video_source == one.source.video_source] if other else []
    looked = None
    if other is not None:
        again = alike[0] if alike else SeenSource(one.source.video_source, None, ())
        looked = replace(facts, device=other.device, streams=again.streams, others=again.others)
    return CheckedCamera(facts, check.checked_at, check.duration_s, check.defect, looked, check.login)


def to_look_at_again(run: Run, checks: Sequence[DeviceCheck]) -> tuple[int, ...]:
    """Positions of the checks of cameras whose advice waits for nothing but another look."""
    waiting = {id(result.facts.device) for result in run.result.cameras if result.upgrade.look_again}
    return tuple(n for n, check in enumerate(checks) if check.device is not None and id(check.device) in waiting)


def _with_missing(coverage: Coverage, missing: tuple[NotChecked, ...]) -> Coverage:
    told = {entry.address for entry in coverage.not_checked}
    return replace(
        coverage, not_checked=(*coverage.not_checked, *(entry for entry in missing if entry.address not in told))
    )


def _left_behind(
    seen: Sequence[_Seen], identities: Sequence[tuple[str, str]], rows: Sequence[InventoryRow]
) -> frozenset[str]:
    """Ids of silent addresses that the inventory names for a camera which was found somewhere else."""
    moved = {row.declaration.address for row in rows if row.change is Change.MOVED and row.declaration is not None}
    return frozenset(
        key
        for one, (key, _) in zip(seen, identities, strict=True)
        if isinstance(one.check.device, Fault) and address_of(one.check) in moved
    )


def _unique(identities: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Two cameras never share an id: a second one with the same signs gets a numbered one."""
    taken: dict[str, int] = {}
    unique = []
    for key, change in identities:
        taken[key] = taken.get(key, 0) + 1
        unique.append((key if taken[key] == 1 else f"{key}-{taken[key]}", change))
    return unique


def _sighting(check: DeviceCheck, source: SeenSource) -> identity.Sighting:
    device = check.device if isinstance(check.device, DeviceFacts) else None
    place = next(number for number, other in enumerate(check.sources, 1) if other is source)
    channel = identity.channel_sign(place, len(check.sources), source.name) if device is not None else None
    return identity.sighting(device, address_of(check), source.video_source, channel)


def _inventory_view(one: _Seen, key: str) -> SeenCamera:
    device = one.check.device
    information = device.information if isinstance(device, DeviceFacts) else None
    network = device.network if isinstance(device, DeviceFacts) else None
    return SeenCamera(
        key=key,
        address=address_of(one.check),
        serial=information.serial if isinstance(information, DeviceInformation) else None,
        macs=network.macs if isinstance(network, NetworkFacts) else (),
        model=information.model if isinstance(information, DeviceInformation) else None,
        channel=one.source.video_source if len(one.check.sources) > 1 else None,
    )


def _fingerprint_counts(checks: Sequence[DeviceCheck]) -> Mapping[str, int]:
    return Counter(_key_of(tls) for _, tls in handshakes(checks))


def _key_of(tls: TlsFacts) -> str:
    """The key where it is known, because a maker may sign a new certificate for the same key in every device."""
    return tls.key_sha256 or tls.fingerprint_sha256


@dataclass(frozen=True, slots=True)
class _Recognised:
    """Who a camera is, against the last run and against the inventory."""

    key: str
    change: str
    row: InventoryRow | None


def _camera_facts(one: _Seen, who: _Recognised, order: Order, fingerprints: Mapping[str, int]) -> CameraFacts:
    device = one.check.device
    tls = device.tls if isinstance(device, DeviceFacts) else None
    declaration = who.row.declaration if who.row is not None else None
    answers = (*order.memory.answers.get("", ()), *order.memory.answers.get(who.key, ()))
    if answers:
        declaration = declaration or Declaration()
        declaration = replace(declaration, answers=(*declaration.answers, *answers))
    return CameraFacts(
        id=who.key,
        name=name_of(one.check, one.source, declaration),
        address=address_of(one.check),
        device=device,
        video_source=one.source.video_source,
        streams=against_reference(one.source.streams, order.memory.references.get(who.key, ())),
        others=one.source.others,
        declaration=declaration,
        history=order.memory.histories.get(who.key),
        identity=tuple(dict.fromkeys(kind for kind, _ in one.sighting.signs)),
        changes=_changes(one, who, order.memory.pins),
        shared_fingerprints=fingerprints.get(_key_of(tls), 1) - 1 if isinstance(tls, TlsFacts) else 0,
        device_key=one.check.key,
    )


def _changes(one: _Seen, who: _Recognised, pins: Pins) -> tuple[str, ...]:
    found = [who.change] if who.change not in ("", "same") else []
    row = who.row
    if row is not None and row.change is not Change.PRESENT and row.change.value not in found:
        found.append(row.change.value)
    device = one.check.device
    tls = device.tls if isinstance(device, DeviceFacts) else None
    changed = isinstance(tls, TlsFacts) and tls.pinned_fingerprint not in (None, tls.fingerprint_sha256)
    if changed or stream_certificate_changed(one.source.streams, pins):
        found.append("certificate_changed")
    return tuple(found)


def _result(
    results: tuple[CameraResult, ...], site_findings: tuple[Finding, ...], order: Order, frame: Frame
) -> ScanResult:
    return ScanResult(
        site=order.site,
        started_at=frame.started_at,
        finished_at=frame.finished_at,
        profile=order.stamp,
        coverage=_coverage(results, order, frame.discovery),
        cameras=results,
        site_findings=site_findings,
        kind=frame.kind,
    )


def _coverage(results: Sequence[CameraResult], order: Order, discovery: Discovery | None) -> Coverage:
    not_checked = tuple(
        NotChecked(result.facts.address, _why(result.facts, fault))
        for result in results
        if (fault := _kept_out(result.facts)) is not None
    )
    checked = len(results) - len(not_checked)
    if discovery is None:
        return Coverage((), (), len(results), len(results) - len(not_checked), checked, not_checked, 0, checked)
    return Coverage(
        subnets=discovery.subnets,
        interfaces=discovery.interfaces,
        addresses_probed=discovery.addresses_probed,
        devices_found=len(discovery.devices) + len(discovery.rtsp_only),
        cameras_checked=checked,
        not_checked=not_checked,
        subnets_asked=len(discovery.subnets_asked),
        addresses_answered=discovery.addresses_answered,
        notes=tuple(str(note) for note in discovery.notes),
    )


def _why(facts: CameraFacts, fault: Fault) -> str:
    """The fault's code; of a file, the code of what is wrong with a file."""
    is_file = bool(facts.streams) and isinstance(facts.streams[0].target, FileTarget)
    return f"file_{fault.code}" if is_file else fault.code.value


def _kept_out(facts: CameraFacts) -> Fault | None:
    """Why nothing could be seen of a camera; None if at least its device or one stream was seen."""
    if isinstance(facts.device, DeviceFacts):
        return None
    faults = [stream.fault for stream in facts.streams]
    if facts.streams and not all(faults):
        return None
    if isinstance(facts.device, Fault):
        return facts.device
    return next((fault for fault in faults if fault is not None), None)


def site_facts(site: Site, uplink_bps: float | None, now: datetime, memory: Memory) -> SiteFacts:
    """What rules may know of the school before its streams were measured."""
    return SiteFacts(site, uplink_bps, None, now, answers=memory.answers.get("", ()))
