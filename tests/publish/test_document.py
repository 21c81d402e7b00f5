"""The result document keeps its contract, whatever devices say."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.document.read import MAX_DOCUMENT_BYTES, DocumentError, parse_document, read_schema
from camagent.document.schema import main, outdated
from camagent.document.site_status import AgentSnapshot, camera_status
from camagent.document.write import camera_view, document_text, scan_document, scan_head
from camagent.exporter.metrics import metrics_registry
from camagent.exporter.text_format import render_metrics
from camagent.model.finding import Outcome, Verdict
from camagent.model.scan_result import Declaration, KeptRecording, ScanResult
from camagent.model.stream import FileTarget, OtherStream, ProfileTarget, StreamRole, StreamTarget
from camagent.model.text import message
from camagent.report.csv_ import render_csv
from camagent.report.html import render_html
from camagent.text import render
from tests import builders
from tests.publish.samples import HOSTILE, camera, hostile_school, plain, school, view
from tests.publish.schemas import closed

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "schema" / "camagent.scan-1.schema.json"
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def validate(document: dict[str, Any]) -> None:
    checker = jsonschema.Draft202012Validator(closed(SCHEMA), format_checker=jsonschema.FormatChecker())
    problems = [
        f"{list(error.absolute_path)}: {error.message[:200]}" for error in checker.iter_errors(document)
    ]
    assert not problems


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return list(chain.from_iterable((key, *strings(item)) for key, item in value.items()))
    if isinstance(value, list):
        return list(chain.from_iterable(strings(item) for item in value))
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("scan", [school(), school(0), hostile_school(), replace(school(2), kind="check")])
def test_document_is_what_the_schema_says(scan: Any) -> None:
    validate(plain(scan))


def test_a_stream_without_address_and_one_that_was_not_watched_are_in_the_document() -> None:
    untold = builders.fault()
    target = ProfileTarget(StreamRole.MAIN, "P1", "mainStream")
    main = builders.stream_facts(target=target, measured=untold, declared=None, image=None, access=None)
    lens = OtherStream("P3", "lens 2", builders.stream_uri(), builders.configured_stream(), "view")
    bare = OtherStream("P4", None, None, None, "no_address")
    facts = builders.camera_facts(streams=(main, builders.sub_stream()), others=(lens, bare))
    document = plain(builders.scan_result(cameras=(builders.camera_result(facts=facts),)))
    validate(document)
    streams = document["cameras"][0]["streams"]
    assert [(s["role"], s["token"], s["uri"] is None, s["not_judged"]) for s in streams] == [
        ("main", "P1", True, None),
        ("sub", "P2", False, None),
        ("sub", "P3", False, "view"),
        ("sub", "P4", True, "no_address"),
    ]
    assert streams[0]["configured"]["width_px"] == 2560 and streams[0]["fault"]["code"] == untold.code
    assert streams[2]["configured"]["codec"] == "h265" and streams[2]["measured"] is None
    assert [s.token for s in parse_document(json.dumps(document), "a").cameras[0].watched] == ["P1", "P2"]


def test_what_a_recorder_keeps_of_a_camera_is_in_the_document_and_in_every_report() -> None:
    kept = KeptRecording(39.5, builders.NOW - timedelta(days=40), builders.NOW - timedelta(days=0.5), 2)
    nothing = KeptRecording(0.0, None, None, None)
    untold = replace(kept, days_with_holes=None)
    results = [builders.camera_result(recording=one) for one in (kept, nothing, untold, None)]
    scan = builders.scan_result(cameras=tuple(results))
    document = plain(scan)
    validate(document)
    recording = document["cameras"][0]["recording"]
    assert (recording["days"], recording["days_with_holes"]) == (39.5, 2) and recording["since"].endswith("Z")
    assert (
        document["cameras"][1]["recording"]["since"] is None and document["cameras"][3]["recording"] is None
    )
    assert parse_document(json.dumps(document), "a") == view(scan)
    page = render_html([view(scan)], "en")
    assert "Recorded: 39.5 days" in page and "something is missing on 2 days" in page
    assert "the recorder keeps nothing of this camera" in page and "holes are not told" in page
    assert page.count("Recorded: ") == 3
    rows = list(csv.DictReader(io.StringIO(render_csv([view(scan)], "en").removeprefix("\ufeff"))))
    assert [row["Days recorded"] for row in rows] == ["39.5", "0", "39.5", ""]
    assert [row["Recorded days with holes"] for row in rows] == ["2", "", "", ""]


@pytest.mark.parametrize(
    ("until", "counted"),
    [(date(2026, 11, 27), 1), (date(2026, 11, 28), 0), (date(2027, 1, 31), 0)],
)
def test_a_camera_that_is_excluded_until_a_day_is_listed_and_in_no_count(until: date, counted: int) -> None:
    """A scan of 28 November, in Vietnam; the day itself still counts as excluded."""
    out = builders.camera_facts(
        declaration=Declaration(name="Nhà xe", excluded_until=until, excluded_because="đang xây")
    )
    results = (builders.camera_result(), builders.camera_result(facts=out, verdict=Verdict.NOT_READY))
    began = datetime(2026, 11, 27, 18, tzinfo=UTC)
    scan = builders.scan_result(cameras=results, started_at=began)
    document = plain(scan)
    validate(document)
    assert document["summary"] == {"ready": 1, "not_ready": counted, "undetermined": 0}
    listed = document["cameras"][1]
    assert (listed["excluded_until"], listed["excluded_because"]) == (until.isoformat(), "đang xây")
    assert "đang xây" in render_html([view(scan)], "vi")
    status = camera_status(view(scan).cameras[1])
    agent = AgentSnapshot(site=builders.site(), made_at=began, cameras=(status,))
    assert len(agent.counted) == agent.count(Verdict.NOT_READY) == counted
    page = render_metrics(metrics_registry(lambda: agent), False).decode()
    assert (f'camera="{status.id}"' in page) is bool(counted)


def test_document_survives_json_and_comes_back_as_the_same_view() -> None:
    text = json.dumps(plain(school()), allow_nan=False)
    assert parse_document(text, "a.json") == view(school())


def test_every_state_of_a_stream_fits_the_schema() -> None:
    broken = builders.stream_facts(
        configured=None, declared=None, measured=builders.fault(), image=None, access=None
    )
    unseen = builders.stream_facts(image=builders.fault())
    file = builders.stream_facts(target=FileTarget(Path("/tmp/clip.mp4")), access=None)
    for streams in ((), (broken,), (unseen, builders.sub_stream()), (file,)):
        facts = builders.camera_facts(streams=streams, device=None)
        validate(plain(builders.scan_result(cameras=(builders.camera_result(facts=facts),))))


def test_numbers_stay_numbers_and_unknown_is_null() -> None:
    document = plain(school(3))
    ready, _, dead = document["cameras"]
    assert ready["streams"][0]["measured"]["frame_rate_hz"] == 25.0
    assert ready["findings"][1]["observed"] == [2560, 1440]
    assert dead["streams"][0]["measured"] is None
    assert dead["streams"][0]["fault"]["code"] == "timeout"
    assert dead["device"] is None and dead["clock"] is None


def test_times_are_utc_with_z() -> None:
    noon = datetime(2026, 1, 10, 12, tzinfo=timezone(timedelta(hours=7)))
    document = plain(school(1, started_at=noon))
    assert document["started_at"] == "2026-01-10T05:00:00Z"


def test_what_is_not_a_number_becomes_null() -> None:
    strange = builders.measured_stream(frame_rate_hz=float("nan"), bitrate_bps=float("inf"))
    facts = builders.camera_facts(streams=(builders.stream_facts(measured=strange),))
    document = plain(builders.scan_result(cameras=(builders.camera_result(facts=facts),)))
    measured = document["cameras"][0]["streams"][0]["measured"]
    assert measured["frame_rate_hz"] is None and measured["bitrate_bps"] is None
    json.dumps(document, allow_nan=False)


def test_no_control_bidi_or_huge_text_reaches_the_document() -> None:
    for text in strings(plain(hostile_school())):
        assert len(text) <= 4000
        assert all(char.isprintable() or char == "\n" for char in text), repr(text)
        text.encode("utf-8")


def test_a_camera_whose_name_nobody_can_see_is_called_by_its_address() -> None:
    subject = camera(0)
    for name in ("\u202e", " \t", "\u200b\u2066"):
        shown = view(
            replace(school(0), cameras=(replace(subject, facts=replace(subject.facts, name=name)),))
        ).cameras[0]
        assert shown.name == subject.facts.address, name


def test_credentials_in_a_path_are_hidden() -> None:
    uri = builders.stream_uri(path="/user=admin_password=hunter2_channel=1_stream=0.sdp?pwd=hunter2&real=1")
    stream = builders.stream_facts(target=StreamTarget(uri))
    facts = builders.camera_facts(streams=(stream,))
    text = json.dumps(plain(builders.scan_result(cameras=(builders.camera_result(facts=facts),))))
    assert "hunter2" not in text
    assert "channel=1" in text and "real=1" in text


def test_each_fault_is_told_once() -> None:
    fault = builders.fault()
    facts = builders.camera_facts(
        device=fault, streams=(builders.stream_facts(measured=fault, faults=(fault,)),)
    )
    document = plain(builders.scan_result(cameras=(builders.camera_result(facts=facts, faults=(fault,)),)))
    assert len(document["cameras"][0]["faults"]) == 1


def test_a_missing_sentence_does_not_cost_the_result() -> None:
    scan = school(1)
    finding = replace(scan.cameras[0].findings[0], message=message("findings.no_such_sentence"))
    document = plain(replace(scan, cameras=(replace(scan.cameras[0], findings=(finding,)),)))
    assert "findings.no_such_sentence" in document["cameras"][0]["findings"][0]["message"]["en"]
    validate(document)


def test_summary_counts_what_the_cameras_say() -> None:
    document = plain(school(10))
    for verdict in Verdict:
        assert document["summary"][verdict] == sum(item["verdict"] == verdict for item in document["cameras"])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"schema": "camagent.scan/2"}, "schema"),
        ({"schema": None}, "schema"),
        ({"cameras": {}}, "cameras"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "2026-01-10T05:00:00"}, "started_at"),
        ({"summary": {"ready": "3", "not_ready": 0, "undetermined": 0}}, "summary.ready"),
    ],
)
def test_a_wrong_document_is_refused_with_file_and_place(change: dict[str, Any], where: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(json.dumps(plain(school(1)) | change), "truong.json")
    for line in (render(caught.value.problem, lang) for lang in ("en", "vi")):
        assert line.startswith("truong.json: ") and "\n" not in line
        assert where in line


def test_a_wrong_verdict_names_the_camera() -> None:
    document = plain(school(3))
    document["cameras"][2]["verdict"] = "probably"
    with pytest.raises(DocumentError, match=r"cameras\.2\.verdict"):
        parse_document(json.dumps(document), "a.json")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "\x00", "<html>", "{}", '{"schema": "camagent.scan/1"}']
)
def test_what_is_not_a_document_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        parse_document(text, "a.json")


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_never_raises_anything_else(garbage: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_document(garbage, "a.json")


def test_a_document_that_is_too_large_is_not_read() -> None:
    with pytest.raises(DocumentError, match="64"):
        parse_document(b" " * (MAX_DOCUMENT_BYTES + 1), "a.json")


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(DocumentError):
        parse_document('{"schema":' + "[" * 100_000, "a.json")


def test_unknown_keys_are_allowed_because_the_contract_may_grow() -> None:
    document = plain(school(1)) | {"added_later": {"deep": [1]}}
    document["cameras"][0]["added_later"] = 1
    assert parse_document(json.dumps(document), "a.json").cameras[0].name


def test_keys_added_after_the_contract_may_be_missing() -> None:
    document = plain(school(3))
    del document["site_findings"], document["profile"]["title"]
    for item in document["cameras"]:
        for key in ("place", "task", "video_source", "checked_at", "duration_s", "identity", "changes"):
            del item[key]
        item["upgrade"] = {key: item["upgrade"][key] for key in ("action", "steps", "certain")}
        for finding in item["findings"]:
            for key in (
                "title",
                "recommended",
                "uncertainty",
                "configured",
                "declared",
                "measured",
                "check",
                "manual",
            ):
                del finding[key]
    assert len(parse_document(json.dumps(document), "a.json").cameras) == 3


def test_texts_of_a_strange_document_are_made_harmless() -> None:
    document = plain(school(len(HOSTILE)))
    for item, text in zip(document["cameras"], HOSTILE, strict=True):
        item["name"] = text.encode("utf-8", "replace").decode()
    for item in parse_document(json.dumps(document), "a.json").cameras:
        assert item.name.isprintable() and len(item.name) <= 200


def test_the_schema_files_are_made_from_the_models() -> None:
    assert outdated() == [], "python -m camagent.document.schema"


def test_a_schema_file_that_was_edited_by_hand_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camagent.document.schema.FOLDER", tmp_path)
    assert main(["--check"]) == 1 and main([]) == 0 and main(["--check"]) == 0
    path = tmp_path / SCHEMA_FILE.name
    path.write_text(
        path.read_text(encoding="utf-8").replace("Never with credentials", "Maybe"), encoding="utf-8"
    )
    assert main(["--check"]) == 1


def test_a_value_in_the_schema_says_what_it_means() -> None:
    stream = SCHEMA["$defs"]["StreamView"]["properties"]
    assert stream["uri"]["description"].startswith("Never with credentials")
    assert stream["role"]["enum"] == ["main", "sub"]


def test_the_schema_of_a_foreign_file_is_still_named() -> None:
    assert read_schema('{"schema": "camagent.scan/9", "x": 1}') == "camagent.scan/9"
    assert read_schema(b'{"other": 1}') is None
    assert read_schema(b"\xff\xfe") is None


def test_weighty_findings_are_those_that_decide_the_verdict() -> None:
    item = view(school(4)).cameras[3]
    assert [finding.rule for finding in item.findings if finding.weighty] == ["IMG-FPS"]
    manual = [finding for finding in item.findings if finding.manual]
    assert manual and manual[0].outcome is Outcome.NOT_ASSESSED and not manual[0].weighty


def test_camera_builder_covers_every_kind() -> None:
    assert {camera(number).verdict for number in range(5)} == set(Verdict)


@pytest.mark.parametrize("scan", [school(), hostile_school(), school(0), school(1)])
def test_a_document_written_camera_by_camera_is_the_same(scan: ScanResult) -> None:
    scan = replace(scan, site=replace(scan.site, name='x","cameras":[],"y":"cameras":[]'))
    views = [camera_view(camera) for camera in scan.cameras]
    assert b"".join(document_text(scan_head(scan), views)) == scan_document(scan).compact_json()
