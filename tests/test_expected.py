"""A known camera never vanishes: expected where it was, listed when it is silent, until a person takes it
off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from camagent.app.requirements import load_profile
from camagent.discover.plan import DiscoveryPlan
from camagent.document.model import DeviceView
from camagent.document.write import scan_document
from camagent.model.credential_book import CredentialBook
from camagent.model.device import DeviceTarget, NetworkFacts
from camagent.model.discovery import Discovery, FoundBy, RtspOnly, Sighting
from camagent.model.earlier_runs import Memory
from camagent.model.expected import DeviceWords, ExpectedCamera, Retirement, words_with
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Verdict
from camagent.model.scan_result import CameraResult, Declaration
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.expected_cameras import expected_here, looks_at
from camagent.run.recognition import finish
from camagent.run.site_run import jobs_for
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck, Judge
from camagent.text import render
from tests.builders import (
    ADDRESS,
    NOW,
    device_facts,
    device_information,
    fault,
    profile_stamp,
    site_facts,
    stream_facts,
)

LATER = NOW + timedelta(days=3)
OTHER = "192.0.2.12"


def order(memory: Memory = Memory(), **changes: Any) -> JudgingContext:  # noqa: B008 - frozen
    judge = Judge(load_profile("ubnd-3288"), site_facts())
    return replace(JudgingContext(judge, profile_stamp(), CredentialBook(), memory=memory), **changes)


def seen(
    address: str = ADDRESS,
    serial: str = "AC21430001",
    channels: tuple[str | None, ...] = ("VS1",),
    **changes: Any,
) -> DeviceCheck:
    device = device_facts(
        target=DeviceTarget(address, 80),
        address=address,
        information=device_information(serial=serial),
        network=NetworkFacts(
            macs=(f"4c:bd:8f:00:{int(serial[-4:], 16) >> 8:02x}:{int(serial[-2:], 16):02x}",)
        ),
        **changes,
    )
    sources = tuple(WatchedSource(token, None, (stream_facts(),)) for token in channels)
    return DeviceCheck(DeviceTarget(address, 80), device, sources, NOW, 5.0)


def silent(address: str = ADDRESS, code: FaultCode = FaultCode.UNREACHABLE) -> DeviceCheck:
    gone = Fault(code, Stage.INTERROGATE, "GetSystemDateAndTime", 3.0)
    return DeviceCheck(DeviceTarget(address), gone, (WatchedSource(None, None, ()),), LATER, 3.0)


def scan(checks: list[DeviceCheck], memory: Memory = Memory(), **changes: Any) -> Run:  # noqa: B008 - frozen
    kind, discovery = changes.pop("kind", "scan"), changes.pop("discovery", None)
    return finish(checks, order(memory, **changes), RunPeriod(NOW, LATER, kind, discovery))


def by_id(run: Run) -> dict[str, CameraResult]:
    return {camera.facts.id: camera for camera in run.result.cameras}


TWO = [seen(), seen(OTHER, "AC21430002")]


def test_a_camera_that_died_is_listed_with_its_identity_and_when_it_was_last_present() -> None:
    first = scan(TWO)
    later = scan([silent(), TWO[1]], first.memory)
    assert set(by_id(later)) == set(by_id(first))
    dead = next(camera for camera in later.result.cameras if camera.facts.address == ADDRESS)
    assert dead.verdict is Verdict.NOT_READY
    assert dead.facts.present_at == NOW
    sentences = [render(finding.message, "vi") for finding in dead.findings]
    assert any("Lần cuối có mặt: 23/11/2026 09:00" in text for text in sentences)
    view = next(camera for camera in scan_document(later.result).cameras if camera.address == ADDRESS)
    assert view.present_at == NOW and isinstance(view.device, DeviceView)
    assert (view.device.manufacturer, view.device.model, view.device.firmware) == (
        "Acme",
        "AC-2143",
        "V5.7.3 build 220112",
    )
    assert later.memory.expected == first.memory.expected, "a scan that it missed leaves it as it was"


def test_a_dead_camera_stays_listed_scan_after_scan() -> None:
    memory = scan(TWO).memory
    for _ in range(3):
        run = scan([silent(), TWO[1]], memory)
        memory = run.memory
        assert len(run.result.cameras) == 2


def test_a_camera_back_again_is_what_it_says_now() -> None:
    memory = scan([silent(), TWO[1]], scan(TWO).memory).memory
    back = replace(
        TWO[0], checked_at=LATER, device=device_facts(information=device_information(firmware="V6"))
    )
    run = scan([back, TWO[1]], memory)
    assert len(run.result.cameras) == 2
    assert {camera.words.firmware for camera in run.memory.expected} == {"V6", "V5.7.3 build 220112"}


def test_a_camera_that_moved_leaves_no_dead_one_behind() -> None:
    memory = scan(TWO).memory
    moved = seen("192.0.2.50")
    run = scan([silent(), moved, TWO[1]], memory)
    assert {camera.facts.address for camera in run.result.cameras} == {"192.0.2.50", OTHER}
    assert run.result.coverage.not_checked == ()
    again = scan([moved, TWO[1]], run.memory)
    assert len(again.result.cameras) == 2


def test_a_camera_of_which_only_rtsp_was_heard_is_expected_too() -> None:
    """Its ONVIF is off and nobody knows its stream's path, but it is there: its silence is told later on."""
    discovery = Discovery((), (RtspOnly(OTHER, (8554,), None),), (), (), ("eth0",), 2, 2)
    first = scan([seen(), silent(OTHER, FaultCode.REFUSED)], discovery=discovery)
    dark = scan([seen(), silent(OTHER)], first.memory)
    back = scan([seen(), silent(OTHER, FaultCode.REFUSED)], dark.memory, discovery=discovery)
    for run in (dark, back):
        assert set(by_id(run)) == set(by_id(first)) and len(by_id(run)) == 2
    lost = next(camera for camera in dark.result.cameras if camera.facts.address == OTHER)
    assert lost.verdict is Verdict.NOT_READY and lost.facts.present_at is not None


