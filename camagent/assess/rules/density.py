"""Pixel density on the scene for the task that the school declared (IEC 62676-4). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose

from camagent.assess.judgement import Judgement, phrase, unknown
from camagent.assess.rule import About, Rule
from camagent.model.finding import Outcome
from camagent.model.scan_result import Declaration
from camagent.model.stream import MeasuredStream


def pixel_density(
    measured: MeasuredStream,
    declaration: Declaration,
    *,
    tasks: Mapping[str, str],
    classes_px_per_m: Mapping[str, float],
) -> Judgement:
    """Horizontal pixels over the declared scene width reach the class of the declared task."""
    task, width_m = declaration.task, declaration.scene_width_m
    if task is None or width_m is None or width_m <= 0:
        return unknown("density_undeclared")
    name = tasks.get(task, task)
    if name not in classes_px_per_m:
        return unknown("density_task_unknown", task=task)
    if not measured.width_px:
        return unknown("size_unknown")
    if measured.parameter_set_changes:
        return unknown("size_changed", changes=measured.parameter_set_changes)
    required = classes_px_per_m[name]
    density = measured.width_px / width_m
    met = density >= required or isclose(density, required)  # 1080 px over 4.32 m are 250 px/m
    return Judgement(
        Outcome.PASS if met else Outcome.FAIL,
        phrase(
            "density_enough" if met else "density_low",
            density=density,
            required=required,
            task=name,
            width=width_m,
            widest=measured.width_px / required,
        ),
        observed=density,
        measured=density,
        required=required,
    )


RULES = (Rule(pixel_density, About.MAIN_STREAM, in_unit="px/m", needs_network=False),)
