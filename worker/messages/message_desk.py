"""The desk of a worker: flips become messages, and messages go to their endpoints."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import structlog

from sipcheck.engine import Engine
from sipcheck.transport.system_roots import shared_context
from trunks.errors import StoreUnavailable
from trunks.installation.installation import Installation
from trunks.people.deliveries import TOGETHER, TRY_SECONDS, DueMessage, EndpointClaim
from trunks.rules.delivery import Try
from worker.messages.http_post import post
from worker.messages.operator_desk import OperatorDesk
from worker.messages.signing import signed_headers
from worker.store_turns import for_ever, in_store

_log = structlog.get_logger(__name__)

# Endpoints that one worker sends to at the same time.
_ENDPOINTS_AT_ONCE = 50
_LOOK_SECONDS = 1.0
_NOTICE_SECONDS = 60.0

_for_ever = partial(for_ever, log=_log, broke="messages-broke")


class MessageDesk:
    """Give `run` to the engine's loop."""

    def __init__(self, installation: Installation) -> None:
        people = installation.people
        self._follower = people.flip_follower
        self._incidents = people.incident_closing
        self._notices = people.certificate_notices
        self._deliveries = people.deliveries
        self._operator = OperatorDesk(people.operator_notices, installation.settings.notify_urls)
        self._clock = installation.clock
        self._ca_file = installation.settings.ca_file
        self._open: dict[EndpointClaim, asyncio.Task[None]] = {}

    async def run(self, engine: Engine) -> None:
        """Work until cancelled; what is being sent then is broken off, and sent again by whoever comes next."""
        self._tls = shared_context(ssl.create_default_context, self._ca_file)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_for_ever(self._follow, _LOOK_SECONDS))
                group.create_task(_for_ever(self._notice, _NOTICE_SECONDS))
                group.create_task(_for_ever(self._operator.turn, _LOOK_SECONDS))
                group.create_task(_for_ever(lambda: self._claim(engine), _LOOK_SECONDS))
        finally:
            await self._give_back()

    async def _follow(self) -> None:
        while await in_store(self._follower.turn):
            pass
        while await in_store(self._incidents.turn):
            pass

    async def _notice(self) -> None:
        while await in_store(self._notices.turn):
            pass

    async def _claim(self, engine: Engine) -> None:
        room = _ENDPOINTS_AT_ONCE - len(self._open)
        if room <= 0:
            return
        for claim in await in_store(self._deliveries.claim, limit=room):
            task = asyncio.create_task(self._send_all(engine, claim))
            self._open[claim] = task
            task.add_done_callback(partial(self._done, claim))

    def _done(self, claim: EndpointClaim, _: asyncio.Task[None]) -> None:
        del self._open[claim]

    async def _send_all(self, engine: Engine, claim: EndpointClaim) -> None:
        """Send what is due to an endpoint: a trunk's messages one behind the other, those of several together."""
        try:
            orders: dict[object, list[DueMessage]] = defaultdict(list)
            for message in claim.due:
                orders[message.trunk_id or message.delivery_id].append(message)
            places = asyncio.Semaphore(TOGETHER)
            async with asyncio.TaskGroup() as group:
                for order in orders.values():
                    group.create_task(self._send_in_order(engine, claim, order, places))
            await in_store(self._deliveries.release, [claim])
        except* StoreUnavailable as errors:
            _log.warning("store-away", error=str(errors.exceptions[0]))
        except* Exception:  # noqa: BLE001 - the border of a claim: it ends with its lease
            _log.exception("sending-broke", endpoint_id=str(claim.endpoint_id))

    async def _send_in_order(
        self, engine: Engine, claim: EndpointClaim, order: Sequence[DueMessage], places: asyncio.Semaphore
    ) -> None:
        for message in order:
            async with places:
                tried = await self._send(engine, claim, message)
            goes_on = await in_store(self._deliveries.record, claim, message, tried)
            if not (goes_on and tried.delivered):
                return

    async def _send(self, engine: Engine, claim: EndpointClaim, message: DueMessage) -> Try:
        if not claim.secrets:
            return Try(None, "secret-unreadable")
        now = self._clock()
        headers = signed_headers(message.message_id, message.body, claim.secrets, now)
        body = message.body.encode()
        return await post(engine, claim.url, headers, body, now=now, seconds=TRY_SECONDS, tls=self._tls)

    async def _give_back(self) -> None:
        claims, tasks = list(self._open), list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            if claims:
                await in_store(self._deliveries.release, claims)
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
