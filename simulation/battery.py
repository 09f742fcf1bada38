"""One battery as a device: modes, commands, countdowns and faults, the same in real and in virtual time."""

from enum import StrEnum
from math import inf
from random import Random

from simulation import assumptions as known
from simulation.auto_laws import law_for
from simulation.devices import VENUS_E3_150, Device
from simulation.faults import Fault
from simulation.manners import RUDE, Manners, PhaseTest
from simulation.physics import Cells, Inverter
from simulation.slots import Slot, slots_power_w


class DeviceMode(StrEnum):
    """A mode in the device's own words."""

    AUTO = "Auto"
    MANUAL = "Manual"
    PASSIVE = "Passive"
    AI = "AI"
    UPS = "UPS"


class BatteryModel:
    """A battery that is stepped by the house; power is positive while it discharges.

    Its clock is `now`, in real seconds, for everything but energy and the time of day: these run `speed` times faster.
    `drops_per_h` is how often it leaves Passive silently (jaapp#145: up to 2), `meter_w` what its own meter shows.
    `manners` is how it behaves while nothing is broken: POLITE for tests of something else, and for benchmarks.
    """

    def __init__(
        self,
        device: Device = VENUS_E3_150,
        *,
        soc_pct: float = 50.0,
        power_class_w: int = 2500,
        seed: int = 1,
        manners: Manners = RUDE,
    ) -> None:
        self._random = Random(f"battery {seed}")
        self.device, self.mac, self.power_class_w, self.own_meter = device, f"02a1b0{seed:06x}", power_class_w, True
        self.mode = self._previous_mode = DeviceMode.AUTO
        self.faults = set(device.quirks)
        self.slots: dict[int, Slot] = {}
        self.now = self.power_w = self.passive_w = self.pv_w = self.week_start_s = self.drops_per_h = 0.0
        self.speed, self.manners = 1.0, manners
        self.meter_w: float | None = None
        self.phase_known = self.was_ups = False
        self.booted_at = self.meter_away_until = -inf
        spread, gain, offset = (self._random.uniform(-1.0, 1.0) for _ in range(3))
        self._gain, self._offset_w = 1.0 + known.GAIN_ERROR * gain, known.OFFSET_ERROR * offset
        self.cells = Cells(device.capacity_wh, soc_pct, 1.0 + known.LOSS_SPREAD * spread)
        self.law, self._inverter = law_for(device.family, self._random), Inverter()
        self._pending: tuple[DeviceMode, float, float] | None = None
        self._command_at = self._expires_at = self._drop_at = self._event_at = self._unmute_at = inf
        self._poll_at = self._second_client_at = 0.0
        self._phase_known_at, self._phase_test_w = inf, 0.0
        self._wiped = self._suffered = False

    @property
    def soc_pct(self) -> float:
        """Return the exact state of charge; the device tells whole per cents only."""
        return self.cells.soc_pct

    @property
    def measured_w(self) -> float:
        """Return the AC power as its own measurement shows it; captures show exactly 0 at standstill."""
        return self.power_w * self._gain + self._offset_w if self.power_w else 0.0

    def command(self, mode: DeviceMode, now: float, *, power_w: float = 0.0, countdown_s: float = inf) -> None:
        """Take a command: it acts after a short dead time, the countdown runs from now on."""
        self._pending, self._drop_at = (mode, power_w, now + countdown_s), inf
        self._command_at = now + self._random.uniform(known.COMMAND_DEAD_TIME_MIN, known.COMMAND_DEAD_TIME_MAX)
        self._event_at = min(self._event_at, self._command_at)

    def fall_to_auto_at(self, at: float) -> None:
        """Fall back to Auto at a time without telling, unless a command comes first."""
        self._drop_at = at
        self._event_at = min(self._event_at, at)

    def step(self, dt_s: float, meter_w: float | None, now: float) -> None:
        """Go on by `dt_s` seconds to `now`; `meter_w` is what a meter shows, None for nothing."""
        self.now, self.meter_w = now, meter_w if self.own_meter and now >= self.meter_away_until else None
        if self.faults or self._suffered:
            self._suffer(now)
            if Fault.DEAD in self.faults:
                return
        if now >= self._event_at:
            self._run_events(now)
        # The power class clamps in silence. No source says that it limits charging, so here it does not.
        device = self.device
        low_w, high_w = self.cells.limits_w(device.charge_w, min(device.discharge_w, self.power_class_w))
        if self.faults:
            low_w = 0.0 if Fault.CHARGES_NOTHING in self.faults else low_w
            high_w = 0.0 if Fault.DISCHARGES_NOTHING in self.faults else high_w
        wanted_w = min(max(self._wanted_w(now, low_w, high_w), low_w), high_w)
        self.power_w = self._inverter.step(wanted_w, dt_s, now)
        self.cells.store(self.power_w, self.pv_w, dt_s * self.speed / 3600.0)

    def _wanted_w(self, now: float, low_w: float, high_w: float) -> float:
        """Return the power that the mode asks for."""
        mode = self.mode
        if mode is DeviceMode.AUTO or mode is DeviceMode.AI:  # what AI does is the cloud's secret: Auto here
            if not self.phase_known and self._tests_phase(now):
                return self._phase_test_w
            if now < self._poll_at:
                return self.law.setpoint_w
            self._poll_at = max(self._poll_at + self.law.poll_s(), now)
            if self.meter_w is None:
                self.law.start(0.0)
                return 0.0
            return self.law.answer(self.meter_w, self.power_w, low_w, high_w)
        if mode is DeviceMode.UPS:
            return low_w
        wanted_w = self.passive_w
        if mode is DeviceMode.MANUAL:
            wanted_w = slots_power_w(self.slots.values(), self.week_start_s + now * self.speed)
        elif wanted_w == 0.0 and Fault.STUCK_150W in self.faults:
            return float(known.ZERO_STUCK)
        elif Fault.LIAR in self.faults and Fault.WRONG_SIGN not in self.faults:
            return 0.0
        return -wanted_w if Fault.WRONG_SIGN in self.faults else wanted_w

    def _tests_phase(self, now: float) -> bool:
        """Return whether Auto is still finding out its phase, for which it needs its meter."""
        if self.manners.phase_test is PhaseTest.NEVER or self.meter_w is None:
            return False
        if self._phase_known_at == inf:
            self._phase_known_at = now + known.PHASE_TEST_TIME
            self._phase_test_w = known.PHASE_TEST_POWER * (1 if self.soc_pct > known.PHASE_TEST_SIDE else -1)
        if now >= self._phase_known_at:
            self.phase_known, self._phase_known_at = True, inf
            self.law.start(self.power_w)
        return not self.phase_known

    def _enter(self, mode: DeviceMode, power_w: float = 0.0, expires_at: float = inf) -> None:
        """Be in a mode from now on, by whatever cause."""
        if mode is DeviceMode.PASSIVE and self.mode is not DeviceMode.PASSIVE:
            self._previous_mode = self.mode
        if mode is DeviceMode.AUTO and self.mode is not DeviceMode.AUTO:
            self.law.start(self.power_w)
            self.phase_known &= self.manners.phase_test is not PhaseTest.EVERY
        if mode is not self.mode:
            self._phase_known_at = inf
        self.was_ups |= mode is DeviceMode.UPS
        if mode is DeviceMode.MANUAL:
            self.faults.discard(Fault.STUCK_150W)
        self.mode, self.passive_w, self._expires_at = mode, power_w, expires_at

    def _run_events(self, now: float) -> None:
        """Do what is due: a command after its dead time, a silent drop, the end of the countdown."""
        if now >= self._command_at and self._pending is not None:
            self._command_at = inf
            self._enter(*self._pending)
            if self.mode is DeviceMode.PASSIVE and Fault.LEAVES_PASSIVE in self.faults:
                self._drop_at = now + known.LEAVES_PASSIVE_AFTER
            elif self.mode is DeviceMode.PASSIVE and self.drops_per_h:
                self._drop_at = now + self._random.expovariate(self.drops_per_h / 3600.0)
        if now >= self._drop_at:
            self._drop_at = inf
            self._enter(DeviceMode.AUTO)
        if now >= self._expires_at:
            previous = self._previous_mode if Fault.EXPIRES_TO_PREVIOUS in self.faults else DeviceMode.PASSIVE
            self._enter(DeviceMode.AUTO if Fault.EXPIRES_TO_AUTO in self.faults else previous)
        self._event_at = min(self._command_at, self._expires_at, self._drop_at)

    def _suffer(self, now: float) -> None:
        """Let those faults act that need no command; once more after the last of them has gone."""
        self._suffered = bool(self.faults)
        if Fault.SETTINGS_WIPE in self.faults and not self._wiped:
            self.slots.clear()
            self.phase_known = False
            self.power_class_w, self.own_meter = int(known.POWER_CLASS_AFTER_WIPE), False
            self._command_at = self._drop_at = inf
            self._enter(DeviceMode.MANUAL)
        self._wiped = Fault.SETTINGS_WIPE in self.faults
        if Fault.SECOND_CLIENT in self.faults and now >= self._second_client_at:
            self._second_client_at = now + known.SECOND_CLIENT_EVERY
            self.command(DeviceMode.MANUAL, now)
        self._unmute_at = min(self._unmute_at, now + known.MUTE_PHASE) if Fault.MUTE_60S in self.faults else inf
        if now >= self._unmute_at:
            self.faults.discard(Fault.MUTE_60S)
        if Fault.METER_REVERSED in self.faults and self.meter_w is not None:
            self.meter_w = -self.meter_w
        if Fault.DEAD in self.faults:
            self._inverter.stop()
            self.power_w = 0.0
            self.booted_at, self._phase_known_at = now, inf
