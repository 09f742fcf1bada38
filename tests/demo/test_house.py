"""The house of the demo."""

import json
from statistics import fmean

import pytest

from demo.house import BATTERY_LIMIT_W, START_S, Playback, baseline, commands_sent, net_load, open_house, since
from simulation.house import Account, Baseline


def test_scenario_stands_still_until_it_is_played() -> None:
    """Home Assistant may take its time to start."""
    playback = Playback("C", 7000.0)
    assert [playback.position_s(now) for now in (0.0, 50.0)] == [7000.0, 7000.0]
    playback.play(50.0)
    assert [playback.position_s(now) for now in (50.0, 60.0)] == [7000.0, 7010.0]
    assert playback.load(60.0) - playback.pv(60.0) == pytest.approx(net_load("C")[7010])


def test_account_since_a_moment_holds_only_what_came_after() -> None:
    """Means are those of the window."""
    before = Account(hours=1.0, import_wh=500.0)
    after = Account(hours=1.5, import_wh=600.0, export_wh=100.0)
    assert since(before, after).mean_abs_grid_w == pytest.approx(400.0)


def test_without_batteries_the_grid_carries_the_net_load() -> None:
    """The simplest baseline is known from the trace alone."""
    account = baseline(Baseline.NONE, "C", start_s=7000.0, lead_in_s=60.0, duration_s=120.0)
    assert account.mean_abs_grid_w == pytest.approx(fmean(map(abs, net_load("C")[7000:7120])), rel=0.01)


def test_one_battery_alone_leaves_what_exceeds_its_limit() -> None:
    """The lead-in keeps its start out of the account."""
    account = baseline(Baseline.ONE_AUTO, "C", start_s=10_620.0, lead_in_s=90.0, duration_s=180.0)
    excess_w = fmean(abs(power_w) - BATTERY_LIMIT_W for power_w in net_load("C")[10_620:10_800])
    assert account.mean_abs_grid_w == pytest.approx(excess_w, rel=0.05)


@pytest.mark.parametrize("scenario", START_S)
def test_demonstration_soon_needs_more_than_one_battery(scenario: str) -> None:
    """Nobody wants to wait for an hour."""
    start_s = START_S[scenario]
    assert any(abs(power_w) > BATTERY_LIMIT_W for power_w in net_load(scenario)[start_s : start_s + 900])


def test_only_commands_are_counted() -> None:
    """Reading is no command."""
    site = open_house(Playback("C", 7000.0), 1.0, port=0)
    firmware = site.batteries[1].firmware
    firmware.handle(b'{"id":1,"method":"ES.GetMode","params":{"id":0}}', 0.0)
    config = {"mode": "Passive", "passive_cfg": {"power": 100, "cd_time": 60}}
    command = {"id": 2, "method": "ES.SetMode", "params": {"id": 0, "config": config}}
    firmware.handle(json.dumps(command).encode(), 1.0)
    assert commands_sent(site) == 1
