"""Messages signed as Standard Webhooks has it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook

USER_AGENT = "trunkd-webhooks/1"


def signed_headers(message_id: UUID, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Give the headers of a message; while a secret is being replaced it is signed under both."""
    name = f"msg_{message_id.hex}"
    signatures = [Webhook(secret).sign(name, now, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
