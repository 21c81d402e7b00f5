"""The JSON schemas of what is published, made from the models: `python -m camagent.document.schema
[--check]`.

Writes docs/schema; with --check it writes nothing and ends with 1 where a file differs from its models. What
a field means is said once, in the docstring below it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from camagent.document import area_merge, model, stream_view, values
from camagent.model import expected, finding, scan_result, stream

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schema"
FILES: dict[str, tuple[type[BaseModel], str, str]] = {
    "camagent.scan-1.schema.json": (
        model.ScanDocument,
        "camagent result document, version 1",
        "Written by `camagent scan` (camagent.scan/1) and `camagent check` (camagent.check/1). Readers "
        "ignore keys that"
        " they do not know: the contract may grow. Numbers are never strings, unknown is null, times are "
        "RFC 3339 UTC.",
    ),
    "camagent.area-1.schema.json": (
        area_merge.AreaMerge,
        "camagent area document, version 1",
        "Written by `camagent area --format json`: schools by need, the upgrade list in one language, "
        "totals, files"
        " left out.",
    ),
}


class _Untitled(GenerateJsonSchema):
    """Without the titles that repeat each field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_text(name: str) -> str:
    """One schema file as it should be."""
    root, title, description = FILES[name]
    schema = root.model_json_schema(by_alias=True, schema_generator=_Untitled)
    notes = _field_notes()
    for key, part in [(root.__name__, schema), *schema.get("$defs", {}).items()]:
        part.pop("title", None)
        for field, note in notes.get(key, {}).items():
            _note(part["properties"], field, note)
    schema = _folded(schema)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
    }
    return json.dumps(head | {k: v for k, v in schema.items() if k != "description"}, indent=1) + "\n"


def _folded(part: Any) -> Any:
    """Shorter, and the same: a value or null as one list of types; no defaults, which a writer leaves nothing
    to."""
    if isinstance(part, list):
        return [_folded(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _folded(value) for key, value in part.items() if key != "default"}
    choice = kept.get("anyOf", [])
    if len(choice) != 2 or choice[1] != {"type": "null"} or "enum" in choice[0] or "type" not in choice[0]:
        return kept
    del kept["anyOf"]
    return {**choice[0], "type": [choice[0]["type"], "null"], **kept}


def _note(properties: dict[str, Any], field: str, note: str) -> None:
    if field in properties:
        properties[field] = {**properties[field], "description": note}


def _field_notes() -> dict[str, dict[str, str]]:
    """Docstrings below fields by class: read here only, so that nobody who just reads documents pays for
    it."""
    notes: dict[str, dict[str, str]] = {}
    for module in (values, finding, expected, scan_result, stream, stream_view, model, area_merge):
        source = inspect.getsource(importlib.import_module(module.__name__))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                notes[node.name] = _notes_of(node)
    return notes


def _notes_of(node: ast.ClassDef) -> dict[str, str]:
    pairs = zip(node.body, node.body[1:], strict=False)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def outdated() -> list[str]:
    """The schema files that are not as their models say."""
    return [
        name
        for name in FILES
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != schema_text(name)
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or name those that are not up to date."""
    wrong = outdated()
    if "--check" in arguments:
        for name in wrong:
            sys.stderr.write(
                f"docs/schema/{name}: not as the models say; run python -m camagent.document.schema\n"
            )
        return 1 if wrong else 0
    for name in wrong:
        (FOLDER / name).write_text(schema_text(name), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
