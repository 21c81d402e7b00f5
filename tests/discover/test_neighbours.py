from __future__ import annotations

from camagent.discover.neighbours import LOOK_EVERY_S, PATIENCE_S, Neighbourhood

HOST, OTHER = "192.168.1.9", "192.168.1.10"


def test_an_address_that_was_just_asked_is_not_dead_yet() -> None:
    table = {HOST: False}
    neighbours = Neighbourhood(lambda: table)
    neighbours.asked(HOST, 10.0)
    neighbours.look(10.0 + LOOK_EVERY_S)
    assert not neighbours.is_dead(HOST)


def test_an_address_that_stays_silent_is_dead_even_when_the_kernel_forgets_it() -> None:
    table = {HOST: False}
    neighbours = Neighbourhood(lambda: table)
    neighbours.asked(HOST, 10.0)
    neighbours.look(10.0 + PATIENCE_S + LOOK_EVERY_S)
    table.clear()
    neighbours.look(99.0)
    assert neighbours.is_dead(HOST)


def test_one_answer_at_any_time_is_life() -> None:
    table = {HOST: True}
    neighbours = Neighbourhood(lambda: table)
    neighbours.asked(HOST, 10.0)
    table[HOST] = False
    neighbours.look(20.0)
    assert not neighbours.is_dead(HOST)
    table[HOST] = False
    late = Neighbourhood(lambda: table)
    late.asked(HOST, 0.0)
    late.look(5.0)
    assert late.is_dead(HOST)
    table[HOST] = True
    late.look(6.0)
    assert not late.is_dead(HOST)
    assert late.present([HOST, OTHER]) == [HOST]


def test_an_address_that_is_not_in_the_table_may_be_behind_a_router() -> None:
    neighbours = Neighbourhood(dict)
    neighbours.asked(HOST, 0.0)
    neighbours.look(9.0)
    assert not neighbours.is_dead(HOST)


def test_an_address_that_nobody_asked_is_nobody_s_business() -> None:
    neighbours = Neighbourhood(lambda: {OTHER: False})
    neighbours.look(9.0)
    assert not neighbours.is_dead(OTHER)


def test_the_table_is_not_read_for_every_packet() -> None:
    looks = 0

    def read() -> dict[str, bool]:
        nonlocal looks
        looks += 1
        return {}

    neighbours = Neighbourhood(read)
    for number in range(1000):
        neighbours.asked(f"10.0.{number // 250}.{number % 250}", number * 0.005)
    assert looks <= 5.0 / LOOK_EVERY_S + 1
