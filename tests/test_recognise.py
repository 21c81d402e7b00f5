"""From conversations to cameras: names, stable ids, the inventory, pinned certificates, honest coverage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camagent.app.requirements import load_profile
from camagent.model.credential_book import CredentialBook
from camagent.model.device import DeviceTarget, NetworkFacts
from camagent.model.discovery import Discovery
from camagent.model.earlier_runs import Memory
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Verdict
from camagent.model.scan_result import Declaration
from camagent.model.stream import FileTarget, StreamTarget
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.recognition import finish
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck, Judge
from tests.builders import (
    ADDRESS,
    NOW,
    device_facts,
    device_information,
    fault,
    profile_stamp,
    site_facts,
    stream_facts,
    tls_facts,
)


def order(**changes: Any) -> JudgingContext:
    judge = Judge(load_profile("ubnd-3288"), site_facts())
    return replace(JudgingContext(judge, profile_stamp(), CredentialBook()), **changes)


def frame(discovery: Discovery | None = None) -> RunPeriod:
    return RunPeriod(NOW, NOW, "scan", discovery)


def seen(
    address: str = ADDRESS, serial: str = "AC21430001", mac_of: str | None = None, **changes: Any
) -> DeviceCheck:
    device = device_facts(
        target=DeviceTarget(address, 80),
        address=address,
        information=device_information(serial=serial),
        network=NetworkFacts(macs=(f"4c:bd:8f:00:00:{int((mac_of or address).split('.')[-1]):02x}",)),
        **changes,
    )
    return DeviceCheck(
        DeviceTarget(address, 80), device, (WatchedSource("VS1", None, (stream_facts(),)),), NOW, 5.0
    )


def dead(address: str) -> DeviceCheck:
    gone = Fault(FaultCode.UNREACHABLE, Stage.INTERROGATE, "GetSystemDateAndTime", 3.0)
    return DeviceCheck(DeviceTarget(address), gone, (WatchedSource(None, None, ()),), NOW, 3.0)


def names(run: Run) -> list[str]:
    return [camera.facts.name for camera in run.result.cameras]


def test_the_inventory_names_a_camera_by_serial_wherever_it_moved() -> None:
    declared = Declaration(name="Cổng chính", address="192.0.2.99", serial="AC21430001")
    run = finish([seen(), dead("192.0.2.99")], order(inventory=(declared,)), frame())
    assert names(run) == ["Cổng chính"]
    assert "moved" in run.result.cameras[0].facts.changes


def test_a_dead_address_of_the_inventory_is_a_camera_that_fails() -> None:
    declared = Declaration(name="Nhà xe", address="192.0.2.99")
    run = finish([seen(), dead("192.0.2.99")], order(inventory=(declared,)), frame())
    silent = next(camera for camera in run.result.cameras if camera.facts.name == "Nhà xe")
    assert silent.verdict is Verdict.NOT_READY
    assert [entry.why for entry in run.result.coverage.not_checked] == ["unreachable"]


def test_a_camera_of_the_inventory_without_any_address_is_named_missing() -> None:
    declared = Declaration(name="Kho", serial="ZZ99")
    run = finish([seen()], order(inventory=(declared,)), frame())
    assert ("Kho", "missing") in [(entry.address, entry.why) for entry in run.result.coverage.not_checked]


def test_new_is_a_camera_that_the_inventory_lacks_or_that_no_scan_met_before() -> None:
    first = finish([seen()], order(), frame())
    second = finish([seen()], order(memory=first.memory), frame())
    another = finish([seen(), seen("192.0.2.77", "AC21430077")], order(memory=second.memory), frame())
    listed = finish([seen()], order(inventory=(Declaration(address="192.0.2.9"),)), frame())
    changes = [[camera.facts.changes for camera in run.result.cameras] for run in (first, second, another)]
    assert changes == [[()], [()], [(), ("new",)]]
    assert next(c for c in listed.result.cameras if c.facts.address == ADDRESS).facts.changes == ("new",)


def test_an_id_survives_a_new_address() -> None:
    first = finish([seen()], order(), frame())
    later = finish(
        [seen("192.0.2.50", mac_of=ADDRESS)], order(memory=Memory(devices=first.memory.devices)), frame()
    )
    assert later.result.cameras[0].facts.id == first.result.cameras[0].facts.id
    assert "moved" in later.result.cameras[0].facts.changes


def recorder(*channels: tuple[str | None, str | None], address: str = ADDRESS) -> DeviceCheck:
    sources = tuple(WatchedSource(token, name, (stream_facts(),)) for token, name in channels)
    return replace(seen(address, mac_of=ADDRESS), sources=sources)


def ids(check: DeviceCheck, memory: Memory = Memory()) -> tuple[list[str], Memory]:  # noqa: B008 - frozen
    run = finish([check], order(memory=Memory(devices=memory.devices)), frame())
    return [camera.facts.id for camera in run.result.cameras], run.memory


@pytest.mark.parametrize("with_memory", [True, False])
def test_a_source_that_appears_or_vanishes_renames_nothing(with_memory: bool) -> None:
    """Bosch panoramic, Wanscam: a second source that was none took over the camera's id and history."""
    alone, memory = ids(recorder(("V0", "vs")))
    both, after = ids(recorder(("V0", "vs"), ("V1", "vs")), memory if with_memory else Memory())
    assert both[0] == alone[0] and both[1] != alone[0]
    again, _ = ids(recorder(("V0", "vs")), after if with_memory else Memory())
    assert again == alone
    swapped, _ = ids(recorder(("V1", "vs")), after)
    assert swapped == both[1:]


