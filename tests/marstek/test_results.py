"""Results in our units: scales, ranges and the odd first solar string."""

from typing import Any

import pytest

from custom_components.home_energy_controller.marstek.errors import MarstekProtocolError
from custom_components.home_energy_controller.marstek.models import DeviceMode
from custom_components.home_energy_controller.marstek.profiles import Profile, profile_for
from custom_components.home_energy_controller.marstek.results import parse_battery, parse_info, parse_mode, parse_pv

VENUS_A = profile_for("VenusA", 147)


@pytest.mark.parametrize(
    ("raw", "mode"),
    [
        ("Auto", DeviceMode.AUTO),
        ("AI", DeviceMode.AI),
        ("Manual", DeviceMode.MANUAL),
        ("passive", DeviceMode.PASSIVE),
        ("Ups", DeviceMode.UPS),
        (0, DeviceMode.AUTO),
        (1, DeviceMode.AI),
        (2, DeviceMode.MANUAL),
        (3, DeviceMode.PASSIVE),
        (4, DeviceMode.UPS),
        (5, DeviceMode.UNKNOWN),
        (True, DeviceMode.UNKNOWN),
        (None, DeviceMode.UNKNOWN),
        ([], DeviceMode.UNKNOWN),
        ("Turbo", DeviceMode.UNKNOWN),
    ],
)
def test_modes_come_as_words_or_numbers(raw: object, mode: DeviceMode) -> None:
    """What nobody knows is unknown, not an error."""
    assert parse_mode({"mode": raw}, 1.0).mode is mode


def test_what_is_missing_is_unknown_and_not_zero() -> None:
    """A charge of 0 % would stop or start things."""
    status = parse_mode({}, 3.0)
    assert (status.soc_pct, status.ongrid_power_w, status.offgrid_power_w) == (None,) * 3
    assert status.received_at == 3.0


@pytest.mark.parametrize(
    "result",
    [
        {"bat_soc": 101},
        {"bat_soc": -1},
        {"bat_soc": "full"},
        {"bat_soc": True},
        {"ongrid_power": 10_001},
        {"ongrid_power": -10_001},
        {"offgrid_power": 1e6},
    ],
)
def test_an_impossible_value_rejects_the_frame(result: dict[str, Any]) -> None:
    """Who is wrong once is not believed."""
    with pytest.raises(MarstekProtocolError):
        parse_mode({"mode": "Auto"} | result, 1.0)


def test_extremes_that_exist_are_taken() -> None:
    """The bounds themselves are possible."""
    status = parse_mode({"bat_soc": "0", "ongrid_power": -10_000}, 1.0)
    assert (status.soc_pct, status.ongrid_power_w) == (0.0, -10_000.0)


@pytest.mark.parametrize(
    ("firmware", "raw", "temperature_c"), [(139, 254, 25.4), (150, 25, 25.0), (150, 254, None), (150, None, None)]
)
def test_temperature_of_a_venus_e3(firmware: int, raw: object, temperature_c: float | None) -> None:
    """139 sends tenths; an absurd one is left out and costs nothing else."""
    status = parse_battery({"bat_temp": raw, "soc": 50}, profile_for("VenusE 3.0", firmware), 1.0)
    assert status.temperature_c == pytest.approx(temperature_c)
    assert status.soc_pct == 50.0


@pytest.mark.parametrize("name", ["", "x" * 65, "Venus\n", 5])
def test_an_odd_device_string_is_replaced_by_the_sender(name: object) -> None:
    """It becomes a device name in Home Assistant."""
    info = parse_info({"device": name, "ver": 150}, model="VenusD", mac="009b08000002", received_at=1.0)
    assert (info.model, info.ble_mac) == ("VenusD", "009b08000002")


