"""Schemas as our own documents must keep them: closer than they are for readers."""

from __future__ import annotations

from typing import Any


def closed(schema: Any) -> Any:
    """The schema with every object closed: what we write must be described, though readers allow more."""
    if isinstance(schema, dict):
        body = {key: closed(value) for key, value in schema.items()}
        described = schema.get("type") == "object" and "additionalProperties" not in schema
        return {**body, "additionalProperties": False} if described else body
    return [closed(item) for item in schema] if isinstance(schema, list) else schema
