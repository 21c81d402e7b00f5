"""From conversations with devices to the cameras of a run: recognised, joined with the inventory, judged.
Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from camagent.inventory import identity
from camagent.inventory.join import join
from camagent.model.device import DeviceFacts, DeviceInformation, NetworkFacts, TlsFacts
from camagent.model.discovery import Change, InventoryRow, SeenCamera
from camagent.model.earlier_runs import Memory, Pins, learned_from, memory_after
from camagent.model.expected import ExpectedCamera
from camagent.model.fault import Fault
from camagent.model.finding import Finding
from camagent.model.scan_result import (
    CameraFacts,
    CameraResult,
    Declaration,
    NotChecked,
    ScanResult,
    Site,
    SiteFacts,
)
from camagent.run.absent import (
    AbsentCameras,
    RecognisedSource,
    absent_cameras,
    flood_findings,
    only_announced,
    unvisited,
)
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.coverage import coverage_of, with_missing
from camagent.run.expected_cameras import expected_after, is_present
from camagent.run.naming import address_of, name_of
from camagent.run.one_device import without_second_addresses
from camagent.run.pictures import against_reference, pictures_of, seen_by_night
from camagent.run.range_logins import let_in
from camagent.run.shown_certificates import certificates, handshakes, stream_certificate_changed
from camagent.run.turn import WatchedSource
from camagent.run.visit import CheckedCamera, DeviceCheck, judge_all


@dataclass(frozen=True, slots=True)
class _CameraSource:
    """One source of one device, on its way to become a camera."""

    check: DeviceCheck
    source: WatchedSource
    sighting: identity.DeviceSigns
    spoke_rtsp: bool = False
    """The search heard RTSP at its address, where nobody may know the path of a stream."""


def finish(checks: Sequence[DeviceCheck], order: JudgingContext, frame: RunPeriod) -> Run:
    """From conversations to the run's result: identities, inventory, verdicts. Pure."""
    checks = without_second_addresses(checks)
    spoke_rtsp = {announcement.host for announcement in frame.discovery.rtsp_only} if frame.discovery else ()
    met = list(chain.from_iterable(_met(check, address_of(check) in spoke_rtsp) for check in checks))
    met_identities, absent = _recognised(met, order, frame)
    unmet = (_CameraSource(check, check.sources[0], _sign_of(camera)) for camera, check in absent.cameras)
    sights = [*met, *unmet]
    identities = [*met_identities, *((camera.id, "same") for camera, _ in absent.cameras)]
    rows = join(order.inventory, _inventory_views(sights, identities, order.memory.expected))
    # without an inventory there is nothing to be new against
    by_key = {row.camera.key: row for row in rows if row.camera is not None and order.inventory}
    listed = {key for key, row in by_key.items() if row.declaration is not None}
    strangers = only_announced(sights, identities, listed | _by_id(order).keys(), frame.kind, frame.discovery)
    retired = _retired(sights, identities, order, frame)
    left = _left_behind(sights, identities, rows) | strangers.keys() | {camera.id for camera in retired}
    fingerprints = _fingerprint_counts(checks)
    cameras = [
        _checked(one, _camera_facts(one, _Recognition(key, change, by_key.get(key)), order, fingerprints))
        for one, (key, change) in zip(sights, identities, strict=True)
        if key not in left
    ]
    results, site_findings = judge_all(cameras, order.judge)
    announced = (*filter(None, strangers.values()), *unvisited(frame.discovery, sights))
    result = _result(results, (*site_findings, *flood_findings(len(announced))), order, frame)
    coverage = with_missing(result.coverage, (*_missing(rows), *announced))
    result = replace(result, coverage=coverage, retired=retired)
    pairs = zip(met, met_identities, strict=True)
    remembered = [identity.remember(key, one.sighting) for one, (key, _) in pairs if key not in strangers]
    learned = replace(
        learned_from(order.memory, remembered, certificates(checks)),
        pictures=tuple(pictures_of(results)),
        trusted=tuple(let_in(checks)),
        expected=(*expected_after(results, order.site.id), *retired) if frame.kind == "scan" else (),
        superseded=absent.superseded,
    )
    return Run(result, learned, memory_after(order.memory, learned), frame.discovery, checks=tuple(checks))


def _missing(rows: Sequence[InventoryRow]) -> Iterator[NotChecked]:
    for row in rows:
        if row.change is Change.MISSING and row.declaration is not None:
            yield NotChecked(row.declaration.address or row.declaration.name or "?", "missing")


