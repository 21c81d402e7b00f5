"""A row's parameters as TOML gives them, checked against what the rule function takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from camagent.assess.problem import expected, problem
from camagent.assess.rule import Parameter, Rule, parameters
from camagent.model.text import Filling, Message

Complaint = tuple[str, Message]
MAX_ITEMS = 100  # more than any list of ports, codecs or operations; bounds what a file can make us keep
MAX_CHARS = 2_000


def checked_parameters(rule: Rule, table: Mapping[str, Any]) -> tuple[dict[str, Any], list[Complaint]]:
    """The parameters as the rule takes them, and every complaint: (key, what was expected)."""
    by_name = {parameter.name: parameter for parameter in parameters(rule)}
    complaints: list[Complaint] = []
    for name in table:
        if name not in by_name:
            complaints.append((name, _unknown_name(name, tuple(by_name), rule.name)))
    usable: dict[str, Any] = {}
    for name, parameter in by_name.items():
        if name in table:
            complaint = _complaint(parameter, table[name])
            if complaint is None:
                usable[name] = _as_value(parameter.kind, table[name])
            else:
                complaints.append((name, complaint))
        elif parameter.required:
            complaints.append(
                (name, problem("missing_parameter", rule=rule.name, expected=_expected(parameter)))
            )
    complaints.extend(_disorder(usable))
    return usable, complaints


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """What somebody who wrote `name` may have meant; None where nothing is near."""
    import difflib  # needed for mistakes only: 0.6 MB of a service that watches

    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=cutoff)), None)


def _unknown_name(name: str, names: tuple[str, ...], rule: str) -> Message:
    near = nearest(name, names, cutoff=0.5)
    if near:
        return problem("unknown_parameter_near", rule=rule, near=near)
    return problem("unknown_parameter", rule=rule, expected=", ".join(names) or "-")


def _complaint(parameter: Parameter, value: Any) -> Message | None:
    if not _fits(parameter.kind, value):
        return problem("wrong_type", expected=_expected(parameter), found=_shown(value))
    unit = parameter.unit
    if unit is not None and any(not unit.low <= number <= unit.high for number in _numbers(value)):
        return problem("out_of_range", low=unit.low, high=unit.high, unit=unit.symbol, found=_shown(value))
    return None


def _fits(kind: Any, value: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin is tuple:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            return False
        kinds = [inner[0]] * len(value) if inner[1:] == (Ellipsis,) else list(inner)
        return len(kinds) == len(value) and all(map(_fits, kinds, value))
    if origin is Mapping:
        return (
            isinstance(value, dict)
            and len(value) <= MAX_ITEMS
            and all(_fits(inner[1], v) for v in value.values())
        )
    return SCALARS[kind][1](value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


SCALARS: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    float: ("number", _number),
    int: ("integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    bool: ("boolean", lambda value: isinstance(value, bool)),
    str: ("text", lambda value: isinstance(value, str) and len(value) <= MAX_CHARS),
}
"""The kinds that a parameter may have: their name in the catalogue, and who belongs to them."""


def _expected(parameter: Parameter) -> Filling:
    kind = _kind_text(parameter.kind)
    return kind if parameter.unit is None else expected("with_unit", kind=kind, unit=parameter.unit.symbol)


def _kind_text(kind: Any) -> Filling:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(inner)
    if origin is tuple and inner[1:] == (Ellipsis,):
        return expected("list", item=_kind_text(inner[0]))
    if origin is tuple:
        first, second = inner  # sizes and windows: there is no longer one
        return expected("pair", first=_kind_text(first), second=_kind_text(second))
    if origin is Mapping:
        return expected("map", item=_kind_text(inner[1]))
    return expected(SCALARS[kind][0])


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def shown_value(value: Any) -> str:
    """A parameter as people read it, in the notation of the file."""
    if isinstance(value, tuple):
        return "[" + ", ".join(shown_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {shown_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)
    elif _number(value):
        yield value


def _as_value(kind: Any, value: Any) -> Any:
    """Lists become tuples, and whole numbers of a float parameter floats, so that equal files have equal
    digests."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        return tuple(value)
    if origin is Mapping:
        return {key: _as_value(inner[1], item) for key, item in sorted(value.items())}
    return float(value) if kind is float else value


def _disorder(usable: Mapping[str, Any]) -> Iterator[Complaint]:
    """floor ≤ minimum ≤ recommended ≤ maximum, for the bounds of one quantity."""
    for name, value in usable.items():
        quantity = name.removeprefix("recommended_")
        if quantity == name:
            continue
        for prefix, worse in (("minimum_", True), ("maximum_", False)):
            other = usable.get(prefix + quantity)
            if other is not None and _number(value) and (value < other if worse else value > other):
                yield name, problem("wrong_order", found=value, other=prefix + quantity, bound=other)
    for name, value in usable.items():
        bound = usable.get("minimum_" + name.removeprefix("floor_")) if name.startswith("floor_") else None
        if bound is not None and _number(value) and value > bound:
            yield (
                name,
                problem(
                    "wrong_order", found=value, other="minimum_" + name.removeprefix("floor_"), bound=bound
                ),
            )
