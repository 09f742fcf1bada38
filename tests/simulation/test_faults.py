"""Every fault has an effect that can be seen: what is healthy without it is not with it."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from math import isnan
from typing import Any

import aiohttp
import pytest

from simulation.battery import DeviceMode
from simulation.devices import VENUS_A_147, VENUS_D_147, VENUS_E3_150, Device
from simulation.faults import Fault
from simulation.house import House
from simulation.manners import POLITE
from simulation.p1 import FakeP1
from simulation.site import SimulatedSite
from simulation.traces import constant

from .field_faults import FIELD_PROBES
from .rig import Json, Rig
from .wires import GET_MODE, exchange

REQUEST = json.dumps(GET_MODE).encode()


def answer(rig: Rig) -> Json:
    """Return the whole answer to GetMode."""
    return rig.ask("ES.GetMode") or {}


def silent(method: str) -> Callable[[Rig], bool]:
    """Return a probe for silence on a method."""
    return lambda rig: rig.ask(method) is None


def fields(method: str) -> Callable[[Rig], list[str]]:
    """Return a probe for the fields of a result."""
    return lambda rig: sorted(rig.result(method))


def lost_of_a_thousand(rig: Rig) -> bool:
    """Return whether about half of the round trips fail."""
    return 400 < sum(not rig.send(REQUEST) for _ in range(1000)) < 600


def delays(rig: Rig) -> list[float]:
    """Return when the frames come."""
    return [delay_s for delay_s, _ in rig.send(REQUEST)]


def after_command(
    seconds: float, power_w: int = 500, countdown_s: int = 300
) -> Callable[[Rig], tuple[object, str, int]]:
    """Return a probe: set_result of a Passive, then mode and power after a time."""

    def probe(rig: Rig) -> tuple[object, str, int]:
        accepted = rig.passive(power_w, countdown_s)
        power = rig.run(seconds)
        return accepted, str(rig.model.mode), round(power / 50) * 50

    return probe


def second_send(rig: Rig) -> list[int]:
    """Return the power after the first send, an early repetition, and one in time."""
    powers = []
    for _ in range(3):
        rig.passive(-1000)
        powers.append(round(rig.run(6) / 50) * 50)
    return powers


def mode_read(rig: Rig) -> str:
    """Return the mode 90 s after a command that was read back at once."""
    rig.passive(0)
    rig.run(2)
    rig.ask("ES.GetMode")
    rig.run(90)
    return str(rig.model.mode)


def counters(rig: Rig) -> bool:
    """Return whether the energy counters move."""
    first = rig.result("ES.GetStatus")["total_grid_output_energy"]
    rig.passive(2000)
    rig.run(120)
    return bool(rig.result("ES.GetStatus")["total_grid_output_energy"] > first)


def stuck(rig: Rig) -> list[int]:
    """Return the power at Passive 0, and again after Manual was set in between."""
    rig.passive(0)
    powers = [round(rig.run(90))]
    rig.slot(9, "00:00", "23:59", 0, enable=0)
    rig.run(10)
    rig.passive(0)
    return [*powers, round(rig.run(20))]


def mute(rig: Rig) -> list[bool]:
    """Return whether it answers at once and after each of two minutes, cleared and set once more in between."""
    heard = [bool(rig.send(REQUEST))]
    for _ in range(2):
        rig.run(61)
        heard.append(bool(rig.send(REQUEST)))
    return heard


def wiped(rig: Rig) -> tuple[str, int, int, bool, bool]:
    """Return mode, slots, power class, meter and API of a unit that had them all."""
    rig.slot(0, "00:00", "23:59", -300)
    rig.run(10)
    rig.passive(300)
    rig.run(5)
    rig.ask("Bat.GetStatus")
    rig.run(1)
    model = rig.model
    return str(model.mode), len(model.slots), model.power_class_w, model.own_meter, bool(rig.send(REQUEST))


def dead(rig: Rig) -> tuple[int, bool]:
    """Return power and API of a unit that was told to deliver 500 W."""
    rig.passive(500)
    return round(rig.run(20) / 50) * 50, bool(rig.send(REQUEST))


INTACT, LOST = ("Passive", 1, 2500, True, True), ("Manual", 0, 800, False, False)
DONE = (True, "Passive", 500)

PROBES: dict[Fault, tuple[Callable[[Rig], object], object, object]] = {
    Fault.LATE_REPLY: (delays, [0.0], [6.0]),
    Fault.DUPLICATE_REPLY: (lambda rig: len(set(rig.send(REQUEST))) * len(rig.send(REQUEST)), 1, 2),
    Fault.NO_REPLY: (after_command(20), DONE, (None, "Passive", 500)),
    Fault.PACKET_LOSS: (lost_of_a_thousand, False, True),
    Fault.WRONG_ID: (lambda rig: answer(rig)["id"] == 7, True, False),
    Fault.ECHO: (lambda rig: [frame == REQUEST for _, frame in rig.send(REQUEST)], [False], [True, False]),
    Fault.PARSE_ERROR: (lambda rig: answer(rig).get("error", {}).get("code"), None, -32700),
    Fault.NOT_JSON: (lambda rig: rig.send(REQUEST)[0][1][:1], b"{", b"\xff"),
    Fault.LIST_FRAME: (lambda rig: rig.send(REQUEST)[0][1][:1], b"{", b"["),
    Fault.NAN: (
        lambda rig: [isnan(answer(rig)["result"][key]) for key in ("ongrid_power", "bat_soc")],
        [False] * 2,
        [True] * 2,
    ),
    Fault.WRONG_MAC: (lambda rig: answer(rig)["src"].endswith(rig.model.mac), True, False),
    Fault.NO_SRC: (lambda rig: "src" in answer(rig), True, False),
    Fault.MUTE_60S: (mute, [True, True, True], [False, True, True]),
    Fault.BROADCAST_ONLY: (
        lambda rig: [bool(rig.send(REQUEST, broadcast=b)) for b in (False, True)],
        [True] * 2,
        [False, True],
    ),
    Fault.INTEGER_ID_ONLY: (lambda rig: rig.ask("ES.GetMode", request_id="7") is None, False, True),
    Fault.MODE_MISSING: (lambda rig: "mode" in answer(rig)["result"], True, False),
    Fault.SOC_MISSING: (
        lambda rig: [
            name in rig.result(method)
            for method, name in (("ES.GetMode", "bat_soc"), ("ES.GetStatus", "bat_soc"), ("Bat.GetStatus", "soc"))
        ],
        [True] * 3,
        [False] * 3,
    ),
    Fault.PV_ABSENT: (lambda rig: "error" in (rig.ask("PV.GetStatus") or {}), False, True),
    Fault.STATUS_MUTE: (silent("ES.GetStatus"), False, True),
    Fault.BAT_MUTE: (silent("Bat.GetStatus"), False, True),
    Fault.WIFI_MUTE: (silent("Wifi.GetStatus"), False, True),
    Fault.METER_MUTE: (silent("EM.GetStatus"), False, True),
    Fault.MACS_MISSING: (
        fields("Marstek.GetDevice"),
        ["ble_mac", "device", "ip", "ver", "wifi_mac", "wifi_name"],
        ["device", "ip", "ver"],
    ),
    Fault.COUNTERS_FROZEN: (counters, True, False),
    Fault.SET_REFUSED: (after_command(20), DONE, (False, "Manual", 0)),
    Fault.SET_IGNORED: (after_command(20), DONE, (True, "Manual", 0)),
    Fault.SECOND_SEND_NEEDED: (second_send, [-1000] * 3, [0, 0, -1000]),
    Fault.LEAVES_PASSIVE: (after_command(60), DONE, (True, "Auto", 0)),
    Fault.MODE_READ_REVERTS: (mode_read, "Passive", "Auto"),
    Fault.EXPIRES_TO_AUTO: (after_command(90, countdown_s=60), (True, "Passive", 0), (True, "Auto", 0)),
    Fault.EXPIRES_TO_PREVIOUS: (after_command(90, countdown_s=60), (True, "Passive", 0), (True, "Manual", 0)),
    Fault.STUCK_150W: (stuck, [0, 0], [150, 0]),
    Fault.WRONG_SIGN: (after_command(20), DONE, (True, "Passive", -500)),
    Fault.SECOND_CLIENT: (after_command(30), DONE, (True, "Manual", 0)),
    Fault.BAT_READ_WIPES: (wiped, INTACT, LOST),
    Fault.SETTINGS_WIPE: (lambda rig: wiped(rig)[3:], (True, True), (False, False)),
    Fault.DEAD: (dead, (500, True), (0, False)),
    **FIELD_PROBES,
}


def bench(fault: Fault) -> Rig:
    """Return a battery in Manual without slots, with or without a fault."""
    device: Device = {Fault.PV_ABSENT: VENUS_A_147, Fault.PV1_DECIWATT: VENUS_D_147}.get(fault, VENUS_E3_150)
    rig = Rig(device, manners=POLITE)  # whose own misbehaviour would hide the fault
    rig.model.mode = DeviceMode.MANUAL
    return rig


@pytest.mark.parametrize("fault", PROBES)
def test_a_fault_of_a_battery_shows(fault: Fault) -> None:
    """The same probe on a healthy unit and on one with the fault."""
    probe, healthy, sick = PROBES[fault]
    assert probe(bench(fault)) == healthy
    rig = bench(fault)
    rig.model.faults.add(fault)
    rig.run(0.5)
    assert probe(rig) == sick


async def reading(site: SimulatedSite) -> tuple[int, str, Any]:
    """Return status, content type and power that the P1 tells."""
    timeout = aiohttp.ClientTimeout(total=0.3)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{site.p1_url}/api/v1/data") as response:
        text = await response.text()
        try:
            power = json.loads(text).get("active_power_w", "missing")
        except ValueError:
            power = "no JSON"
        return response.status, response.content_type, power if len(text) < 10_000 else "huge"


JSON = "application/json"
P1_READINGS: dict[Fault, tuple[int, str, object]] = {
    Fault.P1_API_OFF: (403, JSON, "missing"),
    Fault.P1_NOT_FOUND: (404, JSON, "missing"),
    Fault.P1_SERVER_ERROR: (500, JSON, "missing"),
    Fault.P1_HTML: (200, "text/html", "no JSON"),
    Fault.P1_GARBAGE: (200, JSON, "no JSON"),
    Fault.P1_HUGE: (200, JSON, "huge"),
    Fault.P1_FIELD_MISSING: (200, JSON, "missing"),
    Fault.P1_NULL: (200, JSON, None),
    Fault.P1_TEXT: (200, JSON, "a lot"),
    Fault.P1_WRONG_SIGN: (200, JSON, -600),
    Fault.P1_NAN: (200, JSON, "nan"),
}


@pytest.mark.parametrize("fault", P1_READINGS)
async def test_a_fault_of_the_meter_shows_over_http(socket_enabled: None, fault: Fault) -> None:
    """And goes when it is taken away."""
    async with SimulatedSite(0, load=600.0) as site:
        site.advance(5)
        assert await reading(site) == (200, JSON, pytest.approx(600, abs=5))
        site.p1.faults.add(fault)
        status, content_type, power = await reading(site)
        power = "nan" if isinstance(power, float) and isnan(power) else power
        power = round(power, -1) if isinstance(power, int) else power
        assert (status, content_type, power) == P1_READINGS[fault]
        site.p1.faults.clear()
        assert (await reading(site))[0] == 200


async def p1_hangs(site: SimulatedSite) -> None:
    """Nothing comes, and stopping does not hang either."""
    site.p1.faults.add(Fault.P1_TIMEOUT)
    with pytest.raises(TimeoutError):
        await reading(site)
    await asyncio.sleep(0.05)
    waiting = [task for task in asyncio.all_tasks() if "_handle_request" in str(task.get_coro())]
    assert not waiting, "nobody waits for an answer that nobody wants any more"


async def p1_freezes(site: SimulatedSite) -> None:
    """See the value stay while the house moves on."""
    site.p1.faults.add(Fault.P1_FROZEN)
    site.house.load = constant(2000.0)
    site.advance(10)
    assert (await reading(site))[2] == pytest.approx(600, abs=5)
    assert site.house.grid_w == 2000
    site.p1.faults.clear()
    site.advance(10)
    assert (await reading(site))[2] == pytest.approx(2000, abs=5)


async def p1_jumps(site: SimulatedSite) -> None:
    """8 kW from one value to the next."""
    site.p1.faults.add(Fault.P1_JUMP)
    site.advance(3)
    assert (await reading(site))[2] == pytest.approx(8600, abs=5)


async def foreign_address(site: SimulatedSite) -> None:
    """See the same answer come from an address that nobody asked."""
    battery = SimulatedSite(1).batteries[0]
    await battery.start()
    try:
        assert [sender[0] for _, sender in await exchange(battery.host, battery.port)] == [battery.host]
        battery.faults.add(Fault.FOREIGN_ADDRESS)
        ((frame, sender),) = await exchange(battery.host, battery.port)
        assert frame["id"] == 7
        assert sender[0] not in (battery.host, "127.0.0.1")
    finally:
        await battery.stop()


async def by_broadcast(site: SimulatedSite) -> None:
    """See the answer go to everybody, and none to a port that is not its own."""
    battery = SimulatedSite(1).batteries[0]
    await battery.start()
    try:
        battery.faults.add(Fault.ANSWERS_BY_BROADCAST)
        assert await exchange(battery.host, battery.port) == []
        ask = exchange(battery.host, battery.port, from_port=battery.port, hear_broadcasts=True)
        assert [sender[0] for _, sender in await ask] == [battery.host]
    finally:
        await battery.stop()


ON_SOCKETS: dict[Fault, Callable[[SimulatedSite], Awaitable[None]]] = {
    Fault.P1_TIMEOUT: p1_hangs,
    Fault.P1_FROZEN: p1_freezes,
    Fault.P1_JUMP: p1_jumps,
    Fault.FOREIGN_ADDRESS: foreign_address,
    Fault.ANSWERS_BY_BROADCAST: by_broadcast,
}


@pytest.mark.parametrize("fault", ON_SOCKETS)
async def test_a_fault_that_needs_its_own_story_shows(socket_enabled: None, fault: Fault) -> None:
    """Each as its name says."""
    async with SimulatedSite(0, load=600.0) as site:
        site.advance(5)
        await ON_SOCKETS[fault](site)


def test_no_fault_is_without_a_test() -> None:
    """A fault that is only a name would go unnoticed. That of TLS shows in `tests/meter/test_homewizard_v2.py`."""
    assert PROBES.keys() | P1_READINGS.keys() | ON_SOCKETS.keys() | {Fault.P1_CUTS} == set(Fault)


def test_once_makes_a_fault_act_on_a_single_request() -> None:
    """In the order in which they were put."""
    rig = Rig()
    rig.firmware.once.extend((Fault.NO_REPLY, Fault.PARSE_ERROR))
    assert rig.ask("ES.GetMode") is None
    assert "error" in answer(rig)
    assert "result" in answer(rig)


def test_a_mute_phase_can_come_again() -> None:
    """A whole minute, also when the first one was ended by hand and nothing else was wrong meanwhile."""
    rig = Rig()
    for _ in range(2):
        rig.model.faults.add(Fault.MUTE_60S)
        rig.run(50)
        assert rig.model.faults == {Fault.MUTE_60S}
        rig.model.faults.clear()
        rig.run(50)


def test_a_wipe_can_come_again() -> None:
    """After the owner had put everything right."""
    rig = Rig()
    for _ in range(2):
        rig.model.mode, rig.model.own_meter = DeviceMode.AUTO, True
        rig.model.faults.add(Fault.SETTINGS_WIPE)
        rig.run(1)
        assert (rig.model.mode, rig.model.own_meter) == (DeviceMode.MANUAL, False)
        rig.model.faults.clear()
        rig.run(1)


def test_a_wipe_opens_the_api_again_but_brings_nothing_back() -> None:
    """The owner has to redo it in the app."""
    rig = Rig()
    rig.model.faults.add(Fault.SETTINGS_WIPE)
    rig.run(5)
    rig.model.faults.clear()
    assert answer(rig)["result"]["mode"] == "Manual"
    assert rig.model.power_class_w == 800


def test_the_batteries_see_a_frozen_meter_too() -> None:
    """Their own meter is the same P1: a leader on it runs away."""
    rig = Rig(VENUS_D_147, load_w=400)
    rig.run(2)
    rig.house.meter.faults.add(Fault.P1_FROZEN)
    assert rig.run(60) > 2000


def test_http_only_faults_leave_the_batteries_alone() -> None:
    """Auto goes on while nobody can read the P1."""
    rig = Rig(VENUS_E3_150, load_w=400)
    rig.house.meter.faults.update({Fault.P1_API_OFF, Fault.P1_WRONG_SIGN})
    assert rig.run(120) == pytest.approx(400, abs=25)


def test_a_house_without_the_meter_faults_has_none() -> None:
    """The P1 shares the faults of the house's meter."""
    house = House([], constant(0))
    p1 = FakeP1(house)
    p1.faults.add(Fault.P1_FROZEN)
    assert house.meter.faults == {Fault.P1_FROZEN}
