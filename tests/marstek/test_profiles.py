"""What each family and firmware is taken for, and how it is treated."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.marstek.profiles import Family, firmware_major, is_bare, profile_for


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("VenusE 3.0", Family.VENUS_E3),
        ("venuse3", Family.VENUS_E3),
        ("VNSE3-0", Family.VENUS_E3),
        ("VenusE", Family.HMG50),
        ("venuse", Family.HMG50),
        ("HMG-50", Family.HMG50),
        ("VenusC", Family.HMG25),
        ("HMG-25", Family.HMG25),
        ("VNSE3-0-acd9290a1b2c", Family.VENUS_E3),
        ("VNSA-0", Family.VENUS_A),
        ("VNSD-0-acd9290a1b2c", Family.VENUS_D),
        ("VenusA", Family.VENUS_A),
        ("Venus A", Family.VENUS_A),
        ("Venus D", Family.VENUS_D),
        ("VNSEM-0", Family.MINI),
        ("Jupiter", Family.UNKNOWN),
        ("", Family.UNKNOWN),
        (None, Family.UNKNOWN),
    ],
)
def test_a_device_string_names_a_family(model: str | None, family: Family) -> None:
    """With and without space, as sales name or as hardware name."""
    assert profile_for(model, 150).family is family


@pytest.mark.parametrize(
    "name",
    [
        "VenusE Pro",
        "VEPRO-0",
        *("VNSE4-0", "VNSA2-0", "VNSD2-0", "VNSG-0", "VNSB-0", "VENX-0", "VAAC2-0", "VDAC-0", "VNSEM-1", "VNSE30-1"),
        *("VenusE 4.0", "Venus E 3.5", "VenusA2", "VenusD Max", "VenusEmini", "HMG-501", "Venus"),
        "VNSE4-0-acd9290a1b2c",
    ],
)
def test_a_name_that_only_begins_like_another_is_unknown(name: str) -> None:
    """A "VenusE Pro" is a Venus A inside; what comes next year may be anything: it gets the greatest care."""
    profile, known = profile_for(name, 200), [profile_for(one, 147) for one in ("VenusE", "VenusA", "VenusE3")]
    assert profile == profile_for("Jupiter", 200)
    assert profile.family is Family.UNKNOWN
    assert all(profile.care > other.care for other in known)


@pytest.mark.parametrize(
    ("name", "bare"), [("Venus", True), (None, True), ("venus-acd9290a1b2c", True), ("VenusE", False)]
)
def test_a_battery_that_boots_has_no_name_yet(name: str | None, bare: bool) -> None:
    """It names itself "Venus" until its BMS is up."""
    assert is_bare(name) is bare


def test_a_venus_c_has_the_firmware_of_its_elder_sister() -> None:
    """And half the cells."""
    for firmware in (111, 153, 154, 155, 156, 1581):
        sister = profile_for("VenusE", firmware)
        assert replace(profile_for("VenusC", firmware), family=Family.HMG50) == sister


@pytest.mark.parametrize(
    ("ver", "major"),
    [(None, 0), (111, 111), (148, 148), (1476, 147), (1509, 150), (1573, 157), (300, 300), (2000, 2000)],
)
def test_firmware_is_normalised(ver: int | None, major: int) -> None:
    """1476 is 147.6."""
    assert firmware_major(ver) == major
    assert profile_for("VenusE 3.0", ver).firmware_major == major


@pytest.mark.parametrize(
    ("model", "last_prone", "first_good"),
    [("VenusE 3.0", 149, 150), ("VenusE", 155, 156), ("VenusA", 1499, 1500), ("VenusD", 149, 150)],
)
def test_firmware_that_loses_its_settings_is_asked_seldom(model: str, last_prone: int, first_good: int) -> None:
    """Mended with 150 and 156."""
    prone, good = profile_for(model, last_prone), profile_for(model, first_good)
    assert (prone.reset_prone, prone.poll_interval_s, prone.request_gap_s) == (True, 120.0, 2.5)
    assert (good.reset_prone, good.poll_interval_s, good.request_gap_s) == (False, 30.0, 1.0)
    assert (prone.battery_status_safe, good.battery_status_safe) == (False, True)


@pytest.mark.parametrize(
    ("model", "firmware", "answers"),
    [
        ("VenusE 3.0", 139, False),
        ("VenusE 3.0", 144, True),
        ("VenusE", 153, True),
        ("VenusE", 155, False),
        ("VenusE", 156, True),
        ("VenusA", 147, True),
        (None, None, False),
    ],
)
def test_get_status_is_mute_on_some_firmware(model: str | None, firmware: int | None, answers: bool) -> None:
    """E3 137 and 139, HMG-50 154 and 155."""
    assert profile_for(model, firmware).energy_status_answers is answers


@pytest.mark.parametrize(
    ("model", "firmware", "has_passive"),
    [("VenusE 3.0", 135, False), ("VenusE 3.0", 139, True), ("VNSEM-0", 300, False), ("VenusE", 153, True)],
)
def test_passive_is_missing_on_some_devices(model: str, firmware: int, has_passive: bool) -> None:
    """Without it a battery can only be idled by Manual."""
    assert profile_for(model, firmware).has_passive is has_passive


def test_mode_is_not_read_right_after_a_command_on_148() -> None:
    """The unit went back to Auto (jaapp#111)."""
    assert profile_for("VenusE 3.0", 1483).mode_read_delay_s == 15.0
    assert profile_for("VenusE 3.0", 150).mode_read_delay_s == 0.0


def test_where_get_mode_must_wait_get_status_answers() -> None:
    """Else a command could not be proven for fifteen seconds."""
    for model in ("VenusE 3.0", "VenusE", "VenusA", "VenusD", "VNSEM-0", None):
        for firmware in range(100, 160):
            profile = profile_for(model, firmware)
            assert profile.energy_status_answers or profile.mode_read_delay_s == 0.0


@pytest.mark.parametrize(
    ("model", "firmware", "largest_w"),
    [
        ("VenusE 3.0", 150, 2500),
        ("VenusA", 147, 1200),
        ("VenusA", 148, 1500),
        ("VenusD", 147, 2200),
        ("VenusD", 148, 2500),
    ],
)
def test_the_owner_chooses_among_what_the_device_can_do(model: str, firmware: int, largest_w: int) -> None:
    """Firmware 148 raised the limits of A and D."""
    choices = profile_for(model, firmware).power_class_choices
    assert max(choices) == largest_w
    assert 800 in choices


def test_only_a_and_d_have_solar_strings() -> None:
    """The others answer -32601."""
    models = ("VenusE 3.0", "VenusE", "VenusA", "VenusD", "VNSEM-0", None)
    assert [model for model in models if profile_for(model, 150).has_pv] == ["VenusA", "VenusD"]


def test_the_mini_has_six_slots() -> None:
    """And nobody knows whether its cells may be read."""
    assert profile_for("VNSEM-0", 300).slot_count == 6
    assert profile_for("VNSEM-0", 300).battery_status_safe is False
