"""kombu's Redis transport, but for one thing: a channel whose connection is gone says so.

When Redis goes away, what a channel held is still to be acknowledged or given back over it. kombu then asks the channel
for a connection that it no longer has, which raises an AttributeError. Celery goes on after the errors of a connection
and gives up after any other, so the worker would end. As an error of the connection it is what it is: nothing is lost
by it, since messages are only the doorbell, and every worker finds the rows by itself.
"""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as ConnectionGone


class Channel(redis.Channel):
    """A channel that fails as a connection does once it has none."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise ConnectionGone("the connection of this channel is gone")
        parameters: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[no-untyped-call]
        return parameters


def install() -> None:
    """Have this process speak to Redis so from now on."""
    redis.Transport.Channel = Channel
