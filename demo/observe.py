"""How long it takes to observe n batteries, ours and the first script's way: `python -m demo.observe`.

Real sockets on loopback; the fake batteries answer after a log-normal time with a median of 0.2 s, as at home
(marstek_api.md 7.2). The first script asks one battery after the other and listens for 1.5 s each time.
"""

import asyncio
import json
import socket
from statistics import median
from time import perf_counter

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.device import MarstekDevice
from custom_components.home_energy_controller.marstek.errors import MarstekError
from custom_components.home_energy_controller.marstek.models import DeviceInfo
from simulation.faults import Fault
from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite

from .console import put

LATENCY_S = 0.2
SCRIPT_WINDOW_S = 1.5
ROUNDS = 7
CYCLE_LIMIT_S = 3.0


async def ours(site: SimulatedSite) -> float:
    """Return how long (s) one round of polls takes, with the limit that the coordinator sets."""
    client = MarstekClient()
    devices = [
        MarstekDevice(
            client,
            battery.host,
            battery.port,
            mac=battery.mac,
            info=DeviceInfo(
                model=battery.model.device.name, firmware=battery.model.device.firmware, ble_mac=battery.mac
            ),
        )
        for battery in site.batteries
    ]
    started = perf_counter()
    tasks = [asyncio.create_task(poll(device)) for device in devices]
    await asyncio.wait(tasks, timeout=CYCLE_LIMIT_S)
    took_s = perf_counter() - started
    for task in tasks:
        task.cancel()
    await client.close()
    return took_s


async def poll(device: MarstekDevice) -> None:
    """Poll once, answered or not."""
    try:
        await device.poll()
    except MarstekError:
        return


async def script(site: SimulatedSite) -> float:
    """Return how long (s) the first script takes: one after the other, the whole window each."""
    loop = asyncio.get_running_loop()
    started = perf_counter()
    for battery in site.batteries:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.bind(("127.0.0.1", 0))
            request = json.dumps({"id": 1, "method": "ES.GetMode", "params": {"id": 0}}).encode()
            await loop.sock_sendto(sock, request, (battery.host, battery.port))
            deadline = loop.time() + SCRIPT_WINDOW_S
            while (left_s := deadline - loop.time()) > 0:
                try:
                    await asyncio.wait_for(loop.sock_recv(sock, 4096), left_s)
                except TimeoutError:
                    break
    return perf_counter() - started


async def measure(number: int, dead: int) -> None:
    """Print one row."""
    async with SimulatedSite(number, latency_s=LATENCY_S, manners=ON_ONE_HOST) as site:
        for battery in site.batteries[:dead]:
            battery.faults.add(Fault.DEAD)
        ours_s = [await ours(site) for _ in range(ROUNDS)]
        script_s = await script(site)
    put(f"| {number} | {dead} | {median(ours_s):.2f} | {max(ours_s):.2f} | {script_s:.2f} |")


async def main() -> None:
    """Print the table."""
    put("| batteries | dead | ours, median s | ours, longest s | first script, s |\n| --- | --- | --- | --- | --- |")
    for number, dead in ((1, 0), (3, 0), (6, 0), (3, 1)):
        await measure(number, dead)


if __name__ == "__main__":
    asyncio.run(main())
