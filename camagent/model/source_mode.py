"""A mode of a camera's sensor, as the ONVIF media services list it (GetVideoSourceModes)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceMode:
    """What one mode gives the encoders; their menus are those of the mode that runs."""

    is_enabled: bool | None
    """It is the one that runs; None: not stated."""
    size_px: tuple[int, int] | None
    """Largest picture, width by height."""
    frame_rate_hz: float | None
    """Most frames a second."""
    codecs: tuple[str, ...]
