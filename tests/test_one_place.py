"""A fact of the outside world is written in one file: what stands in two drifts apart."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "camagent"
ONCE = {
    r'"http://www\.onvif\.org/ver\d\d/\w+/wsdl"': "model/onvif.py",
    r'"http://www\.onvif\.org/ver10/(schema|error)"': "model/onvif.py",
    r"onvif://www": "model/onvif.py",
    r"soap-envelope": "model/onvif.py",
    r"ws/2005/04/discovery|ws:2005:04:discovery|2004/08/addressing": "model/onvif.py",
    r'"239\.255\.255\.250"|\b3702$': "model/onvif.py",
    r'"/onvif/device_service"': "model/onvif.py",
    r"\b(8899|10554)\b": "model/onvif.py",
    r"\b4443\b": "model/onvif.py",
    r"443 if|if secure else 80": "nowhere: model.uri.web_port",
    r"\b(90_000|2_208_988_800|2040)\b(?! px)": "model/rtp_numbers.py",
    r"supervisor\|service": "model/secret_fields.py",
    r"psw\|pw": "model/secret_fields.py",
    r"illegal login|锁定": "wire/refusal.py",
    r"mp4v-es|h264plus": "model/codec_names.py",
    r"\.set_ciphers\(_|PROTOCOL_TLS_CLIENT": "wire/tls.py",
    r'"ws-?username-?token"': "model/device.py",
    r'\bcodec(\.name)? (==|!=) "(h264|h265|av1|mpeg4)"': "simulator",
}
"""What, as a pattern, and the file (or the room) that has it; comments and docstrings may name it."""


def test_a_fact_of_the_outside_world_stands_in_one_file() -> None:
    strays = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        code = re.sub(r'"""[\s\S]*?"""|(?m:#.*$)', "", path.read_text(encoding="utf-8"))
        strays += [
            f"{name}: {what}"
            for what, home in ONCE.items()
            if not name.startswith(home) and re.search(what, code, re.M)
        ]
    assert not strays


def test_each_pattern_is_met_where_it_should_be() -> None:
    for what, home in ONCE.items():
        files = [PACKAGE / home] if home.endswith(".py") else []
        assert all(re.search(what, path.read_text(encoding="utf-8"), re.M) for path in files), what
