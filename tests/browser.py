"""A real headless Chromium, told by its DevTools protocol what to do: what a page asks for, complains of, looks like.

https://chromedevtools.github.io/devtools-protocol: requests and answers are JSON in one WebSocket.
"""

import asyncio
import base64
import contextlib
import dataclasses
import itertools
import pathlib
import shutil
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

PROGRAM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
#: Nothing of Chromium's own on the network, and no way out for a page: every name is unknown.
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-port=0",
)  # fmt: skip
START_SECONDS = 30.0


@dataclasses.dataclass
class Seen:
    """What a page did while it was open: addresses that it asked for, what stood in the console or was refused."""

    requests: list[str] = dataclasses.field(default_factory=list)
    complaints: list[str] = dataclasses.field(default_factory=list)


class Page:
    """One page; see `opened`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.seen = Seen()
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol."""
        number = next(self._numbers)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        told = await asyncio.wait_for(answer, 30)
        assert "error" not in told, told
        return dict(told["result"])

    async def open(self, path: pathlib.Path, *, dark: bool = False, width: int = 1100, fragment: str = "") -> None:
        """Shows a file in light or dark, on a screen so wide (CSS pixels); what is seen begins anew."""
        self._loaded.clear()
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        await self.call("Page.navigate", url="about:blank")
        await asyncio.wait_for(self._loaded.wait(), 30)
        self._loaded.clear()
        self.seen = Seen()
        await self.call("Page.navigate", url=path.as_uri() + fragment)
        await asyncio.wait_for(self._loaded.wait(), 30)

    async def value(self, expression: str) -> Any:
        """What a JavaScript expression comes to; DevTools may evaluate where the page itself may not."""
        told = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def picture(self) -> bytes:
        """The whole page as a PNG."""
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        told = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(told["data"])

    async def listen(self) -> None:
        """Takes what the browser says, until it ends."""
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif told["method"] == "Network.requestWillBeSent":
                self.seen.requests.append(told["params"]["request"]["url"])
            elif told["method"] == "Log.entryAdded":
                self.seen.complaints.append(told["params"]["entry"]["text"])
            elif told["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                self.seen.complaints.append(str(told["params"]))


@contextlib.asynccontextmanager
async def opened(profile: pathlib.Path) -> AsyncIterator[Page]:
    """A browser with an empty page; `profile` is an empty folder for what it writes."""
    assert PROGRAM, "Chromium is not installed: make browser"
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *FLAGS, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            url = await asyncio.wait_for(_page_address(session, profile), START_SECONDS)
            async with session.ws_connect(url, max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await page.call(f"{domain}.enable")
                yield page
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _page_address(session: aiohttp.ClientSession, profile: pathlib.Path) -> str:
    """Where the first page listens: the port stands in a file once the browser is ready."""
    file = profile / "DevToolsActivePort"
    while True:
        with contextlib.suppress(OSError, aiohttp.ClientError, IndexError):
            port = file.read_text().split("\n")[0]
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
                return str(pages[0]["webSocketDebuggerUrl"])
        await asyncio.sleep(0.05)
