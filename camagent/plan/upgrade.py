"""The cheapest step that would make one camera comply, with its reason. Pure: facts and findings in, Upgrade
out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from camagent.model.finding import Action, Finding, Outcome, Setting, Severity, Upgrade, Verdict
from camagent.model.prices import PriceList
from camagent.model.scan_result import CameraFacts, verdict_of
from camagent.model.stream import ProfileTarget
from camagent.model.text import Message
from camagent.plan.encoder import Choice, choose_encoder, measured_bitrate_bps
from camagent.plan.grounds import Ground, Look, doubts, main_stream, newer_firmware, rests_on
from camagent.plan.remedies import failed, remedy_for
from camagent.plan.remedy import Case, Remedy, advice, step
from camagent.plan.tender import tender, tender_rows

WEIGHTY = (Severity.BLOCKER, Severity.MAJOR)
UNKNOWN = (Outcome.NOT_ASSESSED, Outcome.DEFECT)
MAX_STEPS = 8  # a technician's list; the findings have the rest
NO_GROUND = Ground()
SLOW_GROUND = Ground(Look.DIFFERS)  # behind a line that is too slow no look is worth another
BY_COST = (
    Action.INVESTIGATE,
    Action.RECONFIGURE,
    Action.UPDATE_FIRMWARE,
    Action.FIX_NETWORK,
    Action.FIX_PICTURE,
)


def plan_upgrade(
    camera: CameraFacts, findings: Sequence[Finding], prices: PriceList | None, ground: Ground = NO_GROUND
) -> Upgrade:
    """What to do about this camera: nothing when it is ready, looking closer where too little is known."""
    verdict = verdict_of(tuple(findings))
    before_bps = measured_bitrate_bps(camera)
    if verdict is Verdict.READY:
        certain = ground.look is Look.AGREES and not doubts(camera)
        plan = Upgrade(Action.NONE, (), certain, bitrate_before_bps=before_bps, bitrate_after_bps=before_bps)
        return replace(plan, rests_on=rests_on(camera, (), ground.look))
    if verdict is Verdict.UNDETERMINED:
        return _look_closer(camera, findings, before_bps, prices)
    return _mend(camera, findings, prices, ground)


def _look_closer(
    camera: CameraFacts, findings: Sequence[Finding], before_bps: float | None, prices: PriceList | None
) -> Upgrade:
    """What would close each open row, once, is a step."""
    open_rows = [f for f in findings if f.severity in WEIGHTY and f.outcome in UNKNOWN and not f.manual]
    main = main_stream(camera)
    untold = (step("no_address"),) if main is not None and isinstance(main.target, ProfileTarget) else ()
    steps = _distinct([*untold, *map(advice, open_rows)]) or (step("nothing_known"),)
    rules = tuple(finding.rule for finding in open_rows)
    action = Action.INVESTIGATE
    if any(finding.message.key == SLOW_LINE for finding in open_rows):
        action, steps = Action.FIX_NETWORK, _distinct((step("fix_network"), *steps))
    return _priced(Upgrade(action, steps, False, rules=rules, bitrate_before_bps=before_bps), prices)


SLOW_LINE = "findings.network_slow"


def _mend(
    camera: CameraFacts, findings: Sequence[Finding], prices: PriceList | None, ground: Ground
) -> Upgrade:
    failures = failed(findings)
    weighty = [f for f in failures if f.severity in WEIGHTY]
    case = Case(camera, choose_encoder(camera, findings), ground)
    remedies = [(finding, remedy_for(finding, case)) for finding in weighty]
    action = _dearest([remedy.action for _, remedy in remedies])
    before_bps = measured_bitrate_bps(camera)
    slow = next((f for f in findings if f.message.key == SLOW_LINE), None)
    # behind a line that is too slow nothing can be looked into
    if slow is not None and action is not Action.REPLACE:
        remedies.append((slow, Remedy(Action.FIX_NETWORK, (step("fix_network"),))))
        action = _dearest(
            [remedy.action for _, remedy in remedies if remedy.action is not Action.INVESTIGATE]
        )
    if action is Action.REPLACE:
        return _priced(_replace(camera, findings, remedies, ground if slow is None else SLOW_GROUND), prices)
    if any(remedy.action is Action.RECONFIGURE for _, remedy in remedies):
        # While somebody is in the menus anyway, the small faults that a setting mends are mended too.
        light = [(f, remedy_for(f, case)) for f in failures if f.severity not in WEIGHTY]
        remedies += [(f, r) for f, r in light if r.action is Action.RECONFIGURE]
    settings = _settings(remedies)
    plan = Upgrade(
        action,
        _distinct(_steps(sorted(remedies, key=lambda pair: BY_COST.index(pair[1].action)))),
        certain=slow is None and _is_certain(camera, remedies, ground),
        settings=settings,
        rules=_rules(remedies),
        bitrate_before_bps=before_bps,
        bitrate_after_bps=_after_bps(before_bps, case.encoder, settings),
        rests_on=rests_on(camera, [finding for finding, _ in remedies], ground.look),
    )
    return _priced(plan, prices)


def _replace(
    camera: CameraFacts,
    findings: Sequence[Finding],
    remedies: Sequence[tuple[Finding, Remedy]],
    ground: Ground,
) -> Upgrade:
    """A new camera, where nothing speaks against it and two looks agree; else what to look at first."""
    before_bps = measured_bitrate_bps(camera)
    kept = [(f, r) for f, r in remedies if r.action is Action.REPLACE]
    basis = rests_on(camera, [finding for finding, _ in kept], ground.look)
    reasons = doubts(camera)
    if not reasons and ground.look is Look.AGREES:
        steps = _distinct([*_steps(kept), step("replace")])
        plan = Upgrade(Action.REPLACE, steps, True, rules=_rules(kept), bitrate_before_bps=before_bps)
        return replace(plan, tender=tender(findings), tender_rows=tender_rows(findings), rests_on=basis)
    if not reasons:
        reasons = (step("look_again" if ground.look is Look.NOT_TAKEN else "looks_differ"),)
    others = [(f, r) for f, r in remedies if r.action is not Action.REPLACE]
    steps = _distinct([*reasons, *(finding.message for finding, _ in kept), *_steps(others)])
    plan = Upgrade(Action.INVESTIGATE, steps, False, rules=_rules(remedies), bitrate_before_bps=before_bps)
    again = ground.look is Look.NOT_TAKEN and not doubts(camera)
    return replace(plan, rests_on=basis, look_again=again)


def _is_certain(camera: CameraFacts, remedies: Sequence[tuple[Finding, Remedy]], ground: Ground) -> bool:
    if any(remedy.advertised or remedy.action is Action.INVESTIGATE for _, remedy in remedies):
        return False
    firmware = any(remedy.action is Action.UPDATE_FIRMWARE for _, remedy in remedies)
    if firmware and newer_firmware(camera, ground) is None:
        return False
    return ground.look is Look.AGREES and not doubts(camera)


def _dearest(actions: Sequence[Action]) -> Action:
    """Replacement ends the search; else what has to be found out first; else the dearest of the needed
    steps."""
    for action in (Action.REPLACE, Action.INVESTIGATE):
        if action in actions:
            return action
    return max(actions, key=BY_COST.index)


def _steps(remedies: Sequence[tuple[Finding, Remedy]]) -> list[Message]:
    return list(chain.from_iterable(remedy.steps for _, remedy in remedies))


def _distinct(steps: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(dict.fromkeys(steps))[:MAX_STEPS]


def _rules(remedies: Sequence[tuple[Finding, Remedy]]) -> tuple[str, ...]:
    return tuple(finding.rule for finding, _ in remedies)


def _settings(remedies: Sequence[tuple[Finding, Remedy]]) -> tuple[Setting, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(remedy.settings for _, remedy in remedies)))


def _after_bps(before_bps: float | None, encoder: Choice, settings: Sequence[Setting]) -> float | None:
    """Unchanged without a change of the encoder; else the limit that is then set ("at most"); else not
    known."""
    if not set(settings) & set(encoder.settings):
        return before_bps
    return None if encoder.limit_bps is None else float(encoder.limit_bps)


def _priced(plan: Upgrade, prices: PriceList | None) -> Upgrade:
    entry = prices.of(plan.action) if prices is not None else None
    if prices is None or entry is None:
        return plan
    return replace(plan, cost_class=entry.id, cost_amount=entry.amount, cost_currency=prices.currency)
