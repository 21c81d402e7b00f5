"""One rule through the real engine: the row's parameters are those of ubnd-3288, changed by keyword."""

from __future__ import annotations

from functools import cache
from typing import Any

from camagent.app.requirements import load_profile
from camagent.assess.catalogue import CATALOGUE
from camagent.assess.engine import assess, assess_site
from camagent.assess.requirement_profile import RequirementProfile, Row
from camagent.assess.rule import About
from camagent.model.finding import Finding
from camagent.model.scan_result import CameraFacts, SiteFacts
from tests.builders import camera_facts, device_facts, site_facts, stream_facts


@cache
def shipped(name: str = "ubnd-3288") -> RequirementProfile:
    return load_profile(name)


def row_of(rule: str, **parameters: Any) -> Row:
    """The first row of ubnd-3288 that uses this rule, with other parameters where they are given."""
    row = next(row for row in shipped().rows if row.rule == rule)
    merged = {**dict(row.parameters), **parameters}
    return Row(row.id, row.title, row.rule, row.severity, row.basis, tuple(merged.items()))


def profile_of(*rows: Row) -> RequirementProfile:
    base = shipped()
    return RequirementProfile(base.id, base.version, base.title, base.authoritative, base.sources, rows)


def judged(
    rule: str,
    camera: CameraFacts | None = None,
    site: SiteFacts | None = None,
    cameras: tuple[CameraFacts, ...] | None = None,
    **parameters: Any,
) -> Finding:
    """The finding of one rule about one camera (or all cameras, for a rule about the site)."""
    camera = camera or camera_facts()
    site = site or site_facts()
    profile = profile_of(row_of(rule, **parameters))
    if CATALOGUE[rule].about is About.SITE:
        (finding,) = assess_site(profile, (camera,) if cameras is None else cameras, site)
    else:
        (finding,) = assess(profile, camera, site)
    return finding


def with_main(**changes: Any) -> CameraFacts:
    """A healthy camera whose main stream differs."""
    return camera_facts(streams=(stream_facts(**changes),))


def with_device(**changes: Any) -> CameraFacts:
    """A healthy camera whose device differs."""
    return camera_facts(device=device_facts(**changes))
