"""Rules and configurations as the programs that read them see them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from camagent.exporter.metrics import metrics_registry
from tests.monitoring.live import RULES, school_snapshot
from tests.monitoring.programs import ROOT, program, run

MONITORING = ROOT / "monitoring"


def alerts() -> list[dict[str, Any]]:
    text = (RULES / "camagent.alerts.yml").read_text(encoding="utf-8")
    return list(chain.from_iterable(group["rules"] for group in yaml.safe_load(text)["groups"]))


def records() -> list[dict[str, Any]]:
    text = (RULES / "camagent.rules.yml").read_text(encoding="utf-8")
    return list(chain.from_iterable(group["rules"] for group in yaml.safe_load(text)["groups"]))


@pytest.mark.outside
def test_promtool_and_vmalert_accept_the_rules() -> None:
    files = [str(path) for path in sorted(RULES.glob("*.yml"))]
    checked = run(["promtool", "check", "rules", *files])
    assert checked.returncode == 0, checked.stderr
    dry = run(["vmalert", "-dryRun", f"-rule={RULES}/*.yml"])
    assert dry.returncode == 0, dry.stderr[-2000:]


@pytest.mark.outside
def test_the_rules_do_what_their_unit_tests_say() -> None:
    checked = run(
        ["promtool", "test", "rules", *(str(path) for path in sorted((RULES / "tests").glob("*.yml")))]
    )
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()[-4000:]


@pytest.mark.outside
def test_a_broken_rule_would_be_noticed(tmp_path: Path) -> None:
    for path in RULES.glob("*.yml"):
        text = path.read_text(encoding="utf-8").replace(">= 0.5", ">= 0.6")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    whole = yaml.safe_load((RULES / "tests" / "camagent_test.yml").read_text(encoding="utf-8"))
    dark = [case for case in whole["tests"] if "half of a school" in case["name"]]
    (tmp_path / "tests" / "t.yml").write_text(json.dumps(whole | {"tests": dark}), encoding="utf-8")
    assert run(["promtool", "test", "rules", str(tmp_path / "tests" / "t.yml")]).returncode != 0


def test_every_alert_has_a_unit_test_that_sees_it_fire() -> None:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (RULES / "tests").glob("*.yml")]
    cases = list(chain.from_iterable(file["tests"] for file in files))
    fired = {
        t["alertname"]
        for t in chain.from_iterable(case.get("alert_rule_test", []) for case in cases)
        if t.get("exp_alerts")
    }
    held = {
        t["alertname"]
        for t in chain.from_iterable(case.get("alert_rule_test", []) for case in cases)
        if not t.get("exp_alerts")
    }
    names = {alert["alert"] for alert in alerts()}
    assert fired == names
    assert held >= names


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_alerts_speak_both_languages_and_lead_to_a_runbook(alert: dict[str, Any]) -> None:
    notes = alert["annotations"]
    assert {"summary", "description", "summary_en", "description_en", "runbook_url"} <= notes.keys()
    assert re.search(r"[ăâđêôơưáàảãạếềệốồổộứừửữựíìịýỳ]", notes["summary"] + notes["description"])
    assert notes["runbook_url"] == f"docs/runbooks/{alert['alert']}.md"
    assert (ROOT / notes["runbook_url"]).is_file()
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}


NAMES_ITS_CAMERA = {
    "CamagentGateDown",
    "CamagentCameraDown",
    "CamagentCameraDead",
    "CamagentCameraNeverAnswered",
    "CamagentCameraNoPicture",
}
"""Of what stays dead for long; all others are of a school."""


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_is_of_a_school_or_names_its_camera(alert: dict[str, Any]) -> None:
    keys = r"by \(site, area, city|(site|camera):camagent_"
    assert re.search(keys, alert["expr"])
    texts = [text for key, text in alert["annotations"].items() if key != "runbook_url"]
    if alert["alert"] in NAMES_ITS_CAMERA:
        assert all("$labels.name" in text for text in texts)
    else:
        assert "$labels.camera" not in json.dumps(alert) and "$labels.name" not in json.dumps(alert)


def test_every_metric_that_a_rule_reads_exists() -> None:
    """Raw metrics are the exporter's, recorded ones are recorded."""
    registry = metrics_registry(school_snapshot)
    names = {
        family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        for family in registry.collect()
    }
    recorded = {rule["record"] for rule in records()}
    assert len(recorded) == len(records())
    name_of = re.compile(r"\b(?:(?:camera|site|area|city):)?camagent_[a-z0-9_]+(?::[a-z0-9]+)?")
    for rule in (*records(), *alerts()):
        for name in name_of.findall(rule["expr"]):
            assert name in (recorded if ":" in name else names), (rule, name)


