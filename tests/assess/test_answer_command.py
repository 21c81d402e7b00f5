"""`camagent answer`: what is kept says who, and until when; what would never be read is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from camagent.cli import language
from camagent.cli.answer import answer_command
from camagent.cli.language import tm
from camagent.model.operator_error import OperatorError
from camagent.model.scan_result import ManualAnswer


class Book:
    """A store that only keeps answers."""

    def __init__(self, cameras: tuple[str, ...] = (), latest: tuple[str, ...] | None = None) -> None:
        self.kept: dict[str, ManualAnswer] = {}
        self.closed = False
        self._cameras, self._latest = cameras, latest

    def answer(self, camera_id: str, manual_answer: ManualAnswer) -> None:
        self.kept[camera_id] = manual_answer

    def known_devices(self) -> tuple[SimpleNamespace, ...]:
        return tuple(SimpleNamespace(id=name) for name in self._cameras)

    def latest(self) -> SimpleNamespace | None:
        if self._latest is None:
            return None
        return SimpleNamespace(cameras=tuple(SimpleNamespace(id=name) for name in self._latest))

    def close(self) -> None:
        self.closed = True


@pytest.fixture(params=["vi", "en"])
def lang(request: pytest.FixtureRequest) -> Iterator[str]:
    before = language.lang()
    language.set_language(request.param)
    yield request.param
    language.set_language(before)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Book:
    records = Book(("cam-a",), ("cam-b",))
    monkeypatch.setattr("camagent.app.open_site_store", lambda config: records)
    monkeypatch.chdir(tmp_path)
    return records


def run(*arguments: str) -> str:
    result = CliRunner().invoke(answer_command, arguments, catch_exceptions=False, standalone_mode=False)
    return result.output


def refused(*arguments: str) -> str:
    with pytest.raises(OperatorError) as caught:
        run(*arguments)
    return "\n".join(map(tm, caught.value.problems))


@pytest.mark.parametrize(("met", "words"), [("yes", ("đạt,", "met,")), ("no", ("chưa đạt,", "not met,"))])
def test_an_answer_is_kept_with_who_and_until_when(
    lang: str, book: Book, met: str, words: tuple[str, str]
) -> None:
    out = run("PRV-NOTICE", met, "--by", " Cô Hạnh ", "--note", "CV 12/2026")
    ends = date.today() + timedelta(days=365)
    assert ends.isoformat() in out and "Cô Hạnh" in out and words[lang == "en"] in out
    assert book.kept[""] == ManualAnswer(
        "PRV-NOTICE", met == "yes", "Cô Hạnh", date.today(), None, "CV 12/2026"
    )
    assert book.closed


def test_an_own_last_day_counts_and_today_is_not_over(lang: str, book: Book) -> None:
    today = date.today()
    assert today.isoformat() in run("PRV-NOTICE", "yes", "--by", "A", "--expires", today.isoformat())
    assert book.kept[""].expires == today
    yesterday = (today - timedelta(days=1)).isoformat()
    assert yesterday in refused("PRV-NOTICE", "yes", "--by", "A", "--expires", yesterday)


@pytest.mark.parametrize("words", ["", "  ", "a\nb", "a\x1b[31m", "x" * 201])
@pytest.mark.parametrize("option", ["--by", "--note"])
def test_words_that_nobody_can_read_in_a_report_are_refused(
    lang: str, book: Book, option: str, words: str
) -> None:
    assert option in refused("PRV-NOTICE", "yes", "--by", "A", option, words)
    assert book.kept == {}


def test_the_longest_words_are_taken(book: Book) -> None:
    run("PRV-NOTICE", "yes", "--by", "x" * 200)
    assert book.kept[""].by == "x" * 200


def test_who_gives_no_name_is_the_user_of_this_machine(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "thay-nam")
    run("PRV-NOTICE", "yes")
    assert book.kept[""].by == "thay-nam"


@pytest.mark.parametrize("rule", ["IMG-FPS", "NO-SUCH"])
def test_a_row_that_the_network_answers_takes_no_answer(lang: str, book: Book, rule: str) -> None:
    refusal = refused(rule, "yes", "--by", "A")
    assert rule in refusal and "PRV-NOTICE" in refusal
    assert book.kept == {}


def test_an_answer_for_one_camera_goes_to_a_camera_that_is_known(lang: str, book: Book) -> None:
    for name in ("cam-a", "cam-b"):
        run("IMG-WDR", "yes", "--by", "A", "--camera", name)
        assert book.kept[name].rule == "IMG-WDR"
    refusal = refused("IMG-WDR", "yes", "--by", "A", "--camera", "cam-c")
    assert "cam-c" in refusal and "cam-a, cam-b" in refusal
    assert book.closed and "cam-c" not in book.kept


def test_before_the_first_scan_no_camera_is_known_and_none_refused(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Book()
    monkeypatch.setattr("camagent.app.open_site_store", lambda config: empty)
    run("IMG-WDR", "yes", "--by", "A", "--camera", "cam-c")
    assert set(empty.kept) == {"cam-c"}


def test_the_list_of_known_cameras_is_short(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    many = Book(tuple(f"cam-{n:02}" for n in range(21)))
    monkeypatch.setattr("camagent.app.open_site_store", lambda config: many)
    refusal = refused("IMG-WDR", "yes", "--by", "A", "--camera", "x" * 100)
    assert "cam-19 …" in refusal and "cam-20" not in refusal and "x" * 61 not in refusal


def test_a_requirement_of_the_school_is_not_answered_for_one_camera(lang: str, book: Book) -> None:
    assert "PRV-NOTICE" in refused("PRV-NOTICE", "yes", "--by", "A", "--camera", "cam-a")
    assert book.kept == {}
