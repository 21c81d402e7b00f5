"""What a camera is called in tables, and where it is. Pure."""

from __future__ import annotations

from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.fault import Fault
from camagent.model.onvif import scope_value
from camagent.model.scan_result import Declaration
from camagent.model.stream import FileTarget, StreamTarget
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck

MAX_NAME_CHARS = 80  # a name is for a table; what a device sends beyond it is cut


def address_of(check: DeviceCheck) -> str:
    """Where the camera is; a file's path stands in for an address."""
    if isinstance(check.target, FileTarget):
        return str(check.target.path)
    return check.target.host if isinstance(check.target, DeviceTarget) else check.target.uri.shown


def name_of(check: DeviceCheck, source: WatchedSource, declaration: Declaration | None) -> str:
    """The inventory's name for this very camera, else the device's and the channel's, else its address.

    A single camera is not called by its video source: makers give all of them one word ("VideoSourceConfig").
    """
    if declaration is not None and declaration.name:
        return declaration.name
    own_name = check.target.name if isinstance(check.target, DeviceTarget) else None
    own = own_name or _own_name(check) or address_of(check)
    channel = _channel(check, source)
    return (f"{own} · {channel}" if channel else own)[:MAX_NAME_CHARS]


def _channel(check: DeviceCheck, source: WatchedSource) -> str | None:
    """The name of one of several sources; where names repeat or are missing, with its token or its number."""
    if len(check.sources) < 2:
        return None
    alike = [other for other in check.sources if other.name == source.name]
    if source.name and len(alike) == 1:
        return source.name
    tokens = [other.video_source for other in alike]
    place = next(number for number, other in enumerate(check.sources, 1) if other is source)
    mark = (
        source.video_source if source.video_source and tokens.count(source.video_source) == 1 else str(place)
    )
    return f"{source.name} {mark}" if source.name else mark


def _own_name(check: DeviceCheck) -> str | None:
    if isinstance(check.target, StreamTarget):
        return check.target.name or check.target.uri.shown
    if isinstance(check.target, FileTarget):
        return check.target.path.name
    device = check.device
    scopes = device.scopes if isinstance(device, DeviceFacts) and not isinstance(device.scopes, Fault) else ()
    return scope_value((*scopes, *check.target.scopes), "name")
