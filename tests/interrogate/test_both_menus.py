"""Media1's menu beside Media2's: where the two do not agree, no camera is bought. From wire to advice."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from aiohttp import web

from camagent.model.device import DeviceFacts, EncoderSettings, MediaFacts, MediaProfile
from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import Action
from tests.builders import encoder_options
from tests.each import each
from tests.interrogate.fake_device import (
    MEDIA1,
    MEDIA2,
    NOT_AUTHORIZED,
    Answer,
    Asked,
    FakeDevice,
    Say,
    envelope,
    media1_profiles,
    media2_profiles,
    media2_row,
    soap_fault,
)
from tests.interrogate.test_interview import FAST, interview
from tests.plan.planning import camera, planned

MENU = "GetVideoEncoderConfigurationOptions"
HD, VGA, FULL = (1280, 720), (640, 360), (1920, 1080)


def sizes_of(*sizes: tuple[int, int]) -> str:
    return "".join(
        f"<tt:ResolutionsAvailable><tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height></tt:ResolutionsAvailable>"
        for w, h in sizes
    )


def media1(*sizes: tuple[int, int], codec: str = "H264", most_hz: int = 25, least_hz: int = 1) -> str:
    """Media1's menu."""
    return envelope(
        f"<trt:{MENU}Response><trt:Options><tt:{codec}>{sizes_of(*sizes)}"
        "<tt:GovLengthRange><tt:Min>1</tt:Min><tt:Max>400</tt:Max></tt:GovLengthRange>"
        f"<tt:FrameRateRange><tt:Min>{least_hz}</tt:Min><tt:Max>{most_hz}</tt:Max></tt:FrameRateRange>"
        f"</tt:{codec}></trt:Options></trt:{MENU}Response>"
    )


def media2(*sizes: tuple[int, int], rates: str = "25 15 5") -> str:
    """Media2's menu."""
    return envelope(
        f'<tr2:{MENU}Response><tr2:Options GovLengthRange="1 400" FrameRatesSupported="{rates}">'
        f"<tt:Encoding>H264</tt:Encoding>{sizes_of(*sizes)}</tr2:Options></tr2:{MENU}Response>"
    )


def is_busy(device: FakeDevice, asked: Asked) -> web.Response:
    return web.Response(status=503)


SMALL = {f"{MEDIA2}#{MENU}": media2(HD, VGA), f"{MEDIA1}#{MENU}": media1(HD, VGA)}
EMPTY = envelope(f"<trt:{MENU}Response><trt:Options/></trt:{MENU}Response>")
ABSURD = media1((0, 0), most_hz=1_701_606_738, least_hz=25)


def small_camera(answers: dict[str, Answer | Say]) -> FakeDevice:
    """Set to 1280×720; both services say that it can do no more, but for what `answers` says."""
    rows = media2_row("P1", "VS1", "H264", HD) + media2_row("P2", "VS1", "H264", VGA)
    lists = {f"{MEDIA2}#GetProfiles": media2_profiles(rows), f"{MEDIA1}#GetProfiles": media1_profiles()}
    return FakeDevice(answers={**lists, **SMALL, **answers})


def advised(facts: DeviceFacts) -> tuple[Action, list[str], list[str]]:
    """What is advised where it sends what it is set to, and the words of the steps and of the grounds."""
    subject = camera((encoder_options(codec="h264"),), codec="h264", width_px=1280, height_px=720)
    assert isinstance(subject.device, DeviceFacts)
    device = replace(subject.device, media=facts.media, services=facts.services, faults=facts.faults)
    plan = planned(replace(subject, device=device))
    keys = [[text.key.rpartition(".")[2] for text in texts] for texts in (plan.steps, plan.rests_on)]
    return plan.action, keys[0], keys[1]


def main_profile(facts: DeviceFacts) -> MediaProfile:
    assert isinstance(facts.media, MediaFacts)
    return facts.media.profiles[0]


def row_of(source: str, token: str) -> str:
    return media2_row(token, source, "H264", HD)


