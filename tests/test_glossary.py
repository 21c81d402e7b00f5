"""One Vietnamese word for one thing, across everything that a user reads."""

from __future__ import annotations

import re
from pathlib import Path

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
    "không có luật này": "quy tắc kiểm tra",
    "giao diện mạng": "card mạng",
    "cổng mạng: ": "card mạng (a port is another thing)",
    "hồ sơ onvif": "ONVIF Profile (hồ sơ is the requirement profile)",
    "văn bản có tên": "theo văn bản",
    "cổng switch": "cổng trên switch",
    "firmware": "phần mềm",
    "có thể cấu hình như vậy": "đặt được",
    "hết chỗ cho người xem": "đã đủ số người xem",
    "máy quay": "camera (thiết bị is whatever answers: a camera, a recorder, a printer)",
    "đầu thu": "đầu ghi",
    "dòng hình": "luồng",
    "luồng video": "luồng, luồng hình",
    "tên người dùng": "tên đăng nhập",
    "tên truy cập": "tên đăng nhập",
    "người dùng onvif": "tài khoản ONVIF",
    "mật mã": "mật khẩu",
    "khung hình chính": "khung I",
    "máy chủ ntp": "máy chủ thời gian (NTP)",
    "router": "bộ định tuyến",
    "số seri": "số sê-ri",
    "ảnh mẫu": "hình mẫu",
    "anh chị": "anh/chị",
    "lắng nghe": "phục vụ",
    "trang trạng thái": "trang tình trạng",
}
"""Words that were used beside another one for the same thing, and the one that stays."""


GAP = re.compile(r"\{[^}]*\}")
"""What stands in a sentence's gap is a name of code, which nobody reads."""


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_one_word_for_one_thing(word: str) -> None:
    used = [key for key, text in catalogue("vi").items() if word in text.casefold()]
    assert not used, f"say {OTHER_WORDS[word]!r}"


ENGLISH_WORDS = {
    r"\blog-in": "login (to log in is the verb)",
    r"network interface": "network card",
    r"\bsub-?streams?\b": "secondary stream",
    r"\bi-frames?\b": "keyframe",
    r"\bntp servers?\b": "time server (NTP)",
    r"\btelephone": "phone",
    r"\bmend": "fix, repair, correct",
    r"\bknocking": "probing",
    r"speak of loss": "measure loss",
    r"circular 350": "official letter 350",
    r"ethernet card": "network card",
}


@pytest.mark.parametrize("word", ENGLISH_WORDS)
def test_one_english_word_for_one_thing(word: str) -> None:
    used = [key for key, text in catalogue("en").items() if re.search(word, GAP.sub("", text), re.IGNORECASE)]
    assert not used, f"say {ENGLISH_WORDS[word]!r}"


ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.vi.md"),
        *(page for page in ROOT.glob("docs/**/*.md") if page.name != "glossary.md"),
        *ROOT.glob("profiles/*.toml"),
        *ROOT.glob("monitoring/rules/*.yml"),
        *ROOT.glob("monitoring/dashboards/*.json"),
        ROOT / "windows/Huong-dan.txt",
    ]
)
ENGLISH_TOO = {"firmware", "router"}
"""Words that stand in the English half of a page, or in a maker's menu."""


@pytest.mark.parametrize("word", sorted(set(OTHER_WORDS) - ENGLISH_TOO - {"cổng mạng: "}))
def test_one_word_for_one_thing_in_pages_and_profiles_too(word: str) -> None:
    """Runbooks, alerts and dashboards are read by the same people."""
    used = [page.name for page in PAGES if word in page.read_text(encoding="utf-8").casefold()]
    assert not used, f"say {OTHER_WORDS[word]!r}"


ENGLISH_PAGES = sorted(
    [ROOT / "README.md", ROOT / "docs/guide.md", ROOT / "docs/ui.md", *ROOT.glob("docs/findings/*.md")]
)


@pytest.mark.parametrize("word", ENGLISH_WORDS)
def test_one_english_word_for_one_thing_in_pages_too(word: str) -> None:
    """But for the names of screens, which nobody reads."""
    pages = {page: re.sub("<!--.*?-->", "", page.read_text(encoding="utf-8")) for page in ENGLISH_PAGES}
    used = [page.name for page, text in pages.items() if re.search(word, text, re.IGNORECASE)]
    assert not used, f"say {ENGLISH_WORDS[word]!r}"


def test_no_english_page_writes_login_in_two_ways() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("profiles/*.toml")]
    written = re.compile(r"^(?!<!-- screen).*\blog-in", re.MULTILINE)
    assert not [page.name for page in pages if written.search(page.read_text(encoding="utf-8"))]
