"""The small page for people at the exporter's address: verdicts, last checks, why. Pure: a snapshot in, HTML
out.

No script, no picture, nothing loaded from anywhere; every text from a device or a person is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape

from camagent.document.site_status import AgentSnapshot, CameraStatus, RequirementStatus
from camagent.model.finding import Severity, Verdict
from camagent.model.printable import printable
from camagent.model.text import Localised
from camagent.text import say
from camagent.text.moments import VIETNAM
from camagent.text.vietnamese import sort_key

MAX_REASONS = 3  # per camera on the page; the report has them all
MAX_TEXT_CHARS = 200  # a name or message longer than that is not an honest one
REFRESH_S = 60
DATE_CHARS = 10  # of a moment on this page: 26/11/2026

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--line:#c9c9c9;
--good:#0b6b2e;--bad:#a8071a;--unsure:#7a4b00}
@media(prefers-color-scheme:dark){
:root{--ink:#eee;--paper:#16181c;--line:#4a4d52;--good:#7bd88f;--bad:#ff9c9c;--unsure:#ffcf70}}
body{font:16px/1.5 system-ui,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--paper);
margin:1rem auto;
max-width:72rem;padding:0 1rem}
h1{font-size:1.5rem;margin:.2rem 0}p{margin:.4rem 0}.note{border:1px solid var(--unsure);padding:.5rem .8rem}
dl{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}dl div{border:1px solid var(--line);padding:.4rem 1rem}
dt{font-size:.9rem}dd{margin:0;font-size:1.6rem;font-weight:600}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;border-top:1px solid var(--line);
padding:.4rem .5rem}td.name,td.address,td.why{overflow-wrap:anywhere}ul{margin:0;padding-left:1.1rem}
th{font-size:.9rem;vertical-align:bottom}td small,td.at{font-variant-numeric:tabular-nums}
td small{display:block;white-space:nowrap}
.ready{color:var(--good)}.not_ready{color:var(--bad)}.undetermined{color:var(--unsure)}.v{font-weight:600}
.name{font-weight:600}.why{width:46%}a{color:inherit}footer{margin-top:1.5rem;font-size:.9rem}
@media(min-width:40.01rem){.v{white-space:nowrap}.name{min-width:8rem}.address{min-width:7.5rem}td.at{width:6rem}}
@media(max-width:40rem){thead{display:none}table,tbody{display:block}
tr{display:block;border-top:2px solid var(--line);
padding:.5rem 0}td{display:block;border:0;padding:.05rem 0}.why{width:auto}.name{font-size:1.1rem}
td small{display:inline}
td:not(.name):not(.verdict)::before{content:attr(data-label)": ";font-size:.9rem}td:empty{display:none}
dl{gap:.5rem}dl div{padding:.3rem .7rem}}
"""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COLUMNS = ("camera", "address", "verdict", "answers", "checked", "why")
_CLASSES = ("name", "address", "verdict", "answers", "at", "why")
_ANSWERS = {
    True: ("✓", "status.yes", "ready"),
    False: ("✗", "status.no", "not_ready"),
    None: ("?", "status.unknown", "undetermined"),
}
_SIGNS = {Verdict.READY: "✓", Verdict.NOT_READY: "✗", Verdict.UNDETERMINED: "?"}
_ORDER = {Verdict.NOT_READY: 0, Verdict.UNDETERMINED: 1, Verdict.READY: 2}
_WEIGHT = {Severity.BLOCKER: 0, Severity.MAJOR: 1, Severity.MINOR: 2, Severity.INFO: 3}


def render_status_page(snapshot: AgentSnapshot, lang: str, *, renews: bool = False) -> str:
    """The whole page in one language.

    `renews`: by itself, which takes a screen reader out of its place; only where its reader asked for it.
    """
    renew = say("status.renew_off" if renews else "status.renew_on", lang, seconds=REFRESH_S)
    other = "en" if lang == "vi" else "vi"
    title = escape(say("status.title", lang, site=_cut(snapshot.site.name or snapshot.site.id)))
    parts = [
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f'<meta http-equiv="refresh" content="{REFRESH_S}">' if renews else "",
        f"<style>{_STYLE}</style></head><body>",
        f"<header><h1>{title}</h1>",
        f'<p><a href="?lang={other}" hreflang="{other}" lang="{other}">'
        f"{escape(say('status.language', lang))}</a> · "
        f'<a href="?lang={lang}{"" if renews else "&amp;renew=1"}">'
        f"{escape(renew)}</a></p>",
        *_notes(snapshot, lang),
        f"</header><main>{_summary(snapshot, lang)}{_table(snapshot, lang)}</main>",
        f"<footer>{_links(lang)}</footer></body></html>",
    ]
    return "".join(parts)


def _notes(snapshot: AgentSnapshot, lang: str) -> list[str]:
    lines = []
    stamp = snapshot.profile
    if stamp is not None and not stamp.authoritative:
        lines.append(f'<p class="note" role="note">{escape(say("status.provisional", lang))}</p>')
    if not snapshot.reload_ok:
        lines.append(f'<p class="note" role="alert">{escape(say("status.reload_failed", lang))}</p>')
    lines.append(f"<p>{escape(say('status.made_at', lang, at=_moment(snapshot.made_at)))}</p>")
    if snapshot.quiet_until is not None:
        until = snapshot.quiet_until.astimezone(VIETNAM).strftime("%H:%M")
        lines.append(f'<p class="note" role="note">{escape(say("status.quiet", lang, at=until))}</p>')
    cycle = snapshot.stream_cycle
    if cycle is None:
        lines.append(f"<p>{escape(say('status.no_round', lang))}</p>")
    else:
        text = say("status.last_round", lang, at=_moment(cycle.at), seconds=round(cycle.duration_s))
        lines.append(f"<p>{escape(text)}</p>")
    if stamp is not None:
        text = say("status.judged_by", lang, title=_in(stamp.title, lang), version=stamp.version)
        lines.append(f"<p>{escape(text)}</p>")
    return lines


