"""How a camera was and when that changed: rows of `camera_state`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from camagent.document.model import CameraView
from camagent.document.states import CameraState
from camagent.model.finding import Outcome, Verdict

OF_CAMERA = (
    "SELECT at, verdict, action, name, address, model, firmware, failed"
    " FROM camera_state WHERE camera_id = ? ORDER BY at"
)


def read_state(row: Sequence[Any]) -> CameraState:
    """A row of `OF_CAMERA`."""
    at, verdict, action, name, address, model, firmware, failed = row
    rules = tuple(json.loads(failed))
    return CameraState(
        datetime.fromisoformat(at), Verdict(verdict), action, name, address, model, firmware, rules
    )


def note_state(connection: sqlite3.Connection, camera: CameraView, at: str) -> None:
    """A new row where the camera is not as its last row says."""
    device = camera.device
    failed = sorted({finding.rule for finding in camera.findings if finding.outcome is Outcome.FAIL})
    state = (
        camera.verdict.value,
        camera.upgrade.action.value,
        camera.name,
        camera.address,
        (device.model or None) if device else None,
        (device.firmware or None) if device else None,
        json.dumps(failed),
    )
    query = (
        "SELECT verdict, action, name, address, model, firmware, failed FROM camera_state"
        " WHERE camera_id = ? ORDER BY at DESC LIMIT 1"
    )
    if connection.execute(query, (camera.id,)).fetchone() != state:
        row = (camera.id, at, *state)
        connection.execute("INSERT OR REPLACE INTO camera_state VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