def _met(check: DeviceCheck, spoke_rtsp: bool) -> Iterator[_CameraSource]:
    for source in check.sources:
        yield _CameraSource(check, source, _sighting(check, source), spoke_rtsp)


def _recognised(
    met: Sequence[_CameraSource], order: JudgingContext, frame: RunPeriod
) -> tuple[list[tuple[str, str]], AbsentCameras]:
    """(id, change) of everything that was met, and who was expected and is not among them."""
    devices = order.memory.devices
    cloned = identity.shared_signs([one.sighting for one in met])
    matches = identity.match_all(devices, [one.sighting for one in met], cloned)
    ids = {device.id for device in devices}
    identities = []
    for one, match in zip(met, matches, strict=True):
        if match.device is not None and match.change in ("same", "moved"):
            identities.append((match.device.id, match.change))
        else:
            made = identity.identity_of(one.sighting, cloned, ids)
            identities.append((made.id, match.change if devices else ""))
    identities = _unique(identities)
    if frame.kind != "scan":
        return identities, AbsentCameras()
    facts = [
        RecognisedSource(one.check, one.sighting, match, key)
        for one, match, (key, _) in zip(met, matches, identities, strict=True)
    ]
    expected = [camera for camera in order.memory.expected if camera.retired is None]
    return identities, absent_cameras(expected, devices, facts, frame.finished_at)


def _sign_of(camera: ExpectedCamera) -> identity.DeviceSigns:
    return identity.sighting(None, camera.address, camera.video_source)


def _by_id(order: JudgingContext) -> dict[str, ExpectedCamera]:
    return {camera.id: camera for camera in order.memory.expected}


def _retired(
    sights: Sequence[_CameraSource],
    identities: Sequence[tuple[str, str]],
    order: JudgingContext,
    frame: RunPeriod,
) -> tuple[ExpectedCamera, ...]:
    """Who was taken out of service, and when each was last present; a target asked by name is judged all the
    same."""
    if frame.kind != "scan":
        return ()
    answered = {
        key: one.check.checked_at
        for one, (key, _) in zip(sights, identities, strict=True)
        if one.check.device is not None and not isinstance(one.check.device, Fault)
    }
    return tuple(
        replace(camera, present_at=answered.get(camera.id, camera.present_at))
        for camera in order.memory.expected
        if camera.retired is not None
    )


def _checked(one: _CameraSource, facts: CameraFacts) -> CheckedCamera:
    """The camera with the circumstances of its check, and as another look in the run saw it."""
    check, other = one.check, one.check.other_look
    alike = (
        [source for source in other.sources if source.video_source == one.source.video_source]
        if other
        else []
    )
    looked = None
    if other is not None:
        again = alike[0] if alike else WatchedSource(one.source.video_source, None, ())
        looked = replace(facts, device=other.device, streams=again.streams, others=again.others)
    defect = check.defect or next((s.defect for s in one.source.streams if s.defect is not None), None)
    return CheckedCamera(
        facts, check.checked_at, check.duration_s, defect, looked, check.login, check.fell_silent
    )


def to_look_at_again(run: Run, checks: Sequence[DeviceCheck]) -> tuple[int, ...]:
    """Positions of the checks of cameras whose advice waits for nothing but another look."""
    waiting = {id(result.facts.device) for result in run.result.cameras if result.upgrade.look_again}
    return tuple(
        n for n, check in enumerate(checks) if check.device is not None and id(check.device) in waiting
    )


def _left_behind(
    sights: Sequence[_CameraSource], identities: Sequence[tuple[str, str]], rows: Sequence[InventoryRow]
) -> frozenset[str]:
    """Ids of silent addresses that the inventory names for a camera which was found somewhere else."""
    moved = {
        row.declaration.address for row in rows if row.change is Change.MOVED and row.declaration is not None
    }
    return frozenset(
        key
        for one, (key, _) in zip(sights, identities, strict=True)
        if isinstance(one.check.device, Fault) and address_of(one.check) in moved
    )


