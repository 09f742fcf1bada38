"""Values of the controller survive JSON, and nothing else is taken for one."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
import json
from typing import Any, get_args

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.home_energy_controller.control.actuation.actuation import Actuation, ActuationMemory
from custom_components.home_energy_controller.control.codec import CodecError, decode, encode
from custom_components.home_energy_controller.control.dispatch.site import DispatchMemory
from custom_components.home_energy_controller.control.model import Command, Decision, Mode, Snapshot, Timed
from custom_components.home_energy_controller.control.settings import Settings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
st.register_type_strategy(datetime, st.just(NOON))
st.register_type_strategy(Timed, lambda kind: st.builds(Timed, st.from_type(get_args(kind)[0]), st.floats()))
KINDS = (Snapshot, Settings, DispatchMemory, ActuationMemory, Decision, Actuation)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_value_comes_back_as_it_was(kind: Any, data: st.DataObject) -> None:
    """Through text, to the bit; NaN is no exception."""
    value = data.draw(st.from_type(kind))
    back = decode(kind, json.loads(json.dumps(encode(value), allow_nan=False)))
    assert repr(encode(back)) == repr(encode(value))
    if "nan" not in repr(value):
        assert back == value


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Timed[float], {"value": 1.0}),
        (Timed[float], {"value": 1.0, "at": 2.0, "unit": "W"}),
        (Timed[float], [1.0, 2.0]),
        (Timed[float], {"value": "1.0", "at": 2.0}),
        (Timed[float], {"value": True, "at": 2.0}),
        (Timed[bool], {"value": 1, "at": 2.0}),
        (Timed[Mode], {"value": "turbo", "at": 2.0}),
        (Timed[int], {"value": 1.5, "at": 2.0}),
        (datetime, "noon"),
        (datetime, 12),
        (time, "7 o'clock"),
        (tuple[bool, int], [True]),
        (tuple[int, ...], [1, None]),
        (dict[str, int], {"a": "b"}),
        (frozenset[str], "ab"),
        (Command, {"battery_id": "a", "kind": None}),
    ],
)
def test_what_does_not_fit_is_refused(kind: Any, data: Any) -> None:
    """A report may come from anywhere."""
    with pytest.raises(CodecError):
        decode(kind, data)


def test_what_is_missing_takes_its_default() -> None:
    """A recording of an older version can still be read."""
    assert decode(Command, {"battery_id": "a", "kind": "auto"}) == decode(
        Command, {"battery_id": "a", "kind": "auto", "power_w": 0, "countdown_s": 0}
    )


def test_a_value_without_a_form_is_refused() -> None:
    """Rather than written as something that cannot be read."""

    @dataclass(frozen=True)
    class Odd:
        thing: object

    with pytest.raises(CodecError):
        encode(Odd(thing=object()))
