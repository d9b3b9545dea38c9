"""What a body says, whatever its spelling: two that say the same are one request."""

import json


def plain_content(body: bytes) -> bytes:
    """Write a JSON body without spaces and its fields in order; what is no JSON is itself."""
    try:
        return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body
