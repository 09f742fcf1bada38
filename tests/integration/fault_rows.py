"""The rows of the fault matrix: what is broken, in whom, and how it is mended."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from unittest.mock import patch

from homeassistant.components import persistent_notification  # noqa: F401 - a reload while recovering may load it
from homeassistant.util import dt as dt_util

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.model import BatteryMode
from simulation.faults import Fault

from .world import World, move

ONE, LEADER, ALL, SITE = "one", "leader", "all", "site"

type Act = Callable[[World, Sequence[int]], Awaitable[None]]


async def _nothing(world: World, indices: Sequence[int]) -> None:
    """Leave it: the fault passes by itself."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault."""

    name: str
    break_it: Act
    mend_it: Act = _nothing
    targets: tuple[str, ...] = (ONE, ALL)
    lasts_s: float = 120.0
    meter_is_lost: bool = False
    """No reading comes: followers must be safe within the age limit and a cycle."""
    warnings: int = 2
    """Log lines at WARNING or above that one outage may cost."""
    back_within_s: float = 900.0
    api: int = 0
    """The version of the P1's API that the site reads, where the P1 has both; 0 for one that has the first only."""
    patches: dict[str, object] = field(default_factory=dict)


def _fault(fault: Fault, **changes: object) -> Kind:
    """Return the kind that a misbehaviour of the simulated batteries is."""

    async def break_it(world: World, indices: Sequence[int]) -> None:
        for index in indices:
            world.site.batteries[index].faults.add(fault)

    async def mend_it(world: World, indices: Sequence[int]) -> None:
        for index in indices:
            world.site.batteries[index].faults.discard(fault)
            world.site.house.batteries[index].own_meter = True  # As the owner does after a wipe.
            world.site.house.batteries[index].power_class_w = 2500
            # As the owner does when the other program is gone; twice in ten minutes a wipe looks like one.
            if fault in {Fault.SECOND_CLIENT, Fault.SETTINGS_WIPE}:
                await world.coordinator.requests.async_set_battery_mode(
                    world.site.batteries[index].mac, BatteryMode.CONTROLLED
                )
        if fault is Fault.WRONG_SIGN:  # As the repair does.
            await world.hass.config_entries.async_reload(world.entry.entry_id)

    return Kind(name=fault.value, break_it=break_it, mend_it=mend_it, **changes)  # type: ignore[arg-type]


def _meter(fault: Fault, **changes: object) -> Kind:
    """Return the kind that a misbehaviour of the simulated P1 is."""

    async def break_it(world: World, indices: Sequence[int]) -> None:
        world.site.p1.faults.add(fault)

    async def mend_it(world: World, indices: Sequence[int]) -> None:
        world.site.p1.faults.clear()
        if fault is Fault.P1_TIMEOUT:  # Those who wait for its answer are let go.
            await world.site.p1.stop()
            await world.site.p1.start()

    changes = {"targets": (SITE,), "lasts_s": 90.0} | changes
    return Kind(name=fault.value, break_it=break_it, mend_it=mend_it, **changes)  # type: ignore[arg-type]


async def _stop_meter(world: World, indices: Sequence[int]) -> None:
    """Take the P1 off the network: connections are refused."""
    await world.site.p1.stop()


async def _start_meter(world: World, indices: Sequence[int]) -> None:
    """Plug the P1 in again."""
    await world.site.p1.start()


def _of_v2(fault: Fault, **changes: object) -> Kind:
    """Return the kind that a misbehaviour of the simulated P1 is for a site that reads its second API."""
    kind = _meter(fault, api=2, **changes)
    return replace(kind, name=kind.name.replace("p1_", "p1_v2_"))


async def _revoke(world: World, indices: Sequence[int]) -> None:
    """Let the owner remove all users of the P1, or reset it."""
    world.site.p1.tokens.clear()


async def _exchange_token(world: World, indices: Sequence[int]) -> None:
    """Let the P1 accept another token than ours, as after a backup of Home Assistant that is older than the pairing."""
    world.site.p1.tokens = dict.fromkeys(world.site.p1.tokens, "FEDCBA9876543210FEDCBA9876543210")


async def _pair_again(world: World, indices: Sequence[int]) -> None:
    """Do what Home Assistant asks for: send the page and press the button."""
    manager = world.hass.config_entries.flow
    (asked,) = manager.async_progress_by_handler(DOMAIN)
    await manager.async_configure(asked["flow_id"], {})
    world.site.p1.press_button()
    await world.settle()
    await manager.async_configure(asked["flow_id"])
    await world.settle()


async def _replace_device(world: World, indices: Sequence[int]) -> None:
    """Let another device of the same maker have the address of the P1."""
    await world.site.p1.stop()
    world.site.p1.certified_serial = "3c39e7aabbcc"
    await world.site.p1.start()


async def _put_device_back(world: World, indices: Sequence[int]) -> None:
    """Let the P1 have its address again."""
    await world.site.p1.stop()
    world.site.p1.certified_serial = world.entry.data["meter"]["serial"]
    await world.site.p1.start()


async def _move(world: World, indices: Sequence[int]) -> None:
    """Let the router give the batteries other addresses, for good."""
    for index in indices:
        await move(world.site.batteries[index], f"127.0.0.{200 + index}")


async def _swap_addresses(world: World, indices: Sequence[int]) -> None:
    """Let two batteries come back at each other's address."""
    first, second = world.site.batteries[0], world.site.batteries[1]
    hosts = second.host, first.host
    await first.stop()
    await second.stop()
    for battery, host in zip((first, second), hosts, strict=True):
        await move(battery, host)


async def _lose_socket(world: World, indices: Sequence[int]) -> None:
    """Close our socket under the client, as a network card that goes away does."""
    for endpoint in list(world.coordinator.client._endpoints.values()):
        endpoint.close()


