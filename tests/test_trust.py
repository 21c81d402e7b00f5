"""A log-in for a range goes to nobody who is not known: not to the first stranger who asks for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.assess.profile import load_profile
from camagent.discover.plan import DiscoveryPlan
from camagent.inventory.earlier_runs import Memory, memory_after
from camagent.inventory.trust import Trust, TrustedDevice
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery, FoundBy, Sighting
from camagent.model.finding import TRUST_RULE, Outcome, Verdict
from camagent.model.scan import Declaration
from camagent.operator_files.credentials import BoundCredential, CredentialBook
from camagent.run.context import JudgingContext, Run
from camagent.run.fleet import Fleet, FleetLimits
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import Found, check_found, jobs_for
from camagent.run.trust import LoginGiven
from camagent.run.visit import Judge
from camagent.store import open_store
from tests.builders import NOW, profile_stamp, site_facts
from tests.fakes import FakeClock
from tests.interrogate.fake_device import LOGIN, FakeDevice, serving
from tests.test_safety_promises import OPTIONS, logins_of

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
    assert (first.credential is None) == (first.login is LoginGiven.WITHHELD)
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
    ("before", "now", "known"),
    [
        (ENDPOINT, ENDPOINT, True),
        (ENDPOINT, None, True),  # found without its announcement, as behind a router
        (None, ENDPOINT, True),
        (ENDPOINT, "urn:uuid:2", False),  # somebody else stands at the address
    ],
)
def test_a_device_that_let_us_in_is_known_at_its_address(
    before: str | None, now: str | None, known: bool
) -> None:
    trust = Trust((TrustedDevice(ADDRESS, before),))
    login = given(order(trust=trust), DeviceTarget(ADDRESS, 80, endpoint=now))
    assert login is (LoginGiven.AS_BOUND if known else LoginGiven.WITHHELD)


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
                Found(discovery, DiscoveryPlan((), ()), NOW), wanted, fleet, OPTIONS, Onlooker()
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
    (told,) = (f for f in first.result.site_findings if f.rule == TRUST_RULE)
    assert told.outcome is Outcome.WARN and "127.0.0.1" in str(dict(told.message.args)["addresses"])
    with open_store(tmp_path / "x.sqlite") as store:
        store.remember(first.learned, NOW)
        kept = store.trust()
    assert kept.devices == (TrustedDevice("127.0.0.1", ENDPOINT),) and not kept.all_new
    assert memory_after(Memory(), first.learned).trust.devices == kept.devices
    later = FakeDevice(login="digest")
    second = run(later, kept)
    assert logins_of(later) > 0 and not any(f.rule == TRUST_RULE for f in second.result.site_findings)


def test_a_grant_is_kept(tmp_path: Path) -> None:
    with open_store(tmp_path / "x.sqlite") as store:
        store.grant_trust("192.0.2.0/24", NOW)
    with open_store(tmp_path / "x.sqlite") as store:
        assert store.trust().grants == ("192.0.2.0/24",)
