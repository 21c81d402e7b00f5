"""The picture pool: what it decodes, and that pictures which kill a decoder cost one stream and nothing
else."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import stat
import subprocess
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from camagent.model.defect import DefectElsewhere, place_of
from camagent.model.fault import Fault, FaultCode
from camagent.observe import decode, decode_worker
from camagent.observe.codec.access_unit import annex_b, split_annex_b
from camagent.observe.decode import MAX_PICTURES, PicturePool
from camagent.observe.decode_start import worker_environment
from camagent.observe.decoder_share import DecoderShare, decoder_share
from camagent.observe.picture.opinion import PictureReport
from camagent.platform.linux_memory import limit_bytes
from tests.observe.media.encoded_clips import Recipe, encode, filtered, write

H264 = Recipe(frames=30, params="keyint=15:scenecut=0:bframes=0")
H265 = Recipe("libx265", frames=30, params="keyint=15:min-keyint=15:scenecut=0:bframes=0")
MJPEG = Recipe("mjpeg", frames=3, pix_fmt="yuvj420p")


def keyframes(recipe: Recipe) -> list[bytes]:
    return [unit.data for unit in encode(recipe) if unit.keyframe]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(bounded())


def judged(codec: str, pictures: list[bytes], **options: Any) -> PictureReport | Fault:
    async def work() -> PictureReport | Fault:
        async with PicturePool(workers=1) as pool:
            return await pool.judge(codec, pictures, **options)

    answer: PictureReport | Fault = run(work())
    return answer


async def _all_codecs(pool: PicturePool) -> list[PictureReport | Fault]:
    jobs = [pool.judge(recipe.codec, keyframes(recipe)[:2]) for recipe in (H264, H265, MJPEG)]
    return await asyncio.gather(*jobs)


def test_every_codec_is_decoded_and_measured() -> None:
    async def work() -> list[PictureReport | Fault]:
        async with PicturePool() as pool:
            return [*await _all_codecs(pool), *await _all_codecs(pool)]  # and again by decoders used before

    for report in run(work()):
        assert isinstance(report, PictureReport)
        assert (report.decoded, report.errors, report.width_px, report.height_px) == (2, 0, 320, 240)
        assert report.image is not None and report.image.frames == 2 and report.image.conditions == ()
        assert report.image.change is not None and report.image.change > 1
        assert report.kept == 0


def test_the_agent_itself_loads_no_decoder() -> None:
    code = (
        "import sys, camagent.observe.decode; print([m for m in ('av', 'cv2', 'numpy') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).strip() == "[]"


def test_no_pictures_are_no_work() -> None:
    assert judged("h264", []) == PictureReport(0, 0, None, None, None)


def test_damaged_pictures_are_counted_and_not_measured() -> None:
    h264, h265, mjpeg = (keyframes(recipe)[0] for recipe in (H264, H265, MJPEG))
    headers = annex_b(nal for nal in split_annex_b(h265) if _is_parameter_set("h265", nal))
    cut = {"h264": h264[: len(h264) // 2], "h265": headers, "mjpeg": mjpeg[: len(mjpeg) // 2]}
    for codec, picture in (("h264", h264), ("h265", h265), ("mjpeg", mjpeg)):
        report = judged(codec, [cut[codec], picture, b"", os.urandom(500)])
        assert isinstance(report, PictureReport)
        assert (report.decoded, report.errors) == (1, 3)
        assert report.image is not None and report.image.frames == 1


def test_only_garbage_gives_no_image() -> None:
    assert judged("h264", [os.urandom(5000)]) == PictureReport(0, 1, None, None, None)


def test_a_picture_without_parameter_sets_is_not_decoded_with_the_last_cameras() -> None:
    whole = keyframes(H264)[0]
    bare = annex_b(nal for nal in split_annex_b(whole) if nal[0] & 0x1F == 5)
    report = judged("h264", [whole, bare])
    assert isinstance(report, PictureReport) and (report.decoded, report.errors) == (1, 1)


def test_a_crop_on_the_left_gives_the_right_width(tmp_path: Path) -> None:
    """FFmpeg's decoder says 300 instead of 290 by default (JVT vector CVFC1_Sony_C shows the same)."""
    plain = write(Recipe(frames=1), tmp_path / "plain.h264")
    cropped = filtered(plain, tmp_path / "cropped.h264", "h264_metadata=crop_left=26:crop_right=4")
    report = judged("h264", [cropped.read_bytes()])
    assert isinstance(report, PictureReport) and (report.width_px, report.height_px) == (290, 240)


