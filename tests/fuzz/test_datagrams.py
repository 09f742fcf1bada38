"""Damaged datagrams: for the parser, and for a client that is asking at the same time."""

import asyncio
from dataclasses import replace
import gc
import json
from pathlib import Path
from random import Random
import tracemalloc
from typing import Any

from hypothesis import given, settings, strategies as st

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.device import MarstekDevice
from custom_components.home_energy_controller.marstek.errors import MarstekError
from custom_components.home_energy_controller.marstek.frames import ErrorReply, parse_datagram, redact, set_result
from custom_components.home_energy_controller.marstek.models import DeviceInfo
from custom_components.home_energy_controller.marstek.profiles import firmware_text, model_name, profile_for
from custom_components.home_energy_controller.marstek.results import (
    parse_battery,
    parse_info,
    parse_mode,
    parse_pv,
    parse_status,
)
from tests.marstek.conftest import CLIENT_HOST, PATIENT, PeerFactory
from tests.marstek.peer import Address, Peer

from .mutate import FULL, mutated

COUNT = 100_000 if FULL else 10_000
BATCH = 50
SAMPLES = Path(__file__).parent.parent / "marstek" / "marstek_samples.json"
SEEDS = [
    json.dumps({"id": 1, "src": f"{sample['model']}-acd9290a1b2c"} | sample["reply"]).encode()
    for sample in json.loads(SAMPLES.read_text())["samples"]
]
LEAK_BYTES = 1_000_000


def swallow(data: bytes) -> bool:
    """Do with a datagram all that is ever done with one; return whether it was taken. Raises MarstekError only."""
    redact(data)
    try:
        reply = parse_datagram(data)
        if isinstance(reply, ErrorReply):
            return True
        info = parse_info(reply.result, model=reply.model, mac=reply.mac, received_at=1.0)
    except MarstekError:
        return False
    profile = profile_for(info.model, info.firmware)
    f"{model_name(info.model)} {firmware_text(info.firmware)} {profile.poll_interval_s}"
    taken = False
    for parse in (
        lambda: parse_mode(reply.result, 1.0),
        lambda: parse_status(reply.result, 1.0),
        lambda: parse_battery(reply.result, profile, 1.0),
        lambda: parse_pv(reply.result, profile, 1.0),
        lambda: set_result(reply.result),
    ):
        try:
            parse()
            taken = True
        except MarstekError:
            continue
    return taken


def test_damaged_datagrams_raise_nothing_but_our_own_errors() -> None:
    """And leave nothing behind."""
    random = Random("datagrams")
    for _ in range(1000):
        swallow(mutated(random, random.choice(SEEDS)))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    taken = sum(swallow(mutated(random, random.choice(SEEDS))) for _ in range(COUNT))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < LEAK_BYTES
    assert 0.1 * COUNT < taken < 0.9 * COUNT, "the damage is neither harmless nor total"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=12,
)
FIELDS = """device ver ble_mac wifi_mac ip mode ongrid_power offgrid_power bat_soc ct_state total_power bat_cap soc
bat_temp bat_capacity charg_flag pv1_power pv2_power pv1_voltage pv1_current pv_power a_power input_energy set_result"""
NAMES = st.sampled_from(FIELDS.split())


@given(result=st.dictionaries(NAMES, JSON, max_size=12), src=JSON)
@settings(max_examples=2000 if FULL else 100, deadline=None)
def test_whatever_a_field_holds_it_is_read_or_refused(result: dict[str, object], src: object) -> None:
    """Values of every kind under the names that we read."""
    swallow(json.dumps({"id": 1, "src": src, "result": result}).encode())


@given(data=st.binary(max_size=300))
@settings(max_examples=2000 if FULL else 100, deadline=None)
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    """Bytes of every kind."""
    swallow(data)


async def test_a_client_that_is_shouted_at_still_serves(make_peer: PeerFactory, port: int) -> None:
    """Every question is answered by junk first, under the right id as well, and by the truth behind it."""
    random, sent = Random("client"), 0
    asyncio.get_running_loop().set_debug(False)

    def shout(peer: Peer, request: dict[str, Any], address: Address) -> None:
        nonlocal sent
        for _ in range(BATCH):
            seed = random.choice(SEEDS).replace(b'"id": 1', b'"id": %d' % request["id"], random.randrange(2))
            peer.send(mutated(random, seed) or b"?", address)
            sent += 1
        peer.send(peer.reply(request), address)

    client = MarstekClient(bind_host=CLIENT_HOST, timing=replace(PATIENT, longest_gap_s=0.0, write_gap_s=0.0))
    peer = await make_peer()
    host = peer.host
    info = DeviceInfo(model=peer.model, firmware=150, ble_mac=peer.mac)
    served, grown = 0, 0
    while sent < COUNT:
        # A device of its own each time: a damaged answer may tell what counts for good, such as other firmware.
        device = MarstekDevice(client, host, port, mac=peer.mac, info=info)
        for ask in (device.identify, device.read_mode, device.read_status, device.read_battery):
            peer.script.append(shout)
            try:
                await ask()
                served += 1
            except MarstekError:
                pass
            for record in (peer.script, peer.requests, peer.sources):
                record.clear()
            await asyncio.sleep(0)
        _ = (device.profile, device.power_w, device.soc_pct, device.link)
        if sent > COUNT / 5 and not tracemalloc.is_tracing():
            tracemalloc.start()
    await asyncio.sleep(0.1)  # What is still under way comes in.
    gc.collect()  # An error and its traceback hold each other until then.
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    device = MarstekDevice(client, host, port, mac=peer.mac, info=info)
    assert (await device.read_mode()).ongrid_power_w == 120
    assert served > 0
    assert grown < LEAK_BYTES
    await client.close()
