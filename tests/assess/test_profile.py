"""Profiles: what ships is complete and honest; what is wrong is told exactly, all at once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camagent.app.requirements import load_profile
from camagent.assess.rule import UNITS
from camagent.model.finding import Severity
from camagent.model.operator_error import OperatorError
from camagent.operator_files.profile_files import available_profiles
from camagent.text import both
from tests.assess.judging import shipped

HEAD = """
[profile]
id = "mine"
version = "2026-11-23"
authoritative = false
title.vi = "Thử"
title.en = "Trial"
"""
BASIS = 'basis = { kind = "assumption", confidence = "low" }'
LOSS = "parameters = { maximum_ratio = 0.01, recommended_ratio = 0.001, minimum_packets = 100 }"
ROW = f"""
[[require]]
id = "A-1"
vi = "Mất gói"
en = "Loss"
rule = "packet_loss"
severity = "major"
{LOSS}
{BASIS}
"""
GOOD = HEAD + ROW


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def problems(folder: Path, text: str, name: str = "mine.toml") -> list[str]:
    with pytest.raises(OperatorError) as caught:
        load_profile(write(folder, text, name))
    sentences = [both(problem).en.removeprefix(f"{folder}/") for problem in caught.value.problems]
    assert all(both(problem).vi for problem in caught.value.problems)
    assert len(str(caught.value).splitlines()) == len(sentences)
    return sentences


def test_what_ships_loads() -> None:
    assert available_profiles() == ("iec-62676-4", "onvif-t", "ubnd-3288")
    for name in available_profiles():
        profile = load_profile(name)
        assert profile.id == name and not profile.authoritative
        assert profile.stamp.digest.startswith("sha256:") and len(profile.stamp.digest) == 71
        assert len({row.id for row in profile.rows}) == len(profile.rows)


def test_ubnd_3288_has_all_48_rows_and_says_nothing_in_the_name_of_a_document_that_nobody_has_read() -> None:
    profile = shipped()
    assert len(profile.rows) == 48
    assert not [row.id for row in profile.rows if row.basis.kind == "text-3288"]
    assert next(source for source in profile.sources if source.id == "vb-3288").status == "not-obtained"
    for row in profile.rows:
        assert row.basis.kind == "assumption" or row.basis.document, row.id
        assert (row.basis.note is None) == (row.basis.note_en is None), row.id


def test_foreign_norms_are_called_foreign_and_none_of_them_is_the_basis() -> None:
    """A norm of another country is a comparison; a basis of kind named-doc stays Vietnamese or
    international."""
    countries: tuple[str, ...] = (
        "GB/T",
        "GB 51348",
        "DILG",
        "SIRA",
        "Moscow",
        "CBSE",
        "KR ",
        "Korea",
        "Fujian",
        "HCIS",
    )
    countries += ("Qingdao", "Kuwait", "UAE", "Saudi", "au-", "uk-", "pass-2018")
    for row in shipped().rows:
        sources = (*row.basis.comparators, row.basis.document or "")
        assert all("foreign" in text for text in sources if any(word in text for word in countries)), row.id
        assert not any(word in (row.basis.document or "") for word in countries), row.id
    assert not shipped().authoritative and not any(
        load_profile(name).authoritative for name in available_profiles()
    )
    codec = next(row for row in shipped().rows if row.id == "IMG-CODEC")
    assert "none of an authority asks for H.265" in (codec.basis.note_en or "")


@pytest.mark.parametrize(
    ("row", "severity", "kind", "confidence", "values"),
    [
        (
            "IMG-RES",
            "major",
            "assumption",
            "medium",
            {"minimum_px": (1920, 1080), "recommended_px": (2560, 1440)},
        ),
        ("IMG-CODEC", "major", "assumption", "medium", {"rejected": ("mjpeg", "mpeg4")}),
        (
            "IMG-FPS",
            "major",
            "assumption",
            "medium",
            {"floor_hz": 12.0, "minimum_hz": 15.0, "recommended_hz": 25.0},
        ),
        ("IMG-GOP", "minor", "assumption", "medium", {"maximum_s": 4.0, "recommended_s": 2.0}),
        ("CON-ONVIF", "blocker", "assumption", "medium", {}),
        ("CON-RTSP", "blocker", "named-doc", "high", {"maximum_s": 10.0, "recommended_s": 3.0}),
        ("CON-LOSS", "major", "assumption", "medium", {"maximum_ratio": 0.01, "recommended_ratio": 0.001}),
        ("CON-UPLINK", "major", "assumption", "medium", {"headroom_factor": 1.25, "recommended_factor": 2.0}),
        ("CON-AVAIL", "minor", "assumption", "low", {"minimum_ratio": 0.95, "recommended_ratio": 0.99}),
        ("TIM-OFFSET", "major", "assumption", "medium", {"maximum_s": 5.0, "recommended_s": 1.0}),
        ("TIM-TZ", "minor", "assumption", "high", {"utc_offset_s": 25200.0}),
        ("REC-DAYS", "major", "assumption", "medium", {"minimum_days": 30.0}),
        ("PWR-BACKUP", "info", "assumption", "low", {"asks": "≥ 1 h"}),
        (
            "SEC-CERT",
            "minor",
            "named-doc",
            "medium",
            {"minimum_rsa_bits": 2048, "recommended_rsa_bits": 3072},
        ),
        ("SEC-PORTS", "major", "named-doc", "medium", {"denied_tcp": (21, 23, 2323, 5555, 9527)}),
        ("SEC-TLS", "major", "named-doc", "medium", {"minimum_tls": "1.2", "recommended_tls": "1.3"}),
        ("SEC-WAN", "blocker", "assumption", "high", {}),
    ],
)
def test_values_and_bases_are_those_that_were_agreed(
    row: str, severity: str, kind: str, confidence: str, values: dict[str, object]
) -> None:
    entry = next(r for r in shipped().rows if r.id == row)
    assert (entry.severity, entry.basis.kind, entry.basis.confidence) == (
        Severity(severity),
        kind,
        confidence,
    )
    assert values.items() <= dict(entry.parameters).items()


def test_the_ports_to_try_are_those_that_some_row_judges() -> None:
    assert shipped().ports_to_try() == (21, 22, 23, 80, 2323, 5555, 8080, 9527)
    assert load_profile("onvif-t").ports_to_try() == ()


def test_rows_that_a_person_can_answer_are_named() -> None:
    answerable = shipped().answerable()
    assert {"REC-MAX", "SEC-WAN", "IMG-WDR", "SEC-DEFPW", "SEC-FW", "REC-DAYS", "SEC-USER"} <= set(answerable)
    assert "IMG-FPS" not in answerable


def test_the_digest_is_of_the_content_and_not_of_the_writing(tmp_path: Path) -> None:
    plain = load_profile(write(tmp_path, GOOD))
    spaced = load_profile(write(tmp_path, "# a remark\n\n" + GOOD.replace("100 }", "100  }")))
    whole = load_profile(write(tmp_path, GOOD.replace("0.01,", "0.010,")))
    other = load_profile(write(tmp_path, GOOD.replace("0.001,", "0.002,")))
    assert plain == spaced == whole
    assert other.digest != plain.digest
    for change in ('en = "Loss"', 'severity = "major"', 'confidence = "low"', 'version = "2026-11-23"'):
        changed = GOOD.replace(
            change,
            change.replace('"Loss"', '"LOSS"')
            .replace("major", "minor")
            .replace("low", "high")
            .replace("-23", "-24"),
        )
        assert load_profile(write(tmp_path, changed)).digest != plain.digest, change


def test_a_whole_number_is_the_same_value_as_its_float(tmp_path: Path) -> None:
    text = GOOD.replace(
        LOSS, "parameters = { maximum_ratio = 1, recommended_ratio = 0, minimum_packets = 100 }"
    )
    floats = text.replace("= 1,", "= 1.0,").replace("= 0,", "= 0.0,")
    assert load_profile(write(tmp_path, text)) == load_profile(write(tmp_path, floats))


# ---------- extension ----------

CHILD = HEAD.replace('id = "mine"', 'id = "child"\nextends = "mine.toml"').replace("Thử", "Con")


def test_a_profile_extends_another_and_overrides_rows(tmp_path: Path) -> None:
    write(tmp_path, GOOD + ROW.replace("A-1", "A-2"))
    child = load_profile(
        write(
            tmp_path,
            CHILD
            + f'[[require]]\nid = "A-1"\nparameters = {{ maximum_ratio = 0.05 }}\n{BASIS}\n'
            + '[[require]]\nid = "A-2"\nseverity = "minor"\n'
            + ROW.replace("A-1", "A-3"),
            "child.toml",
        )
    )
    assert child.id == "child" and child.title.vi == "Con"
    assert [row.id for row in child.rows] == ["A-1", "A-2", "A-3"]
    first, second, _ = child.rows
    assert dict(first.parameters) == {
        "maximum_ratio": 0.05,
        "recommended_ratio": 0.001,
        "minimum_packets": 100,
    }
    assert first.title.vi == "Mất gói"
    assert second.severity is Severity.MINOR and dict(second.parameters)["maximum_ratio"] == 0.01
    assert child.digest != load_profile(str(tmp_path / "mine.toml")).digest


def test_another_rule_does_not_inherit_the_old_rules_parameters(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    row = f'[[require]]\nid = "A-1"\nrule = "anonymous_stream"\n{BASIS}\nparameters = {{}}\n'
    child = load_profile(write(tmp_path, CHILD + row, "child.toml"))
    assert child.rows[0].parameters == ()


def test_rows_can_be_dropped(tmp_path: Path) -> None:
    write(tmp_path, GOOD + ROW.replace("A-1", "A-2"))
    child = load_profile(write(tmp_path, CHILD + 'drop = ["A-1"]\n', "child.toml"))
    assert [row.id for row in child.rows] == ["A-2"]


def test_a_shipped_profile_can_be_extended_by_name(tmp_path: Path) -> None:
    text = HEAD.replace('id = "mine"', 'id = "mine"\nextends = "ubnd-3288"\ndrop = ["IMG-LUX", "IMG-IR"]')
    assert len(load_profile(write(tmp_path, text)).rows) == 46


@pytest.mark.parametrize(
    ("child", "sentences"),
    [
        (
            CHILD + '[[require]]\nid = "A-1"\nparameters = { maximum_ratio = 0.05 }\n',
            ["child.toml: A-1: basis: who changes the rule or its parameters has to give the basis again"],
        ),
        (
            CHILD + '[[require]]\nid = "A-1"\nrule = "packet_loss"\n',
            ["child.toml: A-1: basis: who changes the rule or its parameters has to give the basis again"],
        ),
        (CHILD + 'drop = ["Z-9"]\n', ["child.toml: profile.drop: there is no requirement Z-9 to drop"]),
        (CHILD + "drop = 3\n", ["child.toml: profile.drop: a list in square brackets is expected (got 3)"]),
        (CHILD + 'drop = ["A-1"]\n', ["child.toml: require: the profile has no requirement"]),
        (
            CHILD.replace("mine.toml", "child.toml"),
            ["child.toml: profile.extends: the profiles extend each other in a circle, or too many deep"],
        ),
        (CHILD.replace("mine.toml", "other.toml"), ["other.toml: there is no such file"]),
        (
            CHILD.replace('"mine.toml"', '"unknown"'),
            ["unknown: there is no profile of this name; there are: iec-62676-4, onvif-t, ubnd-3288"],
        ),
        (
            CHILD.replace('"mine.toml"', "7") + ROW,
            ["child.toml: profile.extends: a text in quotes is expected (got 7)"],
        ),
    ],
)
def test_wrong_extensions_are_refused(tmp_path: Path, child: str, sentences: list[str]) -> None:
    write(tmp_path, GOOD)
    assert problems(tmp_path, child, "child.toml") == sentences


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "A-11",
            "the profile extended has no such requirement to change; did you mean A-1? A new one needs a "
            "rule",
        ),
        ("ZZZ", "the profile extended has no such requirement to change; a new one needs a rule"),
    ],
)
def test_a_row_that_is_not_there_cannot_be_changed(tmp_path: Path, name: str, sentence: str) -> None:
    write(tmp_path, GOOD)
    child = CHILD + f'[[require]]\nid = "{name}"\nseverity = "minor"\n'
    assert problems(tmp_path, child, "child.toml") == [f"child.toml: {name}: id: {sentence}"]
    new = CHILD + ROW.replace("A-1", name)
    assert [row.id for row in load_profile(write(tmp_path, new, "child.toml")).rows] == ["A-1", name]


def test_a_note_of_several_lines_and_the_longest_text_are_readable(tmp_path: Path) -> None:
    long = GOOD.replace('"Loss"', f'"{"x" * 2000}"').replace('"A-1"', f'"{"Ă" * 64}"')
    noted = long.replace('confidence = "low"', 'confidence = "low", note = { vi = "a\\nb", en = "c" }')
    (row,) = load_profile(write(tmp_path, noted)).rows
    assert (len(row.title.en), row.basis.note, len(row.id)) == (2000, "a\nb", 64)


def test_problems_print_one_a_line_with_all_that_they_say(tmp_path: Path) -> None:
    text = GOOD.replace("maximum_ratio = 0.01", "maximum_ratio = 1.5").replace('"major"', '"fatal"')
    with pytest.raises(OperatorError) as caught:
        load_profile(write(tmp_path, text))
    assert str(caught.value).splitlines() == [
        "one_of (bound='blocker', 'major', 'minor' or 'info', given='fatal', path=mine.toml: A-1, "
        "place=severity)",
        "mine.toml: A-1: parameters.maximum_ratio: out_of_range (found=1.5, high=1.0, low=0.0, unit=ratio)",
    ]
    with pytest.raises(
        OperatorError, match=r"wrong_type \(expected=profile\.expected\.with_unit, found='x'\)$"
    ):
        load_profile(write(tmp_path, GOOD.replace("maximum_ratio = 0.01", 'maximum_ratio = "x"')))


def test_what_is_expected_is_said_in_vietnamese_too(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        load_profile(write(tmp_path, one_row("anonymous_onvif", "parameters = { allowed = [1] }")))
    (problem,) = caught.value.problems
    assert both(problem).vi == "mine.toml: B: parameters.allowed: sai kiểu: cần [văn bản, …], đang có [1]"


def test_extension_ends_somewhere(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "p0.toml")
    for depth in range(1, 6):
        write(
            tmp_path, HEAD.replace('"mine"', f'"p{depth}"\nextends = "p{depth - 1}.toml"'), f"p{depth}.toml"
        )
    assert len(load_profile(str(tmp_path / "p4.toml")).rows) == 1
    with pytest.raises(OperatorError, match="extends_too_deep"):
        load_profile(str(tmp_path / "p5.toml"))


# ---------- what can be wrong ----------

RULES = (
    "accounts, anonymous_onvif, anonymous_stream, availability, bitrate, camera_answer, certificate, "
    "checked_daily, clock_offset, "
    "codec, decode_errors, default_login, device_answers, firmware, frame_rate, frame_rate_kept, https, "
    "keyframe_interval, "
    "login_scheme, onvif_conformance, open_ports, packet_loss, picture, pixel_density, repaired, "
    "resolution, retention, "
    "site_answer, stream_plays, sub_streams, time_server, time_zone, uplink"
)
BAD = {
    "nothing": (
        "",
        [
            "mine.toml: profile: is missing",
        ],
    ),
    "no rows": (HEAD, ["mine.toml: require: the profile has no requirement"]),
    "syntax": (GOOD + "\nx = = 1", ["mine.toml: not TOML: line 18, column 5"]),
    "syntax at the end": (GOOD + '\nx = "', ["mine.toml: not TOML: it cannot be read"]),
    "stray table": (
        GOOD + "\n[other]\n",
        [
            "mine.toml: other: no such key; the keys are: profile, require",
        ],
    ),
    "rows are no list": (
        HEAD + "[require]\n",
        [
            "mine.toml: require: a list in square brackets is expected (got …)",
        ],
    ),
    "no id": (
        GOOD.replace('id = "A-1"', ""),
        ["mine.toml: #1: id: missing or of the wrong type, expected: text"],
    ),
    "blank id": (
        GOOD.replace('"A-1"', '" "'),
        ["mine.toml: #1: id: missing or of the wrong type, expected: text"],
    ),
    "id twice": (GOOD + ROW, ["mine.toml: A-1: id: this id already stands above in the same file"]),
    "unknown row key": (
        GOOD + 'colour = "red"\n',
        [
            "mine.toml: A-1: colour: no such key; the keys are: id, vi, en, rule, severity, "
            "parameters, basis",
        ],
    ),
    "drop without end": (
        GOOD.replace('title.en = "Trial"', f'title.en = "Trial"\ndrop = "{"x" * 70}"'),
        [
            "mine.toml: profile.drop: a list in square brackets is expected (got "
            "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')",
        ],
    ),
    "no Vietnamese": (
        GOOD.replace('vi = "Mất gói"', ""),
        [
            "mine.toml: A-1: vi: is missing",
        ],
    ),
    "severity": (
        GOOD.replace('"major"', '"fatal"'),
        [
            "mine.toml: A-1: severity: must be one of 'blocker', 'major', 'minor' or 'info' (got 'fatal')",
        ],
    ),
    "rule": (
        GOOD.replace('"packet_loss"', '"qqq"'),
        [f"mine.toml: A-1: rule: there is no such rule; the rules are: {RULES}"],
    ),
    "rule, nearly": (
        GOOD.replace('"packet_loss"', '"packet_los"'),
        ["mine.toml: A-1: rule: there is no such rule; did you mean packet_loss?"],
    ),
    "no rule": (
        GOOD.replace('rule = "packet_loss"', ""),
        [
            "mine.toml: A-1: rule: is missing",
        ],
    ),
    "rule of another type": (
        GOOD.replace('"packet_loss"', "[1]"),
        [
            "mine.toml: A-1: rule: a text in quotes is expected (got …)",
        ],
    ),
    "id that nobody can type": (
        GOOD.replace('"A-1"', '"A 1"') + ROW.replace("A-1", "B" * 65) + ROW.replace("A-1", "C\\u001b[31m"),
        [
            f"mine.toml: #{number}: id: an id has letters, digits and - . _ only, at most 64 characters"
            for number in (1, 2, 3)
        ],
    ),
    "text that a terminal would obey": (
        GOOD.replace('"Loss"', '"Loss\\u001b[2J"').replace('"Trial"', f'"{"x" * 2001}"'),
        [
            "mine.toml: profile.title.en: longer than 2000 characters",
            "mine.toml: A-1: en: has control characters",
        ],
    ),
    "comparator without end": (
        GOOD.replace('confidence = "low"', f'confidence = "low", comparators = ["{"x" * 2001}"]'),
        [
            "mine.toml: A-1: basis.comparators[0]: longer than 2000 characters",
        ],
    ),
    "an endless number": (GOOD + "x = 1" + "0" * 5000, ["mine.toml: not TOML: it cannot be read"]),
    "a thousand brackets": ("x = " + "[" * 5000, ["mine.toml: not TOML: it cannot be read"]),
    "parameter of a rule that takes none": (
        GOOD.replace('"packet_loss"', '"device_answers"').replace(LOSS, "parameters = { zzz = 1 }"),
        ["mine.toml: A-1: parameters.zzz: the rule device_answers has no such parameter; it has: -"],
    ),
    "parameter, hardly": (
        GOOD.replace("minimum_packets = 100", "minimum_packets = 100, loss_ratio = 1"),
        [
            "mine.toml: A-1: parameters.loss_ratio: the rule packet_loss has no such parameter; "
            "did you mean maximum_ratio?"
        ],
    ),
    "parameters are no table": (
        GOOD.replace(LOSS, "parameters = 3"),
        [
            "mine.toml: A-1: parameters: a table of keys is expected (got 3)",
        ],
    ),
    "parameter of another unit": (
        GOOD.replace("maximum_ratio", "maximum_percent"),
        [
            "mine.toml: A-1: parameters.maximum_percent: the rule packet_loss has no such parameter; "
            "did you mean maximum_ratio?",
            "mine.toml: A-1: parameters.maximum_ratio: a parameter of the rule packet_loss is missing, "
            "expected: number [ratio]",
        ],
    ),
    "parameter of nothing": (
        GOOD.replace("minimum_packets = 100", "minimum_packets = 100, zzz = 1"),
        [
            "mine.toml: A-1: parameters.zzz: the rule packet_loss has no such parameter; it has: "
            "maximum_ratio, recommended_ratio, minimum_packets"
        ],
    ),
    "per cent for a ratio": (
        GOOD.replace("maximum_ratio = 0.01", "maximum_ratio = 1.5"),
        ["mine.toml: A-1: parameters.maximum_ratio: outside the sensible range 0 to 1 ratio: 1.5"],
    ),
    "text for a number": (
        GOOD.replace("maximum_ratio = 0.01", 'maximum_ratio = "1 %"'),
        ["mine.toml: A-1: parameters.maximum_ratio: wrong type: expected number [ratio], found '1 %'"],
    ),
    "boolean for a number": (
        GOOD.replace("minimum_packets = 100", "minimum_packets = true"),
        ["mine.toml: A-1: parameters.minimum_packets: wrong type: expected integer [packets], found True"],
    ),
    "float for an integer": (
        GOOD.replace("minimum_packets = 100", "minimum_packets = 100.5"),
        ["mine.toml: A-1: parameters.minimum_packets: wrong type: expected integer [packets], found 100.5"],
    ),
    "infinity": (
        GOOD.replace("maximum_ratio = 0.01", "maximum_ratio = inf"),
        ["mine.toml: A-1: parameters.maximum_ratio: wrong type: expected number [ratio], found inf"],
    ),
    "recommended worse than the maximum": (
        GOOD.replace("recommended_ratio = 0.001", "recommended_ratio = 0.02"),
        ["mine.toml: A-1: parameters.recommended_ratio: 0.02 contradicts maximum_ratio = 0.01"],
    ),
    "no basis": (
        GOOD.replace(BASIS, ""),
        [
            "mine.toml: A-1: basis: is missing",
        ],
    ),
    "basis of its own kind": (
        GOOD.replace('kind = "assumption"', 'kind = "rumour", colour = 1'),
        [
            "mine.toml: A-1: basis.kind: must be one of 'text-3288', 'circular-350', 'named-doc' or "
            "'assumption' (got 'rumour')",
            "mine.toml: A-1: basis.colour: no such key; the keys are: kind, confidence, document, "
            "note, comparators",
        ],
    ),
    "document without a name": (
        GOOD.replace('kind = "assumption"', 'kind = "named-doc"'),
        [
            'mine.toml: A-1: basis.document: is missing; only a value of kind "assumption" goes '
            "without a document",
        ],
    ),
    "confidence": (
        GOOD.replace('confidence = "low"', 'confidence = "sure"'),
        [
            "mine.toml: A-1: basis.confidence: must be one of 'high', 'medium' or 'low' (got 'sure')",
        ],
    ),
    "note in one language": (
        GOOD.replace('confidence = "low"', 'confidence = "low", note = { vi = "x" }'),
        [
            "mine.toml: A-1: basis.note.en: is missing",
        ],
    ),
    "note without a language": (
        GOOD.replace('confidence = "low"', 'confidence = "low", note = "x"'),
        [
            "mine.toml: A-1: basis.note: a table of keys is expected (got 'x')",
        ],
    ),
    "comparators": (
        GOOD.replace('confidence = "low"', 'confidence = "low", comparators = [1]'),
        [
            "mine.toml: A-1: basis.comparators[0]: a text in quotes is expected (got 1)",
        ],
    ),
    "authority on nothing": (
        GOOD.replace("authoritative = false", "authoritative = true").replace(BASIS, "basis = 3"),
        [
            "mine.toml: A-1: basis: a table of keys is expected (got 3)",
        ],
    ),
    "authority on an assumption": (
        GOOD.replace("authoritative = false", "authoritative = true"),
        ["mine.toml: A-1: basis.kind: a profile with authoritative = true must not rest on an assumption"],
    ),
    "head": (
        GOOD.replace('title.en = "Trial"', 'title.en = ""\ncolour = 1'),
        [
            "mine.toml: profile.title.en: must not be empty",
            "mine.toml: profile.colour: no such key; the keys are: id, version, title, "
            "authoritative, extends, drop, sources",
        ],
    ),
    "sources": (
        GOOD.replace(
            'title.en = "Trial"',
            'title.en = "Trial"\nsources = [3, { id = "a", title = "b", status = "c", d = 1 }]',
        ),
        [
            "mine.toml: profile.sources[0]: a table of keys is expected (got 3)",
            "mine.toml: profile.sources[1].status: must be one of 'read', 'read-in-part' or "
            "'not-obtained' (got 'c')",
            "mine.toml: profile.sources[1].d: no such key; the keys are: id, title, status",
        ],
    ),
    "source without a name": (
        GOOD.replace('title.en = "Trial"', 'title.en = "Trial"\nsources = [{ id = "a", status = "read" }]'),
        [
            "mine.toml: profile.sources[0].title: is missing",
        ],
    ),
    "note in a third language": (
        GOOD.replace('confidence = "low"', 'confidence = "low", note = { vi = "x", en = "x", fr = "x" }'),
        [
            "mine.toml: A-1: basis.note.fr: no such key; the keys are: vi, en",
        ],
    ),
    "sources are no list": (
        GOOD.replace('title.en = "Trial"', 'title.en = "Trial"\nsources = 3'),
        [
            "mine.toml: profile.sources: a list in square brackets is expected (got 3)",
        ],
    ),
    "several at once": (
        GOOD.replace('"major"', '"fatal"') + ROW.replace("A-1", "A-2").replace('en = "Loss"', "") + ROW,
        [
            "mine.toml: A-1: id: this id already stands above in the same file",
            "mine.toml: A-1: severity: must be one of 'blocker', 'major', 'minor' or 'info' (got 'fatal')",
            "mine.toml: A-2: en: is missing",
        ],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_profile_is_refused_with_file_row_key_and_what_was_expected(
    tmp_path: Path, name: str
) -> None:
    text, sentence = BAD[name]
    assert problems(tmp_path, text) == sentence


def one_row(rule: str, parameters: str) -> str:
    return HEAD + (
        f'[[require]]\nid = "B"\nvi = "b"\nen = "b"\nrule = "{rule}"\nseverity = '
        f'"minor"\n{BASIS}\n{parameters}\n'
    )


SIZES = "floor_px = {floor}, minimum_px = {minimum}, recommended_px = [2560, 1440], tolerance_ratio = 0.01"
RATES = "tolerance_ratio = 0.01, disagreement_ratio = 0.1, loss_ratio = 0.01"


@pytest.mark.parametrize(
    ("rule", "parameters", "sentence"),
    [
        (
            "resolution",
            SIZES.format(floor="[1280]", minimum="[1920, 1080]"),
            "floor_px: wrong type: expected [integer, integer] [px], found [1280]",
        ),
        (
            "resolution",
            SIZES.format(floor="[1280, 720]", minimum='[1920, "x"]'),
            "minimum_px: wrong type: expected [integer, integer] [px], found [1920, 'x']",
        ),
        (
            "resolution",
            SIZES.format(floor="[1280, 720]", minimum="[1920, 10800000]"),
            "minimum_px: outside the sensible range 16 to 16384 px: [1920, 10800000]",
        ),
        (
            "frame_rate",
            f"floor_hz = 12, minimum_hz = 25000, recommended_hz = 25000, {RATES}",
            "minimum_hz: outside the sensible range 0.1 to 240 Hz: 25000",
        ),
        (
            "frame_rate",
            f"floor_hz = 21, minimum_hz = 20, recommended_hz = 25, {RATES}",
            "floor_hz: 21 contradicts minimum_hz = 20",
        ),
        (
            "frame_rate",
            f"floor_hz = 12, minimum_hz = 20, recommended_hz = 19, {RATES}",
            "recommended_hz: 19 contradicts minimum_hz = 20",
        ),
        (
            "bitrate",
            "warn_below_bps = 1e6, warn_above_bps = 8e6, recommended_bps = { h264 = [1, 2, 3] }",
            "recommended_bps: wrong type: expected {text = [integer, integer]} [bit/s], found "
            "{'h264': [1, 2, 3]}",
        ),
        (
            "bitrate",
            "warn_below_bps = 1e6, warn_above_bps = 8e6, recommended_bps = { h264 = [3, 6] }",
            "recommended_bps: outside the sensible range 1000 to 1000000000 bit/s: {'h264': [3, 6]}",
        ),
        ("anonymous_onvif", "allowed = [1]", "allowed: wrong type: expected [text, …], found [1]"),
        (
            "anonymous_onvif",
            "allowed = " + str(["x"] * 101),
            "allowed: wrong type: expected [text, …], found ",
        ),
        (
            "pixel_density",
            'tasks = { gate = "x" }, classes_px_per_m = { x = 0.5 }',
            "classes_px_per_m: outside the sensible range 1 to 5000 px/m: {'x': 0.5}",
        ),
        (
            "stream_plays",
            "tcp_required = 1, maximum_s = 10, recommended_s = 3",
            "tcp_required: wrong type: expected true/false, found 1",
        ),
        (
            "picture",
            'failing = ["blakc"], warning = [], frozen_after_s = 5',
            "failing: wrong type: expected [black | no_signal | corrupt",
        ),
        (
            "login_scheme",
            'minimum = "digset", recommended = "digest"',
            "minimum: wrong type: expected basic | digest | digest-sha-256, found 'digset'",
        ),
        (
            "https",
            'minimum_tls = 1.2, recommended_tls = "1.3"',
            "minimum_tls: wrong type: expected 1.0 | 1.1 | 1.2 | 1.3, found 1.2",
        ),
        (
            "anonymous_onvif",
            'allowed = "' + "x" * 70 + '"',
            "allowed: wrong type: expected [text, …], found '" + "x" * 56 + "…",
        ),
        (
            "anonymous_onvif",
            'allowed = "' + "x" * 59 + '"',
            "allowed: wrong type: expected [text, …], found '" + "x" * 56 + "…",
        ),
        (
            "anonymous_onvif",
            'allowed = "' + "x" * 58 + '"',
            "allowed: wrong type: expected [text, …], found '" + "x" * 58 + "'",
        ),
        (
            "site_answer",
            'valid_days = 365, asks = "' + "x" * 2001 + '"',
            "asks: wrong type: expected text, found ",
        ),
        ("site_answer", "valid_days = 365, asks = 3", "asks: wrong type: expected text, found 3"),
    ],
)
def test_parameters_are_checked_for_type_size_and_unit(
    tmp_path: Path, rule: str, parameters: str, sentence: str
) -> None:
    problem_list = problems(tmp_path, one_row(rule, f"parameters = {{ {parameters} }}"))
    assert any(line.startswith(f"mine.toml: B: parameters.{sentence}") for line in problem_list), problem_list


def test_bounds_that_are_equal_are_in_order(tmp_path: Path) -> None:
    row = one_row(
        "frame_rate", f"parameters = {{ floor_hz = 20, minimum_hz = 20, recommended_hz = 20, {RATES} }}"
    )
    assert load_profile(write(tmp_path, row)).rows[0].parameters[0] == ("minimum_hz", 20.0)
    same = GOOD.replace("recommended_ratio = 0.001", "recommended_ratio = 0.01")
    assert dict(load_profile(write(tmp_path, same)).rows[0].parameters)["recommended_ratio"] == 0.01


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for name in (str(tmp_path / "missing.toml"), "here/missing", r"here\missing"):
        with pytest.raises(OperatorError, match="no_file"):
            load_profile(name)
    with pytest.raises(OperatorError, match="no_profile"):
        load_profile("missing")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'x = "\xe9"')
    with pytest.raises(OperatorError, match=r"not_text \(path=.*latin.toml\)"):
        load_profile(str(latin))
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 1_000_001)
    with pytest.raises(OperatorError) as caught:
        load_profile(str(huge))
    (sentence,) = caught.value.problems
    assert both(sentence).en == f"{huge}: larger than 1000000 bytes: is this the right file?"
    huge.write_bytes(GOOD.encode() + b"#" * (1_000_000 - len(GOOD.encode())))
    assert load_profile(str(huge)).id == "mine"
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(OperatorError, match="no_file"):
        load_profile(str(tmp_path / "folder.toml"))


def test_a_file_that_cannot_be_read_is_told_with_the_systems_reason(tmp_path: Path) -> None:
    from camagent.operator_files import read_toml_file

    with pytest.raises(OperatorError) as caught:
        read_toml_file(tmp_path, 1_000_000)  # a folder
    (sentence,) = caught.value.problems
    assert both(sentence).en == f"{tmp_path}: cannot be read (it is a folder, not a file)"


def test_an_installed_camagent_finds_its_profiles_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camagent.operator_files import profile_files

    monkeypatch.setattr(profile_files, "_PACKAGE", tmp_path / "camagent")
    (tmp_path / "camagent" / "_profiles").mkdir(parents=True)
    write(tmp_path / "camagent" / "_profiles", GOOD)
    write(tmp_path / "camagent" / "_profiles", 'currency = "VND"', "prices.example.toml")
    assert available_profiles() == ("mine",)
    assert load_profile("mine").id == "mine"
    with pytest.raises(OperatorError, match=r"names=mine\)"):
        load_profile("other")


def test_an_extended_file_may_be_named_by_its_whole_path(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    parent = write(elsewhere, GOOD)
    assert len(load_profile(write(tmp_path, CHILD.replace("mine.toml", parent), "child.toml")).rows) == 1
    beside = CHILD.replace("mine.toml", "elsewhere/mine.toml")
    assert len(load_profile(write(tmp_path, beside, "child.toml")).rows) == 1


def test_lists_and_texts_may_be_as_long_as_their_bounds(tmp_path: Path) -> None:
    names = str(["x"] * 100).replace("'", '"')
    row = one_row("anonymous_onvif", f"parameters = {{ allowed = {names} }}")
    assert len(dict(load_profile(write(tmp_path, row)).rows[0].parameters)["allowed"]) == 100
    row = one_row("site_answer", f'parameters = {{ valid_days = 1, asks = "{"x" * 2000}" }}')
    assert len(dict(load_profile(write(tmp_path, row)).rows[0].parameters)["asks"]) == 2000
    many = ", ".join(f"k{n} = [1000, 2000]" for n in range(100))
    rest = "warn_below_bps = 1e6, warn_above_bps = 8e6"
    row = one_row("bitrate", f"parameters = {{ {rest}, recommended_bps = {{ {many} }} }}")
    assert len(dict(load_profile(write(tmp_path, row)).rows[0].parameters)["recommended_bps"]) == 100
    assert problems(tmp_path, row.replace("k0 =", "z0 = [1000, 2000], k0 ="))[0].startswith(
        "mine.toml: B: parameters.recommended_bps: wrong type"
    )


def test_five_hundred_rows_are_read(tmp_path: Path) -> None:
    rows = "".join(ROW.replace("A-1", f"A-{n}") for n in range(500))
    assert len(load_profile(write(tmp_path, HEAD + rows)).rows) == 500


def test_values_are_kept_as_rules_take_them(tmp_path: Path) -> None:
    windows = "recommended_bps = { h265 = [1000, 2000], h264 = [3000, 4000] }"
    rest = "warn_below_bps = 1000000, warn_above_bps = 8e6"
    row = one_row("bitrate", f"parameters = {{ {rest}, {windows} }}")
    parameters = dict(load_profile(write(tmp_path, row)).rows[0].parameters)
    assert parameters == {
        "warn_below_bps": 1_000_000.0,
        "warn_above_bps": 8_000_000.0,
        "recommended_bps": {"h264": (3000, 4000), "h265": (1000, 2000)},
    }
    assert isinstance(parameters["warn_below_bps"], float)


def test_a_byte_order_mark_is_forgiven(tmp_path: Path) -> None:
    assert load_profile(write(tmp_path, "\ufeff" + GOOD)).id == "mine"


def test_a_toml_date_is_a_version(tmp_path: Path) -> None:
    assert load_profile(write(tmp_path, GOOD.replace('"2026-11-23"', "2026-11-23"))).version == "2026-11-23"


def test_no_more_rows_than_anybody_can_read(tmp_path: Path) -> None:
    rows = "".join(ROW.replace("A-1", f"A-{n}") for n in range(501))
    assert problems(tmp_path, HEAD + rows) == ["mine.toml: require: more than 500 entries"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**7)
    | st.floats(allow_nan=False, width=32)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(
    head=st.dictionaries(
        st.sampled_from(["id", "version", "title", "authoritative", "drop", "sources"]), values
    ),
    row=st.dictionaries(
        st.sampled_from(["id", "vi", "en", "rule", "severity", "parameters", "basis"]), values
    ),
    rule=st.sampled_from(["packet_loss", "resolution", "bitrate", "site_answer"]),
)
def test_whatever_stands_in_a_file_is_refused_with_problems_and_never_breaks_the_reader(
    head: dict[str, object], row: dict[str, object], rule: str
) -> None:
    from camagent.assess.catalogue import CATALOGUE
    from camagent.assess.profile_rows import ProfileReader, Shapes
    from camagent.operator_files.profile_shape import file_problems, row_problems

    reader = ProfileReader("f", CATALOGUE, Shapes(file_problems, row_problems))
    with pytest.raises(OperatorError) as caught:
        reader.take({"profile": head, "require": [{"id": "X", "rule": rule, **row}]}, "f")
        reader.finish()
    assert caught.value.problems
    for problem in caught.value.problems:
        assert both(problem).vi


def test_units_are_found_by_their_longest_suffix() -> None:
    names = list(UNITS)
    for earlier, suffix in enumerate(names):
        assert not any(suffix.endswith(f"_{other}") for other in names[:earlier]), suffix


def test_a_profile_prints_and_compares_as_a_value() -> None:
    assert shipped() == load_profile("ubnd-3288")
    assert asdict(shipped())["rows"][0]["id"] == "IMG-RES"
