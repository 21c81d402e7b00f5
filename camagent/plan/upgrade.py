"""The cheapest step that would make one camera comply, with its reason. Pure: facts and findings in, Upgrade out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from camagent.model.finding import Action, Finding, Outcome, Setting, Severity, Upgrade, Verdict
from camagent.model.scan import CameraFacts, verdict_of
from camagent.model.text import Message
from camagent.plan.encoder import Choice, choose, measured_bitrate_bps
from camagent.plan.prices import PriceList
from camagent.plan.remedies import Case, Remedy, failed, remedy_for, step
from camagent.plan.tender import tender

WEIGHTY = (Severity.BLOCKER, Severity.MAJOR)
UNKNOWN = (Outcome.NOT_ASSESSED, Outcome.DEFECT)
MAX_STEPS = 8  # a technician's list; the findings have the rest
BY_COST = (Action.INVESTIGATE, Action.RECONFIGURE, Action.UPDATE_FIRMWARE, Action.FIX_NETWORK, Action.FIX_PICTURE)


def plan_upgrade(camera: CameraFacts, findings: Sequence[Finding], prices: PriceList | None) -> Upgrade:
    """What to do about this camera: nothing when it is ready, looking closer where too little is known."""
    verdict = verdict_of(tuple(findings))
    before_bps = measured_bitrate_bps(camera)
    if verdict is Verdict.READY:
        return Upgrade(Action.NONE, (), True, bitrate_before_bps=before_bps, bitrate_after_bps=before_bps)
    if verdict is Verdict.UNDETERMINED:
        return _look_closer(findings, before_bps, prices)
    return _mend(camera, findings, prices)


def _look_closer(findings: Sequence[Finding], before_bps: float | None, prices: PriceList | None) -> Upgrade:
    """Each reason why something is not known, once, is a step."""
    open_rows = [f for f in findings if f.severity in WEIGHTY and f.outcome in UNKNOWN and not f.manual]
    steps = _distinct([_step_for_unknown(f) for f in open_rows]) or (step("nothing_known"),)
    rules = tuple(finding.rule for finding in open_rows)
    action = Action.INVESTIGATE
    if any(finding.message.key == SLOW_LINE for finding in open_rows):
        action, steps = Action.FIX_NETWORK, (step("fix_network"), *steps)
    return _priced(Upgrade(action, steps, False, rules=rules, bitrate_before_bps=before_bps), prices)


SLOW_LINE = "findings.network_slow"
LOGIN_REASONS = frozenset({"findings.fault_auth_required", "findings.fault_auth_rejected"})


def _step_for_unknown(finding: Finding) -> Message:
    return step("give_login") if finding.message.key in LOGIN_REASONS else finding.message


def _mend(camera: CameraFacts, findings: Sequence[Finding], prices: PriceList | None) -> Upgrade:
    failures = failed(findings)
    weighty = [f for f in failures if f.severity in WEIGHTY]
    case = Case(camera, choose(camera, findings))
    remedies = [(finding, remedy_for(finding, case)) for finding in weighty]
    action = _dearest([remedy.action for _, remedy in remedies])
    before_bps = measured_bitrate_bps(camera)
    slow = next((f for f in findings if f.message.key == SLOW_LINE), None)
    if slow is not None and action is not Action.REPLACE:  # behind a line that is too slow nothing can be looked into
        remedies.append((slow, Remedy(Action.FIX_NETWORK, (step("fix_network"), slow.message))))
        action = _dearest([remedy.action for _, remedy in remedies if remedy.action is not Action.INVESTIGATE])
    if action is Action.REPLACE:
        kept = [(f, r) for f, r in remedies if r.action is Action.REPLACE]
        steps = _distinct([*_steps(kept), step("replace")])
        plan = Upgrade(action, steps, True, rules=_rules(kept), bitrate_before_bps=before_bps, tender=tender(findings))
        return _priced(plan, prices)
    if any(remedy.action is Action.RECONFIGURE for _, remedy in remedies):
        # While somebody is in the menus anyway, the small faults that a setting mends are mended too.
        light = [(f, remedy_for(f, case)) for f in failures if f.severity not in WEIGHTY]
        remedies += [(f, r) for f, r in light if r.action is Action.RECONFIGURE]
    settings = _settings(remedies)
    plan = Upgrade(
        action,
        _distinct(_steps(sorted(remedies, key=lambda pair: BY_COST.index(pair[1].action)))),
        certain=slow is None
        and action is not Action.INVESTIGATE
        and not any(remedy.advertised for _, remedy in remedies),
        settings=settings,
        rules=_rules(remedies),
        bitrate_before_bps=before_bps,
        bitrate_after_bps=_after_bps(before_bps, case.encoder, settings),
    )
    return _priced(plan, prices)


def _dearest(actions: Sequence[Action]) -> Action:
    """Replacement ends the search; else what has to be found out first; else the dearest of the needed steps."""
    for action in (Action.REPLACE, Action.INVESTIGATE):
        if action in actions:
            return action
    return max(actions, key=BY_COST.index)


def _steps(remedies: Sequence[tuple[Finding, Remedy]]) -> list[Message]:
    return [text for _, remedy in remedies for text in remedy.steps]


def _distinct(steps: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(dict.fromkeys(steps))[:MAX_STEPS]


def _rules(remedies: Sequence[tuple[Finding, Remedy]]) -> tuple[str, ...]:
    return tuple(finding.rule for finding, _ in remedies)


def _settings(remedies: Sequence[tuple[Finding, Remedy]]) -> tuple[Setting, ...]:
    return tuple(dict.fromkeys(setting for _, remedy in remedies for setting in remedy.settings))


def _after_bps(before_bps: float | None, encoder: Choice, settings: Sequence[Setting]) -> float | None:
    """Unchanged without a change of the encoder; else the limit that is then set ("at most"); else not known."""
    if not set(settings) & set(encoder.settings):
        return before_bps
    return None if encoder.limit_bps is None else float(encoder.limit_bps)


def _priced(plan: Upgrade, prices: PriceList | None) -> Upgrade:
    entry = prices.of(plan.action) if prices is not None else None
    if prices is None or entry is None:
        return plan
    return replace(plan, cost_class=entry.id, cost_amount=entry.amount, cost_currency=prices.currency)
