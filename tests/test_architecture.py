"""Import directions, third-party fences and the size of rooms, read from the source with ast."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

from tests.each import each

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "camagent"
FILES = sorted(PACKAGE.rglob("*.py"))
MAX_MODULE_LINES = 350
MAX_FUNCTION_LINES = 40

FENCES: dict[str, tuple[str, ...]] = {
    "av": (
        "camagent/observe/decode.py",
        "camagent/observe/decode_worker.py",
        "camagent/observe/media_files.py",
    ),
    "cv2": ("camagent/observe/picture/",),
    "cryptography": ("camagent/operator_files/credential_file.py", "camagent/simulator/self_signed.py"),
    "aiohttp": ("camagent/simulator/", "camagent/ui/page_server.py", "camagent/ui/page_connection.py"),
    "h11": ("camagent/exporter/http_door.py",),
    "onvif": ("camagent/app/onvif_call.py", "camagent/app/onvif_transport.py"),
    "zeep": ("camagent/app/onvif_call.py", "camagent/app/onvif_transport.py"),
    "prometheus_client": ("camagent/exporter/",),
    "sqlite3": ("camagent/store/",),
    "lxml": ("camagent/app/onvif_call.py", "camagent/simulator/"),
    "click": ("camagent/cli/",),
    "xlsxwriter": ("camagent/report/",),
    "msgspec": ("camagent/area/needed.py", "camagent/area/earlier_list.py"),
    "openpyxl": (),
    "jinja2": ("camagent/report/", "camagent/exporter/", "camagent/ui/"),
    "yaml": ("camagent/exporter/web_config.py",),
    "bcrypt": ("camagent/exporter/web_config.py",),
    "rich": ("camagent/report/", "camagent/cli/"),
}
LAZY_IN_CLI = {"av", "cv2", "zeep", "onvif", "aiohttp", "numpy", "pydantic", "lxml", "msgspec"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed file, once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """Every imported module of a file, and whether the import stands at module level."""
    return tuple(_imports(tree_of(path)))


def _imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    top = set(map(id, tree.body)) | {
        id(item)
        for item in chain.from_iterable(node.body for node in tree.body if isinstance(node, ast.Try | ast.If))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module, id(node) in top
            for alias in node.names:
                if (PACKAGE.parent / node.module.replace(".", "/") / f"{alias.name}.py").exists():
                    yield f"{node.module}.{alias.name}", id(node) in top


def part(name: str) -> str:
    """`observe` for camagent.observe.rtp and camagent/observe/rtp.py alike."""
    pieces = name.removesuffix(".py").replace("/", ".").split(".")
    return pieces[1] if len(pieces) > 1 else "camagent"


BASE = {"model", "wire", "operator_files", "platform"}
STAGES = {"discover", "interrogate", "observe", "assess", "plan"}
PUBLISHED = {"model", "text", "document"}
MAY_IMPORT: dict[str, set[str]] = (
    {
        "model": set(),
        "platform": set(),
        "text": {"model"},
        "operator_files": {"model", "platform"},
        "wire": {"model", "platform"},
        "inventory": {"model"},
        "run": {"model", "wire", "inventory"} | STAGES,
        "document": {"model", "text"},
        "area": PUBLISHED,
        "report": PUBLISHED | {"area"},
        "store": PUBLISHED | {"platform"},
        "exporter": PUBLISHED | {"platform"},
        "agent": {"model", "discover", "run", "document", "store"},
        "ui": PUBLISHED | {"run", "store", "exporter"},
        "simulator": {"model", "platform"},
        "__main__": {"cli", "platform"},
    }
    | {stage: BASE for stage in STAGES}
    | {"interrogate": {"model", "wire"}, "assess": {"model"}, "plan": {"model"}}
)
"""Which room may import which others of ours; `cli` may import all, `app` all but `cli`.