def test_a_source_that_appears_before_the_known_one_takes_nothing_from_it() -> None:
    alone, memory = ids(recorder(("V1", "vs")))
    both, _ = ids(recorder(("V0", "new"), ("V1", "vs")), memory)
    assert both[1] == alone[0] and both[0] != alone[0]


def test_a_recorders_channels_keep_their_ids_when_only_tokens_change() -> None:
    before, memory = ids(recorder(("V0", "Gate"), ("V1", "Yard"), ("V2", "vs")))
    after, _ = ids(
        recorder(("VideoSource_1", "Gate"), ("VideoSource_2", "Yard"), ("VideoSource_3", "vs")), memory
    )
    assert after == before
    moved, _ = ids(recorder(("X1", "Yard"), ("X2", "Gate"), ("X3", "vs")), memory)
    # another order: nobody knows who is who
    assert moved[2] == before[2] and set(moved[:2]).isdisjoint(before)
    fewer, _ = ids(recorder(("X1", "Gate"), ("X2", "Yard")), memory)
    assert set(fewer).isdisjoint(before)
    one, alone = ids(recorder(("V0", "vs")))
    renamed, _ = ids(recorder(("VS_9", "other")), alone)
    assert renamed == one  # the only source stays the only source


def test_what_was_remembered_without_a_token_is_still_recognised() -> None:
    one, memory = ids(recorder(("V0", "vs")))
    old = replace(
        memory.devices[0],
        video_source=None,
        signs=tuple(sign for sign in memory.devices[0].signs if sign[0] != "channel"),
    )
    for channels in ((("V0", "vs"),), (("V0", "vs"), ("V1", "vs"))):
        again, _ = ids(recorder(*channels), Memory(devices=(old,)))
        assert again[0] == one[0]


def test_a_recorder_that_moves_keeps_its_channels() -> None:
    before, memory = ids(recorder(("V0", "a"), ("V1", "b")))
    after, _ = ids(recorder(("V0", "a"), ("V1", "b"), address="192.0.2.77"), memory)
    assert after == before


def test_a_dead_camera_keeps_what_is_known_of_it() -> None:
    first = finish([seen()], order(), frame())
    memory = first.memory
    gone = finish([dead(ADDRESS)], order(memory=memory), frame())
    assert gone.result.cameras[0].facts.id == first.result.cameras[0].facts.id
    assert gone.memory.devices == first.memory.devices


def test_two_cameras_with_one_cloned_serial_keep_two_ids() -> None:
    run = finish([seen("192.0.2.1", "CLONE1"), seen("192.0.2.2", "CLONE1")], order(), frame())
    assert len({camera.facts.id for camera in run.result.cameras}) == 2


def test_a_changed_certificate_is_told_until_it_is_accepted() -> None:
    first = finish([seen()], order(), frame())
    changed = seen(tls=tls_facts(fingerprint_sha256="cd" * 32, pinned_fingerprint="ab" * 32))
    later = finish([changed], order(memory=Memory(pins=first.memory.pins)), frame())
    assert "certificate_changed" in later.result.cameras[0].facts.changes
    assert dict(later.memory.pins)[ADDRESS] == "ab" * 32