def test_a_camera_whose_address_another_known_one_took_is_still_missed() -> None:
    memory = scan(TWO).memory
    run = scan([seen(ADDRESS, "AC21430002"), silent(OTHER)], memory)
    verdicts = {camera.facts.id: camera.verdict for camera in run.result.cameras}
    assert set(verdicts) == {camera.id for camera in memory.expected}
    assert list(verdicts.values()).count(Verdict.NOT_READY) == 1


def test_a_camera_replaced_by_another_is_not_missed() -> None:
    memory = scan(TWO).memory
    run = scan([seen(ADDRESS, "AC21430099"), TWO[1]], memory)
    assert len(run.result.cameras) == 2
    assert any("replaced" in camera.facts.changes for camera in run.result.cameras)
    assert len(scan([seen(ADDRESS, "AC21430099"), TWO[1]], run.memory).result.cameras) == 2


def test_every_channel_of_a_silent_recorder_is_listed() -> None:
    memory = scan([seen(channels=("V0", "V1", "V2")), TWO[1]]).memory
    run = scan([silent(), TWO[1]], memory)
    dead = [camera for camera in run.result.cameras if camera.verdict is Verdict.NOT_READY]
    assert {camera.facts.video_source for camera in dead} == {"V0", "V1", "V2"}
    assert set(by_id(run)) == {camera.id for camera in memory.expected}


def test_a_channel_that_the_recorder_lists_no_more_is_not_ready() -> None:
    memory = scan([seen(channels=("V0", "V1", "V2"))]).memory
    run = scan([seen(channels=("V0", "V2"))], memory)
    gone = [camera for camera in run.result.cameras if camera.facts.video_source == "V1"]
    assert len(run.result.cameras) == 3 and gone[0].verdict is Verdict.NOT_READY
    assert gone[0].facts.present_at == NOW
    assert len(scan([seen(channels=("V0", "V2"))], run.memory).result.cameras) == 3


def test_channels_with_new_tokens_in_another_order_are_not_missed_beside_themselves() -> None:
    memory = scan([seen(channels=("V0", "V1"))]).memory
    renamed = seen(channels=("X7", "X9", "X8"))
    run = scan([renamed], memory)
    assert len(run.result.cameras) == 3
    assert len(scan([renamed], run.memory).result.cameras) == 3


def test_a_recorder_whose_media_service_fails_loses_no_channel() -> None:
    memory = scan([seen(channels=("V0", "V1"))]).memory
    broken = replace(seen(channels=(None,), media=fault(FaultCode.TIMEOUT)))
    broken = replace(broken, sources=(WatchedSource(None, None, ()),))
    assert len(scan([broken], memory).result.cameras) == 2


