"""What the page can have done: search, scan, check one camera again, stop.

One thing at a time; what was begun goes on when every browser is closed, and is stored.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from camagent.document.compare import compare
from camagent.document.model import ScanDocument
from camagent.document.write import camera_view, scan_document
from camagent.model.defect import place_of
from camagent.model.discovery import RtspOnly, Sighting
from camagent.model.onvif import scope_value
from camagent.model.operator_error import OperatorError
from camagent.model.scan_result import CameraResult
from camagent.model.secret import Credential
from camagent.model.text import message
from camagent.model.trust import LoginGiven
from camagent.run.again import check_camera_again
from camagent.run.context import JudgingContext, Run
from camagent.run.fleet import Fleet, FleetOptions, Job, Step
from camagent.run.onlooker import Onlooker, Remaining, first_guess_s
from camagent.run.site_run import SearchOutcome, check_found, jobs_for
from camagent.store import Store
from camagent.ui.board import MAX_DEVICES, Board, Phase
from camagent.ui.rows import DeviceProgress

logger = logging.getLogger(__name__)
TICK_S = 1.0  # between two looks at the time left
AGAIN_WINDOW_S = 5.0  # of one camera whose technician stands on the ladder; the whole scan's is longer


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """Where is looked, and what is done there; every function may raise OperatorError."""

    ranges: tuple[str, ...]
    search: Callable[[Fleet, Onlooker], Awaitable[SearchOutcome]]
    keep_login: Callable[[Credential], tuple[str, ...]]
    """Into the credential store, bound to these ranges; the ranges."""
    kept_login: Callable[[], tuple[str, tuple[str, ...]] | None]
    """User name and ranges of the log-in that is kept for them."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the command line put together; every function may raise OperatorError."""

    place: Callable[[tuple[str, ...]], SearchPlace]
    """Where to look, for the ranges that were typed; empty: as configured."""
    order: Callable[[], JudgingContext]
    """By what is judged, with the log-ins and the memory of this moment."""
    options: Callable[[JudgingContext], FleetOptions]
    fleet: Callable[[], AbstractContextManager[Fleet]]
    trusting: Callable[[JudgingContext], JudgingContext]
    store: Store | None


class Busy(Exception):
    """Something else is being done."""


