"""What is done is announced over Redis to the processes whose callers wait for it: ids and nothing else.

They are those of verifications, of trunks whose sides are provisioned, and of destinations whose health was asked
for. An announcement only comes sooner than the waiter's poll of the store: while Redis is away, and over any other
broker, the poll serves alone.
"""

from collections.abc import Sequence
from uuid import UUID

import redis
import redis.asyncio
import structlog
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from trunks.doorbell import OnDone
from trunks.ids import read_id
from trunks.installation.settings import Settings
from worker.app import broker_url
from worker.sending_thread import SendingThread

_log = structlog.get_logger(__name__)

# Redis keeps channels apart from its databases: two installations on one server hear each other's ids, and
# nobody waits for those. The name is from when verifications alone were announced, and processes of two releases
# may run side by side.
CHANNEL = "trunks.verification.done"

_BETWEEN = ","

# The beginning of its events in the log, which are stable.
_LOGGED_AS = "done-news"

_ANSWER_WITHIN_SECONDS = 2.0
_RECONNECT_AT_LEAST_SECONDS = 0.1
_RECONNECT_AT_MOST_SECONDS = 2.0
_FOR_EVER = -1


def announces(settings: Settings) -> bool:
    """Whether the broker is one that can be announced over."""
    return broker_url(settings).startswith(("redis://", "rediss://"))


class CompletionAnnouncer:
    """Announces between start() and stop(), from a thread of its own; does nothing over another broker."""

    def __init__(self, settings: Settings) -> None:
        self._client: redis.Redis | None = None
        if announces(settings):
            self._client = redis.Redis.from_url(
                broker_url(settings),
                socket_connect_timeout=_ANSWER_WITHIN_SECONDS,
                socket_timeout=_ANSWER_WITHIN_SECONDS,
                # Once more: the connection may be from before the last restart.
                retry=Retry(NoBackoff(), 1),
            )
        self._sender = SendingThread(_LOGGED_AS, self._publish)

    def start(self) -> None:
        self._sender.start()

    def announce(self, done_id: UUID) -> None:
        """Hand over to the sending thread; return at once."""
        if self._client is not None:
            self._sender.hand_over(done_id)

    def stop(self) -> None:
        """Send what was announced before, unless Redis takes too long for it."""
        self._sender.stop()
        if self._client is not None:
            self._client.close()

    def _publish(self, done_ids: Sequence[UUID]) -> None:
        if self._client is not None:
            self._client.publish(CHANNEL, _BETWEEN.join(map(str, done_ids)))


async def listen_for_done(settings: Settings, on_done: OnDone) -> None:
    """Call back with what is announced anywhere, until cancelled; the client connects again by itself, for ever."""
    if not announces(settings):
        return
    client = redis.asyncio.Redis.from_url(
        broker_url(settings),
        socket_connect_timeout=_ANSWER_WITHIN_SECONDS,
        socket_keepalive=True,
        retry=AsyncRetry(
            ExponentialBackoff(cap=_RECONNECT_AT_MOST_SECONDS, base=_RECONNECT_AT_LEAST_SECONDS), _FOR_EVER
        ),
    )
    try:
        async with client, client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(CHANNEL)
            async for message in subscription.listen():
                _hear(message["data"], on_done)
    except Exception as error:  # noqa: BLE001 - the border of the task: a refusal, which no new connection mends
        _log.warning(f"{_LOGGED_AS}-refused", error=type(error).__name__)


def _hear(data: bytes, on_done: OnDone) -> None:
    for part in data.decode("ascii", errors="replace").split(_BETWEEN):
        done_id = read_id(part)
        if done_id is not None:
            on_done(done_id)
