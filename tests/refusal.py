"""What the operator is told when something is refused, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from camagent.model.operator_error import OperatorError
from camagent.text import render


@contextmanager
def refused(words: str) -> Iterator[pytest.ExceptionInfo[OperatorError]]:
    """Passes where the block raises an OperatorError whose English sentences hold `words` (a pattern)."""
    with pytest.raises(OperatorError) as caught:
        yield caught
    sentences = "\n".join(render(problem, "en") for problem in caught.value.problems)
    assert re.search(words, sentences), sentences
    assert all(render(problem, "vi") for problem in caught.value.problems)