@pytest.mark.first_case
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(frames=1, pix_fmt="yuv420p10le"),
        Recipe("libx265", frames=2, pix_fmt="yuv420p10le"),
        Recipe(frames=1, pix_fmt="yuv422p"),
        Recipe(frames=1, pix_fmt="yuv444p"),
        Recipe(frames=1, pix_fmt="gray"),
        Recipe("libx265", frames=2, pix_fmt="gray"),
        Recipe(frames=1, params="tff=1"),
        Recipe(frames=1, params="slices=5"),
        Recipe(frames=1, pix_fmt="yuvj420p"),
        Recipe("libx265", frames=2, params="slices=3:pools=2:wpp=1"),
        Recipe("mjpeg", frames=1, pix_fmt="yuvj422p"),
        Recipe(frames=1, width=322, height=242),
    ],
    ids=str,
)
def test_unusual_pictures_measure_like_usual_ones(recipe: Recipe) -> None:
    report = judged(recipe.codec, keyframes(recipe)[:1])
    usual = judged("h264", keyframes(Recipe(frames=1)))
    assert isinstance(report, PictureReport) and isinstance(usual, PictureReport)
    assert (report.width_px, report.height_px, report.errors) == (recipe.width, recipe.height, 0)
    assert report.image is not None and usual.image is not None
    # nothing in a monochrome stream says which range it has
    tolerance = 10 if recipe.pix_fmt == "gray" else 4
    assert report.image.luma_mean == pytest.approx(usual.image.luma_mean, abs=tolerance)
    assert report.image.luma_std == pytest.approx(usual.image.luma_std, abs=tolerance)
    assert report.image.conditions == ()


@pytest.mark.slow
def test_open_gop_pictures_decode_alone() -> None:
    """CRA, and the I picture behind an exact recovery point: no camera starts for us at an IDR."""
    params = "keyint=10:min-keyint=10:scenecut=0:bframes=3:open-gop=1"
    x264, x265 = Recipe(frames=40, params=params), Recipe("libx265", frames=40, params=params)
    for recipe in (x265, x264):
        sets = keyframes(recipe)[0]
        head = [nal for nal in split_annex_b(sets) if _is_parameter_set(recipe.codec, nal)]
        pictures = [annex_b([*head, *split_annex_b(data)]) for data in keyframes(recipe)]
        report = judged(recipe.codec, pictures)
        assert isinstance(report, PictureReport)
        assert len(pictures) >= 3 and (report.decoded, report.errors) == (len(pictures), 0)


def _is_parameter_set(codec: str, nal: bytes) -> bool:
    return nal[0] & 0x1F in (7, 8) if codec == "h264" else nal[0] >> 1 in (32, 33, 34)


@pytest.mark.slow
def test_a_4k_picture_is_decoded() -> None:
    report = judged(
        "h265",
        keyframes(Recipe("libx265", width=3840, height=2160, frames=1, options=(("preset", "ultrafast"),))),
    )
    assert isinstance(report, PictureReport) and (report.width_px, report.height_px) == (3840, 2160)


def test_a_claim_of_a_huge_picture_costs_an_error_and_no_memory(tmp_path: Path) -> None:
    """16384 x 16000 by the SPS: 400 MB a frame if anybody believed it."""
    sps = bytes.fromhex("67640033acb202001000fa200000")  # built by hand below the parser's own limit
    report = judged("h264", [annex_b([sps, *split_annex_b(keyframes(H264)[0])[1:]])])
    assert isinstance(report, PictureReport) and report.decoded == 0


def test_a_codec_nobody_decodes_is_said_so() -> None:
    fault = judged("mpeg4", [b"x"])
    assert isinstance(fault, Fault) and fault.code is FaultCode.CODEC_UNSUPPORTED


