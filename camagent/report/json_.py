"""A published document as JSON text. Pure."""

from __future__ import annotations

import json

from camagent.document.values import View


def render_json(document: View) -> str:
    """One JSON document, Vietnamese letters as they are, ending with a line break; NaN is our bug, not a
    number."""
    return json.dumps(document.plain(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
