"""What the answers of pages say beside themselves."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.responses import Response

_KEPT_SECONDS = 3600


def page_headers(policy: str) -> Mapping[str, str]:
    """Give the headers of a page that nobody keeps, frames or indexes; `policy` is what it may load beside itself."""
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"default-src 'none'; {policy}; base-uri 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }


def packaged(file: Path, media_type: str, headers: Mapping[str, str]) -> Response:
    """Answer with a file that is the same for all."""
    kept = {**headers, "Cache-Control": f"public, max-age={_KEPT_SECONDS}"}
    return Response(_content(file), media_type=media_type, headers=kept)


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()
