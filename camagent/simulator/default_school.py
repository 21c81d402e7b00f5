"""The simulated school: what each camera is, what is wrong with it, and what camagent must say of it. Pure
data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from camagent.model.finding import Action, Verdict
from camagent.simulator.doors import SimulatedDoor
from camagent.simulator.faults import StreamFaults
from camagent.simulator.simulated_camera import (
    HTTP_PORT,
    RTSP_PORT,
    EncoderChoice,
    Expectation,
    SimulatedCamera,
    SimulatedStream,
    StatedEncoder,
    honest_claim,
)

USER = "camagent"
NETWORK = "127.10"
# each has sockets of its own: beyond, the usual limit of open files is reached long before
MAX_CAMERAS = 1000
_PER_SUBNET = 200
_DIGEST = ("digest-sha-256", "digest-md5")

_MODERN = (
    EncoderChoice(
        "h265",
        ((2560, 1440), (1920, 1080), (1280, 720)),
        (25, 20, 15, 12, 10, 5),
        (256, 8192),
        (1, 150),
        ("Main",),
    ),
    EncoderChoice(
        "h264",
        ((2560, 1440), (1920, 1080), (1280, 720)),
        (25, 20, 15, 12, 10, 5),
        (256, 8192),
        (1, 150),
        ("Main", "High"),
    ),
    EncoderChoice("mjpeg", ((1280, 720), (704, 576)), (12, 10, 5), (512, 16384), (1, 1), ()),
)
_OLD = (
    EncoderChoice(
        "h264", ((1280, 720), (704, 576)), (15, 12, 10, 5), (128, 2048), (1, 60), ("Baseline", "Main", "High")
    ),
)
_SUB = (EncoderChoice("h264", ((640, 360),), (15, 10, 5), (64, 768), (1, 60), ("Main", "High")),)

_READY = Expectation(Verdict.READY, Action.NONE, "everything asked is there")


def default_school(cameras: int = 12, password: str = "") -> tuple[SimulatedCamera, ...]:
    """So many cameras of honest variety; the first twelve are the usual ones, four rarer ones follow,
    and beyond the sixteenth the kinds repeat under other names, addresses and serials.

    Raises: ValueError for a number that is not from 1 to 1000.
    """
    if not 1 <= cameras <= MAX_CAMERAS:
        raise ValueError(f"a simulated school has 1 to {MAX_CAMERAS} cameras, not {cameras}")
    return tuple(_placed(_KINDS[number % len(_KINDS)](password), number) for number in range(cameras))


def _placed(camera: SimulatedCamera, number: int) -> SimulatedCamera:
    repeat = number // len(_KINDS)
    return replace(
        camera,
        address=f"{NETWORK}.{1 + number // _PER_SUBNET}.{1 + number % _PER_SUBNET}",
        name=camera.name if repeat == 0 else f"{camera.name} {repeat + 1}",
        serial=f"SIM{number + 1:06d}K{number * 7919 % 9973:04d}",
        mac=f"02:ca:6e:{number >> 16 & 0xFF:02x}:{number >> 8 & 0xFF:02x}:{number & 0xFF:02x}",
    )


def _camera(
    name: str, place: str, main: SimulatedStream, password: str, expected: Expectation
) -> SimulatedCamera:
    """A camera in good order; its address, serial and MAC are given by its place in the school."""
    return SimulatedCamera(
        address="",
        name=name,
        place=place,
        manufacturer="SimCam",
        model="SC-400",
        firmware="V5.7.3 build 251103",
        serial="",
        mac="",
        streams=(main, _sub_stream()),
        expected=expected,
        door=SimulatedDoor(USER, password, _DIGEST, open_to_anyone=False),
        http_digest=True,
        http_port=HTTP_PORT,
        rtsp_port=RTSP_PORT,
    )


def _main_stream(
    clip_name: str, *, claim: StatedEncoder | None = None, choices: tuple[EncoderChoice, ...] = _MODERN
) -> SimulatedStream:
    return SimulatedStream(
        "MainStream", "/Streaming/Channels/101", clip_name, claim or honest_claim(clip_name), choices
    )


def _sub_stream() -> SimulatedStream:
    clip_name = "sub_360p_h264"
    return SimulatedStream("SubStream", "/Streaming/Channels/102", clip_name, honest_claim(clip_name), _SUB)


def _gate(password: str) -> SimulatedCamera:
    camera = _camera("Cổng chính", "Cổng trường", _main_stream("main_4mp_h265"), password, _READY)
    third = replace(
        _sub_stream(), token="ThirdStream", path="/Streaming/Channels/103", clip_name="sub_360p_h265"
    )
    return replace(camera, streams=(*camera.streams, replace(third, claim=honest_claim("sub_360p_h265"))))


def _yard(password: str) -> SimulatedCamera:
    main = replace(_main_stream("main_1080p_h265"), other_tracks=("audio",))
    return _camera("Sân trường", "Sân chính", main, password, _READY)


def _corridor(password: str) -> SimulatedCamera:
    return _camera("Hành lang tầng 1", "Dãy nhà A", _main_stream("main_1080p_h264"), password, _READY)


def _corridor_above(password: str) -> SimulatedCamera:
    why = "set to MJPEG 720p although its options offer H.265 1080p at 25 fps"
    expected = Expectation(Verdict.NOT_READY, Action.RECONFIGURE, why)
    return _camera("Hành lang tầng 2", "Dãy nhà A", _main_stream("old_720p_mjpeg"), password, expected)


def _computer_room(password: str) -> SimulatedCamera:
    why = "720p at 15 fps is the most that it offers"
    expected = Expectation(Verdict.NOT_READY, Action.REPLACE, why)
    main = _main_stream("old_720p15_h264", choices=_OLD)
    camera = _camera("Phòng máy tính", "Dãy nhà B", main, password, expected)
    return replace(camera, model="SC-130", firmware="V2.1.0 build 150320", media2=False)


def _bicycle_shed(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.NOT_READY, Action.INVESTIGATE, "nothing answers at its address")
    camera = _camera("Nhà để xe", "Sau cổng phụ", _main_stream("main_1080p_h264"), password, expected)
    return replace(camera, alive=False)


def _library(password: str) -> SimulatedCamera:
    expected = Expectation(
        Verdict.NOT_READY, Action.RECONFIGURE, "its clock is eleven minutes slow and set by hand"
    )
    camera = _camera("Thư viện", "Dãy nhà B", _main_stream("main_1080p_h265"), password, expected)
    return replace(camera, clock_offset_s=-690.0, ntp_servers=())


def _side_gate(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.NOT_READY, Action.RECONFIGURE, "settings and picture are open to anyone")
    camera = _camera("Cổng phụ", "Cổng sau", _main_stream("main_1080p_h264"), password, expected)
    return replace(camera, door=replace(camera.door, open_to_anyone=True))


def _kitchen(password: str) -> SimulatedCamera:
    clip_name = "slow_12fps_1080p_h264"
    claim = replace(honest_claim(clip_name), frame_rate_hz=25.0, gop_length_frames=50)
    expected = Expectation(Verdict.NOT_READY, Action.INVESTIGATE, "it says 25 fps and sends 12")
    return _camera("Bếp ăn", "Nhà ăn bán trú", _main_stream(clip_name, claim=claim), password, expected)


def _stairs(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.NOT_READY, Action.FIX_PICTURE, "the picture stands still")
    return _camera("Cầu thang A", "Dãy nhà A", _main_stream("frozen_1080p_h264"), password, expected)


def _back_corridor(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.NOT_READY, Action.FIX_PICTURE, "the picture is black")
    return _camera("Hành lang sau", "Dãy nhà B", _main_stream("black_1080p_h264"), password, expected)


def _sports_ground(password: str) -> SimulatedCamera:
    main = replace(_main_stream("main_4mp_h264"), other_tracks=("metadata",))
    return _camera("Sân thể dục", "Nhà đa năng", main, password, _READY)


def _corridor_at_the_top(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.NOT_READY, Action.FIX_PICTURE, "the picture is out of focus")
    return _camera("Hành lang tầng 3", "Dãy nhà A", _main_stream("blurred_1080p_h264"), password, expected)


def _hall(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.READY, Action.NONE, "keyframes eight seconds apart are a minor shortfall")
    return _camera("Nhà đa năng", "Nhà đa năng", _main_stream("long_gop_1080p_h265"), password, expected)


def _basketball_court(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.NOT_READY, Action.UPDATE_FIRMWARE, "its picture comes over UDP only")
    main = replace(_main_stream("main_1080p_h265"), faults=StreamFaults(tcp_refused=True))
    return _camera("Sân bóng rổ", "Sân sau", main, password, expected)


def _car_park(password: str) -> SimulatedCamera:
    expected = Expectation(Verdict.NOT_READY, Action.INVESTIGATE, "its stream stops after two seconds")
    main = replace(_main_stream("main_1080p_h264"), faults=StreamFaults(stall_after_s=2.0))
    return _camera("Bãi xe giáo viên", "Cổng sau", main, password, expected)


_KINDS: tuple[Callable[[str], SimulatedCamera], ...] = (
    _gate,
    _yard,
    _corridor,
    _corridor_above,
    _computer_room,
    _bicycle_shed,
    _library,
    _side_gate,
    _kitchen,
    _stairs,
    _back_corridor,
    _sports_ground,
    _corridor_at_the_top,
    _hall,
    _basketball_court,
    _car_park,
)
