"""The technician's hour, command by command, on the school behind the cable."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camagent.simulator.default_school import USER
from camagent.text import say
from guide.cabled_school import CABLE, NETWORK, START_BUDGET_S, ip
from guide.screens import Part, Screen, screen_of, steady
from guide.terminal import run_on_terminal

OWN_ADDRESS = f"{NETWORK}.10"
MENDED = f"{NETWORK}.64"
"""The corridor camera: set to MJPEG 720p though it offers more."""
COMMAND_BUDGET_S = 240.0
SECRET = "*"
"""Stands for the cameras' password among the answers."""
YES_OR_NO = "[y/N]"
TOO_BUSY = "loop_lag"
"""camagent says so of itself where the machine did not keep up; such a screen would teach nothing."""
MAX_TRIES = 3
"""A check of one camera may be asked for again: it stores nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `answers`: a key of the catalogue's questions (or `YES_OR_NO`), and what is typed;
    `is_after_mend`: the camera is set right before it."""

    command: str
    parts: tuple[Part, ...]
    answers: tuple[tuple[str, str], ...] = ()
    is_after_mend: bool = False


SETUP = (
    ("setup.name", "THCS Nguyễn Du"),
    ("setup.id", "9001"),
    ("setup.area", "Phường Gia Định"),
    ("setup.ranges", ""),
    ("setup.user", ""),
    ("setup.data_dir", ""),
)
SUMMARY = r"^\d+ cameras?: "
"""The line with the counts begins alike in both languages."""
SCAN = "camagent scan --output ket-qua"
STEPS = (
    Step("camagent init", (Part("init"),), SETUP),
    Step(SCAN, (Part("first-scan"),)),
    Step(
        f"camagent credentials set {NETWORK}.0/24 --user {USER}",
        (Part("log-in"),),
        (("cli.password_prompt", SECRET),),
    ),
    Step(
        SCAN,
        (Part("trust", last=r"\[y/N\]"), Part("verdicts", first="^┏", last=SUMMARY)),
        ((YES_OR_NO, "y"),),
    ),
    Step("camagent explain IMG-RES", (Part("explain", last="Hikvision"),)),
    Step(f"camagent check {MENDED}", (Part("mended", first="^┏"),), is_after_mend=True),
    Step(SCAN, (Part("changed", first=SUMMARY),)),
    Step(f"camagent history {MENDED}", (Part("history"),)),
    Step("camagent report --format xlsx --compare last -o danh-muc.xlsx", (Part("workbook"),)),
)
"""In the order of the pages."""


def walk(language: str) -> Iterator[Screen]:
    """Every screen of the hour in one language, from a home that was empty before."""
    password = secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory() as home, school_on_cable(password):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "CAMAGENT_LANG": language,
            "TERM": "dumb",
            "TZ": "Asia/Ho_Chi_Minh",
        }
        for step in STEPS:
            if step.is_after_mend:
                set_right(Path(home), environment, password)
            _, *arguments = shlex.split(step.command)
            command = [sys.executable, "-m", "camagent", *arguments]
            answers = [
                (_question(key, language), typed.replace(SECRET, password)) for key, typed in step.answers
            ]
            for _ in range(MAX_TRIES if step.is_after_mend else 1):
                screen = run_on_terminal(command, Path(home), environment, answers, COMMAND_BUDGET_S)
                if TOO_BUSY not in screen.text:
                    break
            else:
                sys.exit(
                    f"{step.command}: this machine was too busy to measure; start again when it is quiet"
                )
            output = steady(screen.text, home)
            if password in output:
                sys.exit(f"{step.command} shows the password")
            yield from (screen_of(part, step.command, screen.exit_code, output) for part in step.parts)


def _question(key: str, language: str) -> str:
    """What the question begins with on the screen: a narrow terminal breaks it later."""
    return key if key == YES_OR_NO else say(key, language, user=USER)[:20]


@contextmanager
def school_on_cable(password: str) -> Iterator[None]:
    """The school in a network of its own, its cable's other end in ours as `eth0`."""
    command = ["unshare", "--net", sys.executable, "-m", "guide.cabled_school"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(f"{password}\n")
        process.stdin.flush()
        _wait_for_own_network(process.pid)
        ip("link", "set", "lo", "up")
        ip("link", "add", "eth0", "type", "veth", "peer", "name", CABLE, "netns", str(process.pid))
        # A card that has been up for a while has done asking whether its IPv6 address is taken.
        Path("/proc/sys/net/ipv6/conf/eth0/accept_dad").write_text("0")
        ip("addr", "add", f"{OWN_ADDRESS}/24", "dev", "eth0")
        ip("link", "set", "eth0", "up")
        if not process.stdout.readline():
            sys.exit("the school did not open")
        yield
    finally:
        process.stdin.close()
        process.wait(START_BUDGET_S)
        process.stdout.close()


def _wait_for_own_network(pid: int) -> None:
    until_s = time.monotonic() + START_BUDGET_S
    while os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        if time.monotonic() > until_s:
            sys.exit("unshare --net did not work")
        time.sleep(0.02)


def set_right(home: Path, environment: Mapping[str, str], password: str) -> None:
    """Set the camera to what its options allow, as its maker's program would over ONVIF."""
    file = home / "password"
    file.write_text(password, encoding="utf-8")

    def onvif(operation: str, *rest: str) -> Any:
        command = [sys.executable, "-m", "camagent", "onvif", MENDED, "media", operation, *rest]
        login = ["--user", USER, "--password-file", str(file)]
        done = subprocess.run([*command, *login], capture_output=True, check=True, cwd=home, env=environment)
        return json.loads(done.stdout)

    (encoder, *_) = onvif("GetVideoEncoderConfigurations")
    encoder |= {"Encoding": "H264", "Resolution": {"Width": 1920, "Height": 1080}}
    encoder["RateControl"] = {"FrameRateLimit": 25, "EncodingInterval": 1, "BitrateLimit": 4096}
    encoder["H264"] = {"GovLength": 50, "H264Profile": "High"}
    order = {"Configuration": encoder, "ForcePersistence": True}
    onvif("SetVideoEncoderConfiguration", json.dumps(order), "--write")
    file.unlink()
