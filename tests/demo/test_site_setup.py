"""Going through the config flow without a person."""

from typing import Any, cast

import pytest

from demo.api import Api
from demo.console import DemoError
from demo.house import Playback, open_house
from demo.site_setup import set_up


class ScriptedApi:
    """Answers with prepared steps, and keeps what was filled in."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        """Take the steps in their order."""
        self._steps, self.filled_in = list(steps), list[object]()

    async def request(self, _method: str, _path: str, body: object = None) -> dict[str, Any]:
        """Return the next step."""
        self.filled_in.append(body)
        return {"flow_id": "1", **self._steps.pop(0)}


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ({"type": "form", "step_id": "homewizard", "errors": {"host": "meter_unreachable"}}, "meter_unreachable"),
        ({"type": "form", "step_id": "never_seen"}, "never_seen"),
        ({"type": "abort", "reason": "already_configured"}, "already_configured"),
    ],
)
async def test_flow_that_goes_wrong_ends_the_demo_with_its_reason(last: dict[str, Any], told: str) -> None:
    """A form is never sent twice, nor one that nobody prepared for."""
    simulated = open_house(Playback("C", 7000.0), 1.0, port=30_000)
    api = ScriptedApi({"type": "menu", "step_id": "user"}, {"type": "form", "step_id": "homewizard"}, last)
    with pytest.raises(DemoError, match=told):
        await set_up(cast("Api", api), simulated)
    assert api.filled_in[1] == {"next_step_id": "homewizard"}
