"""The pool that has keyframes decoded in a process of their own. Knows pipes and time-outs; never imports a
decoder.

One worker process with a thread a core. If it dies, the pictures that it had in hand are tried once more, one
stream at a time in a fresh process, so that only the stream that kills a decoder is answered with a Fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from camagent.model.defect import DefectElsewhere, place_of
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.observe.codec.table import DECODED
from camagent.observe.decode_start import worker_environment
from camagent.observe.decoder_replies import keep_pictures, read_report
from camagent.observe.decoder_share import DecoderShare, decoder_share
from camagent.observe.picture.opinion import PictureReport
from camagent.platform.process import memory_limit_bytes

logger = logging.getLogger(__name__)

WORKER_MODULE = "camagent.observe.decode_start"
# three 4K keyframes take 0.3 s of CPU on a good core; an old PC with every core busy stays below
JOB_TIMEOUT_S = 20.0
MAX_PICTURES = 8  # a stream; two or three are useful
MAX_PICTURE_BYTES = 16_000_000  # a JPEG of RFC 2435 has no more (24-bit offset); keyframes are far smaller
# of pictures queued: 256 cameras with two heavy 1080p keyframes (165 kB) take 84 MB
MAX_WAITING_BYTES = 128_000_000
MAX_REPLY_BYTES = 65_536  # a report has about 5,000 bytes, most of them numbers of the last picture
MAX_KEPT_BYTES = MAX_PICTURES * 64_000_000  # PNGs of one stream, where they are kept; 4K of noise has 25 MB
KILLED = -9  # what asyncio tells of a process that got SIGKILL; Windows has none
DYING_S = 2.0  # a process that has closed its pipe is dead within milliseconds, on a crowded PC too
IDLE_S = 60.0  # without work the process ends: it holds 100 MB, and in quiet hours there is no use for it
RENEWED_AFTER = 4_000  # pictures: half a minute of work; a fresh process costs a second, and ends leaks
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class _DecodeJob:
    codec: str
    pictures: tuple[bytes, ...]
    keep_as: Path | None


@dataclass(frozen=True, slots=True)
class _Owed:
    process: asyncio.subprocess.Process
    answer: asyncio.Future[PictureReport]
    keep_as: Path | None


class _WorkerLost(Exception):
    """The worker process ended, or had to be ended, with this job in hand; because of a mistake of ours in
    reading its answers, if it has a cause."""


class _OutOfMemory(Exception):
    """The kernel ended the process, for want of memory, with this job in hand: a second try would do it
    again."""


class _Worker:
    """One decoding process and the answers that it owes."""

    def __init__(self, share: DecoderShare) -> None:
        self._share = share
        self._pictures = 0
        """That the present process was given."""
        self._idle_again = asyncio.Event()
        self._idle: asyncio.TimerHandle | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count()
        self._owed: dict[int, _Owed] = {}
        self._ended: set[asyncio.subprocess.Process] = set()
        """Processes that we ended ourselves, until their end is seen."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def run(self, job: _DecodeJob, timeout_s: float) -> PictureReport:
        """Have one job done.

        Raises: _WorkerLost where the process ended; TimeoutError where the job took too long: the process is
        ended too.
        """
        async with self._starting:
            if self._pictures >= RENEWED_AFTER:
                await self._idle_again.wait()
                await self.close()
            process = await self._running()
            self._pictures += len(job.pictures)
            self._idle_again.clear()
            self._stay()
        number = next(self._numbers)
        answer: asyncio.Future[PictureReport] = asyncio.get_running_loop().create_future()
        self._owed[number] = _Owed(process, answer, job.keep_as)
        try:
            async with asyncio.timeout(timeout_s):
                await self._send(process, number, job)
                return await answer
        except TimeoutError:
            answer.cancel()  # nobody waits for it, whatever becomes of the process
            if self._process is process:
                await self.close()
            raise
        finally:
            self._owed.pop(number, None)
            self._end_when_idle()

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _end_when_idle(self) -> None:
        """Killed, not asked: a picture that its caller gave up may still hang in it."""

        def end() -> None:
            if not self._owed and self._process is not None:
                process, self._process = self._process, None
                self._end(process)

        if not self._owed:
            self._idle_again.set()
        self._stay()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, end)

    async def start(self) -> None:
        """Have a process, where there is none: it imports its decoder while nobody waits for it."""
        async with self._starting:
            await self._running()
        if not self._owed:
            self._end_when_idle()

    async def close(self) -> None:
        """End the process at once; what it still owes is lost."""
        self._stay()
        process, self._process = self._process, None
        reader, self._reader = self._reader, None
        if process is not None and process.returncode is None:
            self._end(process)
        if reader is not None:
            await reader

    def _end(self, process: asyncio.subprocess.Process) -> None:
        self._ended.add(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None and self._reader is not None:
            return self._process
        if self._reader is not None:
            await self._reader  # of a process that is gone
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", WORKER_MODULE, str(self._share.threads)),
            *(str(self._share.memory_bytes), str(self._share.frame_bytes)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=worker_environment(),
        )
        self._pictures = 0
        self._reader = asyncio.create_task(self._read(self._process), name="decode worker's answers")
        return self._process

    async def _send(self, process: asyncio.subprocess.Process, number: int, job: _DecodeJob) -> None:
        header = json.dumps(
            {
                "id": number,
                "codec": job.codec,
                "sizes": [len(picture) for picture in job.pictures],
                "keep": job.keep_as is not None,
            }
        ).encode()
        assert process.stdin is not None
        process.stdin.writelines((len(header).to_bytes(_LENGTH_BYTES, "big"), header, *job.pictures))
        with contextlib.suppress(ConnectionError):  # the reader notices the end of the process, and says so
            await process.stdin.drain()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        mistake: Exception | None = None
        try:
            while True:
                await self._read_answer(process)
        except asyncio.IncompleteReadError:
            pass  # the end of the process
        except (ValueError, KeyError, TypeError):  # a decoder that was taken over may say anything
            self._end(process)
        except Exception as bug:
            mistake = bug
            self._end(process)
        finally:
            try:
                async with asyncio.timeout(DYING_S):
                    await process.wait()
            except TimeoutError:
                self._end(process)
                await process.wait()
            finally:
                self._lose(process, mistake)

    async def _read_answer(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        size = int.from_bytes(await process.stdout.readexactly(_LENGTH_BYTES), "big")
        if size > MAX_REPLY_BYTES:
            raise ValueError("a reply longer than any report")
        number, report, sizes = read_report(await process.stdout.readexactly(size))
        owed = self._owed.get(number)
        # A caller that gave up has no place for pictures any more; they are read past, within the same
        # bounds.
        if sum(sizes) > MAX_KEPT_BYTES or (owed is not None and owed.keep_as is None and sizes):
            raise ValueError("pictures that nobody asked for")
        pictures = [await process.stdout.readexactly(length) for length in sizes]
        if owed is None or owed.answer.done():
            return
        if isinstance(report, DefectElsewhere):
            owed.answer.set_exception(report)
        else:
            owed.answer.set_result(replace(report, kept=keep_pictures(pictures, owed.keep_as)))

    def _lose(self, process: asyncio.subprocess.Process, mistake: Exception | None) -> None:
        if self._process is process:
            self._process = None
        # SIGKILL that is not ours comes from the kernel, which had no memory left for these pictures.
        starved = process.returncode == KILLED and process not in self._ended
        self._ended.discard(process)
        for owed in self._owed.values():
            if owed.process is process and not owed.answer.done():
                loss = _OutOfMemory() if starved else _WorkerLost()
                loss.__cause__ = mistake
                owed.answer.set_exception(loss)


class PicturePool:
    """Decodes and judges keyframes for every stream of this run; a `PictureJudge`."""

    def __init__(self, workers: int | None = None, job_timeout_s: float = JOB_TIMEOUT_S) -> None:
        """`workers`: streams decoded at a time; a thread each, as many as cores unless given."""
        threads = workers if workers is not None else os.cpu_count() or 1
        self._job_timeout_s = job_timeout_s
        self._share = decoder_share(memory_limit_bytes(), threads)
        self._slots = asyncio.Semaphore(self._share.threads)
        self._worker = _Worker(self._share)
        self._suspects = asyncio.Lock()
        self._waiting_bytes = 0

    async def prepare(self) -> None:
        """Start the decoder while a stream is watched; that it cannot be started is told by `judge`."""
        with contextlib.suppress(OSError):
            await self._worker.start()

    async def judge(
        self, codec: str, pictures: Sequence[bytes], keep_as: Path | None = None
    ) -> PictureReport | Fault:
        """See `PictureJudge.judge`.

        Returns: CODEC_UNSUPPORTED, BUDGET_SPENT (the queue or this machine's memory is full: we are the
        bottleneck), or DECODE_FAILED where the pictures hang or crash a decoder. Raises: ValueError for more
        pictures than MAX_PICTURES; DefectElsewhere for a bug of ours in the decoder's process.
        """
        started_s = time.monotonic()
        if len(pictures) > MAX_PICTURES:
            raise ValueError(f"at most {MAX_PICTURES} pictures of a stream are judged, not {len(pictures)}")
        if codec not in DECODED:
            return _fault(FaultCode.CODEC_UNSUPPORTED, started_s)
        fitting = tuple(picture for picture in pictures if len(picture) <= MAX_PICTURE_BYTES)
        if not fitting:
            return PictureReport(0, len(pictures), None, None, None)
        size = sum(map(len, fitting))
        if self._waiting_bytes + size > MAX_WAITING_BYTES:
            return _fault(FaultCode.BUDGET_SPENT, started_s)
        self._waiting_bytes += size
        try:
            report = await self._decoded(_DecodeJob(codec, fitting, keep_as))
        finally:
            self._waiting_bytes -= size
        if isinstance(report, FaultCode):
            return _fault(report, started_s)
        too_large = len(pictures) - len(fitting)
        return replace(report, errors=report.errors + too_large)

    @property
    def worker_pid(self) -> int | None:
        """The decoding process, for whoever measures it; None while there is none."""
        return self._worker.pid

    async def close(self) -> None:
        """End the worker process; streams still waiting get DECODE_FAILED or a new worker, whichever comes
        first."""
        try:
            await self._worker.close()
        except Exception as bug:  # what was measured must not be lost with it
            logger.error("defect while the decoder was ended: %s", place_of(bug))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _decoded(self, job: _DecodeJob) -> PictureReport | FaultCode:
        try:
            async with self._slots:
                return await self._worker.run(job, self._job_timeout_s)
        except (TimeoutError, _WorkerLost):
            pass  # its own doing, or that of another stream in the same process: alone it will show
        except _OutOfMemory:
            return FaultCode.BUDGET_SPENT
        async with self._suspects:
            alone = _Worker(replace(self._share, threads=1))
            try:
                return await alone.run(job, self._job_timeout_s)
            except _WorkerLost as lost:
                if lost.__cause__ is not None:
                    raise lost.__cause__ from None
                return FaultCode.DECODE_FAILED
            except TimeoutError:
                return FaultCode.DECODE_FAILED
            except _OutOfMemory:
                return FaultCode.BUDGET_SPENT
            finally:
                await alone.close()


def _fault(code: FaultCode, started_s: float) -> Fault:
    return Fault(code, Stage.OBSERVE, "decode", time.monotonic() - started_s)
