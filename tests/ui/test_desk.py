"""What the page can have done: one thing at a time, stopped with what was seen, stored, one camera again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.app.requirements import load_profile
from camagent.cli.trust_question import trusting
from camagent.discover.plan import DiscoveryPlan
from camagent.document.model import CameraView
from camagent.model.credential_book import BoundCredential, CredentialBook
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery, FoundBy, RtspOnly, Sighting
from camagent.model.earlier_runs import Memory
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Outcome
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.model.text import message
from camagent.run.context import JudgingContext
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job, Step
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import SearchOutcome, find_devices
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck, Judge
from camagent.store import Store, open_store
from camagent.ui.board import Board, Phase
from camagent.ui.desk import Busy, Desk, SearchPlace, Tools
from camagent.wire.login_ledger import LoginLedger
from tests import builders
from tests.builders import NOW, profile_stamp, site_facts
from tests.fakes import FakeClock

GOOD, BAD = (DeviceTarget(f"192.0.2.{n}", 80, endpoint=f"urn:{n}") for n in (1, 2))
LOGIN = Credential("xem", Secret("geheim"))


class World:
    """Two cameras; the second one's picture is too small until somebody mends it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mended = False
        self.hangs = False
        self.jobs: list[Job] = []
        self.searches_for_ever = False
        world = self

        async def search(
            plan: DiscoveryPlan,
            clock: object,
            progress: object,
            on_found: Callable[[tuple[Sighting | RtspOnly, ...]], None],
            stopped: Callable[[], bool],
        ) -> Discovery:
            sightings = tuple(Sighting(target, (FoundBy.MULTICAST,)) for target in (GOOD, BAD))
            on_found(sightings[:1])
            while world.searches_for_ever and not stopped():
                await asyncio.sleep(0.01)
            return Discovery(sightings, (), ("192.0.2.0/29",), ("192.0.2.0/29",), (), 6, 2)

        async def guarded(self: Fleet, job: Job, options: FleetOptions) -> DeviceCheck:
            world.jobs.append(job)
            options.stepped(job, Step.ASKING)
            await asyncio.sleep(3600 if world.hangs else 0)
            small = job.target == BAD and not world.mended
            measured = builders.measured_stream(width_px=640, height_px=360) if small else None
            stream = builders.stream_facts(measured=measured) if measured else builders.stream_facts()
            device = builders.device_facts(
                information=builders.device_information(serial=f"S{job.host}"),
                network=Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, "x", 0.0),
            )
            return DeviceCheck(job.target, device, (WatchedSource(None, None, (stream,)),), NOW, 1.0)

        monkeypatch.setattr("camagent.discover.search.search", search)
        monkeypatch.setattr(Fleet, "_guarded", guarded)


class Place:
    """A desk, its store, and the log-ins that it keeps."""

    def __init__(self, store: Store | None) -> None:
        self.logins: list[BoundCredential] = []
        self.clock = FakeClock()
        self.is_network_gone = False
        self.board = Board("THCS Nguyễn Du")
        tools = Tools(
            place=self._place,
            order=self._order,
            options=lambda _: FleetOptions(),
            fleet=self._fleet,
            trusting=trusting,
            store=store,
        )
        self.desk = Desk(tools, self.board)

    def _place(self, ranges: tuple[str, ...]) -> SearchPlace:
        if self.is_network_gone:
            raise OperatorError(message("discover.error.nothing_to_search"))
        plan = DiscoveryPlan((), ())

        async def search(fleet: Fleet, onlooker: Onlooker) -> SearchOutcome:
            return await find_devices(plan, fleet, onlooker)

        return SearchPlace((), search, self._keep, lambda: None)

    def _order(self) -> JudgingContext:
        judge = Judge(load_profile("ubnd-3288"), site_facts())
        return JudgingContext(judge, profile_stamp(), CredentialBook(self.logins), (), Memory())

    def _keep(self, login: Credential) -> tuple[str, ...]:
        self.logins.append(BoundCredential("192.0.2.0/29", login))
        return ("192.0.2.0/29",)

    @contextmanager
    def _fleet(self) -> Iterator[Fleet]:
        self.clock.elapsed_s += 60.0  # a person read the page meanwhile
        yield Fleet(FleetLimits(), self.clock, LoginLedger())

    async def idle(self) -> None:
        """Until what was begun is done."""
        while self.board.busy:
            await asyncio.sleep(0.01)

    async def scanned(self) -> None:
        """Search and scan, everybody trusted."""
        self.desk.search(())
        await self.idle()
        self.desk.keep_login(LOGIN)
        self.desk.scan(trust_new=True)
        await self.idle()


