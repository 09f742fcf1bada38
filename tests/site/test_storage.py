"""All batteries of the site as one, as the plan sees them."""

from math import inf

import pytest

from custom_components.home_energy_controller.control.model import BatteryMode
from custom_components.home_energy_controller.control.settings import Circuit
from custom_components.home_energy_controller.planning.modes import Storage
from custom_components.home_energy_controller.site.contract import PricesConfig
from custom_components.home_energy_controller.site.storage import energy_above_reserve_wh, storage_of
from tests.control.build import battery, seen, site, snapshot

CONFIG = PricesConfig()


def whole(reserve_pct: float = 0.0, **changes: object) -> dict[str, object]:
    """Return what is said of a battery of 5 kWh."""
    return {"capacity_wh": 5000.0, "reserve_pct": reserve_pct, **changes}


def test_batteries_add_up() -> None:
    """Energy between reserve and maximum; power as the device and its owner allow."""
    ours = site(
        battery("a", **whole(20.0, max_soc_pct=90.0)),
        battery("b", **whole(10.0), rated_power_w=800, max_charge_w=1500),
    )
    assert storage_of(ours, CONFIG) == Storage(
        units=2, usable_wh=5000 * 0.7 + 5000 * 0.9, charge_w=4000, discharge_w=3300, max_import_w=inf, max_export_w=inf
    )


@pytest.mark.parametrize("mode", [mode for mode in BatteryMode if mode is not BatteryMode.CONTROLLED])
def test_a_battery_that_its_owner_took_out_is_not_planned_with(mode: BatteryMode) -> None:
    """Its charge need not even be known."""
    ours = site(battery("a", **whole()), battery("b", **whole(), battery_mode=mode))
    storage = storage_of(ours, CONFIG)
    assert storage is not None
    assert (storage.units, storage.usable_wh, storage.charge_w) == (1, 5000, 2500)
    assert energy_above_reserve_wh(ours, snapshot(seen("a", soc=40.0), seen("b", soc=None))) == 2000
    assert storage_of(site(battery("b", **whole(), battery_mode=mode)), CONFIG) is None


def test_a_shared_circuit_carries_its_limit_only() -> None:
    """Three on one fuse, and one on its own."""
    shed = Circuit(name="shed", limit_w=3600)
    ours = site(*(battery(each, **whole(), circuit=shed) for each in "abc"), battery("d", **whole()))
    storage = storage_of(ours, CONFIG)
    assert storage is not None
    assert (storage.charge_w, storage.discharge_w) == (3600 + 2500, 3600 + 2500)
    assert storage.usable_wh == 20_000


def test_batteries_below_their_circuit_s_limit_are_not_raised_to_it() -> None:
    """Two circuits of their own."""
    ours = site(
        battery("a", **whole(), rated_power_w=800, circuit=Circuit(name="shed", limit_w=3600)),
        battery("b", **whole(), circuit=Circuit(name="attic", limit_w=2000)),
    )
    storage = storage_of(ours, CONFIG)
    assert storage is not None
    assert (storage.charge_w, storage.discharge_w) == (2500 + 2000, 800 + 2000)


def test_the_connection_and_the_permissions_are_the_owner_s() -> None:
    """As configured."""
    ours = site(battery("a", **whole()), max_import_w=6000, max_export_w=3000)
    storage = storage_of(ours, PricesConfig(may_charge_from_grid=True))
    assert storage is not None
    assert (storage.max_import_w, storage.max_export_w) == (6000, 3000)
    assert (storage.may_charge_from_grid, storage.may_deliver_to_grid) == (True, False)
    storage = storage_of(ours, PricesConfig(may_deliver_to_grid=True))
    assert storage is not None
    assert (storage.may_charge_from_grid, storage.may_deliver_to_grid) == (False, True)


def test_without_room_between_reserve_and_maximum_there_is_nothing_to_plan() -> None:
    """Nor is one battery's contradiction taken from another's energy."""
    assert storage_of(site(), CONFIG) is None
    assert storage_of(site(battery("a", **whole(80.0, max_soc_pct=80.0))), CONFIG) is None
    ours = site(battery("a", **whole(90.0, max_soc_pct=80.0)), battery("b", **whole()))
    storage = storage_of(ours, CONFIG)
    assert storage is not None
    assert storage.usable_wh == 5000


def test_energy_counts_above_the_reserve_and_below_the_maximum() -> None:
    """Each battery by itself; one below its reserve owes nothing."""
    ours = site(battery("a", **whole(20.0, max_soc_pct=90.0)), battery("b", **whole(20.0)))
    assert energy_above_reserve_wh(ours, snapshot(seen("a", soc=95.0), seen("b", soc=5.0))) == pytest.approx(3500)
    assert energy_above_reserve_wh(ours, snapshot(seen("a", soc=50.0), seen("b", soc=50.0))) == pytest.approx(3000)


def test_energy_is_not_known_while_the_charge_of_one_is_not() -> None:
    """Not read, or not even seen."""
    ours = site(battery("a", **whole()), battery("b", **whole()))
    assert energy_above_reserve_wh(ours, snapshot(seen("a"), seen("b", soc=None))) is None
    assert energy_above_reserve_wh(ours, snapshot(seen("a"))) is None
