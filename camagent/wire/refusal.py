"""What the words of a refusal mean, over ONVIF, HTTP and RTSP alike: English, Vietnamese and some Chinese.
Pure.

Firmware writes these sentences; nothing standardises them. A lock must be heard in any of them: one more
log-in after "3 tries left" brings the camera nearer to the lock that keeps the school itself out.
"""

from __future__ import annotations

import html
import re
import unicodedata

from camagent.model.printable import normal_form

MAX_REFUSAL_BYTES = 4096  # of a reply's body: where pages and faults say what they mean

_AUTH = re.compile(
    r"not\s*authori[sz]ed|unauthori[sz]ed|authenticat|authority failure|security token|pass\s?word|credential"
    r"|log[ -]?in\b|(access|permission) (is )?denied|forbidden|mat khau|dang nhap|密码|登录"
)
_LOCK = re.compile(
    r"\block(ed|ing)?\b|\block(ed)?[ -]?outs?\b|attempt|too many|\bblocked\b"
    r"|\bbanned\b|\bsuspended\b|try again"
    r"|retry[ -]?(after|in)\b|illegal login|\b\d+\s*(more\s+)?(time|chance|tr(y|ie))s?\b"
    r"|\b(time|chance|tr(y|ie))s?\s+(left|remain)|remaining|\baccount\b[^.<]{0,24}\b(frozen|disabled)\b"
    r"|(bi|tam|da|dang|tu) khoa\b|tai khoan[^.<]{0,24}\bkhoa\b"
    r"|\bkhoa (tai khoan|dang nhap)|\bcon (lai )?\d+ (lan|luot)"
    r"|\blan thu\b|\bso lan\b|\bqua nhieu\b|\bvuot qua\b|\bthu lai (sau|vao)\b"
    r"|锁定|被锁|冻结|剩余|尝试|还[有可能].{0,6}次"
)
# without its marks the word is also "faculty", a part of any school's name
_LOCK_WITH_MARKS = re.compile(r"khóa|khoá")
_LOCKED = re.compile(
    r"\b(user|account|ip|address|log-?in|access|is|been|temporarily)\b[^.<]{0,24}\b(locked|blocked|banned|suspended)\b"
    r"|^\W*(locked|blocked|banned)\b|\block(ed)?[ -]?out\b"
    r"|\btoo many\b[^.<]{0,24}\b(attempt|log-?in|fail|password|tries)|\b(bi|da|dang|tam) khoa\b"
    r"|tai khoan[^.<]{0,24}\bkhoa\b|(dang nhap|mat khau) (sai )?qua nhieu|已?被?锁定"
)
_TIME = re.compile(r"\btime\b|time\s?stamp|\bclock|expire|\bcreated\b|not\s*fresh|\bdate\b|thoi gian|dong ho")
_RIGHTS = re.compile(
    r"privilege|\b(insufficient|not enough|lack\w*|no|without) (the )?(access )?(permission|rights?)\b"
    r"|operation (is )?(prohibited|not permitted|not allowed)|khong (co|du) quyen|权限"
)
_SECRET = re.compile(r"pass\s?word|user\s?name(?!\s*token)|credential|account|mat khau|tai khoan|密码")


def asks_for_login(text: str) -> bool:
    """It speaks of a missing or wrong log-in, or of too little privilege: devices do not tell these apart."""
    return _AUTH.search(_plain(text)) is not None


def names_lock(text: str) -> bool:
    """It speaks of a lock or counts log-ins down (agsh/onvif#112): after a log-in of ours that is enough to
    stop."""
    composed = normal_form("NFC", html.unescape(text)).lower()
    return _LOCK_WITH_MARKS.search(composed) is not None or _LOCK.search(_plain(text)) is not None


def says_locked(text: str) -> bool:
    """It says outright that somebody is locked out: enough even before a log-in of ours; strangers are told
    so too."""
    return _LOCKED.search(_plain(text)) is not None


def names_rights(text: str, by_code: bool = False) -> bool:
    """It says (or its code does) that the user may not do this, and nothing of the password: he was let
    in."""
    plain = _plain(text)
    return (
        (by_code or _RIGHTS.search(plain) is not None)
        and _SECRET.search(plain) is None
        and _LOCK.search(plain) is None
    )


def names_time(text: str) -> bool:
    """It objects to a token's time, not to the password; one word about the password, and it is not that."""
    plain = _plain(text)
    return _TIME.search(plain) is not None and _SECRET.search(plain) is None


def refusal_text(reason: str, body: bytes) -> str:
    """Where a reply says why it refuses: its reason phrase and the beginning of its body."""
    return f"{reason} {body[:MAX_REFUSAL_BYTES].decode('utf-8', 'replace')}"


def _plain(text: str) -> str:
    """Lower case without diacritics: firmware writes Vietnamese with them, without them, and decomposed."""
    apart = normal_form("NFKD", html.unescape(text).lower().replace("đ", "d"))
    return "".join(c for c in apart if not unicodedata.combining(c))