def failed_rules(camera: CameraView) -> list[str]:
    """What the camera does not meet."""
    return [row.rule for row in camera.findings if row.outcome is Outcome.FAIL]


def test_devices_then_cameras_then_the_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    World(monkeypatch)

    async def run() -> None:
        with open_store(tmp_path / "record.sqlite") as store:
            place = Place(store)
            place.desk.search(())
            await place.idle()
            assert sorted(place.board.devices) == ["192.0.2.1", "192.0.2.2"]
            assert place.board.waiting_for_trust == 0  # no log-in is bound yet
            place.desk.keep_login(LOGIN)
            assert place.board.waiting_for_trust == 2 and place.board.login == ("xem", ("192.0.2.0/29",))
            place.desk.scan(trust_new=True)
            await place.idle()
            assert place.board.problems == ()
            verdicts = {one.address: one.verdict.value for one in place.board.cameras.values()}
            assert verdicts["192.0.2.2"] == "not_ready" and len(verdicts) == 2
            kept = store.latest()
            assert kept is not None and len(kept.cameras) == 2
            for lang in ("vi", "en"):
                assert place.board.as_json(lang)["result"]

    asyncio.run(run())


def test_a_second_scan_still_knows_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    named = replace(GOOD, scopes=("onvif://www.onvif.org/name/San%20truong",))
    monkeypatch.setattr(sys.modules[__name__], "GOOD", named)

    async def run() -> None:
        place = Place(None)
        await place.scanned()
        world.hangs = True
        place.desk.scan(trust_new=True)
        await asyncio.sleep(0.01)
        assert {device.host: device.name for device in place.board.devices.values()} == {
            "192.0.2.1": "San truong",
            "192.0.2.2": "",
        }
        await place.desk.close()

    asyncio.run(run())


def test_a_log_in_goes_to_new_devices_only_where_somebody_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)

    async def run() -> None:
        place = Place(None)
        place.desk.search(())
        await place.idle()
        place.desk.keep_login(LOGIN)
        place.desk.scan(trust_new=False)
        await place.idle()
        assert {job.credential for job in world.jobs} == {None}
        place.desk.scan(trust_new=True)
        await place.idle()
        assert {job.credential for job in world.jobs[2:]} == {LOGIN}

    asyncio.run(run())


def test_one_camera_is_checked_again_and_seen_mended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch)

    async def run() -> None:
        with open_store(tmp_path / "record.sqlite") as store:
            place = Place(store)
            await place.scanned()
            (bad,) = [one.id for one in place.board.cameras.values() if one.address == "192.0.2.2"]
            world.mended, asked = True, len(world.jobs)
            place.desk.check_again(bad)
            await place.idle()
            assert place.board.problems == ()
            assert [job.host for job in world.jobs[asked:]] == ["192.0.2.2"]
            assert "IMG-RES" not in failed_rules(place.board.cameras[bad])
            assert len(place.board.cameras) == 2
            kept = store.latest()
            assert kept is not None and len(store.verdicts(10)) == 1  # amended, not counted twice
            assert all("IMG-RES" not in failed_rules(camera) for camera in kept.cameras)
            first, mended = store.states(bad)
            assert "IMG-RES" in first.failed and "IMG-RES" not in mended.failed

    asyncio.run(run())