def _unique(identities: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Two cameras never share an id: a second one with the same signs gets a numbered one."""
    counts: dict[str, int] = {}
    unique = []
    for key, change in identities:
        counts[key] = counts.get(key, 0) + 1
        unique.append((key if counts[key] == 1 else f"{key}-{counts[key]}", change))
    return unique


def _sighting(check: DeviceCheck, source: WatchedSource) -> identity.DeviceSigns:
    device = check.device if isinstance(check.device, DeviceFacts) else None
    place = next(number for number, other in enumerate(check.sources, 1) if other is source)
    channel = identity.channel_sign(place, len(check.sources), source.name) if device is not None else None
    return identity.sighting(device, address_of(check), source.video_source, channel, check.mac)


def _inventory_view(one: _CameraSource, key: str) -> SeenCamera:
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


def _inventory_views(
    sights: Sequence[_CameraSource], identities: Sequence[tuple[str, str]], expected: Sequence[ExpectedCamera]
) -> list[SeenCamera]:
    """The same of all; the silent by what they said of themselves before."""
    before = {camera.id: camera for camera in expected}
    at_place = Counter(camera.address for camera in expected)
    views = []
    for one, (key, _) in zip(sights, identities, strict=True):
        view, camera = _inventory_view(one, key), before.get(key)
        if camera is not None and isinstance(one.check.device, Fault):
            macs = (camera.words.mac,) if camera.words.mac else ()
            channel = camera.video_source if at_place[camera.address] > 1 else None
            view = replace(
                view, serial=camera.words.serial, macs=macs, model=camera.words.model, channel=channel
            )
        views.append(view)
    return views


def _fingerprint_counts(checks: Sequence[DeviceCheck]) -> Mapping[str, int]:
    return Counter(_key_of(tls) for _, tls in handshakes(checks))


def _key_of(tls: TlsFacts) -> str:
    """The key where it is known, because a maker may sign a new certificate for the same key in every
    device."""
    return tls.key_sha256 or tls.fingerprint_sha256


@dataclass(frozen=True, slots=True)
class _Recognition:
    """Who a camera is, against the last run and against the inventory."""

    key: str
    change: str
    row: InventoryRow | None


def _camera_facts(
    one: _CameraSource, who: _Recognition, order: JudgingContext, fingerprints: Mapping[str, int]
) -> CameraFacts:
    device = one.check.device
    tls = device.tls if isinstance(device, DeviceFacts) else None
    declaration = who.row.declaration if who.row is not None else None
    answers = (*order.memory.answers.get("", ()), *order.memory.answers.get(who.key, ()))
    if answers:
        declaration = declaration or Declaration()
        declaration = replace(declaration, answers=(*declaration.answers, *answers))
    before = _by_id(order).get(who.key)
    silent = before if isinstance(device, Fault) else None
    named = declaration is not None and declaration.name
    streams = against_reference(one.source.streams, who.key, order.memory)
    facts = CameraFacts(
        id=who.key,
        name=silent.name if silent is not None and not named else name_of(one.check, one.source, declaration),
        address=address_of(one.check),
        device=device,
        video_source=one.source.video_source or (silent.video_source if silent is not None else None),
        streams=streams,
        by_night=seen_by_night(streams, order.memory.nights.get(who.key)),
        others=one.source.others,
        declaration=declaration,
        history=order.memory.histories.get(who.key),
        identity=tuple(dict.fromkeys(kind for kind, _ in one.sighting.signs)),
        changes=_changes(one, who, order.memory.pins),
        shared_fingerprints=fingerprints.get(_key_of(tls), 1) - 1 if isinstance(tls, TlsFacts) else 0,
        device_key=one.check.key,
        earlier=before.words if before is not None else None,
    )
    if is_present(facts) or one.spoke_rtsp:
        return replace(facts, present_at=one.check.checked_at)
    return replace(facts, present_at=before.present_at if before is not None else None)


def _changes(one: _CameraSource, who: _Recognition, pins: Pins) -> tuple[str, ...]:
    changes = [who.change] if who.change not in ("", "same") else []
    row = who.row
    if row is not None and row.change is not Change.PRESENT and row.change.value not in changes:
        changes.append(row.change.value)
    device = one.check.device
    tls = device.tls if isinstance(device, DeviceFacts) else None
    changed = isinstance(tls, TlsFacts) and tls.pinned_fingerprint not in (None, tls.fingerprint_sha256)
    if changed or stream_certificate_changed(one.source.streams, pins):
        changes.append("certificate_changed")
    return tuple(changes)


def _result(
    results: tuple[CameraResult, ...],
    site_findings: tuple[Finding, ...],
    order: JudgingContext,
    frame: RunPeriod,
) -> ScanResult:
    return ScanResult(
        site=order.site,
        started_at=frame.started_at,
        finished_at=frame.finished_at,
        profile=order.stamp,
        coverage=coverage_of(results, frame.discovery),
        cameras=results,
        site_findings=site_findings,
        kind=frame.kind,
    )


def site_facts(site: Site, uplink_bps: float | None, now: datetime, memory: Memory) -> SiteFacts:
    """What rules may know of the school before its streams were measured."""
    return SiteFacts(site, uplink_bps, now, answers=memory.answers.get("", ()))
