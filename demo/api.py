"""Home Assistant's own HTTP and websocket interface, as far as the demo needs it."""

import asyncio
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp

from .console import DemoError
from .home_assistant import HomeAssistant

USER = "demo"
PASSWORD = "demo"  # noqa: S105 - printed on the screen; this Home Assistant listens on loopback only
START_LIMIT_S = 180.0


class Api:
    """A logged-in client of one Home Assistant."""

    def __init__(self, home_assistant: HomeAssistant) -> None:
        """Nothing is asked yet."""
        self._home_assistant = home_assistant
        self._url = home_assistant.url
        self.language, self.home = home_assistant.language, home_assistant.home
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        self._token = ""

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._session.close()

    async def request(self, method: str, path: str, body: object = None) -> Any:
        """Return what Home Assistant answers; raise DemoError with its text when it refuses."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(method, f"{self._url}{path}", json=body, headers=headers) as response:
            if response.status >= 400:
                raise DemoError(f"Home Assistant refused {method} {path}: {response.status} {await response.text()}")
            return await response.json()

    async def wait_until_up(self) -> None:
        """Wait until Home Assistant answers over HTTP."""
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while True:
                    if await self._is_up():
                        return
                    await asyncio.sleep(0.2)
        except TimeoutError as err:
            log = self._home_assistant.log()
            raise DemoError(f"Home Assistant did not answer within {START_LIMIT_S:.0f} s:\n{log}") from err

    async def _is_up(self) -> bool:
        """Return whether Home Assistant answers; raise DemoError when it ended."""
        if not self._home_assistant.running:
            raise DemoError(f"Home Assistant ended while starting:\n{self._home_assistant.log()}")
        try:
            # It listens before all of it is set up: until then this is not found.
            async with self._session.get(f"{self._url}/api/onboarding") as response:
                return response.status == HTTPStatus.OK
        except aiohttp.ClientConnectionError:
            return False

    async def onboard(self) -> None:
        """Create the owner through Home Assistant's own onboarding and log in as that person."""
        client_id = f"{self._url}/"
        known = {"username": USER, "password": PASSWORD, "client_id": client_id}
        owner = {"name": "Demo", "language": self.language, **known}
        code = (await self.request("POST", "/api/onboarding/users", owner))["auth_code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with self._session.post(f"{self._url}/auth/token", data=form) as response:
            self._token = (await response.json())["access_token"]
        # The token of a login lives for half an hour, a measurement may take longer.
        self._token = await self.command("auth/long_lived_access_token", client_name="scripts/demo", lifespan=1)
        if not self._home_assistant.bare:  # the owner reads what the home speaks, whatever the browser does
            await self.command("frontend/set_user_data", key="language", value={"language": self.language})

    async def command(self, kind: str, **parameters: object) -> Any:
        """Return the result of one websocket command."""
        async with self._session.ws_connect(f"{self._url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._token})
            if (await socket.receive_json())["type"] != "auth_ok":
                raise DemoError("Home Assistant did not accept its own token")
            await socket.send_json({"id": 1, "type": kind, **parameters})
            answer = await socket.receive_json()
        if not answer["success"]:
            raise DemoError(f"Home Assistant refused {kind}: {answer['error']}")
        return answer["result"]

    async def act(self, action: str, entity_id: str, **data: object) -> None:
        """Call an action such as switch.turn_on on one entity."""
        await self.request("POST", f"/api/services/{action.replace('.', '/')}", {"entity_id": entity_id, **data})

    async def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        return str((await self.request("GET", f"/api/states/{entity_id}"))["state"])