async def _reload(world: World, indices: Sequence[int]) -> None:
    """Reload the entry while a battery was asked and has not answered."""
    battery = next(iter(world.coordinator.batteries.values()))
    battery._read_started_at = None
    battery.read(world.clock(), None)
    await world.hass.config_entries.async_reload(world.entry.entry_id)


async def _remove_leader(world: World, indices: Sequence[int]) -> None:
    """Take the leading battery out of the site for good."""
    subentry = world.coordinator.batteries[world.site.batteries[indices[0]].mac].subentry
    world.hass.config_entries.async_remove_subentry(world.entry, subentry.subentry_id)
    await world.settle()


def _clock_jumps(hours: float) -> Act:
    """Return the act that sets the wall clock, and leaves it so for the rest of the row."""

    async def jump(world: World, indices: Sequence[int]) -> None:
        real = dt_util.utcnow
        jumped = patch("homeassistant.util.dt.utcnow", lambda: real() + timedelta(hours=hours))
        jumped.start()
        world.afterwards.append(jumped.stop)

    return jump


_TIMEOUT: Final = {"coordinator.METER_LIMIT_S": 0.05}
"""A P1 that never answers costs real time in every cycle."""

BATTERY_KINDS: Final = (
    *(
        _fault(fault)
        for fault in (
            Fault.LATE_REPLY,
            Fault.DUPLICATE_REPLY,
            Fault.NO_REPLY,
            Fault.PACKET_LOSS,
            Fault.FOREIGN_ADDRESS,
            Fault.WRONG_ID,
            Fault.ECHO,
            Fault.PARSE_ERROR,
            Fault.NOT_JSON,
            Fault.LIST_FRAME,
            Fault.NAN,
            Fault.NO_SRC,
            Fault.MUTE_60S,
            Fault.BROADCAST_ONLY,
            Fault.INTEGER_ID_ONLY,
            Fault.MODE_MISSING,
            Fault.STATUS_MUTE,
            Fault.BAT_MUTE,
            Fault.METER_MUTE,
            Fault.MACS_MISSING,
            Fault.SET_REFUSED,
            Fault.SET_IGNORED,
            Fault.SECOND_SEND_NEEDED,
            Fault.LEAVES_PASSIVE,
            Fault.STUCK_150W,
            Fault.WRONG_SIGN,
            Fault.SECOND_CLIENT,
        )
    ),
    _fault(Fault.DEAD, targets=(ONE, LEADER, ALL)),
    _fault(Fault.WRONG_MAC, targets=(ONE, LEADER, ALL)),
    _fault(Fault.SETTINGS_WIPE, targets=(ONE, LEADER, ALL)),
    # Longer than a countdown: only then does the disputed end of it come.
    _fault(Fault.EXPIRES_TO_AUTO, lasts_s=350.0),
    Kind(name="address changed", break_it=_move, lasts_s=240.0),
    # Two batteries, an outage each.
    Kind(name="addresses swapped", break_it=_swap_addresses, targets=(SITE,), lasts_s=240.0, warnings=4),
)

METER_KINDS: Final = (
    *(
        _meter(fault, meter_is_lost=True)
        for fault in (
            Fault.P1_API_OFF,
            Fault.P1_NOT_FOUND,
            Fault.P1_SERVER_ERROR,
            Fault.P1_HTML,
            Fault.P1_GARBAGE,
            Fault.P1_HUGE,
            Fault.P1_FIELD_MISSING,
            Fault.P1_NAN,
            Fault.P1_NULL,
            Fault.P1_TEXT,
        )
    ),
    _meter(Fault.P1_TIMEOUT, meter_is_lost=True, patches=_TIMEOUT),
    Kind(name="p1 unplugged", break_it=_stop_meter, mend_it=_start_meter, targets=(SITE,), meter_is_lost=True),
    replace(_meter(Fault.P1_API_OFF, meter_is_lost=True, api=1), name="p1 api off, has version 2"),
    *(
        _of_v2(fault, meter_is_lost=True)
        for fault in (Fault.P1_SERVER_ERROR, Fault.P1_GARBAGE, Fault.P1_HUGE, Fault.P1_FIELD_MISSING, Fault.P1_NULL)
    ),
    _of_v2(Fault.P1_TIMEOUT, meter_is_lost=True, patches=_TIMEOUT),
    _of_v2(Fault.P1_FROZEN),
    _of_v2(Fault.P1_CUTS),
    *(
        Kind(name=f"p1 v2 {name}", break_it=break_it, mend_it=mend_it, targets=(SITE,), meter_is_lost=True, api=2)
        for name, break_it, mend_it in (
            ("unplugged", _stop_meter, _start_meter),
            ("token revoked", _revoke, _pair_again),
            ("wrong token", _exchange_token, _pair_again),
            ("certificate of another device", _replace_device, _put_device_back),
        )
    ),
    _meter(Fault.P1_FROZEN),
    _meter(Fault.P1_JUMP),
    _meter(Fault.P1_WRONG_SIGN),
)

LIFECYCLE_KINDS: Final = (
    Kind(name="socket lost", break_it=_lose_socket, targets=(SITE,)),
    Kind(name="reload with a datagram out", break_it=_reload, targets=(SITE,)),
    Kind(name="leading battery removed", break_it=_remove_leader, targets=(LEADER,)),
    Kind(name="wall clock an hour ahead", break_it=_clock_jumps(1), targets=(SITE,)),
    Kind(name="wall clock a day back", break_it=_clock_jumps(-24), targets=(SITE,)),
)

KINDS: Final = {kind.name: kind for kind in (*BATTERY_KINDS, *METER_KINDS, *LIFECYCLE_KINDS)}
