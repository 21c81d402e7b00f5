"""The most memory that this process has held, for tests that start one to see what something costs."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mb() -> int:
    """Of this program alone: `ru_maxrss` begins with what the process that started it held."""
    match = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert match is not None
    return int(match[1]) // 1024
