"""`python -m audit`: known weaknesses of the locked packages, and their licences.

Ends with 1 where a weakness is known, and with 3 where its data could not be had: an audit that did not take
place must not look like one that found nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

NO_DATA = 3
GPL_LIBRARIES = ("libx264", "libx265")
"""FFmpeg with these inside is under the GPL, whatever its wheel says."""


def main() -> int:
    """Licences first, because they need no network."""
    packages = locked_packages()
    print("\n".join(licence_lines(packages)))
    print("\n".join(gpl_lines(Path(sysconfig.get_paths()["purelib"]))))
    return known_weaknesses()


def locked_packages() -> tuple[str, ...]:
    """Names of what camagent needs at run time, as uv.lock has them."""
    return tuple(re.findall(r"^([A-Za-z0-9_.-]+)==", _requirements(), re.MULTILINE))


def licence_lines(packages: Sequence[str]) -> list[str]:
    """Name, version and licence of each; one that is not installed is named as such."""
    lines = []
    for name in packages:
        try:
            package = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            lines.append(f"{name}: not installed here (another system's)")
            continue
        lines.append(f"{name} {package['Version']}: {licence_of(package)}")
    return lines


def licence_of(package: metadata.PackageMetadata) -> str:
    """What the package states: an expression, else its classifiers, else the first line of its text."""
    stated = package.get_all("License-Expression") or []
    if stated:
        return str(stated[0])
    kinds = [line for line in package.get_all("Classifier") or [] if line.startswith("License ::")]
    if kinds:
        return ", ".join(line.rpartition(" :: ")[2] for line in kinds)
    lines = "\n".join(package.get_all("License") or []).strip().splitlines()
    return lines[0][:80] if lines else "NOT STATED"


def gpl_lines(packages_folder: Path) -> list[str]:
    """What follows from the libraries inside the av wheel."""
    inside = sorted(path.name for path in packages_folder.glob("av.libs/*"))
    copyleft = [name for name in inside if name.startswith(GPL_LIBRARIES)]
    if not copyleft:
        return ["av: no GPL encoder inside its wheel"]
    return [
        f"av: its wheel brings {', '.join(copyleft)}: whoever passes the wheel on (a bundle, an image,",
        "    a stick) passes on GPL software and owes its source; camagent itself stays under Apache-2.0.",
    ]


def known_weaknesses() -> int:
    """pip-audit over the locked versions."""
    runner = shutil.which("pip-audit", path=str(Path(sys.executable).parent)) or shutil.which("pip-audit")
    if runner is None:
        print("NOT AUDITED: pip-audit is missing (uv sync --extra audit)")
        return NO_DATA
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(_requirements())
        command = [
            runner,
            "--disable-pip",
            "--require-hashes",
            "-r",
            str(wanted),
            "--progress-spinner",
            "off",
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    print(ended.stdout, ended.stderr, sep="", end="")
    return verdict(ended.returncode, ended.stdout + ended.stderr)


def verdict(code: int, text: str) -> int:
    """0: no known weakness; 1: at least one; NO_DATA where pip-audit could not look any package up."""
    skipped, weak = "Skip Reason" in text, "Fix Versions" in text
    if weak:
        return 1
    if code != 0 or skipped:
        print("NOT AUDITED: the vulnerability data could not be had; run it where the index has them")
        return NO_DATA
    return 0


def _requirements() -> str:
    command = [str(Path(sys.executable).parent / "uv"), "export", "--frozen", "--no-dev", "--no-emit-project"]
    return subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    raise SystemExit(main())
