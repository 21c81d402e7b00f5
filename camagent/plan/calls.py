"""ONVIF calls as a person can make them: `camagent onvif ADDRESS SERVICE OPERATION JSON --write`. Pure: none
is sent.

SetVideoEncoderConfiguration takes the whole configuration, not the fields that change: what the device said
of today's is filled in, and only the advised values differ.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from camagent.model.codec_names import ONVIF_NAMES
from camagent.model.device import DeviceFacts, EncoderOptions, EncoderSettings
from camagent.model.finding import Quantity
from camagent.model.scan_result import CameraFacts

MEDIA1_DETAILS = ("H264", "MPEG4")
KBPS = 1000
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
TEXTS = frozenset({"Name", "token", "SessionTimeout", "IPv4Address", "IPv6Address", "Encoding", "Profile"})
"""Fields that stay words also where they look like numbers."""


def onvif_call(camera: CameraFacts, service: str, operation: str, arguments: Mapping[str, Any]) -> str:
    """One command line; the log-in is asked for when it runs."""
    target = camera.device.target if isinstance(camera.device, DeviceFacts) else camera.address
    json_text = shlex.quote(json.dumps(arguments, ensure_ascii=False))
    return f"camagent onvif {target} {service} {operation} {json_text} --write"


def encoder_call(
    camera: CameraFacts,
    settings: EncoderSettings,
    option: EncoderOptions,
    service: str,
    then: Mapping[str, Quantity],
) -> str | None:
    """SetVideoEncoderConfiguration with the whole configuration; None where today's could not be read
    whole."""
    whole = _nested(settings.stated)
    if "Resolution" not in whole or not isinstance(whole.get("RateControl"), dict):
        return None
    media2 = service == "media2"
    if "codec" in then:
        whole["Encoding"] = ONVIF_NAMES.get(str(then["codec"]), str(then["codec"]).upper())
        if not _with_codec(whole, option, then, media2):
            return None
    if isinstance(size := then.get("resolution"), tuple):
        whole["Resolution"] = {"Width": size[0], "Height": size[1]}
    if isinstance(rate := then.get("frame_rate"), float):
        whole["RateControl"]["FrameRateLimit"] = rate if media2 and rate % 1 else int(rate)
    if isinstance(bitrate := then.get("bitrate"), int):
        whole["RateControl"]["BitrateLimit"] = bitrate // KBPS
    if isinstance(gop := then.get("gop"), int):
        place = whole if media2 else whole.setdefault(_detail(whole), {})
        place["GovLength"] = gop
    arguments = {"Configuration": whole} | ({} if media2 else {"ForcePersistence": True})
    return onvif_call(camera, service.replace("media1", "media"), "SetVideoEncoderConfiguration", arguments)


def _with_codec(
    whole: dict[str, Any], option: EncoderOptions, then: Mapping[str, Quantity], media2: bool
) -> bool:
    """The fields that go with another codec; False where one of them is not known."""
    profile = option.codec_profiles[0] if option.codec_profiles else None
    gop = then.get("gop") or next((whole[d].get("GovLength") for d in MEDIA1_DETAILS if d in whole), None)
    gop = gop or whole.get("GovLength")
    if media2:
        whole.pop("Profile", None)
        if profile is not None:
            whole["Profile"] = profile
        return True
    for detail in MEDIA1_DETAILS:
        whole.pop(detail, None)
    if option.codec == "mjpeg":
        return True
    if profile is None or gop is None:
        return False
    whole[_detail(whole)] = {"GovLength": gop, f"{_detail(whole).capitalize()}Profile": profile}
    return True


def _detail(whole: Mapping[str, Any]) -> str:
    """Where Media1 keeps what only one codec has."""
    return "MPEG4" if whole.get("Encoding") == "MPEG4" else "H264"


def _nested(stated: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """("RateControl/BitrateLimit", "4096") … as JSON has it."""
    whole: dict[str, Any] = {}
    for path, text in stated:
        *parents, name = path.split("/")
        place = whole
        for parent in parents:
            step = place.setdefault(parent, {})
            if not isinstance(step, dict):
                break
            place = step
        else:
            place[name] = _value(name, text)
    return whole


def _value(name: str, text: str) -> str | int | float | bool:
    if name in TEXTS or name.endswith("Profile"):
        return text
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
