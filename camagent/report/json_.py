"""The result document as JSON text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def render_json(document: Mapping[str, Any], indent: int | None = 2) -> str:
    """One JSON document, Vietnamese letters as they are, ending with a line break; NaN is our bug, not a number."""
    return json.dumps(document, ensure_ascii=False, indent=indent, allow_nan=False) + "\n"
