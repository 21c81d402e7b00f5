"""A requirement profile by its name: the tables of its files, checked against the rules."""

from __future__ import annotations

from collections.abc import Mapping

from camagent.assess.catalogue import CATALOGUE
from camagent.assess.profile_rows import Shapes
from camagent.assess.requirement_profile import RequirementProfile, requirement_profile
from camagent.assess.rule import Rule
from camagent.operator_files.profile_files import profile_tables
from camagent.operator_files.profile_shape import file_problems, row_problems


def load_profile(name_or_path: str, catalogue: Mapping[str, Rule] = CATALOGUE) -> RequirementProfile:
    """Read a profile by its name, or a file of the operator's own.

    Raises: OperatorError with every problem at once: file, row, key and what was expected.
    """
    shapes = Shapes(file_problems, row_problems)
    return requirement_profile(profile_tables(name_or_path), shapes, catalogue)