class Desk:
    """The work behind the page, and where it has come to (`board`)."""

    def __init__(self, tools: Tools, board: Board) -> None:
        self.board = board
        self._tools = tools
        self._task: asyncio.Task[None] | None = None
        self._fleet: Fleet | None = None
        self._place: SearchPlace | None = None
        self._last_search: SearchOutcome | None = None
        self._order: JudgingContext | None = None
        self._run: Run | None = None

    def prepare(self) -> None:
        """Before the first browser: where would be searched, whose log-in is kept, the newest scan of the
        record. A network that is gone is told on the page, where it can be tried again."""
        board = self.board
        try:
            place = self._tools.place(())
            board.ranges, board.login = place.ranges, place.kept_login()
            board.provisional = not self._tools.order().stamp.authoritative
            self._show_last()
        except OperatorError as error:
            board.problems = error.problems

    def _show_last(self) -> None:
        store = self._tools.store
        document = store.latest() if store is not None else None
        if store is None or document is None:
            return
        before = store.before(document.started_at)
        self.board.document = document
        self.board.cameras = {camera.id: camera for camera in document.cameras}
        self.board.comparison = compare(before, document) if before is not None else None

    def search(self, ranges: tuple[str, ...]) -> None:
        """Begin to look for devices. Raises: OperatorError for ranges that no search would take; Busy."""
        self._demand_idle()
        place = self._place = self._tools.place(ranges)
        self.board.login = place.kept_login()
        self._begin(Phase.SEARCH, self._search(place))

    def scan(self, *, trust_new: bool) -> None:
        """Begin to check what was found. Raises: OperatorError where nothing was searched yet; Busy."""
        self._demand_idle()
        if self._last_search is None:
            raise OperatorError(message("ui.search_first"))
        order = self._tools.order()
        self._begin(
            Phase.CHECK, self._scan(self._last_search, self._tools.trusting(order) if trust_new else order)
        )

    def check_again(self, camera_id: str) -> None:
        """Begin to check one camera of the last scan again. Raises: OperatorError where there is none;
        Busy."""
        self._demand_idle()
        cameras = self._run.result.cameras if self._run is not None else ()
        camera = next((one for one in cameras if one.facts.id == camera_id), None)
        if camera is None or self._order is None or self._run is None:
            raise OperatorError(message("ui.scan_first"))
        # The log-in may have been put right meanwhile; by what is judged must stay as it was.
        order = replace(self._order, credentials=self._tools.order().credentials)
        self._begin(Phase.ONE_CAMERA, self._again(self._run, camera, order), camera_id)

    def keep_login(self, login: Credential) -> None:
        """Keep the log-in for the ranges of the search. Raises: OperatorError."""
        networks = (self._place or self._tools.place(())).keep_login(login)
        self.board.login = (login.user, networks)
        self._count_new()
        self.board.changed()

    def stop(self) -> None:
        """End what is being done, and keep what was seen; nothing where nothing is done."""
        if not self.board.busy:
            return
        self.board.stopping = True
        self.board.changed()
        if self._fleet is not None:
            self._fleet.stop()

    async def close(self) -> None:
        """The same, and wait until it is stored."""
        self.stop()
        if self._task is not None:
            await asyncio.wait({self._task})
        self.board.phase = Phase.ENDED
        self.board.changed()

    def _take(self, fleet: Fleet) -> None:
        """The fleet at work; whoever stopped before it was there is heard now."""
        self._fleet = fleet
        if self.board.stopping:
            fleet.stop()

    def _demand_idle(self) -> None:
        if self.board.busy:
            raise Busy

    def _begin(self, phase: Phase, work: Coroutine[None, None, None], one: str = "") -> None:
        board = self.board
        board.phase, board.one, board.problems, board.notice = phase, one, (), None
        board.done = board.total = 0
        board.stopping, board.left_s = False, 0.0
        self._task = asyncio.create_task(self._guarded(work))
        board.changed()

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        """Whatever happens, the page can go on; a bug of ours is said to be ours."""
        try:
            await work
        except OperatorError as error:
            self.board.problems = error.problems
        except Exception as bug:
            logger.error("defect behind the page: %s", place_of(bug))
            self.board.problems = (message("cli.defect", where=place_of(bug)),)
        self.board.phase, self.board.stopping, self.board.one = Phase.IDLE, False, ""
        self._fleet = None
        self.board.changed()

    async def _search(self, place: SearchPlace) -> None:
        board = self.board
        board.ranges = place.ranges or board.ranges
        board.devices, board.cameras, board.document, board.comparison = {}, {}, None, None
        board.of_now = False
        self._run = None
        with self._tools.fleet() as fleet:
            self._take(fleet)
            async with fleet:
                search = await place.search(fleet, Onlooker(devices=self._hear_found))
        self._last_search, board.searched_at = search, search.started_at
        discovery = search.discovery
        self._hear_found((*discovery.sightings, *discovery.rtsp_only))
        self._count_new()
        board.notice = message("ui.told.searched", count=len(board.devices))

    def _hear_found(self, devices: tuple[Sighting | RtspOnly, ...]) -> None:
        for one in devices:
            device = _device(one)
            if len(self.board.devices) < MAX_DEVICES:
                self.board.devices[device.host] = device
        self.board.changed()

    def _count_new(self) -> None:
        """New devices that the log-in of their range is kept from, for the question before the scan."""
        if self._last_search is None:
            return
        jobs = jobs_for(self._last_search.discovery, self._tools.order())
        self.board.waiting_for_trust = sum(job.login is LoginGiven.WITHHELD for job in jobs)

    async def _scan(self, search: SearchOutcome, order: JudgingContext) -> None:
        board = self.board
        board.cameras, board.document, board.comparison, board.of_now = {}, None, None, False
        self._hear_found((*search.discovery.sightings, *search.discovery.rtsp_only))
        options = self._tools.options(order)
        with self._tools.fleet() as fleet:
            self._take(fleet)
            async with fleet:
                search = replace(search, started_at=fleet.clock.now())
                onlooker, ticking = self._onlooker(fleet, options)
                try:
                    run = await check_found(search, order, fleet, options, onlooker)
                finally:
                    ticking.cancel()
        document = await asyncio.to_thread(scan_document, run.result)
        await self._keep(run, document)
        self._run, self._order = run, order
        self._show(document)
        board.notice = message("ui.told.checked" if run.is_complete else "ui.told.stopped")

    def _show(self, document: ScanDocument) -> None:
        board = self.board
        board.document, board.of_now = document, True
        board.cameras = {camera.id: camera for camera in document.cameras}
        board.devices = {}
        board.provisional = not document.profile.authoritative
        self._count_new()

    async def _keep(self, run: Run, document: ScanDocument) -> None:
        """Compare with the scan before, then store; a record that fails must not lose the result."""
        store = self._tools.store
        if store is None:
            return

        def work() -> None:
            before = store.before(document.started_at)
            self.board.comparison = compare(before, document) if before is not None else None
            store.save(document)
            store.remember(run.learned, run.result.finished_at)

        try:
            await asyncio.to_thread(work)
        except OperatorError as error:
            self.board.problems = (message("cli.store_failed", reason=error.problem),)

    async def _again(self, run: Run, camera: CameraResult, order: JudgingContext) -> None:
        options = self._tools.options(order)
        watch = options.watch
        window_s = min(watch.window_s, AGAIN_WINDOW_S)
        budget_s = watch.budget_s - watch.window_s + window_s
        options = replace(options, watch=replace(watch, window_s=window_s, budget_s=budget_s)).brisk()
        began_s = time.monotonic()
        with self._tools.fleet() as fleet:
            self._take(fleet)
            async with fleet:
                run = await check_camera_again(run, camera, order, fleet, options)
                stopped = fleet.stopped
        if stopped:
            self.board.notice = message("ui.told.again_stopped", name=camera.facts.name)
            return
        document = await asyncio.to_thread(scan_document, run.result)
        self._run = run
        self._show(document)
        await self._amend(document, camera.facts.id)
        took_s = round(time.monotonic() - began_s)
        self.board.notice = message("ui.told.again", name=camera.facts.name, seconds=took_s)

    async def _amend(self, document: ScanDocument, camera_id: str) -> None:
        store = self._tools.store
        if store is None:
            return

        def work() -> None:
            before = store.before(document.started_at)
            self.board.comparison = compare(before, document) if before is not None else None
            store.amend(document, (camera_id,))

        try:
            await asyncio.to_thread(work)
        except OperatorError as error:
            self.board.problems = (message("cli.store_failed", reason=error.problem),)

    def _onlooker(self, fleet: Fleet, options: FleetOptions) -> tuple[Onlooker, asyncio.Task[None]]:
        """Who writes on the board while the fleet works, and the task that counts the time left."""
        board, remaining = self.board, Remaining(first_guess_s(options), fleet.at_once)

        def progress(phase: str, done: int, total: int) -> None:
            if phase == "check" and done == 0:
                remaining.waiting = total
            if phase == "again" and done == 0:
                remaining.begin_second(total, time.monotonic())
            board.phase = Phase.CHECK if phase == "check" else Phase.SECOND_LOOK
            board.done, board.total = done, total
            board.changed()

        def step(job: Job, where: Step) -> None:
            remaining.begin(job.place, where, time.monotonic())
            if board.phase is not Phase.CHECK:  # a second look: its cameras are on the page already
                return
            self._device_at(job.host).step = where.value
            board.changed()

        def cameras(job: Job, results: tuple[CameraResult, ...]) -> None:
            remaining.end(job.place, results, time.monotonic())
            self._device_at(job.host).step = "done" if results else "waiting"
            board.cameras |= {result.facts.id: camera_view(result) for result in results}
            board.changed()

        async def tick() -> None:
            while True:
                board.left_s = remaining.left_s(time.monotonic())
                board.changed()
                await asyncio.sleep(TICK_S)

        return Onlooker(progress, step=step, cameras=cameras), asyncio.create_task(tick())

    def _device_at(self, host: str) -> DeviceProgress:
        return self.board.devices.setdefault(host, DeviceProgress(host))


def _device(answer: Sighting | RtspOnly) -> DeviceProgress:
    if isinstance(answer, RtspOnly):
        return DeviceProgress(answer.host, maker=answer.server or "")
    scopes = answer.target.scopes
    words = {kind: scope_value(scopes, kind) or "" for kind in ("name", "manufacturer", "mfr", "hardware")}
    maker = words["manufacturer"] or words["mfr"]
    model = words["hardware"]
    if maker and not model.casefold().startswith(maker.casefold()):
        model = f"{maker} {model}".strip()
    return DeviceProgress(answer.target.host, words["name"], model or maker)
