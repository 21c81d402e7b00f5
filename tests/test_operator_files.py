"""Files that somebody sent: whatever stands in them, reading takes little, and texts are not structure."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.model.operator_error import OperatorError
from camagent.operator_files import MAX_KEY_DOTS, parse_toml, read_bounded, read_toml_file
from tests.each import slow_but
from tests.floor import judged, not_vacuous
from tests.refusal import refused

SIZE = 1_000_000
MEASURE = """
import sys, time
from camagent.operator_files import parse_toml
from camagent.model.operator_error import OperatorError
from tests.peak import peak_mb
content, began_s = sys.stdin.buffer.read(), time.process_time()
try:
    parse_toml(content, "f.toml")
except OperatorError:
    pass
print(time.process_time() - began_s, peak_mb())
"""


def lines(unit: str, size: int = SIZE) -> str:
    """`unit` with a number in it, again and again."""
    return "".join(unit.format(n) for n in range(size // len(unit.format(0))))


HOSTILE = {
    "one dotted key": "[profile]\n" + ".".join("a" * 40_001) + " = 1\n",
    "a dotted header": "[" + ".".join("a" * 40_001) + "]\n",
    "a dotted header of tables": "[[" + " . ".join("a" * 40_001) + "]]\n",
    "quoted parts": ".".join(['"a"', "'b'"] * 20_000) + " = 1\n",
    "in an inline table": "x = {" + ".".join("a" * 40_001) + " = 1}\n",
    "many dotted keys": lines("a{:06d}." + ".".join("abcdefghijklmno") + "=1\n"),
    "many dotted headers": lines("[a{:06d}." + ".".join("abcdefghijklmno") + "]\n"),
    "many headers": lines("[a{:06d}]\n"),
    "many keys": lines("a{:06d}=1\n"),
    "many inline tables": lines("a{:06d}={{}}\n"),
    "an array of tables": "[[a]]\n" * (SIZE // 6),
    "a list of tables": "x = [" + "{}," * (SIZE // 3) + "]\n",
    "a list of lists": "x = [" + "[]," * (SIZE // 3) + "]\n",
    "nested lists": "x = " + "[" * SIZE,
    "nested tables": "x = " + "{a=" * (SIZE // 3),
    "an endless float": "x = 1." + "0" * SIZE,
    "an endless text": 'x = """' + '\\"""' * (SIZE // 4),
    "nothing but quotes": '"' * SIZE,
    "nothing but lines": "\n" * SIZE,
    "comments": "#\n" * (SIZE // 2),
}


@pytest.mark.parametrize("text", slow_but("one dotted key", HOSTILE))
def test_no_megabyte_of_toml_takes_much(text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input=text.encode(), capture_output=True, check=True
    )
    cpu_s, peak_mb = map(float, done.stdout.split())
    assert cpu_s < 8 and peak_mb < 250


@pytest.mark.parametrize("quote", ["{}", "[{}]", "[[{}]]", "x = {{ {} = 1 }}", "[a]\n{} = 1"])
def test_a_key_has_so_many_dots_and_no_more(quote: str) -> None:
    text = quote if "=" in quote or "[" in quote else quote + " = 1"
    parse_toml(text.format(".".join("a" * (MAX_KEY_DOTS + 1))).encode(), "f.toml")
    with refused("^f.toml: line [12]: too many"):
        parse_toml(text.format(".".join("a" * (MAX_KEY_DOTS + 2))).encode(), "f.toml")


@pytest.mark.parametrize("number", ["0x" + "f" * 900_000, "0b" + "1" * 64, "9" * 4_000, f"-{2**63 + 1}"])
@pytest.mark.parametrize("place", ["x = {}", "[a]\nb = [[1, {{c = {}}}]]"])
def test_a_number_that_has_more_than_64_bits_is_refused(number: str, place: str) -> None:
    with refused("a whole number in it is too large"):
        parse_toml(place.format(number).encode(), "f.toml")


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_a_number_of_64_bits_is_read(number: int) -> None:
    assert parse_toml(f"x = {number}".encode(), "f.toml") == {"x": number}


DOTS = "." * 40 + "=,[{" * 40_000


@pytest.mark.parametrize(
    "text",
    [
        f'x = "{DOTS}"',
        f"x = '{DOTS}'",
        f'x = """\n{DOTS}\n"a" ""b"" \\""" {DOTS}"""',
        f"x = '''\n{DOTS}\n'a' ''b {DOTS}'''",
        f'x = """{DOTS}"""""',
        f"# {DOTS}\nx = 1",
        f"x = 1 # it's {DOTS}",
        f'x = "a\\"{DOTS}\\\\"',
    ],
)
def test_dots_in_texts_and_comments_are_not_counted(text: str) -> None:
    assert parse_toml(text.encode(), "f.toml") == tomllib.loads(text)


_pieces = st.sampled_from(list("ab.=[]{},#\n \\\"'") + ['"""', "'''", "x = ", "1.5", "\r\n"])


@not_vacuous(0.01)
@settings(max_examples=500, deadline=None)
@given(st.lists(_pieces, max_size=40).map("".join))
def test_small_files_are_read_as_tomllib_reads_them(text: str) -> None:
    try:
        wanted = tomllib.loads(text)
    except (ValueError, RecursionError):
        judged(False)
        with pytest.raises(OperatorError):
            parse_toml(text.encode(), "f.toml")
    else:
        if judged(text.count(".") <= MAX_KEY_DOTS):
            assert parse_toml(text.encode(), "f.toml") == wanted


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with refused("larger than 1000 bytes"):
        read_bounded(Path("/dev/zero"), 1000)


def test_where_the_excess_stands_is_told(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text(
        "\n# one\nx = " + '"""' + """\n\n""" + '"""' + """\ny = 1\n""" + ".".join("a" * 30) + " = 1\n"
    )
    with refused("line 7: too many"):
        read_toml_file(path, 1000)