def test_shares_are_never_averaged() -> None:
    for rule in records():
        assert not re.search(r"\bavg\b", rule["expr"])
        assert not rule["record"].startswith(("area:", "city:")) or "/" not in rule["expr"]


@pytest.mark.outside
def test_prometheus_accepts_the_configurations(tmp_path: Path) -> None:
    for name in ("city/prometheus.yml", "school/prometheus-agent.yml"):
        text = (MONITORING / name).read_text(encoding="utf-8")
        text = re.sub(r"/etc/\S+/(\S+)", rf"{tmp_path}/\1", text)
        for path in re.findall(rf"{tmp_path}/(\S+)", text):
            (tmp_path / path).touch()
        (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
        agent = ["--agent"] if "agent" in name else []
        checked = run(
            ["promtool", "check", "config", *agent, "--syntax-only", str(tmp_path / "prometheus.yml")]
        )
        assert checked.returncode == 0, (name, checked.stderr)


@pytest.mark.outside
def test_vmagent_accepts_the_schools_configuration() -> None:
    checked = run(
        [
            "vmagent",
            f"-promscrape.config={MONITORING}/school/vmagent.yml",
            "-promscrape.config.strictParse",
            "-promscrape.config.dryRun",
            "-remoteWrite.url=http://127.0.0.1:1/",
        ]
    )
    assert checked.returncode == 0, checked.stderr[-2000:]


@pytest.mark.outside
def test_vmagent_knows_every_option_of_the_unit() -> None:
    """A misspelt option would be found by the school only at the first start."""
    unit = (ROOT / "systemd" / "camagent-vmagent.service").read_text(encoding="utf-8")
    options = set(
        re.findall(r" -([A-Za-z.]+)=?", unit.partition("ExecStart=")[2].partition("\nExecReload")[0])
    )
    output = subprocess.run(
        [program("vmagent"), "-help"], capture_output=True, text=True, timeout=30, check=False
    )
    names = set(re.findall(r"^  -([A-Za-z0-9.]+)", output.stdout + output.stderr, re.MULTILINE))
    assert options and options <= names, options - names


def register(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MONITORING / "city" / "register.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_register_gives_only_reachable_schools_as_targets() -> None:
    made = register("targets", str(MONITORING / "city" / "schools.csv"))
    (group,) = json.loads(made.stdout)
    assert group["targets"] == ["10.20.30.40:9797"]
    assert group["labels"]["area"] == "Phường Bình Thạnh"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("site,name\n", "the first line must be"),
        ("site,name,area,city,address\na b,x,y,z,\n", "line 2: site must be"),
        ("site,name,area,city,address\ns1,x,y,z,\ns1,x,y,z,\n", "line 3: site s1 stands twice"),
        ("site,name,area,city,address\ns1,x,,z,\n", "line 2: area and city"),
    ],
)
def test_a_wrong_register_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "schools.csv"
    path.write_text(text)
    made = register("targets", str(path))
    assert made.returncode == 2 and sentence in made.stderr and made.stdout == ""


def test_a_school_without_a_password_stops_the_register(tmp_path: Path) -> None:
    schools = str(MONITORING / "city" / "schools.csv")
    made = register("vmauth", schools, str(tmp_path), "http://127.0.0.1:8428")
    assert made.returncode == 2 and "s9001: needs a password" in made.stderr and made.stdout == ""
