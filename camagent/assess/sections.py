"""Where each section of the facts is found: one literal table, read by the engine. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from camagent.model.device import DeviceFacts
from camagent.model.fault import Fault
from camagent.model.scan_result import CameraFacts, ManualAnswer, SiteFacts
from camagent.model.stream import FileTarget, StreamFacts, StreamRole


@dataclass(frozen=True, slots=True)
class Subject:
    """What one row is judged about."""

    row: str
    site: SiteFacts
    cameras: tuple[CameraFacts, ...]
    """One camera, or all of the school for a row about the site."""

    @property
    def camera(self) -> CameraFacts:
        """The camera of a row that is about one."""
        return self.cameras[0]


def main_stream_or_fault(camera: CameraFacts) -> StreamFacts | Fault | None:
    """The main stream, or what kept us from knowing one."""
    if camera.streams:
        return next((s for s in camera.streams if s.role is StreamRole.MAIN), camera.streams[0])
    if not isinstance(camera.device, DeviceFacts):
        return camera.device
    media = camera.device.media
    if isinstance(media, Fault):
        return media
    return next((p.stream_uri for p in media.profiles if isinstance(p.stream_uri, Fault)), None)


def is_file(camera: CameraFacts) -> bool:
    """The camera is a media file that was named on the command line."""
    return bool(camera.streams) and isinstance(camera.streams[0].target, FileTarget)


def answer_of(subject: Subject) -> ManualAnswer | None:
    """The newest answer to this row, of the camera itself before the one that holds for the whole school."""
    declaration = subject.cameras[0].declaration if len(subject.cameras) == 1 else None
    own = [a for a in declaration.answers if a.rule == subject.row] if declaration is not None else []
    answers = own or [a for a in subject.site.answers if a.rule == subject.row]
    return max(answers, key=lambda answer: answer.on, default=None)


def _of_stream(name: str, subject: Subject) -> object:
    stream = main_stream_or_fault(subject.camera)
    return getattr(stream, name) if isinstance(stream, StreamFacts) else stream


def _of_device(name: str, subject: Subject) -> object:
    device = subject.camera.device
    return getattr(device, name) if isinstance(device, DeviceFacts) else device


SECTIONS: Mapping[str, Callable[[Subject], object]] = {
    "camera": lambda subject: subject.camera,
    "cameras": lambda subject: subject.cameras,
    "site": lambda subject: subject.site,
    "declaration": lambda subject: subject.camera.declaration,
    "history": lambda subject: subject.camera.history,
    "present_at": lambda subject: subject.camera.present_at,
    "answer": answer_of,
    "stream": lambda subject: main_stream_or_fault(subject.camera),
    "configured": partial(_of_stream, "configured"),
    "declared": partial(_of_stream, "declared"),
    "measured": partial(_of_stream, "measured"),
    "image": partial(_of_stream, "image"),
    "access": partial(_of_stream, "access"),
    "device": lambda subject: subject.camera.device,
    "clock": partial(_of_device, "clock"),
    "services": partial(_of_device, "services"),
    "information": partial(_of_device, "information"),
    "media": partial(_of_device, "media"),
    "network": partial(_of_device, "network"),
    "scopes": partial(_of_device, "scopes"),
    "users": partial(_of_device, "users"),
    "anonymous": partial(_of_device, "anonymous"),
    "login": partial(_of_device, "login"),
    "capabilities": partial(_of_device, "capabilities"),
    "tls": partial(_of_device, "tls"),
    "recording": partial(_of_device, "recording"),
    "ports": partial(_of_device, "ports"),
    "default_login": partial(_of_device, "default_login"),
}
"""Name of a rule's positional argument -> what it is given: the section, the Fault in its place, or None."""

STREAM_SECTIONS = frozenset({"stream", "configured", "declared", "measured", "image", "access"})
DEVICE_SECTIONS = (
    frozenset(SECTIONS)
    - STREAM_SECTIONS
    - frozenset({"camera", "cameras", "site", "declaration", "history", "present_at", "answer"})
)
"""What comes from ONVIF: a target without an ONVIF side has none of it."""
