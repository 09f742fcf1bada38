"""What shows the faults that owners and disassemblers reported: a probe, what it sees without and with the fault."""

from collections.abc import Callable
import json

from simulation.battery import DeviceMode
from simulation.faults import Fault

from .rig import Json, Rig

GET_DEVICE = json.dumps({"id": 7, "method": "Marstek.GetDevice", "params": {"ble_mac": "0"}}).encode()


def told(*ways: str) -> Callable[[Rig], list[object]]:
    """Return a probe: values of one reply, each "" for the sender or "method field"."""

    def probe(rig: Rig) -> list[object]:
        rig.model.pv_w = 400
        return [rig.result(method)[field] for method, _, field in (way.partition(" ") for way in ways)]

    return probe


def source(rig: Rig) -> str:
    """Return whom the reply is from, without its MAC."""
    answer: Json = rig.ask("ES.GetMode") or {}
    return str(answer["src"]).rpartition("-")[0]


def heard(rig: Rig) -> list[bool]:
    """Return whether a directed and a broadcast question are answered."""
    return [bool(rig.send(GET_DEVICE, broadcast=broadcast)) for broadcast in (False, True)]


def after(mode: DeviceMode, *, load_w: float = 0.0, power_w: float = 0.0) -> Callable[[Rig], tuple[str, int, int]]:
    """Return a probe: what it says it does, and what it truly does, a minute after a command that it took."""

    def probe(rig: Rig) -> tuple[str, int, int]:
        rig.house.load = lambda _: load_w
        settings = {"power": round(power_w), "cd_time": 300} if mode is DeviceMode.PASSIVE else {"enable": 1}
        assert rig.set_mode(mode, **settings) is True
        rig.run(60)
        status = rig.result("ES.GetMode")
        return status["mode"], *(round(w / 100) * 100 for w in (status["ongrid_power"], rig.model.power_w))

    return probe


def after_ups(rig: Rig) -> tuple[str, int]:
    """Return the mode that it says and its power in Manual, after UPS."""
    rig.set_mode("UPS")
    rig.run(30)
    rig.slot(0, "00:00", "23:59", -300)
    return str((rig.run(30), rig.result("ES.GetMode")["mode"])[1]), round(rig.model.power_w / 100) * 100


def polled(rig: Rig) -> list[bool]:
    """Return whether it has a meter: after 50 s of polling, after 70 s, and after half a minute of rest."""
    found = []
    for seconds in (50, 20):
        for _ in range(seconds // 5):
            rig.run(5)
            rig.ask("ES.GetMode")
        rig.run(1)
        found.append(rig.model.meter_w is not None)
    rig.run(30)
    return [*found, rig.model.meter_w is not None]


PASSIVE, AUTO = DeviceMode.PASSIVE, DeviceMode.AUTO
FIELD_PROBES: dict[Fault, tuple[Callable[[Rig], object], object, object]] = {
    Fault.SKU_SOURCE: (source, "VenusE 3.0", "VNSE3-0"),
    Fault.BOOT_NAME: (told("Marstek.GetDevice device"), ["VenusE 3.0"], ["Venus"]),
    Fault.PV1_DECIWATT: (
        told("PV.GetStatus pv1_power", "PV.GetStatus pv1_voltage", "PV.GetStatus pv1_current"),
        [400, 40, 10],
        [4000, 40, 10],
    ),
    Fault.SOC_ZERO: (told("ES.GetMode bat_soc", "ES.GetStatus bat_soc", "Bat.GetStatus soc"), [50] * 3, [0] * 3),
    Fault.UPS_STICKS: (after_ups, ("Manual", -300), ("UPS", -300)),
    Fault.DIRECTED_ONLY: (heard, [True, True], [True, False]),
    Fault.UNKNOWN_SILENT: (lambda rig: rig.ask("PV.GetStatus") is None, False, True),
    Fault.METER_TURNS_AWAY: (polled, [True, True, True], [True, False, True]),
    Fault.CHARGES_NOTHING: (after(AUTO, load_w=-700), ("Auto", -700, -700), ("Auto", 0, 0)),
    Fault.DISCHARGES_NOTHING: (after(PASSIVE, power_w=700), ("Passive", 700, 700), ("Passive", 0, 0)),
    Fault.METER_REVERSED: (after(AUTO, load_w=700), ("Auto", 700, 700), ("Auto", -800, -800)),
    Fault.LIAR: (after(PASSIVE, power_w=700), ("Passive", 700, 700), ("Passive", 700, 0)),
    Fault.IGNORES_PASSIVE: (after(PASSIVE, power_w=700), ("Passive", 700, 700), ("Manual", 0, 0)),
    Fault.NEVER_AUTO: (after(AUTO, load_w=700), ("Auto", 700, 700), ("Manual", 0, 0)),
}
