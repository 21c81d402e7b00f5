"""The agent's side of the store: blocking work in a thread of its own; a full disk does not stop the
watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from camagent.document.model import CameraView
from camagent.document.read import DocumentError, parse_cameras
from camagent.document.site_status import CameraStatus, camera_status
from camagent.document.write import camera_view, document_text, scan_head
from camagent.model.earlier_runs import Memory
from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message
from camagent.run.context import Run
from camagent.store import Store
from camagent.store.scans import packed

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """What a finished round left: its document, and what to remember for the next."""

    document: bytes
    """Packed with LZMA as in the store: two megabytes for 64 cameras otherwise, held for years."""
    memory: Memory


@dataclass(frozen=True, slots=True)
class EarlierRound:
    """What was known before the restart."""

    cameras: tuple[CameraStatus, ...] = ()
    document: bytes | None = None
    memory: Memory = Memory()


class Record(Protocol):
    """Where rounds are kept; nothing of it raises."""

    async def restore(self, now: datetime) -> EarlierRound:
        """The last round, and what is remembered of the site."""

    async def keep(self, run: Run, now: datetime) -> RoundRecord:
        """Store a finished round."""

    async def note_probes(self, at: datetime, answers: Mapping[str, bool]) -> None:
        """Count the cheap checks of one round."""


class StoreRecord:
    """A `Record` on the site's SQLite file; the caller opens and closes the store."""

    def __init__(self, store: Store, tell: Callable[[Message], None]) -> None:
        self._store = store
        self._tell = tell
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="camagent-store")

    async def restore(self, now: datetime) -> EarlierRound:
        def read() -> EarlierRound:
            memory = read_memory(self._store, now)
            for text in self._store.texts():
                try:
                    return EarlierRound(tuple(self._cameras(text)), packed([text]), memory)
                except DocumentError:
                    self._tell(message("agent.unreadable_scan", path=str(self._store.path)))
            return EarlierRound(memory=memory)

        return await self._run(read) or EarlierRound()

    def _cameras(self, text: bytes) -> Iterator[CameraStatus]:
        """One camera at a time: the whole document as values would cost 13 MB that are never given back.

        Raises: DocumentError where the cameras cannot even be told apart.
        """
        path = str(self._store.path)
        for camera in parse_cameras(text, path):
            if isinstance(camera, CameraView):
                yield camera_status(camera)
            else:  # of an older camagent, or damaged: it is checked anew anyway
                self._tell(message("agent.unreadable_camera", path=path))

    async def keep(self, run: Run, now: datetime) -> RoundRecord:
        def write() -> RoundRecord:
            head, memory = scan_head(run.result), run.memory
            try:
                text = self._store.save_each(head, map(camera_view, run.result.cameras))
                self._store.remember(run.learned, now)
                memory = read_memory(self._store, now)
            except OperatorError as error:
                self._tell(error.problem)
                text = packed(document_text(head, map(camera_view, run.result.cameras)))
            return RoundRecord(text, memory)

        return await asyncio.get_running_loop().run_in_executor(self._thread, write)

    async def note_probes(self, at: datetime, answers: Mapping[str, bool]) -> None:
        await self._run(lambda: self._store.note_probes(at, answers))

    async def close(self) -> None:
        """Let the last write end; the store's own time-out bounds it."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    async def _run(self, work: Callable[[], Answer]) -> Answer | None:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OperatorError as error:
            self._tell(error.problem)
            return None


def read_memory(store: Store, now: datetime) -> Memory:
    """What earlier runs of this machine left behind."""
    night_references, nights = store.nights()
    return Memory(
        devices=tuple(store.known_devices()),
        histories=store.histories(now),
        pins=tuple(store.pins()),
        answers=store.answers(),
        references=store.references(),
        night_references=night_references,
        nights=nights,
        trust=store.trust(),
        expected=store.expected_cameras(),
    )
