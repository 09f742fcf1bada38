"""Every fault in the middle of a grid charge and of a delivery: nothing flows on that should not, and it comes back.

`python -m tests.integration.fault_table` writes what these rows measure into docs/reliability.md.
"""

import logging

from homeassistant.core import HomeAssistant
import pytest

from simulation.battery import DeviceMode

from .plan_fault_rows import CHARGES, DELIVERS, PLAN_KINDS, PlanKind, show_prices
from .plan_home import LOAD_W, Planned, stored
from .test_control import setpoints
from .test_fault_matrix import SAFE_WITHIN_S, Observer, Row, a_cycle, note, until
from .world import issues

CONNECTION_W = 4000
NOTED_W = 150.0
SAFE_OTHERWISE_S = 60.0
"""Two cycles, a handover, and a battery that finds out its phase when it enters Auto: 25 s at 800 W, unasked."""
RESERVE_PCT = 12.0


class PlanObserver(Observer):
    """Watches a home that follows its plan."""

    def __init__(self, home: Planned, mode: str) -> None:
        super().__init__(home.world)
        self.home, self.sign = home, -1 if mode == CHARGES else 1
        self.state = "charging_from_grid" if mode == CHARGES else "delivering_to_grid"

    def is_at_work(self) -> bool:
        """Return whether the batteries do what the plan says, with the grid."""
        exchanged_w, moved_w = -self.sign * self.world.site.house.grid_w, self.sign * self.home.power_w
        return self.world.coordinator.data.state == self.state and min(exchanged_w, moved_w) > 2 * NOTED_W

    def faults(self, *, meter_is_lost: bool) -> list[str]:
        """Return what is not as it has to be at the end of a cycle."""
        grid_w, power_w = self.world.site.house.grid_w, self.home.power_w
        asked = self.world.coordinator.data.state
        found = ["stray"] if self.strays() else []
        if meter_is_lost and any(setpoints(self.world).values()):
            found.append("without a meter")
        if power_w < -NOTED_W and grid_w > NOTED_W and asked != "charging_from_grid":
            found.append("charges from the grid")
        if power_w > NOTED_W and grid_w < -NOTED_W and asked != "delivering_to_grid":
            found.append("delivers to the grid")
        if abs(grid_w) > CONNECTION_W + 60 and grid_w * power_w < 0:
            found.append("beyond the connection")
        return found

    def check(self) -> None:
        """Assert what holds at the end of every cycle, whatever is broken."""
        for battery in self.world.site.batteries:
            assert abs(battery.model.power_w) <= 2510
            assert battery.model.cells.soc_pct > RESERVE_PCT - 1
        assert sum(battery.model.mode is DeviceMode.AUTO for battery in self.world.site.batteries) <= 1

    def told(self) -> str:
        """Return what the owner sees."""
        shown = self.world.coordinator.data
        repairs = sorted({issue.split()[0] for issue in issues(self.world)})
        parts = [shown.state, f"plan {shown.plan.status}", *(["problem"] if shown.problem else [])]
        return ", ".join([*parts, *(f"repair {key}" for key in repairs)])


@pytest.mark.parametrize("mode", [CHARGES, DELIVERS])
@pytest.mark.parametrize("name", PLAN_KINDS)
async def test_no_fault_outlives_its_time_in_the_plans_work(
    hass: HomeAssistant, planned: Planned, name: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Within limits, permissions and reserve at all times, safe in time, and back at work when it is mended."""
    kind = PLAN_KINDS[name]
    await begin(hass, planned, kind, mode)
    caplog.set_level(logging.WARNING)
    caplog.clear()
    row = await suffer(planned, kind, mode)
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING and record.name != "asyncio"]
    row.warnings = len(lines)
    assert sum(record.levelno >= logging.ERROR for record in lines) <= kind.errors, lines
    assert row.safe_s <= (SAFE_WITHIN_S if kind.meter_is_lost else SAFE_OTHERWISE_S), row
    assert row.back_s is not None, row
    note(row)


async def begin(hass: HomeAssistant, home: Planned, kind: PlanKind, mode: str) -> None:
    """Let the plan be at work, on a connection that is too small for all batteries."""
    await hass.config.async_set_time_zone(kind.zone)
    home.began = kind.began
    show_prices(home, mode)
    prices = {
        "preset": "nl_dynamic",
        "source": "entity:sensor.price",
        "may_charge_from_grid": True,
        "may_deliver_to_grid": True,
        "insists": True,
    }
    limits = {"max_import_w": CONNECTION_W, "max_export_w": CONNECTION_W}
    await home.set_up(stored(began=kind.began), {"prices": prices, **limits})
    observer = PlanObserver(home, mode)
    assert await until(home.world, observer.is_at_work, 300) is not None


async def suffer(home: Planned, kind: PlanKind, mode: str) -> Row:
    """Break it, let it last, mend it, and measure."""
    world, observer = home.world, PlanObserver(home, mode)
    row = Row(fault=kind.name, where=mode)
    await kind.break_it(home)
    world.site.house.load = lambda _: LOAD_W + 800.0  # So that limits matter.
    began_at = safe_at = world.clock()
    while world.clock() - began_at < kind.lasts_s:
        await a_cycle(world)
        observer.check()
        if observer.faults(meter_is_lost=kind.meter_is_lost):
            row.safe_s = max(row.safe_s, round(world.clock() - safe_at))
        else:
            safe_at = world.clock()
    row.seen = observer.told()
    assert observer.is_at_work() is kind.goes_on, row
    await kind.mend_it(home)
    world.site.house.load = lambda _: LOAD_W
    row.back_s = await until(world, observer.is_at_work, kind.back_within_s)
    observer.check()
    return row
