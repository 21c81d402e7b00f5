"""How much memory the kernel lets our control group have."""

from __future__ import annotations

from pathlib import Path

UNLIMITED_BYTES = 1 << 60  # version 1 writes a number near 2**63 where there is no limit


def limit_bytes(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int | None:
    """The smallest limit on the way from our group to the root (MemoryMax of a unit); None: there is none."""
    limits_bytes = []
    for line in _read(own).splitlines():
        _, kinds, place = (line.split(":", 2) + ["", ""])[:3]
        if kinds == "":
            limits_bytes += _on_the_way(groups, place, "memory.max")
        elif "memory" in kinds.split(","):
            limits_bytes += _on_the_way(groups / "memory", place, "memory.limit_in_bytes")
    return min((limit for limit in limits_bytes if limit < UNLIMITED_BYTES), default=None)


def data_bytes() -> int:
    """What of this process counts against RLIMIT_DATA: memory of its own that can be written."""
    rows = _read(Path("/proc/self/status")).splitlines()
    return next((int(row.split()[1]) * 1024 for row in rows if row.startswith("VmData:")), 0)


def _on_the_way(root: Path, place: str, name: str) -> list[int]:
    steps = [part for part in place.split("/") if part not in ("", "..")]
    groups = [root.joinpath(*steps[:depth]) for depth in range(len(steps), -1, -1)]
    texts = [_read(group / name).strip() for group in groups]
    return [int(text) for text in texts if text.isdecimal()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
