"""The P1 on real HTTP."""

from typing import Any

import aiohttp
import pytest

from simulation.site import SimulatedSite

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def get(site: SimulatedSite, path: str) -> dict[str, Any]:
    """Return the JSON behind a path."""
    async with aiohttp.ClientSession() as session, session.get(site.p1_url + path) as response:
        assert response.status == 200
        body: dict[str, Any] = await response.json()
        return body


async def test_it_says_what_it_is() -> None:
    """As a HomeWizard P1 with its first API."""
    async with SimulatedSite(0) as site:
        product = await get(site, "/api")
        assert product["product_type"] == "HWE-P1"
        assert product["api_version"] == "v1"


async def test_it_tells_the_power_of_the_house_a_little_late() -> None:
    """+ is import; a second or two after the truth."""
    async with SimulatedSite(0, load=lambda t: 700 if t < 10 else -1200) as site:
        site.advance(10)
        assert (await get(site, "/api/v1/data"))["active_power_w"] == pytest.approx(700, abs=5)
        site.advance(0.5)
        assert (await get(site, "/api/v1/data"))["active_power_w"] == pytest.approx(700, abs=5)
        site.advance(3)
        assert (await get(site, "/api/v1/data"))["active_power_w"] == pytest.approx(-1200, abs=5)


async def test_it_counts_energy_in_both_directions() -> None:
    """Two kilowatts for half an hour, one back for another."""
    async with SimulatedSite(0, load=lambda t: 2000 if t < 1800 else -1000) as site:
        before = await get(site, "/api/v1/data")
        site.advance(3600)
        after = await get(site, "/api/v1/data")
        moved = {
            way: after[f"total_power_{way}_kwh"] - before[f"total_power_{way}_kwh"] for way in ("import", "export")
        }
        assert moved == pytest.approx({"import": 1.0, "export": 0.5}, abs=0.002)


async def test_it_can_be_stopped_and_started_again_on_its_port() -> None:
    """As after a power cut; stopping twice does no harm."""
    async with SimulatedSite(0) as site:
        port = site.p1.port
        await site.p1.stop()
        await site.p1.stop()
        with pytest.raises(aiohttp.ClientConnectionError):
            await get(site, "/api")
        await site.p1.start()
        assert site.p1.port == port
        assert await get(site, "/api")
