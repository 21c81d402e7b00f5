"""A stream that FFmpeg publishes through gortsplib's server (the core of MediaMTX) is measured as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.launch import CLIPS, PEERS, can_unshare, unshare

RELAY = PEERS / "rtsp-relay-v4.16.2"
SCRIPT = Path(__file__).resolve().parents[2] / "peers" / "relay" / "publish.sh"
pytestmark = [
    pytest.mark.skipif(
        not RELAY.is_file(), reason="gortsplib's server is not built: tests/peers/relay/setup.sh (needs Go)"
    ),
    pytest.mark.skipif(not can_unshare(), reason="no network namespace can be made here"),
]


@pytest.mark.parametrize(
    ("clip", "codec", "size", "rate", "published", "watched"),
    [
        ("main_1080p_h264", "h264", (1920, 1080), 25.0, "tcp", "tcp"),
        ("main_4mp_h265", "h265", (2560, 1440), 25.0, "udp", "tcp"),
        ("old_720p15_h264", "h264", (1280, 720), 15.0, "tcp", "udp"),
    ],
)
def test_a_published_stream_is_measured(
    clip: str, codec: str, size: tuple[int, int], rate: float, published: str, watched: str, tmp_path: Path
) -> None:
    source = next(CLIPS.glob(f"{clip}.h26*"))
    film = tmp_path / "film.mp4"
    wrap = ["ffmpeg", "-v", "error", "-framerate", str(rate), "-i", str(source), "-c", "copy", str(film)]
    subprocess.run(wrap, check=True)
    command = [sys.executable, "-m", "camagent", "check", "rtsp://127.0.0.1:8554/stream", "--window", "4"]
    done = subprocess.run(
        [
            *unshare(),
            "sh",
            SCRIPT,
            RELAY,
            film,
            published,
            *command,
            "--transport",
            watched,
            "--format",
            "json",
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    (camera,) = json.loads(done.stdout)["cameras"]
    measured = camera["streams"][0]["measured"]
    assert measured is not None, camera["faults"]
    assert (measured["codec"], measured["width_px"], measured["height_px"]) == (codec, *size)
    assert abs(measured["frame_rate_hz"] - rate) <= max(0.03 * rate, measured["frame_rate_uncertainty_hz"])
    assert measured["transport"] == watched
    assert measured["decode_errors"] == 0 and measured["keyframes_decoded"] >= 1
