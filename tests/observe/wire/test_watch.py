"""The door itself: pictures, budgets, secrets, replay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.secret import Credential, Secret
from camagent.model.stream import StreamFacts, StreamRole, StreamTarget
from camagent.model.uri import StreamUri
from camagent.observe.picture.opinion import PictureReport
from camagent.observe.stream_record import replay_stream
from camagent.observe.watch import WatchOptions, watch_stream
from camagent.wire.transcript import Transcript
from tests.builders import image_facts
from tests.observe.wire.camera import Asked, Camera, running
from tests.observe.wire.watching import (
    CREDENTIAL,
    QUICK,
    KeepingJudge,
    KeepingTranscript,
    doors,
    measured,
    watch,
)


class Judge:
    """Answers what it is told to, after a while."""

    def __init__(self, answer: PictureReport | Fault, wait_s: float = 0.0) -> None:
        self.answer, self.wait_s = answer, wait_s
        self.asked: list[tuple[str, int, Path | None]] = []

    async def judge(
        self, codec: str, pictures: Sequence[bytes], keep_as: Path | None = None
    ) -> PictureReport | Fault:
        self.asked.append((codec, len(pictures), keep_as))
        await asyncio.sleep(self.wait_s)
        return self.answer


def seen_by(camera: Camera, credential: Credential | None = None, **options: Any) -> StreamFacts:
    async def look() -> StreamFacts:
        async with running(camera) as uri:
            return await watch(uri, credential, **options)

    return asyncio.run(look())


def test_the_judges_answer_stands_in_the_facts() -> None:
    image = image_facts()
    facts = seen_by(Camera(), door=doors(pictures=Judge(PictureReport(2, 1, 640, 360, image))))
    assert facts.image == image
    assert (measured(facts).keyframes_decoded, measured(facts).decode_errors) == (2, 1)


@pytest.mark.parametrize("pictures", [0, 1, 2, 3])
def test_as_many_pictures_as_wanted(pictures: int) -> None:
    judge = Judge(PictureReport(pictures, 0, None, None, image_facts()))
    facts = seen_by(Camera(gop=2), pictures=pictures, window_s=1.0, door=doors(pictures=judge))
    assert [count for _, count, _ in judge.asked] == ([pictures] if pictures else [])
    assert (facts.image is None) == (pictures == 0)


def test_pictures_that_nobody_could_decode_are_a_fault() -> None:
    facts = seen_by(Camera(), door=doors(pictures=Judge(PictureReport(0, 2, None, None, None))))
    assert isinstance(facts.image, Fault) and facts.image.code is FaultCode.DECODE_FAILED
    assert measured(facts).decode_errors == 2


def test_a_judge_that_fails_does_not_take_the_numbers_along() -> None:
    broken = Fault(FaultCode.DECODE_FAILED, Stage.OBSERVE, "decode", 0.1)
    facts = seen_by(Camera(), door=doors(pictures=Judge(broken)))
    assert facts.image is broken and measured(facts).frames > 2


def test_a_judge_that_never_comes_to_it_costs_the_budget_and_is_told() -> None:
    slow = Judge(PictureReport(2, 0, None, None, image_facts()), wait_s=60.0)
    facts = seen_by(Camera(), door=doors(pictures=slow), budget_s=2.0)
    assert isinstance(facts.image, Fault) and facts.image.code is FaultCode.BUDGET_SPENT
    assert measured(facts).limits == ("decode_queue",)


def test_no_keyframe_in_the_window_is_waited_for_once_as_long() -> None:
    """Smart codecs (frigate PR #23453): the picture comes late, and the stream is not dead."""

    class LateKey(Camera):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            yield from super().frame(number + 1)

    judge = KeepingJudge()
    facts = seen_by(LateKey(gop=35), door=doors(pictures=judge), window_s=0.6)
    assert len(judge.pictures) == 1 and measured(facts).window_s > 1.0
    facts = seen_by(LateKey(gop=100_000), door=doors(pictures=judge), window_s=0.4)
    assert facts.image is None and (measured(facts).gop_at_least_s or 0.0) > 0.4


def test_no_image_is_kept_unless_asked(tmp_path: Path) -> None:
    judge = Judge(PictureReport(2, 0, None, None, image_facts()))

    async def look() -> None:
        async with running(Camera()) as uri:
            target = StreamTarget(uri, StreamRole.SUB, "../../tok en", "Cổng/chính")
            for folder in (None, tmp_path):
                options = WatchOptions(window_s=0.3, limits=QUICK, keep_images=folder)
                await watch_stream(target, None, options, doors(pictures=judge))

    asyncio.run(look())
    kept = [path for *_, path in judge.asked]
    assert kept[0] is None and kept[1] is not None
    assert kept[1].parent == tmp_path and kept[1].name == "Cổng_chính-.._.._tok_en-sub"


def test_a_camera_that_stops_keeps_its_picture_and_loses_its_numbers() -> None:
    judge = Judge(PictureReport(1, 0, None, None, image_facts()))
    facts = seen_by(Camera(frames=12), window_s=1.5, door=doors(pictures=judge))
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.STALLED
    assert facts.faults == (facts.measured,) and not isinstance(facts.image, Fault)


def test_mpeg4_is_measured_and_not_decoded() -> None:
    sdp = Camera().sdp.replace("H264", "MP4V-ES")

    class OldCamera(Camera):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            from tests.observe.wire.camera import on_channel, rtp

            vop = b"\x00\x00\x01\xb6" + (b"\x10" if number % 10 == 0 else b"\x50") + b"x" * 50
            yield on_channel(rtp(self.next_sequence(), number * 1800, vop, marker=True))

    judge = KeepingJudge()
    facts = seen_by(OldCamera(sdp=sdp), door=doors(pictures=judge))
    figures = measured(facts)
    assert (figures.codec, figures.gop_length_frames, judge.pictures) == ("mpeg4", 10, [])
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.01)