def test_too_many_pictures_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="at most"):
        judged("h264", [b"x"] * (MAX_PICTURES + 1))


def test_oversized_pictures_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "MAX_PICTURE_BYTES", 60_000)
    report = judged("h264", [keyframes(H264)[0], bytes(60_001)])
    assert isinstance(report, PictureReport) and (report.decoded, report.errors) == (1, 1)
    assert judged("h264", [bytes(60_001)]) == PictureReport(0, 1, None, None, None)


def test_a_full_queue_says_that_we_are_the_bottleneck(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = keyframes(H264)[0]
    monkeypatch.setattr(decode, "MAX_WAITING_BYTES", 2 * len(picture))

    async def work() -> list[PictureReport | Fault]:
        async with PicturePool(workers=1) as pool:
            first = await asyncio.gather(*(pool.judge("h264", [picture]) for _ in range(4)))
            return [*first, await pool.judge("h264", [picture])]

    answers = run(work())
    refused = [isinstance(a, Fault) and a.code is FaultCode.BUDGET_SPENT for a in answers]
    assert refused == [False, False, True, True, False]


def test_pictures_are_kept_only_where_asked_and_only_for_the_operator(tmp_path: Path) -> None:
    report = judged("h264", keyframes(H264)[:2], keep_as=tmp_path / "gate.main")
    assert isinstance(report, PictureReport) and report.kept == 2
    files = sorted(tmp_path.iterdir())
    assert [f.name for f in files] == ["gate.main-1.png", "gate.main-2.png", "gate.main.jpg"]
    assert all(f.read_bytes().startswith(b"\x89PNG") for f in files[:2])
    small = files[2].read_bytes()
    assert small.startswith(b"\xff\xd8\xff") and len(small) < 100_000
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    missing = judged("h264", keyframes(H264)[:1], keep_as=tmp_path / "nowhere" / "gate")
    assert isinstance(missing, PictureReport) and (missing.decoded, missing.kept) == (1, 0)


def test_the_worker_gets_no_secret_from_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMAGENT_PASSWORD", "hunter2")
    assert "hunter2" not in str(worker_environment())


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "WORKER_MODULE", "tests.observe.media.bad_worker")


def _among_others(pool: PicturePool, poison: bytes) -> list[Coroutine[Any, Any, PictureReport | Fault]]:
    good = [pool.judge("h264", keyframes(H264)[:1]) for _ in range(5)]
    return [*good[:2], pool.judge("h264", [poison]), *good[2:]]


@pytest.mark.first_case
@pytest.mark.parametrize("poison", [b"CRASH", b"MEMORY", b"BABBLE", b"NONSENSE", b"PLACE"])
@pytest.mark.usefixtures("bad")
def test_a_decoder_that_crashes_costs_one_stream(poison: bytes) -> None:
    async def work() -> tuple[list[PictureReport | Fault], PictureReport | Fault]:
        async with PicturePool(workers=2) as pool:
            return await asyncio.gather(*_among_others(pool, poison)), await pool.judge(
                "h264", keyframes(H264)[:1]
            )

    answers, after = run(work())
    assert [isinstance(a, Fault) for a in answers] == [False, False, True, False, False, False]
    assert answers[2].code is FaultCode.DECODE_FAILED
    assert isinstance(after, PictureReport) and after.decoded == 1


@pytest.mark.slow
@pytest.mark.usefixtures("bad")
def test_a_bug_of_ours_in_the_decoders_process_is_said_as_ours() -> None:
    async def work() -> tuple[list[PictureReport | BaseException | Fault], bool]:
        async with PicturePool(workers=2) as pool:
            await pool.judge("h264", keyframes(H264)[:1])
            before = pool.worker_pid
            answers = await asyncio.gather(*_among_others(pool, b"RAISE"), return_exceptions=True)
            return answers, pool.worker_pid == before

    answers, is_same_process = run(work())
    assert is_same_process
    assert [isinstance(answer, PictureReport) for answer in answers] == [True, True, False, True, True, True]
    assert isinstance(answers[2], DefectElsewhere)
    # never the message of the exception, which may quote a picture
    assert re.fullmatch(r"RuntimeError \w+\.py:\d+", place_of(answers[2]))