def test_the_retired_are_listed_outside_the_counts() -> None:
    memory = scan(TWO).memory
    word = Retirement("Nguyễn Văn An", "tháo khi sửa cổng", date(2026, 11, 20))
    camera = next(camera for camera in memory.expected if camera.address == ADDRESS)
    memory = replace(
        memory, expected=(replace(camera, retired=word), *(c for c in memory.expected if c != camera))
    )
    for checks in ([silent(), TWO[1]], [TWO[1]], TWO):
        run = scan(checks, memory)
        assert [camera.facts.address for camera in run.result.cameras] == [OTHER]
        document = scan_document(run.result)
        assert document.summary.total == 1
        assert [(row.address, row.retired.by, row.retired.on.isoformat()) for row in document.retired] == [
            (ADDRESS, "Nguyễn Văn An", "2026-11-20")
        ]
    assert len(scan([silent()], memory, kind="check").result.cameras) == 1, (
        "a target that was named is judged"
    )


def test_the_inventory_recognises_a_dead_camera_by_what_it_said_before() -> None:
    declared = Declaration(name="Cổng chính", serial="AC21430001")
    run = scan([silent(), TWO[1]], scan(TWO).memory, inventory=(declared,))
    assert {camera.facts.name for camera in run.result.cameras} >= {"Cổng chính"}
    assert [entry.why for entry in run.result.coverage.not_checked] == ["unreachable"]


def announced(*hosts: str, off_subnet: bool = False, found_by: FoundBy = FoundBy.MULTICAST) -> Discovery:
    sightings = tuple(Sighting(DeviceTarget(host), (found_by,), "eth0", off_subnet) for host in hosts)
    return Discovery(sightings, (), (), (), ("eth0",), 0, 0)


@pytest.mark.parametrize("code", [FaultCode.UNREACHABLE, FaultCode.REFUSED])
@pytest.mark.parametrize(("off_subnet", "why"), [(False, "announced"), (True, "outside_network")])
def test_what_only_announced_itself_is_coverage(code: FaultCode, off_subnet: bool, why: str) -> None:
    hosts = [f"192.168.254.{number}" for number in range(2, 34)]
    checks = [*TWO, *(silent(host, code) for host in hosts)]
    own, others = announced(ADDRESS, OTHER), announced(*hosts, off_subnet=off_subnet)
    run = scan(checks, discovery=replace(own, sightings=(*own.sightings, *others.sightings)))
    assert len(run.result.cameras) == 2
    assert {(entry.address, entry.why) for entry in run.result.coverage.not_checked} == {
        (host, why) for host in hosts
    }
    assert len(run.memory.devices) == len(run.memory.expected) == 2


@pytest.mark.parametrize(
    ("asked", "outside"), [((), True), (("192.168.254.0/24",), False), (("192.168.1.0/24",), True)]
)
def test_what_lies_outside_this_network_is_no_camera_even_where_it_takes_our_call(
    asked: tuple[str, ...], outside: bool
) -> None:
    """A router may lead the call to whoever has that address elsewhere."""
    host = "192.168.254.2"
    sighting = replace(announced(host, off_subnet=True), subnets_asked=asked)
    run = scan([*TWO, seen(host, "AC21430009")], discovery=sighting)
    assert len(run.result.cameras) == (2 if outside else 3)
    unchecked = [(entry.address, entry.why) for entry in run.result.coverage.not_checked]
    assert unchecked == ([(host, "outside_network")] if outside else [])
    assert len(run.memory.expected) == len(run.result.cameras)
    declared = Declaration(name="Kho", address=host)
    listed = scan([*TWO, seen(host, "AC21430009")], inventory=(declared,), discovery=sighting)
    assert len(listed.result.cameras) == 3


@pytest.mark.parametrize(("off_subnet", "why"), [(False, "announced"), (True, "outside_network")])
def test_what_a_flood_announced_and_nobody_visited_is_coverage_too(off_subnet: bool, why: str) -> None:
    hosts = [f"192.168.254.{number}" for number in range(2, 252)] + [f"10.0.0.{n}" for n in range(1, 20)]
    flood = announced(*hosts, off_subnet=off_subnet).sightings
    discovery = replace(announced(ADDRESS, OTHER), only_announced=flood)
    run = scan(TWO, discovery=discovery)
    assert len(run.result.cameras) == len(run.memory.expected) == 2
    assert {(entry.address, entry.why) for entry in run.result.coverage.not_checked} == {
        (host, why) for host in hosts
    }
    assert "SITE-FLOOD" in {finding.rule for finding in run.result.site_findings}


