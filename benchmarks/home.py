"""The home of a run: its batteries, network and meter, what each was told, and what became of it."""

from collections import Counter
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from benchmarks.scenarios import Case
from custom_components.home_energy_controller.marstek.profiles import profile_for
from simulation import assumptions as known
from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import VENUS_E3_150, VENUS_E_155, VENUS_E_156, Device, Family
from simulation.faults import Fault
from simulation.firmware import Firmware
from simulation.house import House
from simulation.manners import POLITE, Manners
from simulation.traces import Trace
from simulation.virtual import VirtualLink, Wire

WARM_UP_S = 120
"""Every strategy takes over a house at rest; nothing is counted before it has had this time for it."""
STEP_S = 0.5
FLOOR_PCT = 20.0
"""Of the devices and of every controller alike: a strategy with a lower floor of its own would win by it."""
BUS_DELAY_S = 0.2
"""RS485 with Modbus, for the rivals that use it; never lost."""
COUNTED: Final = ("commands", "mode_changes", "setpoint_changes", "renewals", "datagrams")
"""For all batteries together: repetitions are renewals; datagrams are those over UDP with the polls, or bus writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a strategy has to live with; None means as it ships."""

    batteries: int = 3
    device: Device = VENUS_E_156
    power_w: int = 2500
    """Limit of each battery, both ways."""
    meter_period_s: float = 1.0
    loss_pct: float = 3.0
    """Of the round trips over UDP."""
    outage_every_s: float = inf
    drops_per_h: float = 0.0
    """How often a battery leaves Passive without telling."""
    dies: bool = False
    """The fullest battery loses its power after a quarter of the run."""
    restarts: bool = False
    """Home Assistant is away for 90 s after a quarter of the run, and once every two hours from then on."""
    poll_s: float | None = None
    decide_s: float | None = None
    manners: Manners = POLITE
    """Of the batteries while nothing is broken: polite, so that figures of all times compare."""


BASE: Final = "base"
HOMES: Final[dict[str, Home]] = {
    BASE: Home(),
    "e3": Home(device=VENUS_E3_150),
    "d": Home(device=replace(VENUS_E_156, family=Family.D)),
    **{f"n{n}": Home(batteries=n) for n in (1, 2, 4, 6)},
    "w800": Home(power_w=800),
    "poll10": Home(poll_s=10.0),
    "poll120": Home(device=VENUS_E_155),
    **{f"every{s}": Home(decide_s=float(s)) for s in (10, 20, 30, 60)},
    "meter10": Home(meter_period_s=10.0),
    "loss10": Home(loss_pct=10.0),
    "outage": Home(outage_every_s=4 * 3600.0),
    "silent": Home(drops_per_h=1.0),
    "dead": Home(dies=True),
    "restart": Home(restarts=True),
}
"""The same scenarios elsewhere: Auto laws, sizes, firmware below 156 (polled every 120 s), intervals and faults."""


class Stage:
    """A run under way."""

    def __init__(self, case: Case, home: Home, seed: int, *, sharing: int = 1) -> None:
        """Build the house; the same seed makes the same batteries, losses and delays for every strategy."""
        self.case, self.home, self.seed, self.tally = case, home, seed, Counter(dict.fromkeys(COUNTED, 0))
        self.profile = profile_for(home.device.name, home.device.firmware)
        device = replace(home.device, charge_w=home.power_w, discharge_w=home.power_w)
        self.batteries = tuple(
            BatteryModel(
                device,
                soc_pct=case.soc_pct(i),
                power_class_w=home.power_w,
                seed=100 * seed + i,
                manners=home.manners,
            )
            for i in range(home.batteries)
        )
        for battery in self.batteries:
            battery.mode, battery.drops_per_h = DeviceMode.MANUAL, home.drops_per_h
            battery.law.sharing, battery.cells.floor_pct = sharing, FLOOR_PCT
        self.load = Trace([case.net_load_w[0]] * WARM_UP_S + list(case.net_load_w), 1.0)
        # A step sees the load of its middle.
        self.house = House(self.batteries, self.load, start_s=-STEP_S / 2, seed=seed)
        self.house.meter.period_s = home.meter_period_s
        self.quarter_at = WARM_UP_S + len(case.net_load_w) / 4
        self._sent: list[tuple[DeviceMode, float] | None] = [None] * home.batteries

    def link(self, index: int) -> VirtualLink:
        """Return the road to a battery over UDP."""
        seed = 100 * self.seed + index
        wire = Wire(Firmware(self.batteries[index], seed=seed), latency_s=float(known.LATENCY_MEDIAN), seed=seed)
        wire.loss_pct, wire.outage_every_s = self.home.loss_pct, self.home.outage_every_s
        link = VirtualLink(wire, seed=seed)
        link.gap_s = self.profile.request_gap_s
        return link

    def tell(self, index: int, mode: DeviceMode, power_w: float = 0.0) -> None:
        """Command a battery over a bus."""
        self.count(index, mode, power_w)
        self.tally["datagrams"] += 1
        self.batteries[index].command(mode, self.house.now + BUS_DELAY_S, power_w=power_w)

    def count(self, index: int, mode: DeviceMode, power_w: float) -> None:
        """Count a command as what it is."""
        before, self._sent[index] = self._sent[index], (mode, power_w)
        self.tally["commands"] += 1
        if before is None or before[0] is not mode:
            self.tally["mode_changes"] += 1
        else:
            self.tally["renewals" if before[1] == power_w else "setpoint_changes"] += 1

    def step(self) -> None:
        """Let time pass."""
        if self.home.dies and self.house.now >= self.quarter_at:
            self.batteries[0].faults.add(Fault.DEAD)
        self.house.step(STEP_S)
