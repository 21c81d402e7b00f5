"""An area's earlier document, as somebody sends it back: its rows are read, and no shape of it takes much."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from camagent.area.earlier_list import MAX_ROW_BYTES, read_earlier_list
from tests.each import each, slow_but

ROW = {
    **dict.fromkeys(("site_id", "site", "camera_id", "camera", "place", "address", "model", "findings"), "x"),
    **dict.fromkeys(("steps", "basis", "cost_class", "cost", "cost_currency", "id"), "x"),
    **{"verdict": "not_ready", "action": "replace", "certain": True, "cost_amount": None, "decision": None},
}
AT = '"at": "2026-01-10T08:00:00+07:00"'
MB = 1_000_000
MEASURE = """
import sys, time
from camagent.area.earlier_list import read_earlier_list
from tests.peak import peak_mb
content, began_s = sys.stdin.buffer.read(), time.process_time()
read = read_earlier_list(content)
print(len(read[0]) if read else -1, time.process_time() - began_s, peak_mb())
"""


def document(rows: str, more: str = "") -> bytes:
    return f'{{"schema": "camagent.area/1", {AT}, "upgrades": [{rows}]{more}}}'.encode()


HOSTILE = {
    "empty rows": document("{}," * (MB // 3) + "{}"),
    "numbers for rows": document("1," * (MB // 2) + "1"),
    "rows of one key": document('{"id":1},' * (MB // 9) + "{}"),
    "another list": document("", ', "sites": [' + "{}," * (MB // 3) + "{}]"),
    "a long text": document(json.dumps({**ROW, "camera": "é" * (MB // 8)})),
    "deep": document("[" * MB),
}


@pytest.mark.parametrize("content", slow_but("empty rows", HOSTILE))
def test_no_megabyte_takes_much(content: bytes) -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], input=content, capture_output=True, check=True)
    rows, cpu_s, peak_mb = map(float, done.stdout.split())
    assert rows <= 0 and cpu_s < 5 and peak_mb < 150


def test_its_rows_are_read_and_nothing_else_has_to_be_there() -> None:
    earlier = read_earlier_list(document(json.dumps(ROW), ', "sites": [{"id": 7}]'))
    assert earlier is not None and [item.row_id for item in earlier[0]] == ["x"]
    assert earlier[1].hour == 1


@each(
    [
        b"",
        b"[]",
        document(json.dumps(ROW) + ",{}"),
        document(json.dumps({**ROW, "note": "x" * MAX_ROW_BYTES})),
        document("").replace(b"2026-01-10T08", b"tomorrow"),
        document("").replace(b'"at"', b'"before"'),
    ]
)
def test_what_is_damaged_is_no_list(content: bytes) -> None:
    assert read_earlier_list(content) is None
