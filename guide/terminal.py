"""A command on a terminal of its own, with somebody who answers its questions."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LINES, COLUMNS = 50, 80
MAX_PIECE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Seen:
    """How a command ended, and what stood on its terminal."""

    exit_code: int
    text: str


def run_on_terminal(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    answers: Sequence[tuple[str, str]],
    budget_s: float,
) -> Seen:
    """Run a command in a folder; each answer is typed when its question ends the last line.

    Raises: TimeoutError when the command lasts longer than budget_s.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(command[0], list(command), dict(environment))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    shown, waiting, until_s = b"", list(answers), time.monotonic() + budget_s
    while time.monotonic() < until_s:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, MAX_PIECE_BYTES)
        except OSError:  # the program has gone, and its terminal with it
            break
        shown += piece
        if waiting and waiting[0][0] in shown.decode(errors="replace").rpartition("\n")[2]:
            os.write(terminal, f"{waiting.pop(0)[1]}\n".encode())
    else:
        os.kill(pid, 15)
        os.waitpid(pid, 0)
        raise TimeoutError(f"{' '.join(command)}: {shown.decode(errors='replace')[-500:]}")
    os.close(terminal)
    exit_code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return Seen(exit_code, shown.decode(errors="replace").replace("\r\n", "\n"))
