"""A sensor with modes: the encoder's menu holds for the one that runs. From wire to advice."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from camagent.interrogate.source_modes import parse_source_modes
from camagent.model.fault import Fault
from camagent.model.finding import Action
from camagent.model.source_mode import SourceMode
from camagent.wire.xml import parse_xml
from tests.each import each
from tests.floor import judged, not_vacuous
from tests.interrogate.fake_device import (
    DEVICE,
    MEDIA1,
    MEDIA2,
    MEDIA2_CAPABILITIES,
    Answer,
    FakeDevice,
    Say,
    envelope,
    media1_profiles,
    soap_fault,
)
from tests.interrogate.test_both_menus import advised, main_profile, small_camera
from tests.interrogate.test_interview import interview

QUESTION = "GetVideoSourceModes"
CLAIM = 'VideoSourceMode="true" '
RUNS = (1280, 720, 25, "JPEG H264", "true")


def modes(*rows: tuple[int, int, float, str, str], prefix: str = "tr2") -> str:
    listed = "".join(
        f'<{prefix}:VideoSourceModes token="M{number}" Enabled="{enabled}"><{prefix}:MaxFramerate>{rate}'
        f"</{prefix}:MaxFramerate><{prefix}:MaxResolution><tt:Width>{width}</tt:Width><tt:Height>{height}"
        f"</tt:Height></{prefix}:MaxResolution><{prefix}:Encodings>{codecs}</{prefix}:Encodings>"
        f"<{prefix}:Reboot>true</{prefix}:Reboot></{prefix}:VideoSourceModes>"
        for number, (width, height, rate, codecs, enabled) in enumerate(rows)
    )
    return envelope(f"<{prefix}:{QUESTION}Response>{listed}</{prefix}:{QUESTION}Response>")


def with_modes(answer: Answer | Say, service: str = MEDIA2) -> FakeDevice:
    """The 720p camera of which both menus say no, whose sensor has these modes."""
    claim = {
        f"{MEDIA2}#GetServiceCapabilities": MEDIA2_CAPABILITIES.replace("SnapshotUri", CLAIM + "SnapshotUri"),
        f"{MEDIA1}#GetServiceCapabilities": MEDIA2_CAPABILITIES.replace("tr2:", "trt:").replace(
            "SnapshotUri", CLAIM + "SnapshotUri"
        ),
    }
    device = small_camera({**claim, f"{service}#{QUESTION}": answer})
    if service == MEDIA1:
        device.services = (DEVICE, MEDIA1)
        profiles = media1_profiles().replace(">2560<", ">1280<").replace(">1440<", ">720<")
        device.answers[f"{MEDIA1}#GetProfiles"] = profiles
    return device


MORE: Mapping[str, str] = {
    "larger": modes(RUNS, (1920, 1080, 25, "H264", "false")),
    "larger, nobody says which runs": modes((*RUNS[:4], ""), (1920, 1080, 25, "H264", "")),
    "faster": modes(RUNS, (1280, 720, 60, "H264", "false")),
    "another codec": modes(RUNS, (1280, 720, 25, "H264 H265", "0")),
    "the largest first": modes((2560, 1440, 25, "H264", "false"), RUNS),
}
NO_MORE: Mapping[str, str] = {
    "one mode": modes(RUNS),
    "smaller": modes(RUNS, (640, 480, 25, "H264", "false")),
    "none": modes(),
}


@each(list(MORE))
def test_a_camera_whose_sensor_has_a_mode_that_gives_more_is_not_replaced(name: str) -> None:
    assert advised(interview(with_modes(MORE[name])))[:2] == (Action.INVESTIGATE, ["other_source_mode"])


def test_media1_is_asked_where_it_is_the_only_service() -> None:
    larger = modes(RUNS, (1920, 1080, 25, "H264", "false"), prefix="trt")
    facts = interview(with_modes(larger, MEDIA1))
    assert advised(facts)[:2] == (Action.INVESTIGATE, ["other_source_mode"])


@each(list(NO_MORE))
def test_modes_that_give_no_more_keep_nobody_from_replacing(name: str) -> None:
    assert advised(interview(with_modes(NO_MORE[name])))[0] is Action.REPLACE


def test_modes_that_could_not_be_read_buy_nothing() -> None:
    facts = interview(with_modes(soap_fault("Action", "failed")))
    assert isinstance(main_profile(facts).source_modes, Fault)
    assert advised(facts)[:2] == (Action.INVESTIGATE, ["source_modes_unread"])
    assert not any(fault.doing == QUESTION for fault in facts.faults)


def test_who_states_no_modes_is_not_asked() -> None:
    device = small_camera({})
    assert advised(interview(device))[0] is Action.REPLACE
    assert QUESTION not in device.operations()


STATED = st.text(max_size=12) | st.integers(-1, 9000).map(str) | st.sampled_from(("25", "1920", "true"))


@not_vacuous(0.05)
@given(STATED, STATED, STATED, STATED)
def test_whatever_is_stated_is_a_mode_of_usable_numbers(w: str, h: str, rate: str, flag: str) -> None:
    letters = str.maketrans(dict.fromkeys("<&\"'\x00", " "))
    texts = ["".join(c for c in text.translate(letters) if c.isprintable()) for text in (w, h, rate, flag)]
    width, height, hz, enabled = texts
    body = (
        f'<R><VideoSourceModes Enabled="{enabled}"><MaxFramerate>{hz}</MaxFramerate><MaxResolution>'
        f"<Width>{width}</Width><Height>{height}</Height></MaxResolution></VideoSourceModes></R>"
    )
    root = parse_xml(body.encode())
    assert root is not None
    (mode,) = parse_source_modes(root[0])
    judged(mode.size_px is not None)
    assert isinstance(mode, SourceMode) and (mode.size_px is None or min(mode.size_px) > 0)