def _summary(snapshot: AgentSnapshot, lang: str) -> str:
    boxes = [("status.cameras", "", len(snapshot.cameras)), ("status.silent", "not_ready", snapshot.silent)]
    boxes += [(f"status.{verdict.value}", verdict.value, snapshot.count(verdict)) for verdict in _ORDER]
    cells = "".join(
        f'<div class="{kind}"><dt>{escape(say(key, lang))}</dt><dd>{count}</dd></div>'
        for key, kind, count in boxes
    )
    return f"<dl>{cells}</dl>"


def _table(snapshot: AgentSnapshot, lang: str) -> str:
    if not snapshot.cameras:
        return f"<p>{escape(say(_why_empty(snapshot), lang))}</p>"
    head = "".join(
        f'<th scope="col" class="{name}">{escape(say(f"status.{name}", lang))}</th>' for name in _COLUMNS
    )
    cameras = sorted(snapshot.cameras, key=_urgency)
    rows = "".join(_row(camera, snapshot.made_at, lang) for camera in cameras)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _why_empty(snapshot: AgentSnapshot) -> str:
    if snapshot.discovered_devices == 0:
        return "status.none_found"
    searched = snapshot.discovered_devices is not None or snapshot.quiet_until is None
    return "status.no_cameras" if searched else "status.waiting"


def _urgency(camera: CameraStatus) -> tuple[object, ...]:
    """Who does not answer comes first, then the worse verdicts; names as a Vietnamese reader looks for
    them."""
    return camera.up is not False, _ORDER[camera.verdict], sort_key(_cut(camera.name)), camera.id


def _row(camera: CameraStatus, now: datetime, lang: str) -> str:
    checked = say("status.never", lang) if camera.checked_at is None else _moment(camera.checked_at)
    verdict = f"{_SIGNS[camera.verdict]} {say(f'status.{camera.verdict.value}', lang)}"
    cells = (
        escape(_cut(camera.name or camera.id)),
        escape(_cut(camera.address)),
        f'<span class="v {camera.verdict.value}">{escape(verdict)}</span>',
        _answer(camera, now, lang),
        escape(checked),
        _reasons(camera, lang),
    )
    labelled = zip(_COLUMNS, _CLASSES, cells, strict=True)
    return (
        "<tr>"
        + "".join(
            f'<td class="{kind}" data-label="{escape(say(f"status.{name}", lang))}">{cell}</td>'
            for name, kind, cell in labelled
        )
        + "</tr>"
    )


def _answer(camera: CameraStatus, now: datetime, lang: str) -> str:
    """Whether it answered when it was last asked, and when that was."""
    sign, word, kind = _ANSWERS[camera.up]
    text = f'<span class="v {kind}">{escape(f"{sign} {say(word, lang)}")}</span>'
    if camera.seen_at is None:
        return text
    at = _moment(camera.seen_at)
    today = at.startswith(_moment(now)[:DATE_CHARS])
    return f"{text} <small>{at[DATE_CHARS:].strip() if today else at}</small>"


def _reasons(camera: CameraStatus, lang: str) -> str:
    if camera.verdict is Verdict.READY:
        return escape(say("status.all_met", lang))
    open_rows = [row for row in camera.requirements if row.reason is not None and not row.manual]
    open_rows.sort(key=lambda row: (row.met is None, _WEIGHT[row.severity], row.rule))
    if not open_rows:
        return ""
    shown = _distinct(open_rows, lang)[:MAX_REASONS]
    items = [escape(_reason(row, lang)) for row in shown]
    if len(open_rows) > len(shown):
        items.append(escape(say("status.more", lang, count=len(open_rows) - len(shown))))
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _distinct(rows: list[RequirementStatus], lang: str) -> list[RequirementStatus]:
    """Each reason once, at its weightiest row: a dead camera fails or leaves open every row for the same
    reason."""
    first: dict[str, RequirementStatus] = {}
    for row in rows:
        first.setdefault("" if row.reason is None else _in(row.reason, lang), row)
    return list(first.values())


def _reason(row: RequirementStatus, lang: str) -> str:
    reason = "" if row.reason is None else _in(row.reason, lang)
    return _cut(f"{_in(row.title, lang)}: {reason}")


def _links(lang: str) -> str:
    return say(
        "status.links",
        lang,
        metrics='<a href="/metrics">/metrics</a>',
        scan='<a href="/api/v1/scan">/api/v1/scan</a>',
    )


def _in(text: Localised, lang: str) -> str:
    return text.vi if lang == "vi" else text.en


def _cut(text: str) -> str:
    kept = printable(text[:MAX_TEXT_CHARS], "")
    return kept + "…" if len(text) > MAX_TEXT_CHARS else kept


def _moment(at: datetime) -> str:
    """In the wall time of the school."""
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")
