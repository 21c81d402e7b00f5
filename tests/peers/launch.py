"""Third-party peers as context managers: each starts one program that we did not write, and stops it at the
end.

`missing_peer(name)` says in one line why a peer cannot be started here, for `pytest.skip`.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
PEERS = TOP / ".setup" / "peers"
NODE_MODULES = PEERS / "node" / "node_modules"
WSDLS = PEERS / "wsdl"
CLIPS = TOP / "sample_streams"
DEBIAN_PYTHON = "/usr/bin/python3"  # has the GObject bindings, which no wheel gives
START_WITHIN_S = 100.0  # parsing the WSDLs takes a slow machine some seconds
STOP_WITHIN_S = 5.0
_SETUP = "run tests/peers/setup.sh"


@dataclass(frozen=True)
class GstOrder:
    """What GStreamer's RTSP server shall play, on 127.0.0.1 at a free port."""

    streams: Mapping[str, str]
    """Path -> name of a sample stream."""
    user: str | None = None
    """With a user it asks for Digest (MD5)."""
    password: str = ""
    protocols: str = "both"
    """tcp, udp or both."""
    certificate: Path | None = None
    """PEM file with certificate and key: RTSP over TLS."""


def missing_peer(name: str) -> str | None:
    """Why "gst", "onvif_mock" or "soap_device" cannot be started; None if it can."""
    if name == "gst":
        probe = (
            "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
        )
        output = shutil.which(DEBIAN_PYTHON) and subprocess.run(
            [DEBIAN_PYTHON, "-c", probe], capture_output=True
        )
        return (
            None
            if output and output.returncode == 0
            else f"GStreamer's RTSP server is not installed: {_SETUP}"
        )
    if shutil.which("node") is None or not NODE_MODULES.is_dir():
        return f"node or its packages are not installed: {_SETUP}"
    if name == "onvif_mock" and not can_unshare():
        return "no network namespace can be made here: needs root or user namespaces"
    return None


@contextmanager
def gst_server(order: GstOrder) -> Iterator[int]:
    """GStreamer's RTSP server; gives its port."""
    wanted: dict[str, object] = {
        "folder": str(CLIPS),
        "streams": dict(order.streams),
        "protocols": order.protocols,
    }
    if order.user is not None:
        wanted |= {"user": order.user, "password": order.password}
    if order.certificate is not None:
        wanted["certificate"] = str(order.certificate)
    with _started([DEBIAN_PYTHON, str(HERE / "gst_server.py")], json.dumps(wanted)) as (_, first_line):
        yield int(first_line)


@contextmanager
def soap_device(rtsp_port: int = 8554, login: tuple[str, str] | None = None) -> Iterator[int]:
    """An ONVIF device on npm `soap` with Device and Media2 (H.265) at 127.0.0.1; gives its port."""
    command = [
        "node",
        str(HERE / "soap_device.js"),
        str(NODE_MODULES),
        str(WSDLS),
        str(rtsp_port),
        *(login or ()),
    ]
    with _started(command) as (_, first_line):
        yield int(first_line)


@dataclass(frozen=True)
class Namespace:
    """A network namespace in which a peer runs alone; everything there is reached from inside only."""

    process_id: int
    port: int

    def run(self, command: Sequence[str], timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a client inside the namespace, with the repository as its working directory."""
        own_user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        enter = ["nsenter", "--target", str(self.process_id), "--net", *own_user, "--"]
        return subprocess.run(
            [*enter, *command], capture_output=True, text=True, timeout=timeout_s, cwd=TOP, check=False
        )


@contextmanager
def onvif_mock() -> Iterator[Namespace]:
    """The mock of npm `onvif` (Device, Media1, WS-Discovery at 127.0.0.1), in a network namespace of its
    own."""
    start = "ip link set lo up && ip route add 239.255.255.250/32 dev lo && exec node "
    start += f"{HERE / 'onvif_mock.js'} {NODE_MODULES}"
    environment = {**os.environ, "HOSTNAME": "127.0.0.1", "PORT": "10101"}
    with _started([*unshare(), "sh", "-c", start], environment=environment) as (process, first_line):
        yield Namespace(process.pid, int(first_line))


@contextmanager
def _started(
    command: Sequence[str], order: str = "", environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its first line, which says that it is ready; an early end is told with what it
    wrote."""
    pipe = subprocess.PIPE
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=complaints, text=True, env=environment
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(f"{order}\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], START_WITHIN_S)
            first_line = process.stdout.readline().strip() if ready else ""
            if not first_line:
                complaints.seek(0)
                raise RuntimeError(f"{command[0]} did not start: {complaints.read()[-2000:]}")
            yield process, first_line
        finally:
            process.terminate()
            try:
                process.communicate(timeout=STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def unshare() -> list[str]:
    """The command before a command that gives it a network of its own."""
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]


def can_unshare() -> bool:
    """Whether this machine lets us make a network namespace."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*unshare(), "true"], capture_output=True, check=False).returncode == 0