def test_the_secret_appears_nowhere(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the camera echoes it in an address (yi-hack-MStar#56)."""

    class Telling(Camera):
        def describe(self, asked: Asked) -> bytes:
            base = f"Content-Base: rtsp://viewer:hunter2@127.0.0.1:{self.uri.port}/live/"
            return self.ok(asked, base, f"Server: {self.password}", body=self.sdp.encode())

    for password, right in (
        ("hunter2", "hunter2"),
        ("hunter2", "other"),
        ("Mật khẩu/hunter2@#", "Mật khẩu/hunter2@#"),
    ):
        transcript = Transcript()
        with caplog.at_level(logging.DEBUG):
            credential = Credential("viewer", Secret(password))
            transcript.hide(credential)
            facts = seen_by(
                Telling(user="viewer", password=right), credential, door=doors(transcript=transcript)
            )
        printed = capsys.readouterr()
        everything = f"{facts}{transcript.exchanges}{caplog.text}{printed}"
        assert transcript.exchanges
        if right == password:
            assert measured(facts).frames > 2
        assert "hunter2" not in everything


def test_a_visit_on_paper_gives_the_same_facts() -> None:
    judge = Judge(PictureReport(2, 0, 640, 360, image_facts()))
    for camera, wanted in ((Camera(), judge), (Camera(frames=0), None), (Camera(sdp=""), None)):
        transcript = KeepingTranscript()
        facts = seen_by(camera, door=doors(transcript=transcript, pictures=wanted))
        assert isinstance(facts.target, StreamTarget)
        doing, sent, received = transcript.exchanges[-1]
        assert (doing, sent) == (str(facts.target.uri), "")
        assert replay_stream(facts.target, received) == facts


@given(st.text(max_size=50) | st.sampled_from(["", "{}", "[]", "null", '{"schema": "camagent.stream/1"}']))
def test_any_other_paper_is_not_a_pass(text: str) -> None:
    facts = replay_stream(StreamTarget(StreamUri("rtsp", "192.0.2.1", 554, "/")), text)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.BUDGET_SPENT


def test_the_login_goes_to_no_other_address() -> None:
    """A camera that names another host in every answer is still asked at its own."""

    class Elsewhere(Camera):
        def describe(self, asked: Asked) -> bytes:
            sdp = self.sdp.replace("a=control:trackID=1", "a=control:rtsp://127.0.0.3:9/live/trackID=1")
            return self.ok(asked, "Content-Base: rtsp://127.0.0.3:9/live/", body=sdp.encode())

    camera = Elsewhere(user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal())
    assert measured(seen_by(camera, CREDENTIAL)).frames > 2
    assert {asked.uri.split("/")[2] for asked in camera.asked} == {camera.uri.netloc}


@pytest.mark.parametrize(("role", "most_s"), [(StreamRole.MAIN, 3.0), (StreamRole.SUB, 1.1)])
def test_a_lighter_stream_is_watched_for_its_own_shorter_window(role: StreamRole, most_s: float) -> None:
    async def look() -> StreamFacts:
        async with running(Camera()) as uri:
            options = WatchOptions(window_s=1.2, sub_window_s=0.3, limits=QUICK, pictures=0)
            return await watch_stream(StreamTarget(uri, role), None, options, doors())

    window_s = measured(asyncio.run(look())).window_s
    assert window_s < most_s and (role is StreamRole.SUB or window_s >= 1.1)
