"""What libraries log of a bug of ours is one line: never a traceback, never what its message quotes."""

from __future__ import annotations

import logging
import sys

import pytest

from camagent.cli.log_lines import OneLine


def record() -> logging.LogRecord:
    try:
        raise ValueError("rtsp://admin:hunter2@192.0.2.1")
    except ValueError:
        bug = sys.exc_info()
        return logging.LogRecord("asyncio", logging.ERROR, "", 1, "Fatal error\nprotocol: x", (), bug)


def test_a_traceback_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = OneLine("%(levelname)s %(message)s")
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    line = lines.format(record())
    assert line.startswith("ERROR ") and "ValueError" in line
    assert "\n" not in line and "hunter2" not in line and "Traceback" not in line
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    assert "Traceback" in lines.format(record())


def test_other_lines_are_as_they_were() -> None:
    plain = logging.LogRecord("camagent", logging.WARNING, "", 1, "check of %s", ("192.0.2.1",), None)
    assert OneLine("%(levelname)s %(message)s").format(plain) == "WARNING check of 192.0.2.1"
