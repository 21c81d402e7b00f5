"""The firmware list: what Excel writes is read, and every wrong line is told at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from camagent.model.operator_error import OperatorError
from camagent.model.patterns import fits
from camagent.operator_files.firmware_list import load_firmware_list
from camagent.text import render


def written(folder: Path, content: bytes) -> Path:
    path = folder / "firmware.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"Acme,AC-*,V5.7*,Allow\nAcme,*,V4.*,deny\n",
        b"\xef\xbb\xbfmanufacturer;model;firmware;verdict\r\nAcme;AC-*;V5.7*;allow\r\n\r\nAcme;*;V4.*;deny\r\n",
        b"# kept by the ward\nAcme, AC-*, V5.7*, allow\nAcme, *, V4.*, deny\n",
    ],
)
def test_a_list_is_read_as_people_and_spreadsheets_write_it(tmp_path: Path, content: bytes) -> None:
    assert load_firmware_list(written(tmp_path, content)) == (
        ("Acme", "AC-*", "V5.7*", "allow"),
        ("Acme", "*", "V4.*", "deny"),
    )


def test_every_wrong_line_is_told_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        load_firmware_list(written(tmp_path, b"Acme,x,y,allow\nAcme,x\nAcme,x,y,maybe\n"))
    sentences = [render(problem, "en") for problem in caught.value.problems]
    assert ["line 2" in sentences[0], "line 3" in sentences[1]] == [True, True]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 1_000_001, b"a,b,c," + b"x" * 200_000])
def test_what_is_no_list_is_one_line(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(OperatorError) as caught:
        load_firmware_list(written(tmp_path, content))
    assert len(caught.value.problems) == 1


def test_lines_end_as_any_system_ends_them(tmp_path: Path) -> None:
    assert len(load_firmware_list(written(tmp_path, b"Acme,x,y,allow\rAcme,x,z,deny\r"))) == 2


def test_a_list_of_patterns_is_gone_through_quickly_for_each_camera() -> None:
    patterns = [f"*{n}x*" for n in range(16_000)]
    began_s = time.process_time()
    for _ in range(16):
        assert not any(fits("V5.7.12 build 1234", pattern) for pattern in patterns)
    assert time.process_time() - began_s < 10


def test_a_missing_list_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="unreadable"):
        load_firmware_list(tmp_path / "nowhere.csv")
