"""The real decoding process, taken over: each "picture" names what the intruder tries. Run by `test_cell`.

A try that succeeds is one decoded picture, a refused one an error.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from camagent.observe import decode_worker
from camagent.observe.picture.opinion import PictureReport

_libc = ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: Any) -> None:
    if _libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _wider() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


TRIES: dict[bytes, Callable[[], object]] = {
    b"nothing": lambda: None,
    b"read": lambda: os.open(__file__, os.O_RDONLY),
    b"list": lambda: os.listdir("/"),
    b"passwd": lambda: os.open("/etc/passwd", os.O_RDONLY),
    b"memory": lambda: os.open("/proc/self/mem", os.O_RDWR),
    b"write": lambda: os.open("/tmp/camagent-cell", os.O_WRONLY | os.O_CREAT),
    b"link": lambda: os.symlink("/etc/passwd", "/tmp/camagent-cell"),
    b"remove": lambda: os.unlink(os.path.join(os.getcwd(), "removable")),
    b"stat": lambda: os.stat("/etc/passwd"),
    b"chmod": lambda: os.chmod(os.getcwd(), 0o777),
    b"tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    b"udp": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    b"unix": lambda: socket.socketpair(),
    b"netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    b"pipe": lambda: os.pipe(),
    b"duplicate": lambda: os.dup(0),
    b"memfd": lambda: os.memfd_create("x"),
    b"fork": lambda: os.fork(),
    b"start": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    b"become": lambda: os.execv("/bin/true", ["true"]),
    b"signal": lambda: os.kill(os.getppid(), 0),
    b"stop": lambda: os.kill(os.getpid(), signal.SIGCONT),
    b"limits": _wider,
    b"trace": lambda: _syscall(101, 0, 0, 0, 0),  # ptrace(PTRACE_TRACEME)
    b"peek": lambda: _syscall(310, os.getppid(), 0, 0, 0, 0, 0),  # process_vm_readv
    b"ring": lambda: _syscall(425, 8, 0),  # io_uring_setup: files and sockets by another door
    b"bpf": lambda: _syscall(321, 0, 0, 0),
    b"key": lambda: _syscall(250, 0, 0, 0, 0, 0),  # keyctl
    b"x32": lambda: _syscall(0x40000000 + 39),  # another calling convention: getpid of x32
    b"namespace": lambda: _syscall(272, 0x10000000),  # unshare(CLONE_NEWUSER)
    b"thread": lambda: threading.Thread(target=lambda: None).start(),
}


_judge = decode_worker.judge_pictures


def _intrude(decoder: Any, codec: str, pictures: Any, kept: Any = None) -> PictureReport:
    if pictures[0] not in TRIES:  # the worker's own, before it enters the cell
        return _judge(decoder, codec, pictures, kept)
    try:
        TRIES[pictures[0]]()
    except (OSError, ValueError):  # ValueError: Python's word for a limit that may not be raised
        return PictureReport(0, 1, None, None, None)
    return PictureReport(1, 0, None, None, None)


decode_worker.judge_pictures = _intrude
if __name__ == "__main__":
    decode_worker.main()