def test_a_log_in_that_was_put_right_is_used_for_the_next_check(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)

    async def run() -> None:
        place = Place(None)
        await place.scanned()
        place.logins.clear()
        right = Credential("xem", Secret("another"))
        place.desk.keep_login(right)
        place.desk.check_again(next(iter(place.board.cameras)))
        await place.idle()
        assert world.jobs[-1].credential == right

    asyncio.run(run())


def test_only_a_camera_of_this_pages_scan_can_be_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    World(monkeypatch)

    async def run() -> None:
        place = Place(None)
        with pytest.raises(OperatorError):
            place.desk.check_again("nobody")
        with pytest.raises(OperatorError):
            place.desk.scan(trust_new=False)
        await place.scanned()
        with pytest.raises(OperatorError):
            place.desk.check_again("nobody")
        assert place.board.phase is Phase.IDLE

    asyncio.run(run())


def test_a_network_that_is_gone_is_said_and_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    World(monkeypatch)

    async def run() -> None:
        place = Place(None)
        place.is_network_gone = True
        place.desk.prepare()
        assert [problem.key for problem in place.board.problems] == ["discover.error.nothing_to_search"]
        with pytest.raises(OperatorError):
            place.desk.search(())
        assert place.board.phase is Phase.IDLE
        place.is_network_gone = False
        place.desk.search(())
        await place.idle()
        assert place.board.problems == () and len(place.board.devices) == 2

    asyncio.run(run())


def test_one_thing_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.searches_for_ever = True

    async def run() -> None:
        place = Place(None)
        place.desk.search(())
        with pytest.raises(Busy):
            place.desk.search(())
        with pytest.raises(Busy):
            place.desk.scan(trust_new=True)
        with pytest.raises(Busy):
            place.desk.check_again("x")
        place.desk.stop()
        await place.idle()
        assert len(place.board.devices) == 2  # what was found by then

    asyncio.run(run())


def test_a_scan_that_is_stopped_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch)

    async def run() -> None:
        with open_store(tmp_path / "record.sqlite") as store:
            place = Place(store)
            place.desk.search(())
            await place.idle()
            world.hangs = True
            place.desk.scan(trust_new=False)
            while not world.jobs:
                await asyncio.sleep(0.01)
            place.desk.stop()
            assert place.board.stopping
            await place.idle()
            kept = store.latest()
            assert kept is not None and len(kept.cameras) == 2
            assert any(note.startswith("stopped:") for note in kept.coverage.notes)
            assert not place.board.stopping

    asyncio.run(run())


def test_ending_the_program_stores_what_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch)

    async def run() -> None:
        with open_store(tmp_path / "record.sqlite") as store:
            place = Place(store)
            place.desk.search(())
            await place.idle()
            world.hangs = True
            place.desk.scan(trust_new=False)
            while not world.jobs:
                await asyncio.sleep(0.01)
            await place.desk.close()
            assert place.board.phase is Phase.ENDED and store.latest() is not None

    asyncio.run(run())


def test_a_bug_of_ours_is_said_to_be_ours_and_the_page_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    World(monkeypatch)

    async def broken(*_: object) -> Discovery:
        raise ZeroDivisionError

    async def run() -> None:
        place = Place(None)
        with monkeypatch.context() as patched:
            patched.setattr("camagent.discover.search.search", broken)
            place.desk.search(())
            await place.idle()
        assert [problem.key for problem in place.board.problems] == ["cli.defect"]
        place.desk.search(())
        await place.idle()
        assert place.board.problems == () and len(place.board.devices) == 2

    asyncio.run(run())


def test_the_last_result_is_shown_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    World(monkeypatch)

    async def run() -> None:
        with open_store(tmp_path / "record.sqlite") as store:
            await Place(store).scanned()
            later = Place(store)
            later.desk.prepare()
            shown = later.board.as_json("en")
            assert len(shown["cameras"]) == 2 and shown["provisional"] and not shown["of_now"]

    asyncio.run(run())
