"""The portable folder, unpacked as a technician would (spaces, Vietnamese letters), and run by wine as
Windows.

    python -m tests.windows.wine [--only-wine]

makes the Windows that every worker of the tests copies, and unpacks the folder, unless wine alone is asked
for; it says in one line why wine cannot.
On Windows itself (a hosted runner, .github/workflows/windows.yml) the same functions run it without wine.

Real: CPython for Windows and every package's own win_amd64 wheel. Stand-ins: wine for Windows, and
`stand_ins`. What wine cannot show: Defender, the firewall's prompt, a console's font.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.windows.stand_ins import close_gaps

ROOT = Path(__file__).resolve().parents[2]
ZIP = ROOT / "dist" / "camagent-windows.zip"
HOME = ROOT / ".setup" / "windows" / "run"
AS_THE_CMD = {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "0"}
"""As camagent.cmd sets it, but for UTF-8, which the program must speak by itself. Without the first, Python
would import camagent from this checkout, where the tests run."""
NO_EXTRAS = "mscoree=;mshtml=;winemenubuilder.exe="
"""Parts that wine would offer to download, or put on the desktop."""
IS_WINDOWS = os.name == "nt"
FOLDER = HOME / "Trường Tiểu học số 1" / "camagent"
FRESH = HOME / "prefix"
"""A Windows in which nothing has run yet; it takes ten seconds to make and one to copy."""
PREFIX = HOME / f"prefix-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
"""The Windows of this worker: what ends all that runs in it ends nobody else's."""
START_TIMEOUT_S = 300


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


def make_windows() -> None:
    """Make the Windows that is copied, where it is not there yet. Raises: OSError where wine cannot."""
    if IS_WINDOWS or (FRESH / "made").exists():
        return
    shutil.rmtree(FRESH, ignore_errors=True)
    _quietly(FRESH, "wineboot", "-i")
    _quietly(FRESH, "wineserver", "-w")
    if not (FRESH / "drive_c" / "windows" / "system32" / "kernel32.dll").exists():
        raise OSError("wine made no Windows")
    (FRESH / "made").touch()


@contextmanager
def running_windows(prefix: Path = PREFIX) -> Iterator[None]:
    """A Windows of our own, in this thread's network, that stays up while the block runs; on Windows itself,
    the machine's.

    Without it, every command would start one, and wait for its services to end: three seconds each.
    """
    if IS_WINDOWS:
        yield
        return
    shutil.rmtree(prefix, ignore_errors=True)
    shutil.copytree(FRESH, prefix, symlinks=True)
    _start(prefix)
    try:
        yield
    finally:
        _quietly(prefix, "wineserver", "-k")
        shutil.rmtree(prefix, ignore_errors=True)


def _start(prefix: Path) -> None:
    _quietly(prefix, "wineserver", "-p")
    # Its services inherit the streams of whoever is first, who would then wait for them.
    _quietly(prefix, "wine", "cmd", "/c", "exit")


def _quietly(prefix: Path, *command: str) -> None:
    nowhere = subprocess.DEVNULL
    environ = environment(WINEPREFIX=str(prefix), WINEDLLOVERRIDES=NO_EXTRAS)
    subprocess.run(
        command,
        env=environ,
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        timeout=START_TIMEOUT_S,
        check=False,
    )


def windows_path(path: Path) -> str:
    """The path as Windows programs see it: drive Z: is the root of this machine."""
    return str(path) if IS_WINDOWS else "Z:" + str(path).replace("/", "\\")


def environment(**more: str) -> dict[str, str]:
    """A clean environment with a Windows of our own; `more` reaches the program."""
    if IS_WINDOWS:
        return dict(os.environ) | AS_THE_CMD | more
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"WINEPREFIX": str(PREFIX), "WINEDEBUG": "-all"} | AS_THE_CMD | more


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


def on_linux(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same command on this machine itself; `environment` is added to ours."""
    command = [sys.executable, "-m", "camagent", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


def local_app_data() -> Path:
    """What %LOCALAPPDATA% is for the programs; wine gives each the one of its own user folder."""
    if IS_WINDOWS:
        return Path(os.environ["LOCALAPPDATA"])
    (folder,) = PREFIX.glob("drive_c/users/*/AppData/Local/camagent")
    return folder.parent


def end_all(process: subprocess.Popen[bytes]) -> None:
    """End a program with everything that it started: under wine, whatever runs in this worker's Windows."""
    if IS_WINDOWS:
        tree = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(tree, timeout=60, check=False)
    else:
        _quietly(PREFIX, "wineserver", "-k")
        _start(PREFIX)
    process.wait(60)


def main() -> None:
    """Make ready what the tests need; ends with one line where this machine cannot."""
    try:
        make_windows()
        if "--only-wine" not in sys.argv[1:]:
            prepare()
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"the Windows folder cannot be run here: {error}")


if __name__ == "__main__":
    main()