REPLACED: dict[str, dict[str, Answer | Say]] = {
    "both say no": {},
    "Media1 says no of its higher rate too": {f"{MEDIA1}#{MENU}": media1(HD, VGA, most_hz=120)},
    "Media1 offers nothing": {f"{MEDIA1}#{MENU}": EMPTY},
    "Media1 offers single pictures only": {f"{MEDIA1}#{MENU}": media1(FULL, HD, codec="JPEG")},
    "Media1 lists the encoder by another profile": {
        f"{MEDIA1}#GetProfiles": media1_profiles(token="P7").replace('"E1"', '"E-P1"')
    },
    "Media1 lists no profile": {f"{MEDIA1}#GetProfiles": envelope("<trt:GetProfilesResponse/>")},
}
DIFFER: dict[str, dict[str, Answer | Say]] = {
    "Media1 offers a larger picture": {f"{MEDIA1}#{MENU}": media1(FULL, HD)},
    "Media1 offers a larger one only": {f"{MEDIA1}#{MENU}": media1(FULL)},
    "Media1 leaves out today's size": {f"{MEDIA1}#{MENU}": media1(VGA, (320, 180))},
    "Media1's numbers cannot be": {f"{MEDIA1}#{MENU}": ABSURD},
    "Media1 repeats today's setting": {f"{MEDIA1}#{MENU}": media1(HD, most_hz=10, least_hz=10)},
}
UNREAD: dict[str, dict[str, Answer | Say]] = {
    "Media1 refuses": {f"{MEDIA1}#{MENU}": soap_fault("Action", "failed")},
    "Media1 does not know the question": {f"{MEDIA1}#{MENU}": soap_fault("ActionNotSupported", "no")},
    "Media1 is not for this user": {f"{MEDIA1}#{MENU}": NOT_AUTHORIZED},
    "Media1 is busy": {f"{MEDIA1}#{MENU}": is_busy},
    "Media1 answers with a page": {f"{MEDIA1}#{MENU}": "<html><body>login</body></html>"},
    "Media1 answers something else": {f"{MEDIA1}#{MENU}": envelope("<trt:GetProfilesResponse/>")},
    "Media1 refuses its list": {f"{MEDIA1}#GetProfiles": soap_fault("Action", "failed")},
}


def media2_beside(more: str, rates: str = "25 15 5", rows: str = "") -> str:
    """Media2's small menu with more rows of sizes, other rates, or rows of other codecs before it."""
    menu = media2(HD, VGA, rates=rates).replace("</tr2:Options>", f"{more}</tr2:Options>")
    return menu.replace("<tr2:Options", f"{rows}<tr2:Options", 1)


def options_row(codec: str, *sizes: tuple[int, int]) -> str:
    text = f'<tr2:Options GovLengthRange="1 400" FrameRatesSupported="25 15">{sizes_of(*sizes)}'
    return f"{text}<tt:Encoding>{codec}</tt:Encoding></tr2:Options>"


def media1_beside(more: str) -> str:
    return media1(HD, VGA).replace("</trt:Options>", f"{more}</trt:Options>")


UNREADABLE = "<tt:ResolutionsAvailable><tt:Width>1920x1080</tt:Width><tt:Height/></tt:ResolutionsAvailable>"
LONG = tuple((64 + 8 * n, 96) for n in range(128))
IN_PART = {
    "a size that is no pair of numbers": {MEDIA2: media2_beside(UNREADABLE)},
    "a size as one word": {MEDIA2: media2_beside("<tt:ResolutionsAvailable>1080p</tt:ResolutionsAvailable>")},
    "a size that no imager has": {MEDIA2: media2_beside(sizes_of((65_000, 1080)))},
    "more sizes than are read": {MEDIA2: media2(HD, VGA, *LONG, FULL)},
    "a rate that is no number": {MEDIA2: media2(HD, FULL, rates="10 25 30/1x").replace("25 ", "5 ")},
    "a codec of a name that nobody gave it": {MEDIA2: media2_beside("", rows=options_row("HEVC-Main", FULL))},
    "a row without a codec": {MEDIA2: media2_beside("", rows=options_row("", FULL))},
    "more rows than are read": {MEDIA2: media2_beside("", rows=options_row("JPEG", FULL) * 16)},
    "a codec of Media1 that is unknown": {
        MEDIA1: media1_beside(f"<tt:Extension><tt:HEVC>{sizes_of(FULL)}</tt:HEVC></tt:Extension>")
    },
    "sizes that are one, turned": {MEDIA2: media2(HD, (720, 1280), rates="25 15 5")},
    "sizes that are one, rounded": {MEDIA2: media2(HD, (1280, 736), rates="25 15 5")},
}
IN_SEVERAL_ROWS = {
    "two rows of one codec": {MEDIA2: media2_beside("", rows=options_row("H264", FULL))},
    "two parts of one codec": {MEDIA1: media1_beside(f"<tt:H264>{sizes_of(FULL)}</tt:H264>")},
    "two answers in one": {
        MEDIA1: media1_beside(f"</trt:Options><trt:Options><tt:H264>{sizes_of(FULL)}</tt:H264>")
    },
}