@pytest.mark.slow
def test_a_mistake_of_ours_with_an_answer_costs_the_stream_that_it_was_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_pictures: Sequence[bytes], keep_as: Path | None) -> int:
        if keep_as is not None:
            raise RecursionError("a mistake of ours")
        return 0

    async def work() -> list[PictureReport | BaseException | Fault]:
        async with PicturePool(workers=2) as pool:
            picture = keyframes(H264)[:1]
            asked = (None, tmp_path / "kept", None)
            return await asyncio.gather(
                *(pool.judge("h264", picture, keep_as) for keep_as in asked), return_exceptions=True
            )

    monkeypatch.setattr(decode, "keep_pictures", broken)
    first, bug, last = run(work())
    assert isinstance(first, PictureReport) and isinstance(last, PictureReport)
    assert isinstance(bug, RecursionError)


@pytest.mark.slow
@pytest.mark.usefixtures("bad")
def test_a_decoder_that_hangs_costs_one_stream_and_its_time() -> None:
    async def work() -> list[PictureReport | Fault]:
        async with PicturePool(workers=2, job_timeout_s=4.0) as pool:
            return await asyncio.gather(*_among_others(pool, b"HANG"))

    answers = run(work())
    assert [isinstance(a, Fault) for a in answers] == [False, False, True, False, False, False]
    assert answers[2].code is FaultCode.DECODE_FAILED and answers[2].elapsed_s >= 4.0


@pytest.mark.slow
def test_a_decoder_that_does_not_even_listen_leaves_no_word_behind() -> None:
    unheard: list[dict[str, Any]] = []

    async def work() -> PictureReport | Fault:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        async with PicturePool(workers=1, job_timeout_s=0.05) as pool:  # it is still being loaded then
            report = await pool.judge("h264", [bytes(12_000_000)])
        gc.collect()
        return report

    report = run(work())
    assert isinstance(report, Fault) and report.code is FaultCode.DECODE_FAILED
    assert not unheard


@pytest.mark.slow
@pytest.mark.usefixtures("bad")
def test_a_caller_that_gives_up_frees_its_place() -> None:
    async def work() -> PictureReport | Fault:
        async with PicturePool(workers=2, job_timeout_s=30.0) as pool:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2.0):
                    await pool.judge("h264", [b"HANG"])
            return await pool.judge("h264", keyframes(H264)[:1])

    report = run(work())
    assert isinstance(report, PictureReport) and report.decoded == 1


def test_closing_leaves_no_process_behind() -> None:
    async def work() -> int:
        pool = PicturePool(workers=1)
        await pool.judge("h264", keyframes(H264)[:1])
        pid = pool.worker_pid
        assert pid is not None
        await pool.close()
        await pool.close()
        assert pool.worker_pid is None
        return pid

    pid = run(work())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", "HANG"])
