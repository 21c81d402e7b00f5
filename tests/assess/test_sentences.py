"""Every sentence a finding can say, in full: `sentences.txt` holds them, read and approved by a person.

After a deliberate change of wording: `python -m tests.assess.test_sentences > tests/assess/sentences.txt`,
and read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest

from camagent.assess.rules.image import Condition
from camagent.model.device import (
    AnonymousAccess,
    DeviceUser,
    Login,
    MediaFacts,
    NetworkFacts,
    NetworkProtocol,
    PortFacts,
    Service,
    SnapshotAccess,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Finding
from camagent.model.onvif import CAPABILITY_NAMESPACES
from camagent.model.recordings import RecordingFacts
from camagent.model.scan_result import CameraFacts, Declaration, History, ManualAnswer
from camagent.text import both, catalogue
from tests.assess.failing import DENIED, FAILING, RECORDER, healthy
from tests.assess.judging import judged, with_device, with_main
from tests.assess.test_retention import CASES as RETENTION
from tests.builders import (
    NOW,
    camera_facts,
    configured_stream,
    declared_stream,
    device_clock,
    device_facts,
    device_information,
    encoder_settings,
    fault,
    image_facts,
    measured_stream,
    media_profile,
    site_facts,
    stream_access,
    stream_facts,
    sub_profile,
    tls_facts,
    watched,
)

GOLDEN = Path(__file__).with_name("sentences.txt")
CONDITIONS = get_args(Condition)
SCOPE = "onvif://www.onvif.org/Profile/"


def m(**changes: Any) -> CameraFacts:
    return with_main(measured=measured_stream(**changes))


def network(**changes: Any) -> CameraFacts:
    return with_device(network=replace(device_facts().network, **changes))


def clock(**changes: Any) -> CameraFacts:
    return with_device(clock=device_clock(**changes))


def cert(**changes: Any) -> CameraFacts:
    return with_device(tls=tls_facts(**changes))


def told(**changes: Any) -> Any:
    return site_facts(
        answers=(
            ManualAnswer(
                **{
                    "rule": "REC-MAX",
                    "met": True,
                    "by": "Cô Hạnh",
                    "on": date(2026, 11, 1),
                    "expires": None,
                    **changes,
                }
            ),
        )
    )


def seen(*conditions: str, **changes: Any) -> CameraFacts:
    return with_main(image=image_facts(conditions=conditions, **changes))


SMALL = encoder_settings(token="E3", codec="h264", width_px=320, height_px=180, bitrate_bps=256_000)
THREE = MediaFacts("media2", (media_profile(), sub_profile(), sub_profile(token="P3", encoder=SMALL)))
UDP = measured_stream(transport="udp")
REFUSED_TCP = Fault(FaultCode.RTSP_ERROR, Stage.OBSERVE, "SETUP", 0.1, status=461)
ALL_SERVICES = tuple(
    Service(namespace, "http://192.0.2.11/onvif/x", None) for namespace in CAPABILITY_NAMESPACES.values()
)
LOST: dict[str, Any] = {"subnets": ("192.0.2.0/24",), "ntp_servers": ("203.0.113.5",)}
NAMELESS: dict[str, Any] = {"ntp_servers": ("vn.pool.ntp.org",), "dns_from_dhcp": False}
OLD_MEDIA = (Service("http://www.onvif.org/ver10/media/wsdl", "http://192.0.2.11/onvif/media", None),)
NO_PROTOCOLS = Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, "GetNetworkProtocols", 0.1)
HTTP = NetworkProtocol("HTTP", True, (80,))

HD, HD_SET = (make(width_px=1920, height_px=1080) for make in (measured_stream, configured_stream))
TELLING = MediaFacts("media2", (media_profile(uri_had_credentials=True),))
CASES: tuple[tuple[str, CameraFacts, Any], ...] = (
    *((rule, case.camera, case.site) for rule, case in FAILING.items()),
    *((rule, healthy(), site_facts()) for rule in (*FAILING, "bitrate")),
    ("resolution", m(width_px=None), None),
    ("resolution", m(parameter_set_changes=2), None),
    ("resolution", m(width_px=640, height_px=360), None),
    ("resolution", with_main(measured=HD, configured=HD_SET, declared=None), None),
    ("codec", with_main(measured=measured_stream(codec="h264"), configured=None, declared=None), None),
    ("codec", m(codec="av1"), None),
    ("codec", with_main(measured=fault(), declared=None), None),
    ("sub_streams", with_device(media=THREE), None),
    ("sub_streams", with_device(media=MediaFacts("media2", (media_profile(),), truncated=1)), None),
    ("sub_streams", with_device(media=MediaFacts("media2", (media_profile(), sub_profile()))), None),
    ("decode_errors", m(keyframes_decoded=0), None),
    ("decode_errors", m(keyframes_decoded=1, decode_errors=2, rtp_lost_packets=5), None),
    ("decode_errors", m(keyframes_decoded=199, decode_errors=1), None),
    (
        "picture",
        with_main(image=image_facts(conditions=("frozen",)), measured=measured_stream(window_s=2.5)),
        None,
    ),
    *(("picture", seen(unsure=(c,)), None) for c in ("covered", "frozen")),
    *(("picture", seen(condition), None) for condition in CONDITIONS),
    ("pixel_density", camera_facts(declaration=Declaration(task="gate")), None),
    ("pixel_density", camera_facts(declaration=Declaration(task="roof", scene_width_m=3.0)), None),
    ("frame_rate", m(frame_rate_hz=None, window_s=0.0, frames=1), None),
    ("frame_rate", m(frame_rate_hz=25.0, arrival_frame_rate_hz=12.5), None),
    ("frame_rate", m(frame_rate_hz=12.0, arrival_frame_rate_hz=12.0, frames=120, rtp_lost_packets=300), None),
    ("frame_rate", m(frame_rate_hz=8.3333, arrival_frame_rate_hz=8.3333), None),
    ("frame_rate", m(frame_rate_hz=14.9, arrival_frame_rate_hz=14.9, frame_rate_uncertainty_hz=0.25), None),
    ("frame_rate", m(frame_rate_hz=20.0, arrival_frame_rate_hz=20.0), None),
    ("frame_rate_kept", with_main(configured=configured_stream(frame_rate_hz=None)), None),
    ("frame_rate_kept", m(frame_rate_hz=22.6, frame_rate_uncertainty_hz=0.2), None),
    ("frame_rate_kept", m(frame_rate_hz=23.0), None),
    ("frame_rate_kept", m(frame_rate_hz=12.0, frames=120, rtp_lost_packets=300), None),
    ("bitrate", m(bitrate_bps=None), None),
    ("bitrate", m(bitrate_bps=600_000.0), None),
    ("bitrate", m(bitrate_bps=9_600_000.0), None),
    ("bitrate", m(bitrate_bps=5_000_000.0), None),
    ("keyframe_interval", m(gop_length_s=None, gop_at_least_s=3.0), None),
    ("keyframe_interval", m(gop_length_s=None, gop_at_least_s=9.6), None),
    ("keyframe_interval", m(gop_length_s=None, recovery_points=4), None),
    ("keyframe_interval", m(gop_length_s=3.2), None),
    ("stream_plays", m(time_to_first_keyframe_s=5.5), None),
    ("stream_plays", m(time_to_first_packet_s=11.5), None),
    ("stream_plays", m(time_to_first_keyframe_s=None), None),
    ("stream_plays", m(time_to_first_packet_s=None), None),
    ("stream_plays", with_main(measured=UDP), None),
    ("stream_plays", with_main(measured=UDP, faults=(REFUSED_TCP,)), None),
    ("packet_loss", m(rtp_packets=40), None),
    ("packet_loss", m(packets_numbered=False), None),
    ("packet_loss", m(rtp_lost_packets=9), None),
    ("onvif_conformance", with_device(scopes=(SCOPE + "T",)), None),
    ("onvif_conformance", with_device(scopes=(SCOPE + "T", SCOPE + "G"), services=ALL_SERVICES), None),
    ("onvif_conformance", with_device(scopes=(SCOPE + "Streaming", SCOPE + "T"), services=OLD_MEDIA), None),
    ("onvif_conformance", with_device(scopes=(SCOPE + "Streaming",), services=OLD_MEDIA), None),
    ("onvif_conformance", with_device(scopes=(SCOPE + "T",), network=None, faults=(NO_PROTOCOLS,)), None),
    ("time_server", with_device(network=NetworkFacts(**LOST, gateways=())), None),
    ("time_server", with_device(network=NetworkFacts(**NAMELESS, dns_servers=())), None),
    ("availability", camera_facts(history=History(40, 40, NOW)), None),
    ("availability", camera_facts(history=History(1000, 970, NOW)), None),
    ("availability", camera_facts(history=History(30_000, 29_123, NOW)), None),
    ("checked_daily", camera_facts(history=watched(days=3, checked=3)), None),
    ("checked_daily", camera_facts(history=watched(days=30, checked=29)), None),
    ("checked_daily", camera_facts(history=watched(days=30, checked=12)), None),
    ("checked_daily", camera_facts(history=watched(days=30, checked=30)), None),
    ("repaired", camera_facts(history=watched(days=3, checked=3, dark_h=12.0)), None),
    ("repaired", camera_facts(history=watched(days=30, checked=30)), None),
    ("repaired", camera_facts(history=watched(days=30, checked=30, dark_h=12.5)), None),
    ("repaired", camera_facts(history=watched(days=30, checked=30, dark_h=24.1)), None),
    ("repaired", camera_facts(history=watched(days=2, checked=2, dark_h=30.0, ended=False)), None),
    ("pixel_density", with_main(measured=measured_stream(width_px=None)), None),
    (
        "pixel_density",
        camera_facts(
            declaration=Declaration(task="gate", scene_width_m=3.0),
            streams=(stream_facts(measured=measured_stream(width_px=None)),),
        ),
        None,
    ),
    ("pixel_density", camera_facts(declaration=Declaration(task="gate", scene_width_m=0.8)), None),
    ("uplink", camera_facts(), site_facts(uplink_bps=None)),
    ("uplink", camera_facts(), site_facts(uplink_bps=4_000_000.0)),
    ("uplink", camera_facts(streams=()), site_facts()),
    ("time_server", clock(source=None), None),
    ("time_server", network(ntp_servers=(), ntp_from_dhcp=False), None),
    ("time_server", network(ntp_servers=(), ntp_from_dhcp=True), None),
    ("time_server", network(ntp_servers=None, ntp_from_dhcp=None), None),
    ("clock_offset", clock(offset_s=None), None),
    ("clock_offset", clock(offset_s=4.5), None),
    ("clock_offset", clock(offset_s=-2.0), None),
    ("clock_offset", clock(offset_s=-42.25), None),
    ("clock_offset", clock(offset_s=-690.0, source="Manual"), None),
    ("clock_offset", clock(offset_s=25_200.3), None),
    ("clock_offset", clock(offset_s=-800_000.0), None),
    ("time_zone", clock(utc_offset_s=None, time_zone="Hanoi"), None),
    ("time_zone", clock(utc_offset_s=None, time_zone="GMT+7"), None),
    ("time_zone", clock(daylight_savings=True), None),
    (
        "retention",
        with_device(media=RECORDER, recording=RecordingFacts(NOW - timedelta(days=40), NOW, 1)),
        None,
    ),
    ("retention", with_device(recording=RecordingFacts(datetime(1970, 1, 1, tzinfo=UTC), NOW, 3)), None),
    ("default_login", with_device(default_login=None), None),
    ("anonymous_onvif", with_device(anonymous=AnonymousAccess((), ())), None),
    ("anonymous_onvif", with_device(media=TELLING, anonymous=AnonymousAccess(("GetStreamUri",), ())), None),
    (
        "anonymous_onvif",
        with_device(media=TELLING, anonymous=AnonymousAccess(("GetStreamUri",), ("GetStreamUri",))),
        None,
    ),
    ("resolution", with_main(declared=declared_stream(width_px=640, height_px=360)), None),
    ("codec", with_main(configured=configured_stream(codec="mpeg4")), None),
    ("anonymous_stream", with_main(access=stream_access(anonymous=None)), None),
    ("anonymous_stream", with_device(snapshot=SnapshotAccess(False, 401)), None),
    ("anonymous_stream", with_device(snapshot=SnapshotAccess(True, 200)), None),
    ("anonymous_stream", with_device(snapshot=fault(FaultCode.NOT_FOUND)), None),
    ("open_ports", with_device(ports=PortFacts((80, 22), DENIED, ())), None),
    ("open_ports", with_device(ports=PortFacts((), DENIED[2:], (21, 23))), None),
    ("firmware", camera_facts(), site_facts(firmware=(("acme", "*", "V5*", "allow"),))),
    ("firmware", with_device(information=device_information(firmware=None)), None),
    ("accounts", with_device(users=(DeviceUser("a", "Administrator"), DeviceUser("b", "User"))), None),
    ("login_scheme", with_device(login=Login("http-digest-md5", ("digest-md5",))), None),
    ("login_scheme", with_main(access=None), None),
    ("https", cert(version="TLSv1.3"), None),
    ("https", cert(legacy=True), None),
    ("https", with_device(tls=None, network=replace(device_facts().network, protocols=(HTTP,))), None),  # type: ignore[arg-type]
    (
        "https",
        with_device(
            tls=None,
            network=replace(
                device_facts().network,
                protocols=(HTTP, NetworkProtocol("HTTPS", False, (443,))),  # type: ignore[arg-type]
            ),
        ),
        None,
    ),
    ("https", with_device(tls=None), None),
    ("certificate", cert(not_after=NOW - timedelta(days=1)), None),
    ("certificate", cert(not_before=NOW + timedelta(days=1)), None),
    ("certificate", camera_facts(shared_fingerprints=4), None),
    ("certificate", cert(signature_hash="sha1"), None),
    ("certificate", cert(pinned_fingerprint="cd" * 32), None),
    ("certificate", cert(key_bits=2048), None),
    ("certificate", cert(key_kind="dsa", key_bits=1024), None),
    ("certificate", cert(key_kind="ec", key_bits=256), None),
    ("https", with_device(tls=fault(FaultCode.REFUSED)), None),
    ("camera_answer", camera_facts(declaration=Declaration(outdoor=False)), {"outdoor_only": True}),
    ("site_answer", camera_facts(), told()),
    ("site_answer", camera_facts(), told(met=False, expires=date(2027, 1, 31))),
    ("site_answer", camera_facts(), told(expires=date(2026, 11, 2))),
    ("site_answer", camera_facts(), told(on=date(2026, 12, 1))),
    ("codec", camera_facts(device=None, streams=()), None),
    ("frame_rate", m(limits=("loop_lag",)), None),
    ("frame_rate", m(limits=("network_slow",)), None),
    ("device_answers", camera_facts(device=fault(FaultCode.UNREACHABLE)), site_facts(fell_silent=True)),
    ("pixel_density", with_main(declared=declared_stream()), None),
    ("device_answers", camera_facts(device=fault(FaultCode.REFUSED)), None),
    ("device_answers", camera_facts(device=fault(FaultCode.UNREACHABLE), present_at=NOW), None),
    ("device_answers", camera_facts(device=fault(FaultCode.NOT_ONVIF)), None),
    ("stream_plays", with_main(measured=fault(FaultCode.REFUSED)), None),
    ("stream_plays", with_main(measured=fault(FaultCode.NOT_FOUND)), None),
)


SITES = (
    (camera_facts(), camera_facts(), camera_facts(streams=())),
    (),
)


def findings() -> Iterator[Finding]:
    yield from (
        judged("uplink", site=site_facts(uplink_bps=50_000_000.0), cameras=cameras) for cameras in SITES
    )
    yield from (judged("uplink", site=site_facts(uplink_bps=line), cameras=SITES[0]) for line in (None, 4e6))
    yield from (case.finding for case in RETENTION.values())
    for rule, camera, more in CASES:
        site, parameters = (None, more) if isinstance(more, dict) else (more, {})
        yield judged(rule, camera, site, **parameters)


def value(quantity: Any) -> str:
    if isinstance(quantity, tuple):
        return "[" + ",".join(map(value, quantity)) + "]"
    return f"{quantity:.7g}" if isinstance(quantity, float) else str(quantity)


def lines(finding: Finding) -> list[str]:
    text = both(finding.message)
    values = {
        name: value(getattr(finding, name)) for name in ("observed", "configured", "declared", "measured")
    }
    bounds = {
        name: value(getattr(finding, name)) for name in ("required", "recommended", "unit", "uncertainty")
    }
    told_lines = [f"{finding.check} {finding.outcome}", f"  {text.vi}", f"  {text.en}"]
    told_lines += [
        "  "
        + " ".join(
            f"{name}={text_value}" for name, text_value in (values | bounds).items() if text_value != "None"
        )
    ]
    if finding.remedy is not None:
        advice = both(finding.remedy)
        told_lines += [f"  → {advice.vi}", f"  → {advice.en}"]
    return told_lines


def page() -> str:
    unique = dict.fromkeys("\n".join(lines(finding)) for finding in findings())
    return "\n".join(sorted(unique)) + "\n"


def test_the_sentences_are_those_that_a_person_read() -> None:
    assert page() == GOLDEN.read_text(encoding="utf-8")


def test_every_sentence_of_the_catalogue_is_said_somewhere() -> None:
    keys = set(
        chain.from_iterable(
            (finding.message.key, getattr(finding.remedy, "key", None)) for finding in findings()
        )
    )
    by_engine = ("findings.fault_", "findings.absent_", "findings.file_")
    unsaid = {k for k in catalogue("vi") if k.startswith("findings.") and not k.startswith(by_engine)} - keys
    assert unsaid == {
        "findings.defect",  # said by the engine: test_engine.py
        "findings.media_file",
        "findings.no_onvif_side",
    }


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_sentence_shows_a_gap_or_a_key(lang: str) -> None:
    for finding in findings():
        for text in (finding.message, finding.remedy):
            if text is not None:
                sentence = getattr(both(text), lang)
                assert "{" not in sentence and "findings." not in sentence and "None" not in sentence


if __name__ == "__main__":
    print(page(), end="")
