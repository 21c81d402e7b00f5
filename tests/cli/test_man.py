"""The manual page has every command with every option, as `--help` has them, and is good roff."""

from __future__ import annotations

import gzip
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from camagent.cli.main import build
from camagent.cli.man import EXIT_CODES, escaped, man_page

ROOT = Path(__file__).resolve().parents[2]


def commands(group: click.Group, above: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        assert command is not None
        if command.hidden:
            continue
        context = click.Context(command, info_name=name, parent=above)
        yield context.command_path, command
        if isinstance(command, click.Group):
            yield from commands(command, context)


def test_every_command_and_option_is_on_the_page() -> None:
    program = build()
    page = man_page(program).replace("\\-", "-")
    sections = {re.match(r"[a-z -]+[a-z]", text)[0]: text for text in page.split("\n.SS ")[1:]}  # type: ignore[index]
    below = dict(commands(program, click.Context(program, info_name="camagent")))
    assert len(below) > 30
    for path, command in below.items():
        own = sections[path]
        for option in command.params:
            if isinstance(option, click.Option) and option.name != "lang":
                assert all(name in own for name in option.opts), f"{path}: {option.opts}"


def test_exit_codes_are_those_of_the_contract() -> None:
    page = man_page(build())
    assert [f".B {code}\n" in page for code in EXIT_CODES] == [True] * len(EXIT_CODES)
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 130]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (".B bold", "\\&.B bold"),
        ("'x", "\\&'x"),
        ("a\\b", "a\\eb"),
        ("--lang", "\\-\\-lang"),
        ("a\n\n b", "a b"),
    ],
)
def test_words_are_never_requests_of_roff(text: str, printed: str) -> None:
    assert escaped(text) == printed


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_complain_about() -> None:
    done = subprocess.run(
        ["groff", "-man", "-K", "utf8", "-T", "utf8", "-w", "all"],
        input=man_page(build()),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert "--subnet" in re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def test_the_debian_package_has_it_in_both_languages(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("build_deb", ROOT / "packaging" / "build_deb.py")
    assert spec is not None and spec.loader is not None
    before = list(sys.path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path[:] = before
    module.fill_manual(tmp_path)
    pages = {
        path.parent.relative_to(tmp_path).as_posix(): gzip.decompress(path.read_bytes()).decode()
        for path in tmp_path.rglob("camagent.1.gz")
    }
    assert set(pages) == {"usr/share/man/man1", "usr/share/man/vi/man1"}
    assert ".SH NAME\n" in pages["usr/share/man/man1"]
    assert ".SH TÊN\n" in pages["usr/share/man/vi/man1"]
