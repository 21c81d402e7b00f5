"""A camera whose advice would be to replace it is looked at once more, after the others; two looks must
agree."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from camagent.agent.silences import Silences
from camagent.agent.watched_device import WatchedDevice
from camagent.agent.watched_site import WatchedSite
from camagent.app.requirements import load_profile
from camagent.model.credential_book import CredentialBook
from camagent.model.device import DeviceFacts, DeviceTarget, MediaFacts, NetworkFacts
from camagent.model.finding import Action, Verdict
from camagent.run.context import JudgingContext, Run
from camagent.run.fleet import FleetOptions, Job
from camagent.run.onlooker import LOOK_AGAIN_AFTER_S, Onlooker
from camagent.run.site_run import check_targets
from camagent.run.visit import DeviceCheck, Judge, check_device, with_other_look
from tests.builders import (
    device_facts,
    device_information,
    encoder_options,
    encoder_settings,
    fault,
    measured_stream,
    media_profile,
    profile_stamp,
    site_facts,
    stream_facts,
    stream_uri,
)
from tests.fakes import FakeWorld
from tests.plan.planning import PORTS

SMALL = {"width_px": 1280, "height_px": 720}
MENU = (encoder_options(resolutions=((1280, 720), (640, 360))),)
POOR, GOOD, DEAD = "192.0.2.11", "192.0.2.12", "192.0.2.13"


def poor_device(host: str = POOR, **changes: Any) -> DeviceFacts:
    profile = media_profile(
        encoder=encoder_settings(**SMALL), options=MENU, stream_uri=stream_uri(path=f"/{host}")
    )
    facts = device_facts(
        target=DeviceTarget(host),
        address=host,
        ports=PORTS,
        information=device_information(serial=f"AC{host}"),
        media=MediaFacts("media2", (profile,)),
    )
    return replace(facts, **changes)


class Fleet:
    """Checks one job after another in a world that may change between the rounds."""

    def __init__(self, *worlds: FakeWorld) -> None:
        self.worlds = worlds
        self.rounds: list[list[str]] = []
        self.clock = worlds[0].clock
        self.stopped = False

    async def check(
        self,
        jobs: Sequence[Job],
        _options: FleetOptions,
        done: Callable[[Job, DeviceCheck], None] | None = None,
    ) -> tuple[DeviceCheck, ...]:
        world = self.worlds[min(len(self.rounds), len(self.worlds) - 1)]
        self.rounds.append([job.host for job in jobs])
        checks = [await check_device(job.target, None, world.doors()) for job in jobs]
        for job, check in zip(jobs, checks, strict=True):
            if done is not None:
                done(job, check)
        return tuple(checks)


def world(device: DeviceFacts | None = None, **measured: Any) -> FakeWorld:
    sent = stream_facts(measured=measured_stream(**{**SMALL, **measured}))
    return FakeWorld({POOR: device or poor_device()}, {f"/{POOR}": sent})


def run(fleet: Fleet, *hosts: str) -> tuple[Run, list[tuple[str, int, int]]]:
    calls: list[tuple[str, int, int]] = []
    order = JudgingContext(Judge(load_profile("ubnd-3288"), site_facts()), profile_stamp(), CredentialBook())
    jobs = [Job(DeviceTarget(host)) for host in hosts]
    work = check_targets(jobs, order, fleet, FleetOptions(), Onlooker(lambda *call: calls.append(call)))  # type: ignore[arg-type]
    return asyncio.run(work), calls


def test_only_the_camera_that_would_be_replaced_is_looked_at_again_and_after_the_others() -> None:
    fleet = Fleet(world())
    done, calls = run(fleet, GOOD, POOR, DEAD)
    assert fleet.rounds == [[GOOD, POOR, DEAD], [POOR]]
    upgrade = next(c for c in done.result.cameras if c.facts.address == POOR).upgrade
    assert (upgrade.action, upgrade.certain) == (Action.REPLACE, True)
    assert "plan.rests_twice" in [text.key for text in upgrade.rests_on]
    assert fleet.clock.monotonic_s() >= LOOK_AGAIN_AFTER_S
    assert ("again", 0, 1) in calls and ("again", 1, 1) in calls


def test_a_school_without_such_a_camera_is_looked_at_once() -> None:
    fleet = Fleet(FakeWorld())
    run(fleet, GOOD)
    assert fleet.rounds == [[GOOD]] and fleet.clock.monotonic_s() < LOOK_AGAIN_AFTER_S


@pytest.mark.parametrize(
    "later",
    [
        world(width_px=1920, height_px=1080),
        world(width_px=640, height_px=360),
        world(codec="h264"),
        world(poor_device(media=fault())),
        FakeWorld({POOR: poor_device(media=MediaFacts("media2", (media_profile(),)))}),
        world(poor_device(information=device_information(serial="ANOTHER1"))),
        world(poor_device(information=device_information(serial=f"AC{POOR}", model="X-99"))),
        world(poor_device(network=NetworkFacts(("02:00:00:00:00:99",), ntp_servers=("192.0.2.1",)))),
    ],
    ids=["larger", "smaller", "codec", "no_media", "settings", "serial", "model", "mac"],
)
def test_two_looks_that_differ_buy_nothing(later: FakeWorld) -> None:
    done, _ = run(Fleet(world(), later), POOR)
    (camera,) = done.result.cameras
    assert (camera.upgrade.action, camera.upgrade.certain) == (Action.INVESTIGATE, False)
    assert camera.upgrade.steps[0].key == "plan.looks_differ" and camera.verdict is Verdict.NOT_READY


def test_another_look_forgets_the_one_before_it() -> None:
    first, second, third = (
        asyncio.run(check_device(DeviceTarget(POOR), None, world().doors())) for _ in range(3)
    )
    kept = with_other_look(third, with_other_look(second, first))
    assert kept.other_look is not None and kept.other_look.other_look is None
    assert with_other_look(first, None).other_look is None


def test_the_agents_last_round_is_its_other_look() -> None:
    first, second = (asyncio.run(check_device(DeviceTarget(POOR), None, world().doors())) for _ in range(2))
    site = WatchedSite.__new__(WatchedSite)
    watched = WatchedDevice(Job(DeviceTarget(POOR)), 0.0)
    watched.check = first
    site._devices, site._dirty, site.defects = {POOR: watched}, False, 0
    site._clock, site.faults, site._silences = world().clock, Counter(), Silences()
    site._take(POOR, second, ())
    assert watched.check is not None
    other = watched.check.other_look
    assert other is not None and other.device is first.device
