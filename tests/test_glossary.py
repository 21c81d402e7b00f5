"""One Vietnamese word for one thing, across everything that a user reads."""

from __future__ import annotations

import pytest

from camagent.text import catalogue

OTHER_WORDS = {
    "chứng thư": "chứng chỉ",
    "chuyển mạch": "switch",
    "máy chủ giờ ": "máy chủ thời gian (NTP)",
    "khung hình khóa": "khung I",
    "điểm trường": "trường (a branch campus is another thing)",
    "gõ cửa": "dò cổng",
    "giao diện loopback": "card mạng loopback",
    "luật {rule}": "quy tắc kiểm tra (a law is an act of parliament)",
}
"""Words that were used beside another one for the same thing, and the one that stays."""


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_one_word_for_one_thing(word: str) -> None:
    used = [key for key, text in catalogue("vi").items() if word in text.casefold()]
    assert not used, f"say {OTHER_WORDS[word]!r}"
