"""What firmware says when it refuses, in the words of all lists that this one replaced."""

from __future__ import annotations

import unicodedata

import pytest

from camagent.wire.refusal import asks_for_login, names_lock, names_time, says_locked

LOCKS = (
    "illegal login, 3 times left",
    "Remaining times: 4",
    "You still have 26 attempt(s)",
    "You have 2 tries left",
    "1 more try",
    "try again in 30 minutes",
    "Retry after 1800",
    "Too many failed logins",
    "Locked: too many attempts",
    "lock-out",
    "Lockout active",
    "banned",
    "The IP address is blocked",
    "The account is frozen",
    "Tài khoản bị khóa",
    "Tài khoản đã bị khoá",
    "TÀI KHOẢN TẠM KHÓA",
    "Còn 3 lần thử",
    "còn lại 2 lượt đăng nhập",
    "Số lần thử còn lại: 4",
    "Bạn đã nhập sai quá nhiều lần",
    "Vui lòng thử lại sau 30 phút",
    "Tai khoan bi khoa",
    "con 3 lan thu",
    "T&agrave;i kho&#7843;n b&#7883; kh&#243;a",
    "用户被锁定",
    "还有3次机会",
)
LOCKED_OUTRIGHT = (
    "The user is locked",
    "Your IP address has been blocked",
    "Locked: too many attempts",
    "Account lockout",
    "locked out",
    "Too many failed login attempts",
    "Tài khoản bị khóa",
    "Tài khoản đã bị khoá",
    "Tạm khóa đăng nhập",
    "用户被锁定",
)
NO_LOCKS = (
    "Unauthorized",
    "Not Authorized",
    "Sender not authorized",
    "401 Unauthorized Access denied",
    "Invalid username or password",
    "clock skew too large",
    "Sai tên đăng nhập hoặc mật khẩu",
    "Truong Dai hoc Khoa hoc Tu nhien",
    "The token could not be authenticated",
    "",
)


@pytest.mark.parametrize("text", LOCKS)
@pytest.mark.parametrize("form", ["NFC", "NFD", "upper"])
def test_a_lock_is_understood_in_any_spelling(text: str, form: str) -> None:
    text = text.upper() if form == "upper" and "&" not in text else text
    assert names_lock(text if form == "upper" else unicodedata.normalize(form, text))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", LOCKED_OUTRIGHT)
def test_a_lock_that_is_said_outright_counts_before_any_log_in(text: str) -> None:
    assert says_locked(text) and names_lock(text)


@pytest.mark.parametrize("text", NO_LOCKS)
def test_an_ordinary_refusal_is_no_lock(text: str) -> None:
    assert not names_lock(text) and not says_locked(text)


@pytest.mark.parametrize("text", ["You have 3 attempts left", "Remaining times: 4", "còn 3 lần thử"])
def test_counting_down_is_no_lock_for_somebody_who_never_tried(text: str) -> None:
    assert not says_locked(text)


@pytest.mark.parametrize(
    "text",
    ["Not Authorised", "Authentication failure", "wrong password", "Sai mật khẩu", "Vui lòng đăng nhập"],
)
def test_a_refused_log_in_is_recognised(text: str) -> None:
    assert asks_for_login(text) and not asks_for_login("Action not supported")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("clock skew too large", True),
        ("Timestamp expired", True),
        ("Password expired", False),
        ("Lệch đồng hồ", True),
    ],
)
def test_an_objection_to_the_time_is_none_to_the_password(text: str, time: bool) -> None:
    assert names_time(text) is time
