"""Every number that the simulated devices rest on, with its unit, its grade and where it comes from.

Grades: D official document, V code of the vendor, C capture by an owner, F firmware disassembly, K code of others,
U report of a user, B benchmark proposal of this project (literature and pilot runs), I inferred here.
"""

from typing import Any, Final, NamedTuple, Self, override


class Assumption(float):
    """A number that also tells why it is believed."""

    unit: str
    grade: str
    source: str

    def __new__(cls, value: float, unit: str, grade: str, source: str) -> Self:
        """Make the number and attach its evidence."""
        number = super().__new__(cls, value)
        number.unit, number.grade, number.source = unit, grade, source
        return number

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a copy is made of."""
        return type(self), (float(self), self.unit, self.grade, self.source)


RAMP: Final = Assumption(400, "W/s", "K", "AstraMeter plant: 200-400 W/s; Victron about the same")
START_DEAD_TIME: Final = Assumption(2, "s", "K", "AstraMeter plant: start from idle")
COMMAND_DEAD_TIME_MIN: Final = Assumption(0.3, "s", "B", "stijn: below 1 s on three units")
COMMAND_DEAD_TIME_MAX: Final = Assumption(1, "s", "B", "stijn: below 1 s on three units")
LAG: Final = Assumption(0.6, "s", "B", "bslib database: typical time constant of home inverters")
MINIMUM_POWER: Final = Assumption(20, "W", "K", "AstraMeter plant: 5-20 W; lox zeroes below 25 W")
# Losses: fixed, linear, square, of p in kW on the AC side. At 63 W the fit misses its own table by 5 and 8 points.
CHARGE_LOSS_FIXED: Final = Assumption(28.2, "W", "K", "fit to the table of Omnibattery's multi-battery.md")
CHARGE_LOSS_LINEAR: Final = Assumption(0.1, "W/kW", "K", "the same fit, rms 0.9 W")
CHARGE_LOSS_SQUARE: Final = Assumption(17.5, "W/kW2", "K", "the same fit")
DISCHARGE_LOSS_FIXED: Final = Assumption(28.0, "W", "K", "fit to the same table, discharge")
DISCHARGE_LOSS_LINEAR: Final = Assumption(42.8, "W/kW", "K", "the same fit, rms 3.1 W")
DISCHARGE_LOSS_SQUARE: Final = Assumption(26.3, "W/kW2", "K", "the same fit")
LOSS_SPREAD: Final = Assumption(0.1, "1", "B", "spread between units, +-10 %")
IDLE_LOSS: Final = Assumption(8, "W", "U", "VEM#13: 3-9 W read by users; drawn from the cells here (I)")
FLOOR: Final = Assumption(12, "%", "D", "DOD.SET default 88 %")
TAPER_1_FROM: Final = Assumption(95, "%", "K", "Home Battery Control")
TAPER_1_LIMIT: Final = Assumption(1500, "W", "K", "Home Battery Control")
TAPER_2_FROM: Final = Assumption(99, "%", "K", "Home Battery Control")
TAPER_2_LIMIT: Final = Assumption(1000, "W", "K", "Home Battery Control")
BOUND_HYSTERESIS: Final = Assumption(1, "%", "I", "no battery toggles at its bounds; width unknown")
GAIN_ERROR: Final = Assumption(0.01, "1", "B", "usual accuracy class of such inverters")
OFFSET_ERROR: Final = Assumption(5, "W", "B", "the same; captures show exactly 0 at idle")
HMG50_POLL_MIN: Final = Assumption(1.0, "s", "K", "AstraMeter protocol notes: V2 polls its meter every 1-3.1 s")
HMG50_POLL_MAX: Final = Assumption(3.1, "s", "K", "AstraMeter protocol notes")
E3_POLL_MIN: Final = Assumption(0.4, "s", "K", "AstraMeter protocol notes: V3 polls every 0.4-0.45 s")
E3_POLL_MAX: Final = Assumption(0.45, "s", "K", "AstraMeter protocol notes")
E3_GAIN: Final = Assumption(0.25, "1", "I", "its ramp table is unknown: HMG-50's, scaled to its polling")
D_POLL: Final = Assumption(3.0, "s", "I", "unknown; a full-gain integrator hunts when it polls within its own delay")
D_RATIO: Final = Assumption(1.0, "1", "K", "AstraMeter: 30-100 %, default 100 %")
FLIP_TICKS: Final = Assumption(10, "1", "F", "AstraMeter: a sign flip must hold; taken as answers of the meter (I)")
CAR_VOLTAGE: Final = Assumption(230, "V", "D", "EN 50160: nominal voltage")
CAR_LEAST_CURRENT: Final = Assumption(6, "A", "D", "IEC 61851")
CAR_REACTION_MIN: Final = Assumption(
    5, "s", "D", "IEC 61851: a car follows a new current within 5 s; chargers add to it"
)
CAR_REACTION_MAX: Final = Assumption(15, "s", "B", "the slowest car of issue 4")
CAR_LEAST_TIME: Final = Assumption(60, "s", "I", "contactors and cars do not switch at will")
# What devices do in the field while nothing is broken
PHASE_TEST_POWER: Final = Assumption(800, "W", "V", "emulator of taurgis, README: Auto mode first runs a CT phase test")
PHASE_TEST_TIME: Final = Assumption(20, "s", "V", "the same: about 20 s; the phase is kept in EEPROM")
PHASE_TEST_SIDE: Final = Assumption(50, "%", "V", "the same: discharging above, charging below")
BOOT_NAME_TIME: Final = Assumption(60, "s", "I", "taurgis: another name until the BMS is up; nobody says how long")
PARSE_ERRORS: Final = Assumption(
    3, "%/100 B", "I", "taurgis (F): while a CT reply is handled, long requests more often"
)
SOC_GLITCH_EVERY: Final = Assumption(12, "h", "I", "seldom; taurgis (U): charge told as 0 while the BMS says nothing")
SOC_GLITCH_MIN: Final = Assumption(10, "s", "I", "length unknown")
SOC_GLITCH_MAX: Final = Assumption(120, "s", "I", "length unknown")
BUSY_ANSWERS: Final = Assumption(75, "%", "I", "of BUSY_ANSWERS_WORST what three sends can live with: 98 % get through")
BUSY_ANSWERS_WORST: Final = Assumption(25, "%", "F", "taurgis, HMG50_METER_CHANNEL: 20-30 % while it serves its CT")
METER_TURNS_AFTER: Final = Assumption(55, "s", "F", "taurgis: of polling, then the CT socket may turn to the poller")
METER_TURNS_BACK_AFTER: Final = Assumption(15, "s", "I", "how slow polling must be to be harmless is unknown")
# What faults do
POWER_CLASS_AFTER_WIPE: Final = Assumption(800, "W", "U", "rweijnen#12: falls back after a settings loss")
ZERO_STUCK: Final = Assumption(150, "W", "U", "JS-DE: 50-250 W keep flowing for more than 60 s at Passive 0")
LEAVES_PASSIVE_AFTER: Final = Assumption(30, "s", "U", "jaapp#145: four times in two hours; sooner here")
SECOND_SEND_AFTER: Final = Assumption(10, "s", "U", "jaapp#72, #46: repeated after at least 10 s")
SECOND_CLIENT_EVERY: Final = Assumption(20, "s", "I", "a second program on the same battery")
MODE_READ_REVERT_WITHIN: Final = Assumption(15, "s", "U", "jaapp#111: GetMode at once after SetMode on 148")
MODE_READ_REVERT_AFTER: Final = Assumption(60, "s", "U", "jaapp#111: back to Auto after 60-90 s")
MUTE_PHASE: Final = Assumption(60, "s", "U", "jaapp#85")
PACKET_LOSS: Final = Assumption(30, "%", "U", "jaapp#132: methods succeed 67-77 % of the time")
LATENCY_MEDIAN: Final = Assumption(0.2, "s", "C", "taurgis#3 108 ms, jaapp#67 228 ms")
LATENCY_SIGMA: Final = Assumption(0.978, "ln s", "B", "95 % within 1 s")
OUTAGE_MIN: Final = Assumption(60, "s", "U", "jaapp#85")
OUTAGE_MAX: Final = Assumption(600, "s", "B", "benchmark proposal; about every 4 h")
METER_LATENCY_MIN: Final = Assumption(0.5, "s", "B", "benchmark proposal; AstraMeter plant 0.5 s")
METER_LATENCY_MAX: Final = Assumption(1.5, "s", "B", "benchmark proposal")
METER_NOISE: Final = Assumption(1, "W", "B", "benchmark proposal")
GRID_VOLTAGE: Final = Assumption(230, "V", "D", "EN 50160: nominal voltage")
GRID_VOLTAGE_SWING: Final = Assumption(3, "V", "I", "over an hour or two, with the street's load and sun")
GRID_VOLTAGE_NOISE: Final = Assumption(
    0.3, "V", "I", "between telegrams of DSMR 5, which tell 0.1 V: one in ten repeats"
)

TABLE: Final = {name: value for name, value in globals().items() if isinstance(value, Assumption)}


class Evidence(NamedTuple):
    """Why a behaviour without a number of its own is believed."""

    grade: str
    source: str


BEHAVIOURS: Final = {
    # Fields of Manners
    "access_point": Evidence("C", "jaapp#3, PR#4: wifi_mac is the BSSID in every build; taurgis audit 2"),
    "phase_test": Evidence("V", "emulator of taurgis, README; that it is not repeated is inferred from the EEPROM (I)"),
    "boot_name_s": Evidence("K", 'taurgis, README: HMG-50 is "Venus" while its BMS is not up'),
    "parse_errors_pct": Evidence(
        "F", "taurgis, debug log: -32700, data 403, id 0 while a CT reply is handled; jaapp#85"
    ),
    "soc_glitch_every_h": Evidence("U", "taurgis: charge and capacity drop to 0 while the BMS stops reporting"),
    "busy_answers_pct": Evidence("F", "taurgis, HMG50_METER_CHANNEL: API and meter share one receive channel"),
    "answers_to_api_port": Evidence("F", "taurgis: Venus C answers to the API port, not to the sender's"),
    # Faults
    "sku_source": Evidence("K", "taurgis, firmware_quirks: src of control 151 and Venus A 1509 carries the SKU"),
    "pv1_deciwatt": Evidence("V", "taurgis, emulator; Flodesirat#8: Venus D 147-150 too"),
    "ups_sticks": Evidence("K", "taurgis: on 148, after UPS, a later Manual runs while GetMode says UPS"),
    "boot_name": Evidence("K", 'taurgis, README: "Venus"'),
    "answers_by_broadcast": Evidence("K", "taurgis#86: mini 301, to the API port, and nothing for other source ports"),
    "directed_only": Evidence("K", "taurgis#86: mini 301 ignores broadcast discovery"),
    "unknown_silent": Evidence("K", "taurgis#86: mini 301, silence instead of -32601"),
    "meter_turns_away": Evidence("F", "taurgis, HMG50_METER_CHANNEL; jaapp#133: the meter is lost while it is polled"),
    "soc_zero": Evidence("U", "taurgis: charge drops to 0 while the BMS stops reporting"),
    "charges_nothing": Evidence("I", "cold or full cells: the BMS withdraws its permission, the mode is entered"),
    "discharges_nothing": Evidence("I", "the same the other way"),
    "meter_reversed": Evidence("U", "a clamp the wrong way round"),
    "liar": Evidence("I", "telling the setpoint for the power needs no measurement"),
    "ignores_passive": Evidence("U", "jaapp#140: acknowledged and ignored; jaapp#71: without Passive"),
    "never_auto": Evidence("U", "jaapp#140: acknowledged and ignored"),
}
"""By the field of `Manners` or the value of the `Fault`; the older faults tell their source where they are listed."""
