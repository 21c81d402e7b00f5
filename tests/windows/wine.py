"""The portable folder, unpacked as a technician would (spaces, Vietnamese letters), and run by wine as
Windows.

On Windows itself (a hosted runner, .github/workflows/windows.yml) the same functions run it without wine.

Real: CPython for Windows and every package's own win_amd64 wheel. Stand-ins: wine for Windows, and
`stand_ins`. What wine cannot show: Defender, the firewall's prompt, a console's font.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.windows.stand_ins import close_gaps

ROOT = Path(__file__).resolve().parents[2]
ZIP = ROOT / "dist" / "camagent-windows.zip"
HOME = ROOT / ".setup" / "windows" / "run"
AS_THE_CMD = {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "0"}
"""As camagent.cmd sets it, but for UTF-8, which the program must speak by itself. Without the first, Python
would import camagent from this checkout, where the tests run."""
IS_WINDOWS = os.name == "nt"
FOLDER = HOME / "Trường Tiểu học số 1" / "camagent"


@dataclass(frozen=True)
class Outcome:
    """What one run left: exit code and its two streams, decoded as UTF-8, lines ended as on Linux."""

    code: int
    out: str
    err: str


def prepare() -> Path:
    """Unpack the zip anew where it changed since the last time; returns the folder."""
    mark = HOME / "unpacked"
    stamp = str(ZIP.stat().st_mtime_ns)
    if not mark.exists() or mark.read_text() != stamp:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(ZIP) as archive:
            archive.extractall(FOLDER.parent)
        if not IS_WINDOWS:
            close_gaps(FOLDER / "python", FOLDER / "python" / "lib" / "site-packages")
        mark.write_text(stamp)
    return FOLDER


def windows_path(path: Path) -> str:
    """The path as Windows programs see it: drive Z: is the root of this machine."""
    return str(path) if IS_WINDOWS else "Z:" + str(path).replace("/", "\\")


def environment(**more: str) -> dict[str, str]:
    """A clean environment with a Windows of our own; `more` reaches the program."""
    if IS_WINDOWS:
        return dict(os.environ) | AS_THE_CMD | more
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"WINEPREFIX": str(HOME / "prefix"), "WINEDEBUG": "-all"} | AS_THE_CMD | more


def python_command(*arguments: str) -> list[str]:
    """The command line of the folder's own Python."""
    return [*(() if IS_WINDOWS else ("wine",)), str(FOLDER / "python" / "python.exe"), *arguments]


def camagent(*arguments: str, timeout_s: float = 300, home: Mapping[str, str] | None = None) -> Outcome:
    """Run camagent as `camagent.cmd` does, in the ANSI code page: the program itself must speak UTF-8."""
    command = python_command("-m", "camagent", *arguments)
    done = subprocess.run(
        command,
        input=b"",
        capture_output=True,
        timeout=timeout_s,
        env=environment(**(home or {})),
        check=False,
    )
    out, err = (text.decode("utf-8").replace("\r\n", "\n") for text in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err)


def local_app_data() -> Path:
    """What %LOCALAPPDATA% is for the programs; wine gives each the one of its own user folder."""
    if IS_WINDOWS:
        return Path(os.environ["LOCALAPPDATA"])
    (found,) = (HOME / "prefix").glob("drive_c/users/*/AppData/Local/camagent")
    return found.parent


def end_all(process: subprocess.Popen[bytes]) -> None:
    """End a program with everything that it started."""
    tree = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
    end = tree if IS_WINDOWS else ["wineserver", "-k"]
    subprocess.run(end, env=environment(), timeout=60, check=False)
    process.wait(60)
