"""The third-party peers start, answer and end: what other tests rest on."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.peers.launch import WSDLS, GstOrder, gst_server, missing_peer, onvif_mock, soap_device

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"


def needs(peer: str) -> pytest.MarkDecorator:
    reason = missing_peer(peer)
    return pytest.mark.skipif(reason is not None, reason=reason or "")


def ask(port: int, path: str, namespace: str, operation: str) -> tuple[int, str]:
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        f'<{operation} xmlns="{namespace}"><Type>VideoEncoder</Type></{operation}></s:Body></s:Envelope>'
    )
    headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body.encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@needs("gst")
@pytest.mark.parametrize(
    ("clip", "codec"), [("sub_360p_h264", "h264"), ("sub_360p_h265", "hevc"), ("old_720p_mjpeg", "mjpeg")]
)
def test_gstreamer_serves_the_sample_streams_behind_digest(clip: str, codec: str) -> None:
    with gst_server(GstOrder({"/live": clip}, "admin", "hunter2")) as port:
        command = [
            "ffprobe",
            "-v",
            "error",
            "-rtsp_transport",
            "tcp",
            "-show_entries",
            "stream=codec_name",
            "-of",
            "json",
        ]
        url = f"rtsp://admin:hunter2@127.0.0.1:{port}/live"
        right = subprocess.run([*command, url], capture_output=True, text=True, timeout=60, check=False)
        wrong = subprocess.run(
            [*command, url.replace("hunter2", "x")], capture_output=True, text=True, timeout=60, check=False
        )
    assert json.loads(right.stdout)["streams"][0]["codec_name"] == codec
    assert "401" in wrong.stderr


@needs("soap_device")
def test_the_soap_device_speaks_media2_and_keeps_its_door() -> None:
    with soap_device(login=("admin", "hunter2")) as port:
        assert ask(port, "/onvif/device_service", DEVICE, "GetServices")[0] == 200
        status, refusal = ask(port, "/onvif/media2", MEDIA2, "GetProfiles")
        assert (status, "NotAuthorized" in refusal) == (400, True)
    with soap_device() as port:
        status, profiles = ask(port, "/onvif/media2", MEDIA2, "GetProfiles")
        assert (status, "H265" in profiles) == (200, True)


@needs("soap_device")
def test_the_soap_device_lets_a_right_ws_security_token_in() -> None:
    from onvif import ONVIFService
    from onvif.exceptions import ONVIFError
    from zeep.transports import Transport

    def model(port: int, password: str) -> str:
        service = ONVIFService(
            f"http://127.0.0.1:{port}/onvif/device_service",
            "admin",
            password,
            str(Path(WSDLS) / "ver10" / "device" / "wsdl" / "devicemgmt.wsdl"),
            encrypt=True,
            no_cache=True,
            binding_name=f"{{{DEVICE}}}DeviceBinding",
            transport=Transport(timeout=60, operation_timeout=60),
        )
        return str(service.GetDeviceInformation().Model)

    with soap_device(login=("admin", "hunter2")) as port:
        with pytest.raises(ONVIFError, match="Authorized"):
            model(port, "wrong")
        assert model(port, "hunter2") == "SD-1"


@needs("onvif_mock")
def test_the_onvif_mock_answers_inside_its_namespace_only() -> None:
    with onvif_mock() as peer:
        url = f"http://127.0.0.1:{peer.port}/onvif/device_service"
        body = (
            '<s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
            f'<GetDeviceInformation xmlns="{DEVICE}"/></s:Body>'
        )
        command = [
            "/usr/bin/python3",
            "-c",
            f"import urllib.request as u; print(u.urlopen({url!r}, {body!r}.encode(), 10).read().decode())",
        ]
        inside = peer.run(command)
        assert "Manufacturer" in inside.stdout, inside.stderr
        with pytest.raises(urllib.error.URLError):
            ask(peer.port, "/onvif/device_service", DEVICE, "GetDeviceInformation")
