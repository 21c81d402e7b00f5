"""What a client may set on the simulated camera, and how ONVIF says no."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camagent.simulator.clips import load_clip
from camagent.simulator.encoder_settings import Refused
from camagent.simulator.onvif_xml import SoapRequest
from camagent.simulator.settings import SETTERS
from camagent.simulator.simulated_camera import SimulatedCamera, honest_claim
from tests.simulator.schools import own_school
from tests.simulator.test_onvif_server import DEVICE, MEDIA1, MEDIA2, ask, token

NOW = datetime(2026, 11, 28, 7, 0, 0, tzinfo=UTC)


def changed(camera: SimulatedCamera, prefix: str, operation: str, **values: object) -> SimulatedCamera:
    """The camera after one operation; names that begin with "at_" are attributes."""
    lists = {name: item if isinstance(item, list) else [str(item)] for name, item in values.items()}
    attributes = {name.removeprefix("at_"): item for name, item in lists.items() if name.startswith("at_")}
    arguments = {name: item for name, item in lists.items() if not name.startswith("at_")}
    request = SoapRequest("", operation, arguments, None, attributes)
    return SETTERS[prefix, operation].change(camera, request, NOW)


def encoder(camera: SimulatedCamera, prefix: str = "tr2", **values: object) -> SimulatedCamera:
    asked = {
        "at_token": "VideoEncoder_MainStream",
        "Encoding": "H264",
        "Width": 1920,
        "Height": 1080,
    } | values
    return changed(camera, prefix, "SetVideoEncoderConfiguration", **asked)


def test_the_clock_follows_what_is_set() -> None:
    library = own_school(7)[6]
    assert library.clock_offset_s < -600 and not library.ntp_servers
    served = changed(library, "tds", "SetNTP", FromDHCP="false", DNSname="time.school.vn")
    assert served.clock_offset_s == library.clock_offset_s, "a server alone does not move the clock"
    right = changed(served, "tds", "SetSystemDateAndTime", DateTimeType="NTP", DaylightSavings="false")
    assert right.clock_offset_s == 0.0 and not right.manual_clock
    by_hand = changed(
        right,
        "tds",
        "SetSystemDateAndTime",
        DateTimeType="Manual",
        TZ="ICT-7",
        Year=2026,
        Month=11,
        Day=28,
        Hour=7,
        Minute=1,
        Second=0,
    )
    assert by_hand.clock_offset_s == 60.0 and by_hand.manual_clock


def test_the_encoder_follows_what_is_set_and_tells_what_it_sends() -> None:
    upstairs = own_school(4)[3]
    after = encoder(upstairs, Encoding="H265", FrameRateLimit=15, BitrateLimit=4096, at_GovLength=50)
    main = after.streams[0]
    clip = load_clip(main.clip_name)
    assert (clip.codec, clip.width_px, clip.height_px) == ("h265", 1920, 1080)
    assert main.frame_rate_hz == main.claim.frame_rate_hz == 15
    assert main.claim.gop_length_frames == clip.gop_length_frames, "not what was asked: what is sent"
    assert after.streams[1:] == upstairs.streams[1:]


def test_a_keyframe_interval_chooses_the_nearest_stream() -> None:
    hall = own_school(14)[13]
    assert hall.streams[0].clip_name.startswith("long_gop")
    after = encoder(hall, Encoding="H265", FrameRateLimit=25, at_GovLength=50)
    assert not after.streams[0].clip_name.startswith("long_gop")


def test_a_frozen_encoder_stays_frozen() -> None:
    stairs = own_school(10)[9]
    assert encoder(stairs, FrameRateLimit=20).streams[0].clip_name == stairs.streams[0].clip_name


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"at_token": "VideoEncoder_Nobody"}, "ter:NoConfig"),
        ({"Encoding": "AV1"}, "ter:ConfigModify"),
        ({"Width": 1234}, "ter:ConfigModify"),
        ({"FrameRateLimit": 60}, "ter:ConfigModify"),
        ({"FrameRateLimit": "fast"}, "ter:ConfigModify"),
        ({"BitrateLimit": 10**6}, "ter:ConfigModify"),
        ({"at_GovLength": 0}, "ter:ConfigModify"),
        ({"Encoding": "H265", "Width": 1280, "Height": 720}, "ter:ConfigModify"),
    ],
)
@pytest.mark.parametrize("prefix", ["trt", "tr2"])
def test_what_an_encoder_cannot_be_set_to_is_refused(
    prefix: str, values: dict[str, object], detail: str
) -> None:
    with pytest.raises(Refused) as refusal:
        encoder(own_school(3)[2], prefix, **values)
    assert refusal.value.subcodes == ("ter:InvalidArgVal", detail)


@pytest.mark.parametrize(
    ("operation", "values", "detail"),
    [
        ("SetSystemDateAndTime", {"DateTimeType": "Manual", "TZ": "nowhere!"}, "ter:InvalidTimeZone"),
        ("SetSystemDateAndTime", {"DateTimeType": "Sundial"}, "ter:InvalidDateTime"),
        (
            "SetSystemDateAndTime",
            {"DateTimeType": "Manual", "Year": 2026, "Month": 13},
            "ter:InvalidDateTime",
        ),
        ("SetSystemDateAndTime", {"DateTimeType": "NTP"}, "ter:NtpServerUndefined"),
        ("SetNTP", {"FromDHCP": "false", "IPv4Address": "300.1.1.1"}, "ter:InvalidIPv4Address"),
        ("SetNTP", {"FromDHCP": "false", "DNSname": "no spaces here"}, "ter:InvalidDnsName"),
        ("SetHostname", {"Name": "-camera-"}, "ter:InvalidHostname"),
        ("SetUser", {"Username": "nobody", "UserLevel": "User"}, "ter:UsernameMissing"),
        ("SetUser", {"Username": "giamsat", "UserLevel": "King"}, "ter:OperationProhibited"),
        ("SetUser", {"Username": "camagent", "UserLevel": "User"}, "ter:FixedUser"),
        (
            "SetUser",
            {"Username": "camagent", "UserLevel": "Administrator", "Password": "x" * 65},
            "ter:PasswordTooLong",
        ),
        (
            "SetUser",
            {"Username": "camagent", "UserLevel": "Administrator", "Password": "12345678"},
            "ter:Password",
        ),
    ],
)
def test_what_a_device_cannot_be_set_to_is_refused(
    operation: str, values: dict[str, object], detail: str
) -> None:
    camera = replace(own_school(7)[6], ntp_servers=())
    with pytest.raises(Refused) as refusal:
        changed(camera, "tds", operation, **values)
    assert refusal.value.subcodes[1] == detail


def test_the_last_time_server_is_not_taken_from_a_clock_that_needs_it() -> None:
    with pytest.raises(Refused) as refusal:
        changed(own_school(1)[0], "tds", "SetNTP", FromDHCP="false")
    assert refusal.value.subcodes[1] == "ter:TimeSyncedToNtp"


ENCODER = (
    '<Configuration token="VideoEncoder_MainStream" GovLength="50"><Encoding>H264</Encoding><Resolution>'
    "<Width>1920</Width><Height>1080</Height></Resolution><RateControl><FrameRateLimit>20</FrameRateLimit>"
    "<BitrateLimit>4096</BitrateLimit></RateControl></Configuration>"
)


@pytest.mark.parametrize("namespace", [MEDIA1, MEDIA2])
def test_what_was_set_is_told_afterwards(namespace: str) -> None:
    answers = ask(
        own_school(3)[2],
        (namespace, "SetVideoEncoderConfiguration", token(), ENCODER),
        (namespace, "GetVideoEncoderConfigurations", token(), ""),
        (DEVICE, "SetHostname", token(), "<Name>cong-chinh</Name>"),
        (DEVICE, "GetHostname", "", ""),
        (DEVICE, "SetNTP", token(), "<FromDHCP>false</FromDHCP><NTPManual><Type>IPv4</Type>"
         "<IPv4Address>10.1.1.1</IPv4Address></NTPManual>"),
        (DEVICE, "GetNTP", token(), ""),
    )  # fmt: skip
    assert [status for status, _ in answers] == [200] * 6
    assert "FrameRateLimit>20<" in answers[1][1]
    assert "cong-chinh" in answers[3][1]
    assert "<tt:IPv4Address>10.1.1.1<" in answers[5][1]


@pytest.mark.parametrize(
    ("level", "namespace", "operation", "content", "status"),
    [
        ("User", MEDIA1, "SetVideoEncoderConfiguration", ENCODER, 400),
        ("Operator", MEDIA1, "SetVideoEncoderConfiguration", ENCODER, 200),
        ("Operator", DEVICE, "SetHostname", "<Name>a</Name>", 400),
        ("Administrator", DEVICE, "SetHostname", "<Name>a</Name>", 200),
    ],
)
def test_the_level_of_the_account_decides(
    level: str, namespace: str, operation: str, content: str, status: int
) -> None:
    camera = replace(own_school(3)[2], account_level=level)
    ((code, text),) = ask(camera, (namespace, operation, token(), content))
    assert code == status
    assert ("ter:NotAuthorized" in text) == (status == 400)


def test_nobody_sets_anything_without_a_log_in() -> None:
    ((status, text),) = ask(
        replace(own_school(3)[2], http_digest=False), (DEVICE, "SetHostname", "", "<Name>a</Name>")
    )
    assert status == 400 and "NotAuthorized" in text


def test_a_new_password_is_asked_for_from_then_on_and_closes_an_open_door() -> None:
    open_gate = own_school(8)[7]
    assert open_gate.door.open_to_anyone
    account = (
        "<Username>camagent</Username><Password>Moi-2027x</Password><UserLevel>Administrator</UserLevel>"
    )
    answers = ask(
        replace(open_gate, http_digest=False),
        (DEVICE, "GetNTP", "", ""),
        (DEVICE, "SetUser", "", f"<User>{account}</User>"),
        (DEVICE, "GetNTP", "", ""),
        (DEVICE, "GetNTP", token(), ""),
        (DEVICE, "GetNTP", token("Moi-2027x"), ""),
    )
    assert [status for status, _ in answers] == [200, 200, 400, 400, 200]


def test_an_honest_claim_is_what_a_set_stream_tells() -> None:
    after = encoder(own_school(3)[2], FrameRateLimit=25, BitrateLimit=256)
    sent = honest_claim(after.streams[0].clip_name).bitrate_kbps
    assert after.streams[0].claim.bitrate_kbps == sent > 256
