"""Clients that we did not write read the simulated school: FFmpeg, onvif-zeep, requests and WSDiscovery."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.simulator.clips import clip_names, load_clip
from camagent.simulator.school import SimulatedSchool
from camagent.simulator.simulated_camera import SimulatedCamera
from tests.simulator.schools import PASSWORD, in_school, own_school

HERE = Path(__file__).resolve().parent
READ_S = 2.5  # longer than the two seconds between keyframes: before the first, FFmpeg shows no picture
ONE_OF_EACH_KIND = ("sub_360p_h264", "sub_360p_h265", "old_720p_mjpeg", "b_frames_360p_h264")
FFMPEG_NAME = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}

needs_ffprobe = pytest.mark.skipif(
    shutil.which("ffprobe") is None, reason="ffprobe is not installed: apt-get install ffmpeg"
)


def offering(names: tuple[str, ...]) -> SimulatedCamera:
    """One camera that offers these sample streams under their names; FFmpeg answers Digest with MD5 only."""
    camera = own_school(1)[0]
    camera = replace(camera, door=replace(camera.door, challenges=("digest-md5",)))
    main = camera.streams[0]
    return replace(
        camera, streams=tuple(replace(main, token=name, path=f"/{name}", clip_name=name) for name in names)
    )


def ffprobe(url: str, transport: str) -> dict[str, str]:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-rtsp_transport",
        transport,
        "-select_streams",
        "v",
        "-count_frames",
        "-count_packets",
    ]
    command += [
        "-read_intervals",
        f"%+{READ_S}",
        "-show_entries",
        "stream=codec_name,width,height,nb_read_frames,nb_read_packets",
    ]
    done = subprocess.run(
        [*command, "-of", "json", url], capture_output=True, text=True, timeout=60, check=False
    )
    streams = json.loads(done.stdout or "{}").get("streams", [])
    return streams[0] if streams else {"error": done.stderr}


@needs_ffprobe
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffprobe_reads_codec_size_and_rate_of_each_kind(transport: str) -> None:
    agree_with_ffprobe(ONE_OF_EACH_KIND, transport)


@needs_ffprobe
@pytest.mark.slow
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffprobe_reads_codec_size_and_rate_of_every_clip(transport: str) -> None:
    agree_with_ffprobe(clip_names(), transport)


def agree_with_ffprobe(names: tuple[str, ...], transport: str) -> None:
    async def act(school: SimulatedSchool) -> dict[str, dict[str, str]]:
        camera = school.cameras[0]
        urls = {stream.token: camera.stream_url(stream) for stream in camera.streams}
        urls = {token: url.replace("//", f"//{camera.door.user}:{PASSWORD}@") for token, url in urls.items()}
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(4) as pool:
            done = [loop.run_in_executor(pool, ffprobe, url, transport) for url in urls.values()]
            return dict(zip(urls, await asyncio.gather(*done), strict=True))

    output = in_school([offering(names)], act)
    for name, stream in output.items():
        clip = load_clip(name)
        description = (stream.get("codec_name"), stream.get("width"), stream.get("height"))
        assert description == (FFMPEG_NAME[clip.codec], clip.width_px, clip.height_px), (name, stream)  # type: ignore[comparison-overlap]
        wanted = READ_S * clip.frame_rate_hz
        least = wanted * (0.7 if transport == "udp" else 1.0) - 3  # a busy machine loses datagrams
        # B-frames are read ahead of their time; a doubled rate, or a burst that is not paced, is far beyond.
        assert least <= int(stream["nb_read_packets"]) <= wanted * 1.2, (name, stream)
        if len(clip.keyframes) > 1:
            assert int(stream["nb_read_frames"]) >= 1, (name, stream)


@needs_ffprobe
def test_ffprobe_is_refused_with_a_wrong_password() -> None:
    async def act(school: SimulatedSchool) -> dict[str, str]:
        camera = school.cameras[0]
        url = camera.stream_url(camera.streams[0]).replace("//", "//camagent:wrong@")
        return await asyncio.to_thread(ffprobe, url, "tcp")

    answer = in_school([offering(("sub_360p_h264",))], act)
    assert "401" in answer["error"]


@contextmanager
def zeep_service(camera: SimulatedCamera, service: str, password: str) -> Iterator[object]:
    import onvif
    from onvif import ONVIFService
    from zeep.transports import Transport

    paths = {"devicemgmt": ("device_service", "device"), "media": ("media_service", "media")}
    path, namespace = paths[service]
    binding = {"devicemgmt": "DeviceBinding", "media": "MediaBinding"}[service]
    wsdl = Path(onvif.__file__).resolve().parent.parent / "wsdl" / f"{service}.wsdl"
    yield ONVIFService(
        f"http://{camera.address}:{camera.http_port}/onvif/{path}",
        camera.door.user,
        password,
        str(wsdl),
        encrypt=True,
        no_cache=True,
        binding_name=f"{{http://www.onvif.org/ver10/{namespace}/wsdl}}{binding}",
        transport=Transport(timeout=60, operation_timeout=60),
    )


def test_onvif_zeep_reads_the_device_with_ws_security() -> None:
    def read(camera: SimulatedCamera) -> tuple[str, int, str]:
        with zeep_service(camera, "devicemgmt", PASSWORD) as device:
            information = device.GetDeviceInformation()  # type: ignore[attr-defined]
            now = device.GetSystemDateAndTime()  # type: ignore[attr-defined]
            protocols = device.GetNetworkProtocols()  # type: ignore[attr-defined]
        assert now.TimeZone.TZ == "ICT-7"
        return information.SerialNumber, now.UTCDateTime.Date.Year, ",".join(row.Name for row in protocols)

    async def act(school: SimulatedSchool) -> tuple[str, int, str]:
        return await asyncio.to_thread(read, school.cameras[0])

    camera = own_school(1)[0]
    serial, year, protocols = in_school([camera], act)
    assert serial == camera.serial
    assert year >= 2026
    assert protocols == "HTTP,HTTPS,RTSP"


def test_onvif_zeep_reads_profiles_options_and_uri_from_media1() -> None:
    def read(camera: SimulatedCamera) -> tuple[object, object, str]:
        with zeep_service(camera, "media", PASSWORD) as media:
            profiles = media.GetProfiles()  # type: ignore[attr-defined]
            options = media.GetVideoEncoderConfigurationOptions(  # type: ignore[attr-defined]
                {"ConfigurationToken": "VideoEncoder_MainStream"}
            )
            setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
            uri = media.GetStreamUri({"StreamSetup": setup, "ProfileToken": "MainStream"})  # type: ignore[attr-defined]
        return profiles, options, uri.Uri

    async def act(school: SimulatedSchool) -> tuple[object, object, str]:
        return await asyncio.to_thread(read, school.cameras[0])

    camera = own_school(5)[4]
    profiles, options, uri = in_school([camera], act)
    encoder = profiles[0].VideoEncoderConfiguration  # type: ignore[index]
    assert (encoder.Encoding, encoder.Resolution.Height, encoder.RateControl.FrameRateLimit) == (
        "H264",
        720,
        15,
    )
    assert encoder.H264.GovLength == 30
    assert options.H264.FrameRateRange.Max == 15  # type: ignore[attr-defined]
    assert uri.endswith("/Streaming/Channels/101")


def test_onvif_zeep_is_refused_with_a_wrong_password() -> None:
    from onvif.exceptions import ONVIFError

    def read(camera: SimulatedCamera) -> str:
        with zeep_service(camera, "devicemgmt", "wrong") as device, pytest.raises(ONVIFError) as refusal:
            device.GetDeviceInformation()  # type: ignore[attr-defined]
        return str(refusal.value)

    async def act(school: SimulatedSchool) -> str:
        return await asyncio.to_thread(read, school.cameras[0])

    assert "Authorized" in in_school([replace(own_school(1)[0], http_digest=False)], act)


def test_requests_log_in_with_http_digest_and_read_media2() -> None:
    import requests
    from requests.auth import HTTPDigestAuth

    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        '<GetProfiles xmlns="http://www.onvif.org/ver20/media/wsdl"><Type>VideoEncoder</Type></GetProfiles>'
        "</s:Body></s:Envelope>"
    )

    def read(camera: SimulatedCamera, password: str) -> tuple[int, str]:
        url = f"http://{camera.address}:{camera.http_port}/onvif/media2_service"
        with requests.Session() as session:
            session.trust_env = False
            session.auth = HTTPDigestAuth(camera.door.user, password)
            answer = session.post(
                url, data=body, headers={"Content-Type": "application/soap+xml"}, timeout=60
            )
        return answer.status_code, answer.text

    async def act(school: SimulatedSchool) -> list[tuple[int, str]]:
        return [
            await asyncio.to_thread(read, school.cameras[0], password) for password in (PASSWORD, "wrong")
        ]

    camera = own_school(1)[0]
    for scheme in ("digest-md5", "digest-sha-256-qop"):
        answers = in_school([replace(camera, door=replace(camera.door, challenges=(scheme,)))], act)
        assert [status for status, _ in answers] == [200, 401]
        assert "<tt:Encoding>H265</tt:Encoding>" in answers[0][1]


def test_wsdiscovery_finds_every_camera_that_is_alive() -> None:
    cameras = own_school()

    async def act(school: SimulatedSchool) -> dict[str, list[str]]:
        command = [sys.executable, str(HERE / "wsdiscovery_client.py")]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=60, check=True
        )
        document: dict[str, list[str]] = json.loads(done.stdout)
        ours = {camera.endpoint: camera.service_url for camera in school.cameras}
        return {ours[endpoint]: xaddrs for endpoint, xaddrs in document.items() if endpoint in ours}

    addresses = in_school(cameras, act, discovery=True)
    assert len(addresses) == sum(camera.alive for camera in cameras) == 11
    assert all(xaddrs == [url] for url, xaddrs in addresses.items())
