"""What a row of the requirements is called, for a list of rows that changed: a person does not read ids."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from camagent.document.model import CameraView, ScanDocument


def rule_names(documents: Sequence[ScanDocument], lang: str) -> dict[str, str]:
    """By id: title and id, as these documents' findings carry them; rows without a title are left out."""
    cameras: list[CameraView] = list(chain.from_iterable(document.cameras for document in documents))
    findings = chain.from_iterable(camera.findings for camera in cameras)
    return {one.rule: f"{one.title.to(lang)} [{one.rule}]" for one in findings if one.title}
