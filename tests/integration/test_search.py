"""Looking for batteries that moved: seldom, for all sites together, and while a site does not come up."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
import pytest

from custom_components.home_energy_controller.site.search import LONGEST_S, SHORTEST_S, Searches
from simulation.faults import Fault

from .world import INTEGRATION, World, move

A, B = frozenset({"a"}), frozenset({"b"})


def searched(lost: Callable[[float], dict[str, frozenset[str]]], until: float) -> list[float]:
    """Return when a search began, while sites ask every ten seconds."""
    searches, began = Searches(), []
    for now in range(0, int(until), 10):
        began += [float(now) for site, macs in lost(now).items() if searches.is_due(site, macs, float(now))]
    return began


def test_the_pause_grows_to_an_hour_while_the_same_batteries_stay_away() -> None:
    """Ten minutes, twenty, forty, an hour."""
    began = searched(lambda _: {"home": A}, 15_000)
    assert [after - before for before, after in pairwise(began)] == [600, 1200, 2400, 3600, 3600]


def test_all_sites_together_search_once_in_ten_minutes() -> None:
    """However many miss somebody, and whoever asks."""
    began = searched(lambda now: {"home": A, "barn": B, "shed": frozenset({f"c{now // 700}"})}, 20_000)
    assert min(after - before for before, after in pairwise(began)) >= SHORTEST_S


def test_another_lost_battery_is_looked_for_soon() -> None:
    """Ten minutes after the last search, not an hour."""
    began = searched(lambda now: {"home": A if now < 9000 else A | B}, 12_000)
    assert began == [0, 600, 1800, 4200, 7800, 9000, 9600, 10_800]


def test_nobody_is_looked_for_when_nobody_is_lost() -> None:
    """And a site that is not run misses nobody."""
    assert not searched(lambda _: {"home": frozenset()}, 9000)
    searches = Searches()
    assert searches.is_due("home", A, 0.0)
    searches.forget("home")
    assert not searches.lost
    assert LONGEST_S == 3600


async def power_cut(world: World) -> None:
    """Give every battery another address, as a router does that lost its leases as well."""
    for index, battery in enumerate(world.site.batteries):
        await move(battery, f"127.0.0.{70 + index}")


async def cut_before_set_up(world: World) -> None:
    """Home Assistant starts last."""
    await power_cut(world)


async def cut_while_silent(world: World) -> None:
    """Home Assistant starts first, and the batteries much later."""
    for battery in world.site.batteries:
        battery.faults.add(Fault.DEAD)
    await world.try_set_up()
    assert world.entry.state is ConfigEntryState.SETUP_RETRY
    for battery in world.site.batteries:
        battery.faults.discard(Fault.DEAD)
    await power_cut(world)
    world.clock.now += SHORTEST_S


async def cut_with_the_meter(world: World) -> None:
    """Let the meter be silent as well."""
    world.site.p1.faults.add(Fault.P1_SERVER_ERROR)
    await power_cut(world)
    await world.try_set_up()
    assert world.entry.state is ConfigEntryState.SETUP_RETRY
    world.site.p1.faults.clear()


@pytest.mark.parametrize("cut", [cut_before_set_up, cut_while_silent, cut_with_the_meter])
async def test_a_power_cut_with_new_addresses_heals_by_itself(
    bare_world: World, cut: Callable[[World], Awaitable[None]]
) -> None:
    """The set-up that is retried finds them."""
    await cut(bare_world)
    if bare_world.entry.state is ConfigEntryState.NOT_LOADED:
        await bare_world.try_set_up()
    for _ in range(3):
        if bare_world.entry.state is ConfigEntryState.SETUP_RETRY:
            await bare_world.hass.config_entries.async_reload(bare_world.entry.entry_id)
    assert bare_world.entry.state is ConfigEntryState.LOADED
    hosts = [subentry.data["host"] for subentry in bare_world.entry.subentries.values()]
    assert hosts == ["127.0.0.70", "127.0.0.71", "127.0.0.72"]
    await bare_world.pass_time(30)
    assert bare_world.state(bare_world.battery_entity("sensor", 1, "power")) != "unavailable"


async def test_a_set_up_that_is_retried_searches_as_seldom(bare_world: World) -> None:
    """Home Assistant tries again every minute."""
    for battery in bare_world.site.batteries:
        battery.faults.add(Fault.DEAD)
    with patch(f"{INTEGRATION}.site.search.search", return_value=[]) as search:
        await bare_world.try_set_up()
        for _ in range(30):
            bare_world.clock.now += 60
            await bare_world.hass.config_entries.async_reload(bare_world.entry.entry_id)
    assert search.call_count == 3
    assert bare_world.entry.state is ConfigEntryState.SETUP_RETRY


async def test_an_address_at_which_another_answers_is_not_kept(bare_world: World) -> None:
    """Whoever answers a search under a battery's name has to answer to it as well."""
    world = bare_world
    await power_cut(world)
    for battery in world.site.batteries:
        battery.faults.add(Fault.WRONG_MAC)
    await world.try_set_up()
    assert world.entry.state is ConfigEntryState.SETUP_RETRY
    hosts = [subentry.data["host"] for subentry in world.entry.subentries.values()]
    assert not any(host.startswith("127.0.0.7") for host in hosts)
