"""What a run covered and what it did not: stands beside every percentage. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from camagent.model.device import DeviceFacts
from camagent.model.discovery import Discovery
from camagent.model.fault import Fault
from camagent.model.scan_result import CameraFacts, CameraResult, Coverage, NotChecked
from camagent.model.stream import FileTarget


def coverage_of(results: Sequence[CameraResult], discovery: Discovery | None) -> Coverage:
    """What the search covered, and which cameras could not be checked."""
    not_checked = tuple(
        NotChecked(result.facts.address, _why(result.facts, fault))
        for result in results
        if (fault := _kept_out(result.facts)) is not None
    )
    checked = len(results) - len(not_checked)
    if discovery is None:
        return Coverage(
            (), (), len(results), len(results) - len(not_checked), checked, not_checked, 0, checked
        )
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


def with_missing(coverage: Coverage, missing: Iterable[NotChecked]) -> Coverage:
    """The same with more addresses that were not checked, each once."""
    addresses = {entry.address for entry in coverage.not_checked}
    return replace(
        coverage,
        not_checked=(*coverage.not_checked, *(entry for entry in missing if entry.address not in addresses)),
    )
