"""The committed corpus goes through every reader at each test run: what once crashed stays mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent.parent / "fuzz" / "corpus"
MAX_CORPUS_BYTES = 300_000  # it is read at every run, by every clone


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_reader_stumbles_over_the_corpus(name: str) -> None:
    inputs = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    assert inputs
    for data in (b"", b"\x00", *inputs, *(data[: len(data) // 2] for data in inputs)):
        TARGETS[name](data)


def test_every_folder_of_the_corpus_is_read_and_small() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < MAX_CORPUS_BYTES


def test_a_target_that_hides_a_defect_would_not_be_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness lets through what a reader must not raise."""

    def broken(_data: bytes) -> None:
        raise IndexError

    monkeypatch.setattr("fuzz.targets.parse_sdp", broken)
    with pytest.raises(IndexError):
        TARGETS["sdp"](b"v=0")
