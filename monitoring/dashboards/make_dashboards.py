"""Writes the four Grafana dashboards beside this file.

    python monitoring/dashboards/make_dashboards.py [FOLDER]

The JSON files are what is installed; this is their source, and a test compares the two. Titles are Vietnamese
with the English after the dot. Queries at city and area level read recorded series only: a receiver refuses
to touch millions.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from grafana import Panel, Query, Variable, dashboard

GREEN, RED, AMBER = "#2f9e44", "#e03131", "#f08c00"
VERDICTS = (
    ("ready", "sẵn sàng · ready", GREEN),
    ("not_ready", "chưa sẵn sàng · not ready", RED),
    ("undetermined", "chưa xác định · not determined", AMBER),
)
CITY = Variable("city", "Thành phố · City", "label_values(city:camagent_cameras:count, city)")
AREA = Variable("area", "Địa bàn · Area", 'label_values(area:camagent_cameras:count{city="$city"}, area)')
SITE = Variable("site", "Trường · School", "label_values(site:camagent_cameras:count, site)")
CAMERA = Variable("camera", "Camera", 'label_values(camagent_camera_info{site="$site"}, camera)')


def share(numerator: str, denominator: str) -> str:
    """A ratio of sums, never a mean of ratios."""
    return f"{numerator} / {denominator}"


def number(title: str, description: str, expr: str, unit: str = "short") -> Panel:
    """A single value."""
    return Panel("stat", title, description, (Query(expr, table=True),), unit, width=4, height=4)


def verdicts_over_time(level: str, selector: str) -> Panel:
    """How many cameras have which verdict."""
    expr = f"sum by (verdict) ({level}:camagent_camera_verdict:sum{{{selector}}})"
    return Panel(
        "timeseries",
        "Kết luận · Verdicts",
        "Number of cameras with each verdict. A camera of which too little is known is not determined, "
        "never ready.",
        (Query(expr, "{{verdict}}"),),
        colours=VERDICTS,
    )


def overview(level: str, selector: str) -> list[Panel]:
    """The row of single values that every level begins with."""
    ready = f'sum({level}:camagent_camera_verdict:sum{{{selector},verdict="ready"}})'
    cameras = f"sum({level}:camagent_cameras:count{{{selector}}})"
    return [
        number("Số camera · Cameras", "Cameras that schools know of.", cameras),
        number(
            "Có trả lời · Answering",
            "Share of all cameras that answered when last asked; unknown counts as not.",
            share(f"sum({level}:camagent_camera_up:sum{{{selector}}})", cameras),
            "percentunit",
        ),
        number(
            "Có hình · Playing",
            "Share of all cameras whose main stream brought video at its last check.",
            share(f"sum({level}:camagent_stream_up:sum{{{selector}}})", cameras),
            "percentunit",
        ),
        number(
            "Sẵn sàng · Ready",
            "Share of all cameras with the verdict ready.",
            share(ready, cameras),
            "percentunit",
        ),
    ]


def unmet(level: str, selector: str) -> Panel:
    """Which rows of the requirement profile fail most."""
    expr = (
        f"sort_desc(sum by (rule, severity) ({level}:camagent_requirement_met:count{{{selector}}}"
        f" - {level}:camagent_requirement_met:sum{{{selector}}}))"
    )
    return Panel(
        "table",
        "Yêu cầu chưa đạt · Requirements not met",
        "Number of cameras that fail each row of the requirement profile; unknown ones are not counted.",
        (Query(expr, table=True),),
    )


def breakdown(level: str, below: str, selector: str, link: str) -> Panel:
    """One row for each unit of the level below."""
    metrics = (
        ("camagent_cameras:count", ""),
        ("camagent_camera_up:sum", ""),
        ("camagent_camera_verdict:sum", ',verdict="ready"'),
        ("camagent_camera_verdict:sum", ',verdict="not_ready"'),
        ("camagent_camera_verdict:sum", ',verdict="undetermined"'),
    )
    queries = tuple(
        Query(f"sum by ({below}) ({below}:{name}{{{selector}{extra}}})", table=True)
        for name, extra in metrics
    )
    names = {"area": "Theo địa bàn · By area", "site": "Theo trường · By school"}
    return Panel(
        "table",
        names[below],
        "Cameras, answering, ready, not ready, not determined (columns A to E).",
        queries,
        width=24,
        height=10,
        link=link,
    )


def city() -> dict[str, Any]:
    """The whole city by areas."""
    selector = 'city="$city"'
    panels = [
        *overview("city", selector),
        number(
            "Trường gửi số liệu · Schools reporting",
            "Schools whose agent is heard of now.",
            f"sum(city:camagent_reporting:count{{{selector}}})",
        ),
        number(
            "Trường im lặng · Silent schools",
            "Schools that reported within a week and do not now: nothing is known of their cameras.",
            f"sum(city:camagent_silent:count{{{selector}}}) or vector(0)",
        ),
        verdicts_over_time("city", selector),
        unmet("city", selector),
        breakdown(
            "city", "area", selector, "/d/camagent-area?var-city=${city}&var-area=${__data.fields.area}"
        ),
    ]
    return dashboard("city", "camagent: Thành phố · City", panels, [CITY])


def area() -> dict[str, Any]:
    """One area (ward, commune) by schools."""
    selector = 'city="$city",area="$area"'
    panels = [
        *overview("area", selector),
        number(
            "Trường gửi số liệu · Schools reporting",
            "Schools whose agent is heard of now.",
            f"sum(area:camagent_reporting:count{{{selector}}})",
        ),
        number(
            "Trường im lặng · Silent schools",
            "Schools that reported within a week and do not now.",
            f"sum(area:camagent_silent:count{{{selector}}}) or vector(0)",
        ),
        verdicts_over_time("area", selector),
        unmet("area", selector),
        breakdown("area", "site", selector, "/d/camagent-site?var-site=${__data.fields.site}"),
    ]
    return dashboard("area", "camagent: Địa bàn · Area", panels, [CITY, AREA])


def site() -> dict[str, Any]:
    """One school by cameras."""
    selector = 'site="$site"'
    names = "* on (site, camera) group_left (name, manufacturer, model, firmware) camagent_camera_info"
    panels = [
        *overview("site", selector),
        number(
            "Lượt kiểm tra gần nhất · Last round",
            "When the last round of full checks over all cameras ended.",
            f"max(camagent_cycle_timestamp_seconds{{{selector}}}) * 1000",
            "dateTimeFromNow",
        ),
        number(
            "Tổng băng thông · Total throughput",
            "Sum of the measured main streams.",
            f"sum(site:camagent_stream_throughput_bytes_per_second:sum{{{selector}}})",
            "Bps",
        ),
        verdicts_over_time("site", selector),
        unmet("site", selector),
        Panel(
            "table",
            "Camera · Cameras",
            "Verdict in force of each camera, with what it says it is. Click for details.",
            (Query(f"(camagent_camera_verdict{{{selector}}} == 1) {names}{{{selector}}}", table=True),),
            width=24,
            height=12,
            link="/d/camagent-camera?var-site=${site}&var-camera=${__data.fields.camera}",
        ),
        Panel(
            "timeseries",
            "Lỗi gặp phải · Faults",
            "What the network and the cameras did to us, in an hour.",
            (Query(f"site:camagent_faults:increase1h{{{selector}}} > 0 or vector(0)", "{{stage}} {{code}}"),),
        ),
        Panel(
            "timeseries",
            "Sai lệch giờ lớn nhất · Largest clock offset",
            "The clock that is off most, ahead or behind.",
            (Query(f"site:camagent_camera_clock_offset_seconds:maxabs{{{selector}}}", "{{site}}"),),
            "s",
        ),
        Panel(
            "timeseries",
            "Mất gói RTP · RTP loss",
            "Share of packets lost in the last check of each main stream.",
            (Query(f"topk(10, camagent_stream_rtp_lost_ratio{{{selector}}})", "{{camera}}"),),
            "percentunit",
        ),
        Panel(
            "timeseries",
            "Thời gian một lượt · Duration of a round",
            "Checks are spread over the interval on purpose; longer than the interval means that rounds "
            "are skipped.",
            (Query(f"camagent_cycle_duration_seconds{{{selector}}}", "{{site}}"),),
            "s",
        ),
    ]
    return dashboard("site", "camagent: Trường · School", panels, [SITE])


def camera() -> dict[str, Any]:
    """One camera."""
    selector = 'site="$site",camera="$camera"'

    def gauge(metric: str, title: str, description: str, unit: str) -> Panel:
        query = Query(f"camagent_{metric}{{{selector}}}", "{{stream}}")
        return Panel("timeseries", title, description, (query,), unit, width=8, height=6)

    panels = [
        Panel(
            "table",
            "Thông tin · Identity",
            "What the camera says of itself.",
            (
                Query(f"camagent_camera_info{{{selector}}}", table=True),
                Query(f"camagent_stream_info{{{selector}}}", table=True),
            ),
            height=6,
        ),
        Panel(
            "state-timeline",
            "Kết luận · Verdict",
            "The verdict over time.",
            (Query(f"camagent_camera_verdict{{{selector}}} == 1", "{{verdict}}"),),
            height=6,
            colours=VERDICTS,
        ),
        Panel(
            "state-timeline",
            "Có trả lời, có hình · Answering, playing",
            "1 where the camera answered and where its streams brought video.",
            (
                Query(f"camagent_camera_up{{{selector}}}", "camera"),
                Query(f"camagent_stream_up{{{selector}}}", "{{stream}}"),
            ),
            width=24,
            height=6,
        ),
        gauge(
            "stream_frame_rate_hertz", "Tốc độ khung hình · Frame rate", "Measured, not configured.", "hertz"
        ),
        gauge(
            "stream_throughput_bytes_per_second", "Băng thông · Throughput", "RTP payload as measured.", "Bps"
        ),
        gauge(
            "stream_keyframe_interval_seconds",
            "Khoảng cách khung I · Keyframe interval",
            "Measured mean.",
            "s",
        ),
        gauge("stream_rtp_lost_ratio", "Mất gói RTP · RTP loss", "Share of packets lost.", "percentunit"),
        gauge("stream_rtp_jitter_seconds", "Jitter RTP · RTP jitter", "After RFC 3550.", "s"),
        gauge("stream_first_keyframe_seconds", "Chờ khung I đầu · First keyframe", "From PLAY.", "s"),
        gauge("camera_clock_offset_seconds", "Sai lệch giờ · Clock offset", "Camera minus agent.", "s"),
        gauge("check_duration_seconds", "Thời gian kiểm tra · Check duration", "Of one full check.", "s"),
        Panel(
            "table",
            "Yêu cầu · Requirements",
            "1 met, 0 not met; rows that are not known are missing.",
            (Query(f"sort(camagent_requirement_met{{{selector}}})", table=True),),
            width=8,
            height=6,
        ),
        Panel(
            "timeseries",
            "Hình có vấn đề · Picture conditions",
            "What is plainly wrong with the picture.",
            (Query(f"camagent_image_condition{{{selector}}} or vector(0)", "{{condition}}"),),
            width=24,
            height=6,
        ),
    ]
    return dashboard("camera", "camagent: Camera", panels, [SITE, CAMERA])


DASHBOARDS = {"city": city, "area": area, "site": site, "camera": camera}


def rendered(name: str) -> str:
    """One dashboard as its file holds it."""
    return json.dumps(DASHBOARDS[name](), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    for item in DASHBOARDS:
        (folder / f"{item}.json").write_text(rendered(item), encoding="utf-8")