The picture stands in docs/architecture.md."""


def may_import(importer: str, imported: str) -> bool:
    if importer in ("cli", "app"):
        return importer == "cli" or imported != "cli"
    return imported in (importer, "camagent") or imported in MAY_IMPORT[importer]


@each(FILES, relative)
def test_imports_keep_to_their_direction(path: Path) -> None:
    importer = part(relative(path))
    wrong = {
        name
        for name, _ in imports(path)
        if name.split(".")[0] == "camagent" and not may_import(importer, part(name))
    }
    assert not wrong, f"{relative(path)} may not import {sorted(wrong)}"


@each(FILES, relative)
def test_third_party_packages_keep_to_their_doors(path: Path) -> None:
    here = relative(path)
    wrong = {
        top
        for top in (name.split(".")[0] for name, _ in imports(path))
        if top in FENCES and not here.startswith(FENCES[top])
    }
    assert not wrong, f"{here} imports {sorted(wrong)} outside their doors"


@each([p for p in FILES if "/cli/" in relative(p)], relative)
def test_commands_import_heavy_packages_only_when_they_run(path: Path) -> None:
    heavy = {name for name, top in imports(path) if top and name.split(".")[0] in LAZY_IN_CLI}
    assert not heavy, f"{relative(path)} imports {sorted(heavy)} at module level"


DECODING = {"av", "cv2", "numpy", "lxml"}
PROCESSES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "the service": (
        ("cli/serve.py", "app/__init__.py", "app/service.py", "wire/tls.py"),
        DECODING | {"aiohttp", "cryptography", "zeep"},
    ),
    "a scan": (
        (
            "cli/scan.py",
            "cli/check.py",
            "cli/scanning.py",
            "cli/run.py",
            "cli/trust_question.py",
            "app/__init__.py",
        ),
        DECODING | {"aiohttp", "zeep"},
    ),
    "the command line": (("cli/main.py",), DECODING | {"aiohttp", "zeep", "pydantic", "sqlite3", "asyncio"}),
}
"""What imports, at once or when it runs, and what must not come with it: decoding is done by processes of its
own."""


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_loads_only_what_it_needs(process: str) -> None:
    """Of a service with 64 cameras, OpenCV and its arrays alone would be half the memory."""
    files, unwanted = PROCESSES[process]
    every = process != "the command line"
    named = {
        name for name, top in chain.from_iterable(imports(PACKAGE / file) for file in files) if top or every
    }
    ours = sorted(name for name in named if name.split(".")[0] == "camagent")
    assert ours
    code = (
        "import importlib, sys\nfor name in sys.argv[1:]:\n    "
        "importlib.import_module(name)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, *ours], capture_output=True, text=True, check=True)
    assert not unwanted & set(done.stdout.split())


def test_model_needs_only_the_standard_library() -> None:
    third_party = {
        name
        for name, _ in chain.from_iterable(imports(path) for path in FILES if part(relative(path)) == "model")
        if name.split(".")[0] in FENCES.keys() | LAZY_IN_CLI
    }
    assert not third_party


@each(FILES, relative)
def test_systems_differ_in_one_room_only(path: Path) -> None:
    """Elsewhere a module neither asks which system this is nor imports what only one of them has."""
    if part(relative(path)) == "platform":
        return
    only_one_system = {"fcntl", "resource", "pwd", "grp", "termios", "msvcrt", "winreg", "_winapi"}
    assert not only_one_system & {name.split(".")[0] for name, _ in imports(path)}
    assert not re.search(
        r"sys\.platform|os\.name\b|platform\.system\b|add_signal_handler|loop\.add_reader",
        path.read_text("utf-8"),
    )


@each(FILES, relative)
def test_rooms_are_small(path: Path) -> None:
    """Lines of a function from its `def` to its last; the options above a command are a table."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= MAX_MODULE_LINES, f"{relative(path)} has {lines} lines"
    long = [
        f"{node.name}: {lines} lines"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert not long, f"{relative(path)}: {long}"


MAX_ROOMS = 24
MAX_ARROWS = 80


def arrows() -> dict[str, set[str]]:
    """For each room, the rooms that it imports; imports inside of functions count."""
    from_to: dict[str, set[str]] = {}
    for path in FILES:
        room = part(relative(path))
        ours = {part(name) for name, _ in imports(path) if name.split(".")[0] == "camagent"}
        from_to.setdefault(room, set()).update(ours - {room, "camagent"})
    return {room: others for room, others in from_to.items() if room not in ("__init__", "__main__")}


def floors(from_to: dict[str, set[str]]) -> list[list[str]]:
    """The rooms from the lowest floor up: each imports of lower floors only. Raises where that is not so."""
    order = TopologicalSorter(from_to)
    order.prepare()  # raises CycleError
    built = []
    while order.is_active():
        built.append(sorted(order.get_ready()))
        order.done(*built[-1])
    return built


def test_there_are_few_rooms_and_arrows_and_no_circle() -> None:
    from_to = arrows()
    assert len(from_to) <= MAX_ROOMS
    assert sum(map(len, from_to.values())) <= MAX_ARROWS
    assert floors(from_to)[0] == ["model", "platform"]


def _module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {_module_of(path): path for path in FILES}


def _files_named(tree: ast.Module) -> Iterator[str]:
    """The files of ours that a file names; `from camagent.store import scans` names scans."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            deeper = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in deeper)


def test_no_file_imports_itself_by_a_detour() -> None:
    """Imports inside of functions, and those for types only, count."""
    named = {name: set(_files_named(tree_of(path))) - {name} for name, path in MODULES.items()}
    circle: list[str] = []
    try:
        TopologicalSorter({name: rest & MODULES.keys() for name, rest in named.items()}).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert not circle


def rooms_text() -> str:
    """What `python -m tests.test_architecture` prints."""
    from_to = arrows()
    lines = [f"{len(from_to)} rooms, {sum(map(len, from_to.values()))} arrows"]
    for floor, rooms in reversed(list(enumerate(floors(from_to), start=1))):
        lines += [f"{floor}  {room:<14} -> {' '.join(sorted(from_to[room]))}" for room in rooms]
    return "\n".join(lines)


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
OUR_CODE = sorted(
    chain.from_iterable(
        (ROOT / folder).rglob("*.py")
        for folder in (
            "camagent",
            "tests",
            "bench",
            "fuzz",
            "audit",
            "windows",
            "packaging",
            "sample_streams",
            "guide",
        )
    )
)


def test_expressions_hide_no_complexity() -> None:
    """ruff's count of branches does not see those that stand inside one expression."""
    tangled = chain.from_iterable(map(_tangled, OUR_CODE))
    assert not list(tangled)


def _tangled(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.IfExp) and _conditional_expressions(node) > 1:
            yield f"{relative(path)}:{node.lineno}: a conditional expression in another"
        if isinstance(node, COMPREHENSIONS) and len(node.generators) > 1:
            yield f"{relative(path)}:{node.lineno}: a comprehension with more than one for"


def _conditional_expressions(node: ast.AST) -> int:
    return sum(isinstance(inner, ast.IfExp) for inner in ast.walk(node))


@each(FILES, relative)
def test_every_module_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(tree_of(path)), f"{relative(path)} has no docstring"


@each(FILES, relative)
def test_profile_is_never_used_bare(path: Path) -> None:
    """Four things are called profile in this field; a bare class or parameter annotation would hide which."""
    names = re.findall(
        r"^class (Profile|Manager|Helper|Utils?)\b", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert not names


if __name__ == "__main__":
    print(rooms_text())
