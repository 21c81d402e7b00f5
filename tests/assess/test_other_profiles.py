"""The engine is not about one document: the other shipped profiles judge the same facts by their own rows."""

from __future__ import annotations

from dataclasses import replace

from camagent.app.requirements import load_profile
from camagent.assess.engine import assess, assess_site
from camagent.model.finding import Outcome, Verdict
from camagent.model.scan_result import CameraFacts, Declaration, verdict_of
from tests.assess.failing import healthy
from tests.builders import camera_facts, device_facts, fault, site_facts


def outcomes(name: str, camera: CameraFacts) -> dict[str, Outcome]:
    profile = load_profile(name)
    assert assess_site(profile, (camera,), site_facts()) == ()
    return {f.rule: f.outcome for f in assess(profile, camera, site_facts())}


def verdict(name: str, camera: CameraFacts) -> Verdict:
    return verdict_of(assess(load_profile(name), camera, site_facts()))


def gate(width_m: float | None) -> CameraFacts:
    return replace(healthy(), declaration=Declaration(task="gate", scene_width_m=width_m))


def test_a_gate_camera_that_identified_in_2014_does_not_validate_in_2025() -> None:
    # 2560 px over 7 m are 366 px/m: enough for 250, not for 500
    outcome_by_row = outcomes("iec-62676-4", gate(7.0))
    assert (outcome_by_row["PXD-2014"], outcome_by_row["PXD-2025"]) == (Outcome.PASS, Outcome.FAIL)
    assert verdict("iec-62676-4", gate(7.0)) is Verdict.NOT_READY
    assert verdict("iec-62676-4", gate(5.0)) is Verdict.READY


def test_without_a_declared_width_density_is_not_known() -> None:
    assert outcomes("iec-62676-4", gate(None))["PXD-2025"] is Outcome.NOT_ASSESSED
    assert verdict("iec-62676-4", gate(None)) is Verdict.UNDETERMINED
    assert verdict("iec-62676-4", camera_facts()) is Verdict.UNDETERMINED


def test_a_healthy_camera_shows_the_signs_of_profile_t() -> None:
    assert set(outcomes("onvif-t", healthy()).values()) <= {Outcome.PASS, Outcome.WARN}
    assert verdict("onvif-t", healthy()) is Verdict.READY


def test_profile_s_alone_is_not_profile_t() -> None:
    old = camera_facts(device=device_facts(scopes=("onvif://www.onvif.org/Profile/Streaming",)))
    assert outcomes("onvif-t", old)["T-CLAIM"] is Outcome.FAIL


def test_a_dead_camera_is_ready_by_no_profile() -> None:
    dead = camera_facts(device=fault(), streams=(), declaration=Declaration(task="gate", scene_width_m=3.0))
    for name in ("iec-62676-4", "onvif-t", "ubnd-3288"):
        assert verdict(name, dead) is Verdict.NOT_READY
