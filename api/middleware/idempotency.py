"""Idempotency-Key: a POST that comes again is given the answer of the first (docs/design/dialects.md, "All")."""

import asyncio
import math
import re
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.http_middleware import HttpMiddleware
from api.middleware.write_concurrency import place_left
from api.problems import Problem
from api.request_state import state_of
from api.store_threads import StoreThreads
from trunks.errors import StoreUnavailable
from trunks.tenancy.idempotent_requests import (
    LEASE_SECONDS,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    KeptAnswer,
    KeyedRequest,
    KeyedRequests,
    RequestClaim,
)

_log = structlog.get_logger(__name__)

IDEMPOTENCY_KEY = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_PATTERN = "^[!-~]([ -~]{0,253}[!-~])?$"

# How long the second waits for the first, looking again ever more seldom: so long that one whose process is gone is
# done by the second, who is told of no conflict.
WAIT_SECONDS = LEASE_SECONDS + 2.0
_RENEW_SECONDS = LEASE_SECONDS / 4
_FIRST_LOOK_SECONDS = 0.05
_LAST_LOOK_SECONDS = 0.5

_KEY = re.compile(KEY_PATTERN)


class Idempotency(HttpMiddleware):
    """Knows a caller's POSTs by their key. What failed on our side, or may be asked again soon, is not kept; nor is
    anything for a token that only reads, whose POSTs change nothing.
    """

    def __init__(self, app: ASGIApp, *, remembered: KeyedRequests, threads: StoreThreads) -> None:
        super().__init__(app)
        self._remembered = remembered
        self._threads = threads

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what has no key. Raises Problem, StoreUnavailable, ClientDisconnect."""
        caller = state_of(scope).caller
        keys = Headers(scope=scope).getlist(IDEMPOTENCY_KEY)
        if caller is None or not caller.may_write or scope["method"] != "POST" or not keys:
            await self._app(scope, receive, send)
            return
        if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
            raise _unusable_key()
        body = await Request(scope, receive).body()
        request = KeyedRequest(
            environment_id=caller.environment_id,
            method=scope["method"],
            path=scope["path"],
            key=keys[0],
            query=scope["query_string"],
            body=body,
        )
        begun = await self._begin(request)
        if isinstance(begun, KeptAnswer):
            await _replay(begun)(scope, receive, send)
        else:
            await self._do(begun, scope, _Body(body, receive), send)

    async def _begin(self, request: KeyedRequest) -> RequestClaim | KeptAnswer:
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT_SECONDS
        look_seconds = _FIRST_LOOK_SECONDS
        while True:
            try:
                return await self._threads.run(self._remembered.begin, request)
            except IdempotencyKeyReused as error:
                raise key_reused(error) from error
            except IdempotencyKeyInUse as error:
                if loop.time() + look_seconds > until:
                    raise key_in_use(error) from error
            async with place_left():
                await asyncio.sleep(look_seconds)
            look_seconds = min(_LAST_LOOK_SECONDS, look_seconds * 2)

    async def _do(self, claim: RequestClaim, scope: Scope, body: "_Body", send: Send) -> None:
        answer = _Answer()
        state_of(scope).makes_id = claim.makes_id
        renewing = asyncio.create_task(self._renew(claim))
        try:
            await self._app(scope, body.receive, answer.take)
        except Exception:
            # Not where it is broken off, since the process ends: what it asked of the store goes on, and whoever comes
            # again waits until the lease is over.
            await self._release(claim)
            raise
        finally:
            renewing.cancel()
        await self._settle(claim, answer)
        await answer.send_to(send)

    async def _renew(self, claim: RequestClaim) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                if not await self._threads.run(self._remembered.renew, claim):
                    return
            except StoreUnavailable as error:
                _log.warning("idempotency-lease-not-renewed", error=str(error))

    async def _settle(self, claim: RequestClaim, answer: "_Answer") -> None:
        kept = answer.kept()
        if kept is None or kept.is_passing:
            await self._release(claim)
            return
        try:
            if not await self._threads.run(self._remembered.finish, claim, kept):
                _log.warning("idempotency-lease-lost")
        except StoreUnavailable as error:
            # What was asked is done, and the caller has to know.
            _log.warning("idempotency-answer-not-kept", error=str(error))

    async def _release(self, claim: RequestClaim) -> None:
        try:
            await asyncio.shield(self._threads.run(self._remembered.release, claim))
        except StoreUnavailable as error:
            _log.warning("idempotency-key-held", error=str(error))


class _Body:
    """A body that was read, to be read again."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def receive(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """An answer that is held back until it is kept."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self._messages.append(message)

    async def send_to(self, send: Send) -> None:
        for message in self._messages:
            await send(message)

    def kept(self) -> KeptAnswer | None:
        if not self._messages:
            return None
        start, *rest = self._messages
        return KeptAnswer(
            status=start["status"],
            headers={
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in start["headers"]
                if name != b"content-length"
            },
            body=b"".join(message.get("body", b"") for message in rest),
        )


def _replay(kept: KeptAnswer) -> Response:
    return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})


def _unusable_key() -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "VALIDATION_ERROR",
        "The given data was invalid.",
        errors={IDEMPOTENCY_KEY: ["Give one key of 1 to 255 printable ASCII characters, such as a UUID."]},
    )


def key_reused(error: IdempotencyKeyReused) -> Problem:
    """Refuse a key that another request had."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "IDEMPOTENCY_KEY_REUSED",
        str(error),
        errors={IDEMPOTENCY_KEY: [str(error)]},
    )


def key_in_use(error: IdempotencyKeyInUse) -> Problem:
    """Refuse to wait any longer for the first request with this key."""
    # It may end at any moment; if its process is gone, with its lease.
    seconds = min(WAIT_SECONDS, max(1.0, error.lease_seconds))
    return Problem(
        HTTPStatus.CONFLICT,
        "IDEMPOTENCY_KEY_IN_USE",
        str(error),
        headers={"Retry-After": str(math.ceil(seconds))},
    )