@each(list(IN_PART))
def test_a_menu_that_is_not_understood_whole_denies_nothing(name: str) -> None:
    menus: dict[str, Answer | Say] = {f"{service}#{MENU}": menu for service, menu in IN_PART[name].items()}
    facts = interview(small_camera(menus))
    assert advised(facts)[0] is Action.INVESTIGATE


@each(list(IN_SEVERAL_ROWS))
def test_what_any_row_of_a_codec_offers_is_offered(name: str) -> None:
    rows = IN_SEVERAL_ROWS[name]
    facts = interview(small_camera({f"{service}#{MENU}": menu for service, menu in rows.items()}))
    service = next(iter(rows))
    menu = main_profile(facts).options if service == MEDIA2 else main_profile(facts).media1_options
    assert isinstance(menu, tuple) and FULL in menu[0].resolutions and HD in menu[0].resolutions
    assert advised(facts)[0] in (Action.RECONFIGURE, Action.INVESTIGATE)


def listed(facts: DeviceFacts) -> list[str]:
    assert isinstance(facts.media, MediaFacts)
    return [profile.token for profile in facts.media.profiles]


def test_a_main_stream_that_only_media1_lists_stays_a_stream() -> None:
    """Nobody is judged in its place; where it is the encoder of a listed profile it is no other stream."""
    facts = interview(small_camera({f"{MEDIA1}#GetProfiles": media1_profiles(token="P7")}))
    assert listed(facts) == ["P1", "P2", "P7"]
    elsewhere = media1_profiles(token="P7").replace(">VS1<", ">V0<")
    assert listed(interview(small_camera({f"{MEDIA1}#GetProfiles": elsewhere}))) == ["P1", "P2", "P7"]
    same = media1_profiles(token="P7").replace('"E1"', '"E-P1"')
    assert listed(interview(small_camera({f"{MEDIA1}#GetProfiles": same}))) == ["P1", "P2"]
    smaller = media1_profiles(token="P7").replace(">2560<", ">320<").replace(">1440<", ">180<")
    assert listed(interview(small_camera({f"{MEDIA1}#GetProfiles": smaller}))) == ["P1", "P2"]


def test_two_services_that_state_two_sizes_for_one_profile_contradict_each_other() -> None:
    def main(size: str) -> str:
        return media1_profiles().replace('"E1"', '"E-P1"').replace(">2560<", ">1280<").replace(">1440<", size)

    for size, kept in ((">720<", None), (">960<", (1280, 960))):
        facts = interview(small_camera({f"{MEDIA1}#GetProfiles": main(size)}))
        encoder = main_profile(facts).encoder
        assert isinstance(encoder, EncoderSettings)
        assert (encoder.width_px, encoder.height_px, encoder.elsewhere_px) == (*HD, kept)


@each(list(REPLACED))
def test_a_camera_of_which_both_services_say_no_is_replaced(name: str) -> None:
    facts = interview(small_camera(REPLACED[name]))
    assert advised(facts)[0] is Action.REPLACE
    assert [fault for fault in facts.faults if fault.code is not FaultCode.NO_MEDIA_PROFILE] == []


def test_the_advice_names_both_menus() -> None:
    action, _, grounds = advised(interview(small_camera({})))
    assert action is Action.REPLACE and {"rests_menu", "rests_media1_menu"} <= set(grounds)


@each(list(DIFFER))
def test_a_menu_of_media1_that_does_not_say_no_buys_nothing(name: str) -> None:
    facts = interview(small_camera(DIFFER[name]))
    assert advised(facts)[:2] == (Action.INVESTIGATE, ["menus_differ"]) and facts.faults == ()


@each(list(UNREAD))
def test_a_menu_of_media1_that_was_not_read_buys_nothing(name: str) -> None:
    facts = interview(small_camera(UNREAD[name]))
    action, steps, _ = advised(facts)
    assert (action, "media1_unread" in steps) == (Action.INVESTIGATE, True)
    assert not any(fault.doing == MENU for fault in facts.faults)


