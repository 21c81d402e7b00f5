"""LibreOffice without a screen: workbooks evaluated, printed to PDF, and edited as an office would."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

OFFICE = shutil.which("soffice")
NEEDED = pytest.mark.skipif(OFFICE is None, reason="needs Debian's libreoffice-calc-nogui package")
STEP_S = 140.0  # a start takes two to six seconds; a test has two of them
XLSX = "xlsx:Calc MS Excel 2007 XML"

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">"""
_MODULE = """<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1"
 script:language="StarBasic">
{source}</script:module>"""
_EDIT = """
Sub Run
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden" : hidden(0).Value = True
  doc = StarDesktop.loadComponentFromURL("{source}", "_blank", 0, hidden())
{steps}
  Dim kept(0) As New com.sun.star.beans.PropertyValue
  kept(0).Name = "FilterName" : kept(0).Value = "Calc MS Excel 2007 XML"
  doc.storeToURL("{target}", kept())
  doc.close(True)
End Sub
"""


def converted(files: Sequence[Path], kind: str, folder: Path) -> list[Path]:
    """The files in another form, every formula evaluated."""
    _run(folder, "--convert-to", kind, "--outdir", str(folder / "out"), *map(str, files))
    suffix = kind.partition(":")[0]
    return [folder / "out" / f"{path.stem}.{suffix}" for path in files]


def edited(source: Path, steps: str, folder: Path) -> bytes:
    """The workbook after these steps of Basic, in which `doc` is the open one; saved as an office does."""
    target = folder / "edited.xlsx"
    _run(folder, "--terminate_after_init")  # makes its own profile, with an empty module of that name
    module = _EDIT.format(source=source.as_uri(), target=target.as_uri(), steps=steps)
    place = folder / "profile" / "user" / "basic" / "Standard" / "Module1.xba"
    place.write_text(_HEAD + _MODULE.format(source=escape(module)), encoding="utf-8")
    _run(folder, "macro:///Standard.Module1.Run")
    return target.read_bytes()


def _run(folder: Path, *arguments: str) -> None:
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [str(OFFICE), profile, "--headless", "--norestore", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=STEP_S)
