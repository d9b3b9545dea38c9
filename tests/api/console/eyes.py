"""How the pages of the console are looked at in Chromium.

With CONSOLE_SCREENSHOTS=FOLDER in the environment what is seen is kept there as pictures, of which docs/console.md
shows some.
"""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page, ViewportSize

WIDE, NARROW = ViewportSize(width=1280, height=860), ViewportSize(width=360, height=740)
# A telephone at night, and a desk by day.
_SCHEMES: tuple[tuple[ViewportSize, Literal["dark", "light"]], ...] = ((NARROW, "dark"), (WIDE, "light"))
# Whatever axe finds of these is a fault; of the rest nothing is known to be found either.
SERIOUS = ("serious", "critical")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_LONGEST_MS = 60_000


class Eyes:
    """Looks at every page in both widths, by axe, and as a picture; hears what the browser says of it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.told: list[str] = []
        self.elsewhere: set[str] = set()
        self._address = address
        page.set_default_timeout(_LONGEST_MS)
        page.on("console", lambda message: self._hear(message.text))
        page.on("request", lambda request: self._count(request.url))

    def see(self, name: str, *, narrow_alone: bool = False) -> None:
        """Look at the page as it is: on a telephone in the dark, and wide in the light."""
        page = self.page
        for size, scheme in _SCHEMES[:1] if narrow_alone else _SCHEMES:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
            found: dict[str, Any] = page.evaluate(f"{AXE}; axe.run({{resultTypes: ['violations']}})")
            faults = [
                (each["id"], each["impact"], [node["target"] for node in each["nodes"]])
                for each in found["violations"]
            ]
            assert not [each for each in faults if each[1] in SERIOUS], (name, faults)
            self.keep(f"{name}-{size['width']}")
        assert not self.told, (name, self.told)
        assert not self.elsewhere, name

    def keep(self, name: str) -> None:
        """Keep what is seen as a picture, where somebody wants them."""
        folder = os.environ.get("CONSOLE_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def _hear(self, text: str) -> None:
        # Chromium's wish for a username beside every password, which a token does not have.
        if "Password forms should have" not in text:
            self.told.append(text)

    def _count(self, url: str) -> None:
        if not url.startswith(self._address):
            self.elsewhere.add(url)
