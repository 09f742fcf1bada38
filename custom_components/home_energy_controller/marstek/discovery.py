"""Finding batteries by broadcast."""

from collections.abc import Sequence

from .client import MarstekClient
from .models import DiscoveredDevice


async def discover(
    client: MarstekClient,
    *,
    ports: Sequence[int] = (30000,),
    broadcast_addresses: Sequence[str] | None = None,
    duration_s: float = 9.0,
) -> list[DiscoveredDevice]:
    """Return the batteries that answered."""
    raise NotImplementedError