def test_cameras_that_share_a_key_are_counted() -> None:
    run = finish([seen("192.0.2.1", "A1B2C3"), seen("192.0.2.2", "D4E5F6")], order(), frame())
    assert [camera.facts.shared_fingerprints for camera in run.result.cameras] == [1, 1]


def test_one_key_under_two_certificates_is_a_shared_key() -> None:
    def shared(keys: tuple[str, str]) -> list[int]:
        one = seen("192.0.2.1", "A1B2C3", tls=tls_facts(fingerprint_sha256="ab" * 32, key_sha256=keys[0]))
        other = seen("192.0.2.2", "D4E5F6", tls=tls_facts(fingerprint_sha256="cd" * 32, key_sha256=keys[1]))
        return [
            camera.facts.shared_fingerprints
            for camera in finish([one, other], order(), frame()).result.cameras
        ]

    assert shared(("ef" * 32, "ef" * 32)) == [1, 1]
    assert shared(("ef" * 32, "01" * 32)) == [0, 0]


def test_a_name_comes_from_the_device_where_no_inventory_gives_one() -> None:
    scopes = ("onvif://www.onvif.org/name/Hanh%20lang",)
    assert names(finish([seen(scopes=scopes)], order(), frame())) == ["Hanh lang"]
    assert names(finish([seen(scopes=())], order(), frame())) == [ADDRESS]


def test_channels_of_a_recorder_are_named_and_judged_apart() -> None:
    check = seen()
    sources = tuple(WatchedSource(f"CH{n}", f"Kênh {n}", (stream_facts(),)) for n in (1, 2))
    run = finish([replace(check, sources=sources)], order(), frame())
    assert all(f"Kênh {n}" in name for n, name in zip((1, 2), names(run), strict=True))
    assert len({camera.facts.id for camera in run.result.cameras}) == 2


@pytest.mark.parametrize(
    ("sources", "shown"),
    [
        ([("V0", "vs"), ("V1", "vs")], ["vs V0", "vs V1"]),
        ([("V0", "VSC"), ("V1", "VSC"), ("V2", "Cổng")], ["VSC V0", "VSC V1", "Cổng"]),
        ([("V0", None), ("V1", None)], ["V0", "V1"]),
        ([(None, "vs"), (None, "vs")], ["vs 1", "vs 2"]),
    ],
)
def test_channels_whose_names_repeat_are_told_apart(sources: Any, shown: list[str]) -> None:
    """Many firmwares call every VideoSourceConfiguration alike."""
    listed = tuple(WatchedSource(token, name, (stream_facts(),)) for token, name in sources)
    check = replace(seen(scopes=("onvif://www.onvif.org/name/X1",)), sources=listed)
    assert names(finish([check], order(), frame())) == [f"X1 · {word}" for word in shown]
    target = replace(check.target, name="Đầu ghi")  # type: ignore[arg-type]
    named = replace(check, target=target)
    assert names(finish([named], order(), frame())) == [f"Đầu ghi · {word}" for word in shown]


def test_a_single_camera_is_not_called_by_its_makers_word_for_every_source() -> None:
    check = replace(seen(scopes=()), sources=(WatchedSource("V0", "VideoSourceConfig", (stream_facts(),)),))
    assert names(finish([check], order(), frame())) == [ADDRESS]


def test_a_named_stream_that_never_played_is_not_counted_as_checked() -> None:
    target = StreamTarget(stream_facts().target.uri)  # type: ignore[union-attr]
    source = WatchedSource(None, None, (stream_facts(target=target, measured=fault(), declared=None),))
    run = finish([DeviceCheck(target, None, (source,), NOW, 1.0)], order(), frame())
    assert run.result.coverage.cameras_checked == 0
    assert run.result.cameras[0].verdict is not Verdict.READY


def test_a_file_is_named_by_its_name() -> None:
    target = FileTarget(Path("/somewhere/clip.mp4"))
    source = WatchedSource(None, None, (stream_facts(target=target, access=None),))
    run = finish([DeviceCheck(target, None, (source,), NOW, 1.0)], order(), frame())
    assert names(run) == ["clip.mp4"]


def test_a_bug_of_ours_is_in_the_findings() -> None:
    run = finish([replace(seen(), defect="KeyError x.py:3")], order(), frame())
    assert any(finding.rule == "CAMAGENT" for finding in run.result.cameras[0].findings)
    assert run.result.cameras[0].verdict is not Verdict.READY
