"""Names of the integration: its domain and the keys of its entries."""

from typing import Final

DOMAIN: Final = "home_energy_controller"
MANUFACTURER: Final = "Marstek"

SUBENTRY_BATTERY: Final = "battery"

# Config entry: the site.
CONF_METER: Final = "meter"
CONF_METER_TYPE: Final = "type"
METER_HOMEWIZARD: Final = "homewizard"
METER_SENSOR: Final = "sensor"
CONF_INVERT: Final = "invert"
CONF_METER_AGE_LIMIT_S: Final = "meter_age_limit_s"

# Config subentry: one battery.
CONF_MAC: Final = "mac"
CONF_MODEL: Final = "model"
CONF_FIRMWARE: Final = "firmware"
CONF_WIFI_MAC: Final = "wifi_mac"
CONF_POWER_CLASS_W: Final = "power_class_w"
CONF_OWN_METER: Final = "own_meter"
CONF_CIRCUIT: Final = "circuit"
CONF_RELEASE: Final = "release"
CONF_SLOTS_CLEARED: Final = "slots_cleared"
CONF_CAPACITY_WH: Final = "capacity_wh"

DEFAULT_BATTERY_PORT: Final = 30000
DEFAULT_METER_PORT: Final = 80
DEFAULT_METER_AGE_LIMIT_S: Final = 60
DEFAULT_POWER_CLASS_W: Final = 800
DEFAULT_CAPACITY_WH: Final = 5120

RELEASE_DEFAULT: Final = "default"
"""A single battery is left as it was found; of several, the leader in Auto and the others idle."""