@pytest.mark.parametrize(
    ("raw", "first_w"),
    [
        # Voltage times current decides, whatever the other strings say.
        ({"pv1_power": 4000, "pv1_voltage": 40, "pv1_current": 10, "pv2_power": 390}, 400.0),
        ({"pv1_power": 400, "pv1_voltage": 40, "pv1_current": 10, "pv2_power": 20}, 400.0),
        ({"pv1_power": 38, "pv1_voltage": 38, "pv1_current": 1.0, "pv2_power": 3}, 38.0),
        # A current below 1 A is printed as 0: more watt than volt cannot be.
        ({"pv1_power": 268, "pv1_voltage": 33, "pv1_current": 0, "pv2_power": 300}, 26.8),
        # Then the other strings.
        ({"pv1_power": 268, "pv2_power": 29, "pv3_power": 29, "pv4_power": 25}, 26.8),
        ({"pv1_power": 30, "pv1_voltage": 33, "pv1_current": 0, "pv2_power": 29}, 30.0),
        # No witness at all: all published captures of this model were in 0.1 W.
        ({"pv1_power": 4000}, 400.0),
        ({"pv1_power": 0, "pv2_power": 50}, 0.0),
    ],
)
def test_the_first_string_of_a_venus_a_is_mostly_in_tenths(raw: dict[str, Any], first_w: float) -> None:
    """Voltage times current decides, then the other strings, then habit."""
    others_w = sum(power_w for name, power_w in raw.items() if name.endswith("_power") and name != "pv1_power")
    assert parse_pv(raw, VENUS_A, 1.0).power_w == pytest.approx(first_w + others_w)


def test_the_first_string_of_a_venus_d_is_in_watt() -> None:
    """Unless its voltage and current say otherwise."""
    assert parse_pv({"pv1_power": 400, "pv2_power": 20}, profile_for("VenusD", 150), 1.0).power_w == 420.0


@pytest.mark.parametrize("profile", [VENUS_A, profile_for("VenusD", 147), profile_for("VNSA2-0", 1)])
@pytest.mark.parametrize("string", ["pv1_", "pv2_", "pv3_", "pv4_"])
def test_voltage_and_current_tell_the_unit_of_any_string(profile: Profile, string: str) -> None:
    """Whatever the model, and whichever string it is."""
    for power, voltage, current, watt in ((4000, 40, 10, 400.0), (400, 40, 10, 400.0), (300, 40, 0, 30.0)):
        raw = {f"{string}power": power, f"{string}voltage": voltage, f"{string}current": current}
        others = {f"pv{number}_power": 100 for number in range(1, 5)} | {"pv1_voltage": 34, "pv1_current": 3}
        assert parse_pv(others | raw, profile, 1.0).power_w == pytest.approx(300.0 + watt)


def test_a_single_string_is_judged_as_well() -> None:
    """An early Venus D, and the document, number none."""
    raw = {"pv_power": 5800, "pv_voltage": 60, "pv_current": 9.6}
    assert parse_pv(raw, profile_for("VenusD", 147), 1.0).power_w == 580.0
    assert parse_pv(raw | {"pv_power": 580}, profile_for("VenusD", 147), 1.0).power_w == 580.0


@pytest.mark.parametrize(
    ("raw", "capacity_wh"), [(5120.0, 5120.0), ("2560", 2560.0), (51.2, None), (0, None), (None, None)]
)
def test_a_battery_tells_what_it_holds(raw: object, capacity_wh: float | None) -> None:
    """What no battery can hold is in another unit, and is left out."""
    assert parse_battery({"rated_capacity": raw}, VENUS_A, 1.0).capacity_wh == capacity_wh


@pytest.mark.parametrize("mac", ["000000000000", "ff:ff:ff:ff:ff:ff", "00-00-00-00-00-00", "", 0])
def test_a_mac_that_is_nobody_s_is_none(mac: object) -> None:
    """Some tell zeros while they boot: then the sender counts."""
    assert parse_info({"ble_mac": mac}, model=None, mac="009b08000002", received_at=1.0).ble_mac == "009b08000002"


def test_an_impossible_string_rejects_the_frame() -> None:
    """As any other power."""
    with pytest.raises(MarstekProtocolError):
        parse_pv({"pv1_power": 0, "pv2_power": 10_001}, VENUS_A, 1.0)


def test_no_strings_are_unknown_power() -> None:
    """Unknown is not dark."""
    assert parse_pv({"pv1_power": None}, VENUS_A, 1.0).power_w is None
    assert parse_pv({}, VENUS_A, 1.0).power_w is None