def test_a_menu_that_comes_too_late_buys_nothing() -> None:
    class Slow(FakeDevice):
        async def serve(self, request: web.Request) -> web.Response:
            text = (await request.read()).decode()
            late = f"<{MENU}" in text and MEDIA1 in text
            await asyncio.sleep(1.0 if late else 0.0)
            return await super().serve(request)

    made = small_camera({})
    facts = interview(Slow(answers=made.answers), options=replace(FAST, call_timeout_s=0.5))
    menu = main_profile(facts).media1_options
    assert isinstance(menu, Fault) and menu.code is FaultCode.TIMEOUT
    assert advised(facts)[:2] == (Action.INVESTIGATE, ["media1_unread"])


def test_media2_that_offers_more_than_media1_is_believed() -> None:
    facts = interview(small_camera({f"{MEDIA2}#{MENU}": media2(FULL, HD)}))
    assert advised(facts)[0] is Action.RECONFIGURE


@each(["refused", "late", "absurd"])
def test_a_menu_of_media2_that_says_nothing_buys_nothing(name: str) -> None:
    answers: dict[str, Answer | Say] = {
        "refused": soap_fault("Action", "failed"),
        "late": is_busy,
        "absurd": media2((0, 0), rates="1701606738"),
    }
    for menu in (media1(HD, VGA), media1(FULL, HD)):
        facts = interview(small_camera({f"{MEDIA2}#{MENU}": answers[name], f"{MEDIA1}#{MENU}": menu}))
        action = advised(facts)[0]
        assert action is not Action.REPLACE, menu


def test_single_pictures_of_the_whole_sensor_are_asked_about_too() -> None:
    """The larger profile may be set to MJPEG only: of it and of the video both menus are asked, no more."""
    rows = media2_row("P1", "VS1", "H264", HD) + media2_row("P2", "VS1", "H264", VGA)
    rows += media2_row("P3", "VS1", "JPEG", FULL)

    def menu(device: FakeDevice, asked: Asked) -> str:
        offered = media1(FULL, HD) if "<ProfileToken>P3<" in asked.content else media1(HD, VGA)
        return offered.replace("trt:", "tr2:") if asked.namespace == MEDIA2 else offered

    def media2_menu(device: FakeDevice, asked: Asked) -> str:
        if "<ProfileToken>P3<" not in asked.content:
            return media2(HD, VGA)
        return media2(FULL, HD).replace(">H264<", ">JPEG<")

    lists = media1_profiles().replace("</trt:GetProfilesResponse>", "")
    body = re.search(r"<trt:Profiles.*</trt:Profiles>", lists)
    assert body is not None
    both = body[0] + "".join(
        body[0].replace('token="P1"', f'token="{t}"').replace('"E1"', f'"E-{t}"') for t in ("P2", "P3")
    )
    device = small_camera(
        {
            f"{MEDIA2}#GetProfiles": media2_profiles(rows),
            f"{MEDIA1}#GetProfiles": envelope(f"<trt:GetProfilesResponse>{both}</trt:GetProfilesResponse>"),
            f"{MEDIA2}#{MENU}": media2_menu,
            f"{MEDIA1}#{MENU}": menu,
        }
    )
    facts = interview(device)
    asked = [a.content for a in device.asked if (a.operation, a.namespace) == (MENU, MEDIA1)]
    assert [re.findall(r"<ProfileToken>(\w+)<", content)[0] for content in asked] == ["P3", "P1"]
    assert advised(facts)[0] is Action.INVESTIGATE


def test_the_menus_of_a_recorder_are_not_asked_of_media1() -> None:
    rows = "".join(row_of(f"VS{n}", f"P{n}") for n in range(1, 5))
    device = small_camera({f"{MEDIA2}#GetProfiles": media2_profiles(rows)})
    facts = interview(device)
    assert [a.namespace for a in device.asked if a.operation == MENU] == [MEDIA2] * 4
    assert advised(facts)[:2] == (Action.INVESTIGATE, ["recorder_options"])


def test_a_camera_without_one_of_the_two_services_is_asked_once() -> None:
    for services in ((MEDIA1,), (MEDIA2,)):
        device = small_camera({})
        device.services = ("http://www.onvif.org/ver10/device/wsdl", *services)
        facts = interview(device)
        assert device.count(MENU) == (1 if services == (MEDIA1,) else 2)
        if services == (MEDIA2,):
            assert advised(facts)[0] is Action.REPLACE