@pytest.mark.usefixtures("bad")
def test_a_worker_without_work_ends_and_another_takes_up_what_comes(
    before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camagent.observe.decode.IDLE_S", 0.5)

    async def work() -> tuple[int | None, int | None]:
        async with PicturePool(workers=2) as pool:
            if before:  # a caller gives up, and leaves a picture behind that hangs
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(2.0):
                        await pool.judge("h264", [before.encode()])
            first = await pool.judge("h264", keyframes(H264)[:1])
            pid = pool.worker_pid
            assert isinstance(first, PictureReport) and pid is not None
            async with asyncio.timeout(60):
                while _lives(pid):
                    await asyncio.sleep(0.05)
            assert pool.worker_pid is None
            again = await pool.judge("h264", keyframes(H264)[:1])
            assert again == first
            return pid, pool.worker_pid

    pid, other = run(work())
    assert other is not None and other != pid


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_picture_that_would_take_too_much_memory_is_not_decoded() -> None:
    """Size, depth and chroma count, not pixels alone: 40 million of 4:4:4 in 12 bit took 1.1 GB."""
    whole = encode(Recipe(encoder="libx265", pix_fmt="yuv444p10le", frames=1))[0].data
    assert decode_worker.frame_bytes("h265", whole) == 320 * 240 * 3 * 2
    assert decode_worker.frame_bytes("h264", encode(Recipe(frames=1))[0].data) == 320 * 240 * 3 // 2
    assert decode_worker.frame_bytes("h264", b"") == 0
    report = decode_worker.judge_pictures(decode_worker.Decoder(320 * 240 * 3), "h265", [whole])
    assert (report.decoded, report.errors) == (0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.usefixtures("bad")
def test_pictures_for_which_the_kernel_had_no_memory_are_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    start = asyncio.create_subprocess_exec

    async def counted(*words: Any, **options: Any) -> Any:
        started.append(words)
        return await start(*words, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", counted)

    async def work() -> tuple[PictureReport | Fault, int, PictureReport | Fault]:
        async with PicturePool(workers=1) as pool:
            hanging = asyncio.create_task(pool.judge("h264", [b"HANG"]))
            while pool.worker_pid is None:
                await asyncio.sleep(0.01)
            os.kill(pool.worker_pid, 9)  # as the kernel does where memory has run out
            answer, processes = await hanging, len(started)
            return answer, processes, await pool.judge("h264", keyframes(H264)[:1])

    answer, processes, after = run(work())
    assert isinstance(answer, Fault) and answer.code is FaultCode.BUDGET_SPENT and processes == 1
    assert isinstance(after, PictureReport) and after.decoded == 1


@pytest.mark.slow
def test_a_process_is_renewed_after_so_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a decoder leaks, or was made to keep, ends with its process; nobody's picture is lost by that."""
    monkeypatch.setattr("camagent.observe.decode.RENEWED_AFTER", 4)

    async def work() -> tuple[list[PictureReport | Fault], set[int | None]]:
        picture, pids, reports = keyframes(H264)[:1], set(), []
        async with PicturePool(workers=2) as pool:
            for _ in range(6):
                reports += await asyncio.gather(*(pool.judge("h264", picture) for _ in range(2)))
                pids.add(pool.worker_pid)
        return reports, pids

    reports, pids = run(work())
    assert all(isinstance(report, PictureReport) and report.decoded == 1 for report in reports)
    assert len(pids) == 3


@pytest.mark.parametrize(
    ("limit", "cores", "threads", "memory", "frame"),
    [
        (None, 8, 8, 1_500_000_000, 56_000_000),
        (512 << 20, 8, 2, 256 << 20, 13_843_545),
        (512 << 20, 1, 1, 256 << 20, 27_687_091),
        (100 << 20, 8, 1, 192_500_000, 12_500_000),
        (64 << 30, 2, 2, 1_500_000_000, 56_000_000),
    ],
)
def test_the_decoder_takes_half_of_what_its_service_may(
    limit: int | None, cores: int, threads: int, memory: int, frame: int
) -> None:
    assert decoder_share(limit, cores) == DecoderShare(threads, memory, frame)


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/system.slice/camagent.service", {"system.slice/camagent.service/memory.max": "536870912"}, 512),
        ("0::/a/b", {"a/memory.max": "268435456", "a/b/memory.max": "max"}, 256),
        ("4:cpu,memory:/x", {"memory/x/memory.limit_in_bytes": "134217728"}, 128),
        ("4:memory:/x", {"memory/x/memory.limit_in_bytes": "9223372036854771712"}, None),
        ("0::/", {}, None),
        ("nonsense", {}, None),
    ],
)
def test_the_limit_of_a_unit_is_read_on_the_way_to_the_root(
    own: str, files: dict[str, str], limit: int | None, tmp_path: Path
) -> None:
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    limit_read = limit_bytes(tmp_path, tmp_path / "own")
    assert limit_read == (None if limit is None else limit << 20)


@pytest.mark.slow
def test_a_4k_picture_fits_into_the_unit_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.observe.decode.memory_limit_bytes", lambda: 512 << 20)
    picture = keyframes(Recipe(width=3840, height=2160, frames=1, options=(("preset", "ultrafast"),)))[0]

    async def work() -> list[PictureReport | Fault]:
        async with PicturePool(workers=8) as pool:
            return list(await asyncio.gather(*(pool.judge("h264", [picture] * 2) for _ in range(4))))

    assert all(isinstance(report, PictureReport) and report.decoded == 2 for report in run(work()))