def test_an_expected_camera_is_visited_though_a_flood_announced_it() -> None:
    memory = scan(TWO).memory
    flood = replace(announced(OTHER), only_announced=announced(ADDRESS).sightings)
    assert {job.host for job in jobs_for(flood, order(memory))} == {ADDRESS, OTHER}
    run = scan([silent(), TWO[1]], memory, discovery=flood)
    assert len(run.result.cameras) == 2 and not run.result.coverage.not_checked[1:]


def naming(check: DeviceCheck, host: str) -> DeviceCheck:
    assert isinstance(check.target, DeviceTarget)
    return replace(check, target=replace(check.target, xaddrs=(f"http://{host}/onvif/device_service",)))


def test_a_device_that_answers_at_a_second_address_is_one_camera() -> None:
    home, second = naming(seen(), ADDRESS), naming(seen("192.0.2.77"), ADDRESS)
    for order_met in ([home, second], [second, home]):
        (camera,) = scan(order_met).result.cameras
        assert camera.facts.address == ADDRESS
    assert len(scan([home, naming(seen("192.0.2.77", "AC21430009"), ADDRESS)]).result.cameras) == 2
    assert len(scan([home, seen("192.0.2.77")]).result.cameras) == 2  # nothing but a serial in common
    both = [naming(seen(), "192.0.2.77"), naming(seen("192.0.2.77"), ADDRESS)]
    assert len(scan(both).result.cameras) == 2  # each names the other: nobody is at home


def test_what_only_announced_itself_is_a_camera_where_the_inventory_or_a_word_with_us_says_so() -> None:
    host = "192.168.254.2"
    here = announced(host)
    declared = Declaration(name="Kho", address=host)
    assert len(scan([silent(host)], inventory=(declared,), discovery=here).result.cameras) == 1
    assert len(scan([silent(host, FaultCode.TIMEOUT)], discovery=here).result.cameras) == 1, (
        "it took our call"
    )
    spoke = announced(host, found_by=FoundBy.HTTP)
    assert len(scan([silent(host)], discovery=spoke).result.cameras) == 1
    assert len(scan([silent(host)], kind="check").result.cameras) == 1


def plan(*ranges: str, **changes: Any) -> DiscoveryPlan:
    import ipaddress

    return DiscoveryPlan((), tuple(ipaddress.IPv4Network(text) for text in ranges), **changes)


@pytest.mark.parametrize(
    ("address", "looked"),
    [
        ("192.168.5.9", True),
        ("192.168.6.9", False),
        ("rtsp://192.168.5.9:554/live", True),
        ("rtsp://192.168.6.9:554/live", False),
        ("10.0.0.7", True),
        ("fe80::1%eth9", False),
        ("camera.local", False),
    ],
)
def test_a_plan_looks_at_its_ranges_and_single_addresses(address: str, looked: bool) -> None:
    assert looks_at(plan("192.168.5.0/24", addresses=("10.0.0.7",)), address) is looked


def expected(address: str, site: str = "9001") -> ExpectedCamera:
    return ExpectedCamera(f"cam-{address}", site, "Cổng", address, None, DeviceWords(), NOW)


def test_cameras_of_other_ranges_and_other_schools_are_not_expected() -> None:
    memory = Memory(
        expected=(expected("192.168.5.9"), expected("192.168.6.9"), expected("192.168.5.8", "9002"))
    )
    kept = expected_here(memory, "9001", plan("192.168.5.0/24"))
    assert [camera.address for camera in kept.expected] == ["192.168.5.9"]


def test_an_expected_address_where_nothing_was_found_is_asked() -> None:
    memory = scan([seen(), seen(OTHER, "AC21430002")]).memory
    jobs = jobs_for(announced(OTHER), order(memory))
    assert [job.host for job in jobs] == [ADDRESS, OTHER]


def test_words_are_kept_until_the_device_contradicts_them() -> None:
    before = DeviceWords("Acme", "AC-1", "V1", "S1", "4c:bd:8f:00:00:01", ("T",))
    assert words_with(DeviceWords(), before) == before
    assert words_with(DeviceWords(firmware="V2"), before) == replace(before, firmware="V2")
    other = DeviceWords(model="AC-9")
    assert words_with(other, before) == other
