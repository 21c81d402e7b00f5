"""A log-in for a range goes to nobody who is not known: not to the first stranger who asks for it."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.app.requirements import load_profile
from camagent.discover.plan import DiscoveryPlan
from camagent.document.write import camera_view
from camagent.model.credential_book import BoundCredential, CredentialBook
from camagent.model.device import DeviceFacts, DeviceTarget, SignsBefore
from camagent.model.discovery import Discovery, FoundBy, Sighting
from camagent.model.earlier_runs import Memory, MemoryChange, memory_after
from camagent.model.expected import DeviceWords
from camagent.model.fault import FaultCode
from camagent.model.finding import TRUST_RULE, Outcome, Verdict
from camagent.model.scan_result import Declaration
from camagent.model.trust import LoginGiven, Trust, TrustedDevice
from camagent.platform.system_clock import SystemClock
from camagent.run.context import JudgingContext, Run
from camagent.run.fleet import Fleet, FleetLimits, Job
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import SearchOutcome, check_found, jobs_for
from camagent.run.trust_findings import newly_finding
from camagent.run.visit import DeviceCheck, Judge
from camagent.store import open_store
from camagent.text import render
from camagent.wire.login_ledger import LoginLedger
from tests.builders import NOW, profile_stamp, site_facts
from tests.fakes import FakeClock
from tests.interrogate.fake_device import LOGIN, OPEN_TO_ALL, FakeDevice, serving
from tests.interrogate.test_tls import server_context
from tests.observe.wire.camera import Camera
from tests.test_safety_promises import OPTIONS, answers_of, listening, logins_of

NOBODY = Trust()
ADDRESS, ENDPOINT = "192.0.2.1", "urn:uuid:1"


def order(network: str = "192.0.2.0/24", trust: Trust = NOBODY, *inventory: Declaration) -> JudgingContext:
    judge = Judge(load_profile("ubnd-3288"), site_facts())
    book = CredentialBook([BoundCredential(network, LOGIN)])
    return JudgingContext(judge, profile_stamp(), book, inventory, Memory(trust=trust))


def found(*targets: DeviceTarget) -> Discovery:
    return Discovery(
        tuple(Sighting(target, (FoundBy.MULTICAST,)) for target in targets), (), (), (), ("lo",), 0, 0
    )


def given(wanted: JudgingContext, *targets: DeviceTarget) -> LoginGiven:
    first = jobs_for(found(*targets), wanted)[0]
    assert (first.credential is None) == (first.login in (LoginGiven.WITHHELD, LoginGiven.ANOTHER))
    return first.login


def test_a_stranger_in_the_range_gets_nothing() -> None:
    assert given(order(), DeviceTarget(ADDRESS, 80, endpoint=ENDPOINT)) is LoginGiven.WITHHELD


@pytest.mark.parametrize("network", [f"{ADDRESS}/32", ADDRESS])
def test_a_log_in_for_one_address_goes_where_the_operator_said(network: str) -> None:
    assert given(order(network), DeviceTarget(ADDRESS, 80)) is LoginGiven.AS_BOUND


def test_the_inventory_vouches_for_its_addresses() -> None:
    wanted = order("192.0.2.0/24", NOBODY, Declaration(address=ADDRESS))
    assert given(wanted, DeviceTarget(ADDRESS, 80)) is LoginGiven.AS_BOUND


@pytest.mark.parametrize("grant", [ADDRESS, "192.0.2.0/28"])
def test_the_operator_vouches_for_addresses_and_ranges(grant: str) -> None:
    trust = Trust(grants=(grant,))
    assert given(order(trust=trust), DeviceTarget(ADDRESS, 80, endpoint=ENDPOINT)) is LoginGiven.AS_BOUND
    assert given(order(trust=trust), DeviceTarget("192.0.2.200", 80)) is LoginGiven.WITHHELD


@pytest.mark.parametrize(
    ("before", "now", "as_bound"),
    [
        (ENDPOINT, ENDPOINT, True),
        (ENDPOINT, None, True),  # found without its announcement, as behind a router
        (None, ENDPOINT, True),
        (ENDPOINT, "urn:uuid:2", False),  # somebody else stands at the address
    ],
)
def test_a_device_that_let_us_in_is_known_at_its_address(
    before: str | None, now: str | None, as_bound: bool
) -> None:
    trust = Trust((TrustedDevice(ADDRESS, before),))
    login = given(order(trust=trust), DeviceTarget(ADDRESS, 80, endpoint=now))
    assert login is (LoginGiven.AS_BOUND if as_bound else LoginGiven.ANOTHER)


def test_a_known_device_may_move_but_its_name_may_not_be_borrowed() -> None:
    trust = Trust((TrustedDevice("192.0.2.9", ENDPOINT),))
    moved = DeviceTarget(ADDRESS, 80, endpoint=ENDPOINT)
    assert given(order(trust=trust), moved) is LoginGiven.AS_BOUND
    assert given(order(trust=trust), moved, DeviceTarget("192.0.2.9", 80)) is LoginGiven.WITHHELD


def run(device: FakeDevice, trust: Trust, network: str = "127.0.0.0/8") -> Run:
    """One device, found and checked through the fleet."""

    async def story() -> Run:
        async with serving(device), Fleet(FleetLimits(), FakeClock()) as fleet:
            discovery = found(replace(device.target, endpoint=ENDPOINT))
            wanted = order(network, trust)
            return await check_found(
                SearchOutcome(discovery, DiscoveryPlan((), ()), NOW), wanted, fleet, OPTIONS, Onlooker()
            )

    return asyncio.run(story())


@pytest.mark.parametrize("login", ["wsse", "digest", "basic"])
def test_a_new_device_waits_and_says_how_to_trust_it(login: str) -> None:
    device = FakeDevice(login=login)
    result = run(device, NOBODY).result
    assert logins_of(device) == 0
    (camera,) = result.cameras
    finding = next(f for f in camera.findings if f.rule == TRUST_RULE)
    assert finding.outcome is Outcome.NOT_ASSESSED and dict(finding.message.args)["address"] == "127.0.0.1"
    assert camera.verdict is Verdict.UNDETERMINED and camera.upgrade.action.value == "investigate"


def test_a_new_device_that_asks_for_nothing_waits_for_nothing() -> None:
    (camera,) = run(FakeDevice(login="none"), NOBODY).result.cameras
    assert not any(f.rule == TRUST_RULE for f in camera.findings)


def test_trusting_all_new_devices_is_told_in_the_report_and_remembered(tmp_path: Path) -> None:
    device = FakeDevice(login="digest")
    first = run(device, Trust(all_new=True))
    assert logins_of(device) > 0
    (finding,) = (f for f in first.result.site_findings if f.rule == TRUST_RULE)
    assert finding.outcome is Outcome.WARN and "127.0.0.1" in str(dict(finding.message.args)["addresses"])
    with open_store(tmp_path / "x.sqlite") as store:
        store.remember(first.learned, NOW)
        kept = store.trust()
    signs = SignsBefore(serial="AC00017")
    assert kept.devices == (TrustedDevice("127.0.0.1", ENDPOINT, None, signs),) and not kept.all_new
    assert memory_after(Memory(), first.learned).trust.devices == kept.devices
    later = FakeDevice(login="digest")
    second = run(later, kept)
    assert logins_of(later) > 0 and not any(f.rule == TRUST_RULE for f in second.result.site_findings)


def test_a_trusted_device_that_wants_no_log_in_is_not_new_again() -> None:
    """It was offered as new at every scan: it never let anybody in, for it asks nobody."""
    first = run(FakeDevice(login="none"), Trust(all_new=True))
    (kept,) = first.learned.trusted
    assert (kept.address, kept.signs) == ("127.0.0.1", SignsBefore(serial="AC00017"))
    assert run(FakeDevice(login="none"), NOBODY).learned.trusted == ()


def test_a_grant_is_kept(tmp_path: Path) -> None:
    with open_store(tmp_path / "x.sqlite") as store:
        store.grant_trust("192.0.2.0/24", NOW)
    with open_store(tmp_path / "x.sqlite") as store:
        assert store.trust().grants == ("192.0.2.0/24",)


MAC, OTHER_MAC = "00:1b:c5:0a:0b:0c", "00:1b:c5:0a:0b:0d"
LET_IN = TrustedDevice(ADDRESS, ENDPOINT, MAC)


@pytest.mark.parametrize("network", ["192.0.2.0/24", f"{ADDRESS}/32"])
@pytest.mark.parametrize("all_new", [False, True])
@pytest.mark.parametrize(
    ("endpoint", "mac", "is_it"),
    [
        (ENDPOINT, MAC, True),
        (None, MAC, True),
        (ENDPOINT, None, True),  # behind a router there is no ARP
        (ENDPOINT, OTHER_MAC, False),  # an endpoint is announced to all: anybody can repeat it
        (None, OTHER_MAC, False),
        ("urn:uuid:2", MAC, False),
    ],
)
def test_somebody_else_at_a_known_address_gets_nothing(
    endpoint: str | None, mac: str | None, is_it: bool, network: str, all_new: bool
) -> None:
    """Whatever the log-in is bound to, though all new devices are trusted and the inventory names it."""
    wanted = order(network, Trust((LET_IN,), all_new=all_new), Declaration(address=ADDRESS))
    discovery = replace(
        found(DeviceTarget(ADDRESS, 80, endpoint=endpoint)), link_addresses=((ADDRESS, mac),) if mac else ()
    )
    (job,) = jobs_for(discovery, wanted)
    assert job.login is (LoginGiven.AS_BOUND if is_it else LoginGiven.ANOTHER)
    assert (job.credential is not None) is is_it


def test_a_borrowed_name_at_another_address_needs_the_mac_too() -> None:
    trust = Trust((replace(LET_IN, address="192.0.2.9"),))
    for mac, login in ((MAC, LoginGiven.AS_BOUND), (OTHER_MAC, LoginGiven.WITHHELD)):
        discovery = replace(
            found(DeviceTarget(ADDRESS, 80, endpoint=ENDPOINT)), link_addresses=((ADDRESS, mac),)
        )
        assert jobs_for(discovery, order(trust=trust))[0].login is login


def impostor(**changed: object) -> FakeDevice:
    """At the address of a known camera, with what anybody can read of that one."""
    return FakeDevice(**changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("login", ["wsse", "digest", "basic"])
def test_another_serial_number_at_a_known_address_gets_nothing(login: str) -> None:
    """A camera that tells its serial number to strangers, as many do."""
    device = impostor(login=login, open=OPEN_TO_ALL | {"GetDeviceInformation"})
    trusted = TrustedDevice("127.0.0.1", ENDPOINT, None, SignsBefore(serial="AC00018"))
    (camera,) = run(device, Trust((trusted,))).result.cameras
    assert logins_of(device) == 0 and camera.verdict is Verdict.UNDETERMINED
    finding = next(f for f in camera.findings if f.rule == TRUST_RULE)
    assert finding.message.key == "trust.another"
    assert "credentials trust 127.0.0.1" in render(finding.message, "vi")
    # what was known of that camera is not said of this device
    words = DeviceWords(serial="AC00018", mac=MAC, firmware="V1")
    facts = replace(camera.facts, earlier=words)
    shown = camera_view(replace(camera, facts=facts)).device
    assert shown is not None and (shown.serial, shown.mac) == ("AC00017", None)
    same = FakeDevice(login="wsse", open=OPEN_TO_ALL | {"GetDeviceInformation"})
    run(same, Trust((replace(trusted, signs=SignsBefore(serial="AC00017")),)))
    assert logins_of(same) > 0


@pytest.mark.parametrize("is_same", [True, False])
def test_another_certificate_at_a_known_address_gets_nothing(tmp_path: Path, is_same: bool) -> None:
    async def story() -> tuple[FakeDevice, Run]:
        device = FakeDevice(login="digest")
        context = server_context(tmp_path)
        public = (tmp_path / "c.pem").read_text().partition("-----BEGIN PRIVATE")[0]
        shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(public)).hexdigest()
        async with serving(device, ssl_context=context), Fleet(FleetLimits(), SystemClock()) as fleet:
            target = replace(device.target, secure=True, endpoint=ENDPOINT)
            signs = SignsBefore(certificate=(device.port, shown if is_same else "00" * 32))
            wanted = order("127.0.0.0/8", Trust((TrustedDevice("127.0.0.1", ENDPOINT, None, signs),)))
            place = SearchOutcome(found(target), DiscoveryPlan((), ()), NOW)
            return device, await check_found(place, wanted, fleet, OPTIONS, Onlooker())

    device, site_run = asyncio.run(story())
    assert (logins_of(device) > 0) is is_same
    keys = [f.message.key for f in site_run.result.cameras[0].findings if f.rule == TRUST_RULE]
    assert keys == ([] if is_same else ["trust.another"])


def test_trusting_an_address_takes_whoever_is_there_now(tmp_path: Path) -> None:
    learned = MemoryChange(trusted=(replace(LET_IN, signs=SignsBefore("S1", (443, "aa"))),))
    with open_store(tmp_path / "x.sqlite") as store:
        store.remember(learned, NOW)
        store.remember(MemoryChange(trusted=(TrustedDevice(ADDRESS),)), NOW)
        assert store.trust().devices == learned.trusted, "what it did not show this time stays"
        store.forget_pins(ADDRESS, [ADDRESS])
        assert store.trust().devices[0].signs == SignsBefore("S1", None)
        store.grant_trust("192.0.2.0/28", NOW)
        trust = store.trust()
    assert trust.devices == () and trust.grants == ("192.0.2.0/28",)
    assert given(order(trust=trust), DeviceTarget(ADDRESS, 80, endpoint="urn:uuid:2")) is LoginGiven.AS_BOUND


def test_devices_that_are_new_are_listed_in_the_order_of_their_addresses() -> None:
    arguments = dict(newly_finding(["192.0.2.10", "cam.local", "192.0.2.2", "192.0.2.2"]).message.args)
    assert arguments["addresses"] == "192.0.2.2, 192.0.2.10, cam.local"


@pytest.mark.parametrize("door", ["rtsp", "wsse", "digest"])
def test_who_takes_the_address_after_the_search_gets_nothing(door: str) -> None:
    """In the seconds of a scan, and in the hour between two searches of the service."""

    async def story() -> tuple[int, tuple[DeviceCheck, ...]]:
        neighbours = {"127.0.0.1": MAC}
        ledger = LoginLedger(None, lambda: neighbours)
        async with Fleet(FleetLimits(), SystemClock(), ledger) as fleet:
            if door == "rtsp":
                camera = Camera(user=LOGIN.user, password=LOGIN.secret.reveal())
                async with listening(camera) as target:
                    job = Job(target, LOGIN, mac=MAC)
                    await fleet.check([job], OPTIONS)
                    assert answers_of(camera)
                    camera.asked.clear()
                    neighbours["127.0.0.1"] = OTHER_MAC
                    checks = await fleet.check([replace(job, mac=None)], OPTIONS)
                    await fleet.greet([replace(job, mac=None)], OPTIONS)
                    return len(answers_of(camera)), checks
            device = FakeDevice(login=door)
            async with serving(device):
                job = Job(device.target, LOGIN, mac=MAC)
                await fleet.check([job], OPTIONS)
                assert logins_of(device)
                device.asked.clear()
                neighbours["127.0.0.1"] = OTHER_MAC
                checks = await fleet.check([job], OPTIONS)
                return logins_of(device), checks

    count, (check,) = asyncio.run(story())
    assert count == 0
    faults = {stream.fault.code for stream in check.streams if stream.fault is not None}
    if isinstance(check.device, DeviceFacts):
        faults |= {fault.code for fault in check.device.faults}
    assert FaultCode.AUTH_STRANGER in faults
