"""What a search found becomes jobs: every device and every declared address, each with the log-in bound to
it."""

from __future__ import annotations

from typing import Any

from camagent.app.requirements import load_profile
from camagent.model.credential_book import BoundCredential, CredentialBook
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery, FoundBy, RtspOnly, Sighting
from camagent.model.scan_result import Declaration
from camagent.model.secret import Credential, Secret
from camagent.model.stream import StreamTarget
from camagent.run.context import JudgingContext
from camagent.run.site_run import jobs_for
from camagent.run.visit import Judge
from tests.builders import profile_stamp, site_facts


def found(*targets: DeviceTarget, rtsp_only: tuple[RtspOnly, ...] = ()) -> Discovery:
    sightings = tuple(Sighting(target, (FoundBy.MULTICAST,)) for target in targets)
    return Discovery(sightings, rtsp_only, (), (), ("eth0",), 0, 0)


def order(*inventory: Declaration, book: CredentialBook | None = None) -> JudgingContext:
    judge = Judge(load_profile("ubnd-3288"), site_facts())
    return JudgingContext(judge, profile_stamp(), book or CredentialBook(), inventory)


def targets(discovery: Discovery, wanted: JudgingContext) -> list[Any]:
    return [job.target for job in jobs_for(discovery, wanted)]


def test_two_devices_behind_one_address_are_two_jobs() -> None:
    both = (DeviceTarget("192.0.2.1", 8000), DeviceTarget("192.0.2.1", 8001))
    assert targets(found(*both), order()) == list(both)


def test_a_declared_address_where_nothing_was_found_is_asked_all_the_same() -> None:
    asked = targets(
        found(DeviceTarget("192.0.2.1", 80)), order(Declaration(name="Kho", address="192.0.2.9", port=81))
    )
    assert asked == [DeviceTarget("192.0.2.1", 80), DeviceTarget("192.0.2.9", 81, name="Kho")]


def test_a_declared_device_that_was_found_is_asked_once() -> None:
    assert len(targets(found(DeviceTarget("192.0.2.1", 8000)), order(Declaration(address="192.0.2.1")))) == 1


def test_an_address_that_speaks_rtsp_only_is_asked_for_onvif_unless_its_stream_is_declared() -> None:
    discovery = found(rtsp_only=(RtspOnly("192.0.2.7", (554,), None),))
    assert targets(discovery, order()) == [DeviceTarget("192.0.2.7")]
    declared = Declaration(address="192.0.2.7", stream_uri="rtsp://192.0.2.7/live")
    (target,) = targets(discovery, order(declared))
    assert isinstance(target, StreamTarget) and str(target.uri) == "rtsp://192.0.2.7/live"


def test_a_login_goes_to_the_addresses_it_is_bound_to() -> None:
    login = Credential("city", Secret("x"))
    book = CredentialBook([BoundCredential("192.0.2.0/28", login)])
    wanted = order(Declaration(address="192.0.2.1"), Declaration(address="192.0.2.99"), book=book)
    jobs = jobs_for(found(DeviceTarget("192.0.2.1", 80), DeviceTarget("192.0.2.99", 80)), wanted)
    assert [job.credential for job in jobs] == [login, None]
