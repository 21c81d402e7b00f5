"""What an area's workbook and page say alike: names of the levels, shares, doubts. Pure."""

from __future__ import annotations

from camagent.area import AreaReport, AreaSite
from camagent.text import say
from camagent.text.moments import moment_text
from camagent.text.quantities import number_text


def merged_text(report: AreaReport, lang: str) -> str:
    """How many schools came from how many files, and when."""
    return say(
        "area.merged", lang, sites=len(report.sites), files=report.files, at=moment_text(report.at, lang)
    )


def ranked_text(report: AreaReport, lang: str) -> str:
    """Over the list of schools: by what they are ordered."""
    return say("area.ranked", lang, criterion=say(f"area.rank.{report.rank}", lang))


def covered_text(report: AreaReport, lang: str) -> str:
    """How far the merge reaches: what was checked, what was not, and that schools without a file are not in
    it."""
    return say(
        "area.covered",
        lang,
        cameras=sum(site.cameras for site in report.sites),
        missed=sum(site.not_checked for site in report.sites),
        doubtful=sum(bool(site.flags) for site in report.sites),
    )


LEVELS = ("site", "area", "city")
"""What a document says about where a school belongs, from the school upwards."""


def level_names(report: AreaReport, lang: str) -> tuple[str, str, str]:
    """What school, area and city are called here: as configured, else as the catalogue says."""
    usual = [say(f"area.level.{level}", lang) for level in LEVELS]
    site, area, city = (*report.levels, *usual[len(report.levels) :])[:3]
    return site, area, city


def need_text(site: AreaSite, lang: str) -> str:
    """The share that is surely not ready, and the share that may be."""
    low, high = (
        f"{number_text(100 * ratio, lang, 0)} %" for ratio in (site.need_low_ratio, site.need_high_ratio)
    )
    return low if low == high else say("area.need", lang, low=low, high=high)


def flags_text(site: AreaSite, lang: str) -> str:
    """The doubts about a school's data, in words."""
    return "; ".join(say(f"area.flag.{flag}", lang) for flag in site.flags)
