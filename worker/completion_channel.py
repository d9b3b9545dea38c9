"""The news that a run is done, over Redis, to the processes whose callers wait for it: ids and nothing else.

It only comes sooner than the waiter's poll of the store: while Redis is away, and over any other broker, the poll
serves alone.
"""

from collections.abc import Callable
from uuid import UUID

import redis
import redis.asyncio
import structlog
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from trunks.ids import read_id
from trunks.installation.settings import Settings
from worker.app import broker_url
from worker.sending_thread import SendingThread

_log = structlog.get_logger(__name__)

# Redis keeps channels apart from its databases: two installations on one server hear each other's ids, and
# nobody waits for those.
CHANNEL = "trunks.verification.done"

_ANSWER_WITHIN_SECONDS = 2.0
_RECONNECT_AT_LEAST_SECONDS = 0.1
_RECONNECT_AT_MOST_SECONDS = 2.0
_FOR_EVER = -1

OnDone = Callable[[UUID], None]


def spreads_news(settings: Settings) -> bool:
    """Whether the broker is one that this news goes over."""
    return broker_url(settings).startswith(("redis://", "rediss://"))


class CompletionAnnouncer:
    """Announces between start() and stop(), from a thread of its own; does nothing over another broker."""

    def __init__(self, settings: Settings) -> None:
        self._client: redis.Redis | None = None
        if spreads_news(settings):
            self._client = redis.Redis.from_url(
                broker_url(settings),
                socket_connect_timeout=_ANSWER_WITHIN_SECONDS,
                socket_timeout=_ANSWER_WITHIN_SECONDS,
                # Once more: the connection may be from before the last restart.
                retry=Retry(NoBackoff(), 1),
            )
        self._sender = SendingThread("done-news", self._publish)

    def start(self) -> None:
        self._sender.start()

    def announce(self, verification_id: UUID) -> None:
        """Hand over to the sending thread; return at once."""
        if self._client is not None:
            self._sender.hand_over(verification_id)

    def stop(self) -> None:
        """Send what was announced before, unless Redis takes too long for it."""
        self._sender.stop()
        if self._client is not None:
            self._client.close()

    def _publish(self, verification_id: UUID) -> None:
        if self._client is not None:
            self._client.publish(CHANNEL, str(verification_id))


async def listen_for_done(settings: Settings, on_done: OnDone) -> None:
    """Tell what is announced anywhere, until cancelled; the client connects again by itself, for ever."""
    if not spreads_news(settings):
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
                _tell(message["data"], on_done)
    except Exception as error:  # noqa: BLE001 - the border of the task: a refusal, which no new connection mends
        _log.warning("done-news-refused", error=type(error).__name__)


def _tell(data: bytes, on_done: OnDone) -> None:
    verification_id = read_id(data.decode("ascii", errors="replace"))
    if verification_id is not None:
        on_done(verification_id)
