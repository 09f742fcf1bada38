"""Names of the integration: its domain and the keys of its entries."""

from typing import Final

DOMAIN: Final = "home_energy_controller"
MANUFACTURER: Final = "Marstek"
REPORTS_URL: Final = "https://github.com/home-energy-controller/home-energy-controller/issues"

SUBENTRY_BATTERY: Final = "battery"
SUBENTRY_CHARGER: Final = "ev_charger"

# Config entry: the site.
CONF_METER: Final = "meter"
CONF_METER_TYPE: Final = "type"
METER_HOMEWIZARD: Final = "homewizard"
METER_HOMEWIZARD_V2: Final = "homewizard_v2"
METER_SENSOR: Final = "sensor"
CONF_SERIAL: Final = "serial"
CONF_PRODUCT: Final = "product"
CONF_INVERT: Final = "invert"
CONF_METER_AGE_LIMIT_S: Final = "meter_age_limit_s"
CONF_CIRCUITS: Final = "circuits"
CONF_LIMIT_A: Final = "limit_a"
CONF_VOLTAGE_V: Final = "voltage_v"
CONF_LIMIT_W: Final = "limit_w"
CONF_CONNECTION: Final = "connection"
CONF_TARIFF: Final = "tariff"
CONF_PRICES: Final = "prices"
CONF_STARTS: Final = "starts"
"""Only until a new site runs for the first time: its controller begins switched on."""
CONF_MAX_IMPORT_W: Final = "max_import_w"
CONF_MAX_EXPORT_W: Final = "max_export_w"
CONF_MAX_PHASE_IMPORT_W: Final = "max_phase_import_w"
CONF_MAX_PHASE_EXPORT_W: Final = "max_phase_export_w"

# Config subentry: one battery.
CONF_MAC: Final = "mac"
CONF_MODEL: Final = "model"
CONF_FIRMWARE: Final = "firmware"
CONF_POWER_CLASS_W: Final = "power_class_w"
CONF_OWN_METER: Final = "own_meter"
CONF_CIRCUIT: Final = "circuit"
CONF_PHASE: Final = "phase"
PHASE_CHOICES: Final = ("unknown", "l1", "l2", "l3")
CONF_LIMITS: Final = "limits"
CONF_MAX_CHARGE_W: Final = "max_charge_w"
CONF_MAX_DISCHARGE_W: Final = "max_discharge_w"
CONF_CEILING_PCT: Final = "ceiling_pct"
CONF_RELEASE: Final = "release"
CONF_SLOTS_CLEARED: Final = "slots_cleared"
CONF_CAPACITY_WH: Final = "capacity_wh"

# Config subentry: the charger of the car.
CONF_CONNECTED: Final = "connected"
CONF_POWER: Final = "power"
CONF_OUTPUT: Final = "output"
CONF_SWITCH: Final = "switch"
CONF_PHASES: Final = "phases"
CONF_MOST_A: Final = "most_a"
CONF_SURPLUS_PCT: Final = "surplus_pct"
CONF_LOW_TARIFF_W: Final = "low_tariff_w"
CONF_MAY_FEED: Final = "batteries_may_feed"

MAX_BATTERIES: Final = 6
"""Of one site: what the controller was built, simulated and measured for."""
DEFAULT_BATTERY_PORT: Final = 30000
DEFAULT_METER_PORT: Final = 80
DEFAULT_METER_PORT_V2: Final = 443
DEFAULT_METER_AGE_LIMIT_S: Final = 60
DEFAULT_POWER_CLASS_W: Final = 800
DEFAULT_LIMIT_W: Final = 2500
DEFAULT_CEILING_PCT: Final = 100
DEFAULT_CAPACITY_WH: Final = 5120

RELEASE_DEFAULT: Final = "default"
"""A single battery is left as it was found; of several, the leader in Auto and the others idle."""
