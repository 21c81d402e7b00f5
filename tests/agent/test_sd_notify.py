"""Messages to systemd, heard by a socket in its place."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from camagent.agent.sd_notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(60)
    return listening


def test_it_says_what_systemd_understands(systemd: socket.socket) -> None:
    with systemd:
        notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
        notifier.ready("64 camera:\n 60 sẵn sàng")
        assert systemd.recv(4096).decode() == "READY=1\nSTATUS=64 camera: 60 sẵn sàng"
        notifier.alive()
        assert systemd.recv(4096) == b"WATCHDOG=1"
        notifier.reloading()
        assert systemd.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        notifier.stopping()
        assert systemd.recv(4096) == b"STOPPING=1"


def test_without_systemd_nothing_is_said_and_nothing_fails(tmp_path: Path) -> None:
    Notifier({}).ready("x")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).alive()


def test_a_status_cannot_smuggle_a_message(systemd: socket.socket) -> None:
    with systemd:
        Notifier({"NOTIFY_SOCKET": systemd.getsockname()}).status("x\nWATCHDOG=1" + "y" * 5000)
        notice = systemd.recv(8192)
        assert b"\n" not in notice and len(notice) < 300


def test_abstract_sockets_are_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0camagent-test-{os.getpid()}")
        listening.settimeout(60)
        Notifier({"NOTIFY_SOCKET": f"@camagent-test-{os.getpid()}"}).alive()
        assert listening.recv(100) == b"WATCHDOG=1"
