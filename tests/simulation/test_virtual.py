"""The network without sockets."""

import json

import pytest

from simulation.battery import DeviceMode
from simulation.faults import Fault
from simulation.virtual import Exchange, VirtualLink, Wire

from .rig import Rig
from .wires import GET_MODE

REQUEST = json.dumps(GET_MODE).encode()
PASSIVE = {"id": 0, "config": {"mode": "Passive", "passive_cfg": {"power": 500, "cd_time": 300}}}


def wire_of(rig: Rig, *, latency_s: float = 0.0, loss_pct: float = 0.0, seed: int = 1) -> Wire:
    """Return a wire to a battery."""
    wire = Wire(rig.firmware, latency_s=latency_s, seed=seed)
    wire.loss_pct = loss_pct
    return wire


def follow(rig: Rig, link: VirtualLink, seconds: float) -> None:
    """Let time pass in house and network."""
    for _ in range(round(seconds / 0.1)):
        rig.house.step(0.1)
        link.step(rig.house.now)


def test_a_perfect_wire_carries_the_frames_of_the_firmware_at_once() -> None:
    """The same bytes as over UDP."""
    rig = Rig()
    assert wire_of(rig).deliver(REQUEST, 0.0) == rig.send(REQUEST)


def test_round_trips_are_log_normal_around_their_median() -> None:
    """Half within 0.2 s, 95 % within 1 s."""
    wire = wire_of(Rig(), latency_s=0.2)
    delays = sorted(wire.deliver(REQUEST, 100.0 * i)[0][0] for i in range(2000))
    assert delays[1000] == pytest.approx(0.2, rel=0.1)
    assert delays[1900] == pytest.approx(1.0, rel=0.15)


def test_lost_round_trips_come_at_their_rate_and_half_of_them_were_acted_on() -> None:
    """An acknowledgement may be lost although the command was carried out."""
    rig = Rig()
    wire = wire_of(rig, loss_pct=20)
    answered = sum(bool(wire.deliver(REQUEST, float(i))) for i in range(4000))
    assert 4000 - answered == pytest.approx(800, rel=0.15)
    assert len(rig.firmware.received) - answered == pytest.approx(400, rel=0.2)


def test_outages_come_at_their_rate_and_last_minutes() -> None:
    """Every hour or so in two days, 1 to 10 minutes each."""
    wire = wire_of(Rig())
    wire.outage_every_s = 3600
    silences, silent_s = [], 0
    for now in range(0, 48 * 3600, 5):
        if not wire.deliver(REQUEST, float(now)):
            silent_s += 5
        elif silent_s:
            silences.append(silent_s)
            silent_s = 0
    assert 25 < len(silences) < 65
    assert min(silences) >= 60
    assert 300 < max(silences) <= 1300


def test_a_silenced_wire_passes_nothing_until_the_time_it_was_silenced_for() -> None:
    """An outage of which the test knows when it ends."""
    wire = wire_of(Rig())
    wire.silence(300.0)
    assert wire.is_silent(299.0)
    assert not wire.deliver(REQUEST, 299.0)
    assert wire.deliver(REQUEST, 300.0)


def test_a_command_through_the_link_is_acknowledged_and_acts() -> None:
    """Asked, sent, answered, done."""
    rig = Rig()
    link = VirtualLink(wire_of(rig, latency_s=0.2))
    exchange = link.ask("ES.SetMode", PASSIVE, 0.0)
    follow(rig, link, 20)
    assert exchange.reply is not None
    assert exchange.reply["result"]["set_result"] is True
    assert exchange.done_at is not None
    assert 0 < exchange.done_at < 10
    assert rig.model.power_w == pytest.approx(500, abs=1)


def test_one_request_is_in_flight_and_the_next_waits_for_the_gap() -> None:
    """Two seconds between the end of one and the next."""
    rig = Rig()
    link = VirtualLink(wire_of(rig))
    exchanges = [link.ask("ES.GetMode", {"id": 0}, 0.0) for _ in range(3)]
    follow(rig, link, 10)
    times = [heard.at for heard in rig.firmware.received]
    assert [round(at, 1) for at in times] == [0.1, 2.1, 4.1]
    assert all(exchange.reply is not None for exchange in exchanges)
    assert link.datagrams == 3


def test_a_lost_request_is_repeated_and_given_up_after_three_sends() -> None:
    """Two to five seconds between them; the exchange says that no answer came."""
    rig = Rig()
    rig.model.faults.add(Fault.NO_REPLY)
    link = VirtualLink(wire_of(rig))
    exchange = link.ask("ES.SetMode", PASSIVE, 0.0)
    follow(rig, link, 20)
    assert (exchange.sends, exchange.reply) == (3, None)
    assert exchange.done_at is not None
    assert 6 < exchange.done_at < 16
    assert rig.model.mode is DeviceMode.PASSIVE
    assert all(
        2 <= b - a <= 5.1 for a, b in zip(*(([h.at for h in rig.firmware.received])[i:] for i in (0, 1)), strict=False)
    )


@pytest.mark.parametrize("fault", [Fault.NOT_JSON, Fault.LIST_FRAME, Fault.WRONG_ID])
def test_frames_that_are_no_answer_are_dropped(fault: Fault) -> None:
    """The request stays open."""
    rig = Rig()
    rig.model.faults.add(fault)
    link = VirtualLink(wire_of(rig))
    exchange = link.ask("ES.GetMode", {"id": 0}, 0.0)
    follow(rig, link, 20)
    assert exchange.reply is None


@pytest.mark.parametrize("fault", [Fault.DUPLICATE_REPLY, Fault.ECHO])
def test_one_answer_too_many_does_no_harm(fault: Fault) -> None:
    """Nor is it taken for the answer of the next request."""
    rig = Rig()
    rig.model.faults.add(fault)
    link = VirtualLink(wire_of(rig))
    exchanges = [link.ask(method, {"id": 0}, 0.0) for method in ("ES.GetMode", "Bat.GetStatus")]
    follow(rig, link, 10)
    assert ["bat_soc" in (e.reply or {})["result"] for e in exchanges] == [True, False]


def test_a_late_answer_of_a_request_given_up_is_not_taken_for_the_next() -> None:
    """Every exchange has its own id."""
    rig = Rig()
    rig.firmware.late_s = 14.0
    rig.model.faults.add(Fault.LATE_REPLY)
    link = VirtualLink(wire_of(rig))
    first, second = link.ask("ES.GetMode", {"id": 0}, 0.0), link.ask("Bat.GetStatus", {"id": 0}, 0.0)
    follow(rig, link, 13)
    rig.model.faults.clear()
    follow(rig, link, 20)
    assert first.reply is None or "bat_soc" in first.reply["result"]
    assert second.reply is not None
    assert "soc" in second.reply["result"]


def test_the_same_seed_gives_the_same_course() -> None:
    """Two runs over a bad network."""

    def course(seed: int) -> list[Exchange]:
        rig = Rig()
        link = VirtualLink(wire_of(rig, latency_s=0.2, loss_pct=30, seed=seed), seed=seed)
        exchanges = [link.ask("ES.GetMode", {"id": 0}, 0.0) for _ in range(10)]
        follow(rig, link, 120)
        return exchanges

    assert course(1) == course(1) != course(2)
