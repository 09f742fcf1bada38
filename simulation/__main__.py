"""Starts a simulated home on loopback: `python -m simulation`."""

import argparse
import asyncio
import contextlib

from simulation.assumptions import LATENCY_MEDIAN
from simulation.manners import MANNERS, ON_ONE_HOST
from simulation.site import SimulatedSite
from simulation.traces import scenario


async def run(argv: list[str] | None = None, *, every_s: float = 10.0) -> None:
    """Run until cancelled, printing a line every so often."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--batteries", type=int, default=3)
    parser.add_argument("--port", type=int, default=30000, help="UDP port of all batteries")
    parser.add_argument("--p1-port", type=int, default=8080)
    parser.add_argument("--scenario", choices="ABCD", default="B", help="A load, B with sun, C big, D big without sun")
    parser.add_argument("--start-s", type=float, default=0.0, help="where the scenario begins (s)")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster load, sun and charge go")
    parser.add_argument("--house", choices=MANNERS, default="rude", help="how the batteries behave")
    options = vars(parser.parse_args(argv))
    load, pv = scenario(options.pop("scenario"))
    manners = {**MANNERS, "rude": ON_ONE_HOST}[options.pop("house")]
    async with SimulatedSite(
        load=load, pv=pv, latency_s=LATENCY_MEDIAN, realtime=True, manners=manners, **options
    ) as site:
        print(f"P1       {site.p1_url}")
        for battery in site.batteries:
            device = battery.model.device
            print(f"battery  {battery.host}:{battery.port}  {battery.mac}  {device.name} {device.firmware}")
        while True:
            await asyncio.sleep(every_s)
            batteries = "  ".join(f"{b.mode} {b.power_w:+.0f} W {b.soc_pct:.0f} %" for b in site.house.batteries)
            print(f"load {site.house.net_load_w:+.0f} W  grid {site.house.grid_w:+.0f} W  {batteries}", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())
