"""Three gaps of wine, closed with small libraries of our own, so that Windows wheels load under it.

Real Windows has all of this. Wine 8 lacks ProcessPrng (Rust's standard library asks for it) and has stubs in
the place of the C99 complex functions (numpy calls them). Each stand-in lies beside python.exe in the tests'
copy only.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable
from itertools import product
from pathlib import Path

COMPILER = "x86_64-w64-mingw32-gcc"
RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom, which every Windows since XP has */
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{ return SystemFunction036(data, (ULONG)size); }
"""
UNARY = ("ccos", "ccosh", "cexp", "clog", "csin", "csinh", "ctan", "ctanh", "csqrt")
REAL = ("cabs", "carg", "cimag", "creal")
MATHS = "api-ms-win-crt-math-l1-1-0.dll"
# a row of objdump
IMPORTED = re.compile(r"^\s+[0-9a-f]+\s+(?:<none>\s+)?[0-9a-f]+\s+(_?[a-z]\w*)$", re.MULTILINE)
OURS = "xpi-ms-win-crt-math-l1-1-0.dll"  # as long as the name that it takes the place of


def close_gaps(python: Path, site: Path) -> None:
    """Put the stand-ins beside python.exe and point numpy's maths to ours."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        (work / "random.c").write_text(RANDOM)
        _compile(python / "bcryptprimitives.dll", work / "random.c", "-ladvapi32")
        modules = [module for module in site.glob("numpy/**/*.pyd") if MATHS.encode() in module.read_bytes()]
        (work / "maths.c").write_text(_complex_source())
        (work / "maths.def").write_text(_definition(_imported(modules)))
        _compile(python / OURS, work / "maths.c", work / "maths.def", "-lm")
    for module in modules:
        module.write_bytes(module.read_bytes().replace(MATHS.encode(), OURS.encode()))


def _compile(target: Path, *arguments: str | Path) -> None:
    subprocess.run(
        [COMPILER, "-O1", "-shared", "-static", "-o", str(target), *map(str, arguments)], check=True
    )


def _complex_source() -> str:
    lines = ["#include <complex.h>"]
    for kind, suffix in (("double", ""), ("float", "f")):
        lines += [
            f"{kind} complex our_{n}{suffix}({kind} complex z) {{ return {n}{suffix}(z); }}" for n in UNARY
        ]
        lines += [f"{kind} our_{n}{suffix}({kind} complex z) {{ return {n}{suffix}(z); }}" for n in REAL]
        pair = f"{kind} complex a, {kind} complex b"
        lines.append(f"{kind} complex our_cpow{suffix}({pair}) {{ return cpow{suffix}(a, b); }}")
    return "\n".join(lines) + "\n"


def _imported(modules: Iterable[Path]) -> set[str]:
    """The functions that the modules import from the system's maths library."""
    names: set[str] = set()
    for module in modules:
        command = ["x86_64-w64-mingw32-objdump", "-p", str(module)]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for block in listing.split("DLL Name: ")[1:]:
            if block.startswith(MATHS):
                names |= set(
                    re.findall(
                        r"^\s+[0-9a-f]+\s+(?:<none>\s+)?[0-9a-f]+\s+(_?[a-z]\w*)$", block, re.MULTILINE
                    )
                )
    return names


def _definition(names: Iterable[str]) -> str:
    complex_names = {f"{name}{suffix}" for name, suffix in product((*UNARY, *REAL, "cpow"), ("", "f"))}
    rows = []
    for name in sorted(names):
        ours = next((own for own in (name.removesuffix("l"), name) if own in complex_names), None)
        rows.append(f"  {name} = {f'our_{ours}' if ours else f'ucrtbase.{name}'}")
    return f'LIBRARY "{OURS}"\nEXPORTS\n' + "\n".join(rows) + "\n"
