"""What the documents name exists, and what exists is in the documents."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import click
import pytest

from camagent.cli.main import COMMANDS, build
from camagent.operator_files.config import Config, parse_config

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "README.vi.md"])
def test_the_readme_shows_the_commands_of_the_contract(name: str) -> None:
    text = read(name)
    for command in ("scan", "check", "report", "area", "serve", "doctor", "credentials"):
        assert f"camagent {command}" in text
    assert "make demo" in text and "make test" in text
    assert "3288/UBND-KT" in text


def test_make_runs_every_bench() -> None:
    planned = subprocess.run(
        ["make", "--dry-run", "bench"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = set(re.findall(r"-m bench\.(\w+)", planned.stdout))
    named = set(re.findall(r"make bench-(\w+)", "".join(page.read_text(encoding="utf-8") for page in PAGES)))
    assert named and named <= commands


def test_the_changelog_names_every_command() -> None:
    assert all(
        f"`{command}`" in read("CHANGELOG.md") or f"camagent {command}" in read("CHANGELOG.md")
        for command in COMMANDS
    )


def test_every_configuration_key_is_documented_and_the_example_is_valid() -> None:
    text = read("docs/configuration.md")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    table = tomllib.loads(example[1])
    parse_config(table, ROOT / "camagent.toml")
    for section, field in Config.model_fields.items():
        assert section in table, section
        model = field.annotation
        fields = getattr(model, "model_fields", None) or model.__args__[0].model_fields  # type: ignore[union-attr]
        for key in fields:
            assert re.search(rf"^(# )?{key} = ", example[1], re.MULTILINE), f"{section}.{key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


NAMED_COMMAND = re.compile(r"`camagent ([a-z][^`\n]*)`")


def test_every_command_of_a_page_can_be_typed() -> None:
    """Command, options, and what the command cannot do without; a bare name is only a mention of it."""
    wrong: list[str] = []
    for page in PAGES:
        lines = NAMED_COMMAND.findall(page.read_text(encoding="utf-8"))
        wrong += [f"{page.name}: {line}" for line in lines if not _can_be_typed(shlex.split(line))]
    assert not wrong


def _can_be_typed(words: list[str]) -> bool:
    """A group that is named with something else than a command of its own runs its first one (`area`)."""
    root = build()
    command: click.Command = root
    while isinstance(command, click.Group) and words:
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            break
        command, words = inner, words[1:]
    if command is root:
        return False
    parts = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    params = list(chain.from_iterable(part.params for part in parts))
    names = set(chain.from_iterable(param.opts for param in params))
    typed = {word.partition("=")[0] for word in words if word.startswith("--")}
    needed = [set(param.opts) for param in params if param.required and param.opts[0].startswith("-")]
    return typed <= names and (not words or len(parts) > 1 or all(typed & opts for opts in needed))


def test_no_document_claims_what_3288_says() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"3288 (requires|demands|prescribes|sets)|3288 yêu cầu \d", text), page.name
