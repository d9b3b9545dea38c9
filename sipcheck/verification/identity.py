"""Who speaks, and to whom (docs/design/sip.md): the requests of a run are made of this."""

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum

from sipcheck.message.uri import SipUri
from sipcheck.settings import PROOF_NUMBER, EngineSettings
from sipcheck.target import Target
from sipcheck.transaction.invite.led_call import LedCall
from sipcheck.transaction.request_template import RequestTemplate

# Honest, and without the words that shipped configurations drop (friendly, scanner, sipcli, sipvicious).
USER_AGENT = "sipcheck (SIP trunk verification)"


class InviteForm(StrEnum):
    """How a call is written: plainly, or as the voice infrastructure writes its own (docs/design/infrastructure.md)."""

    PLAIN = "plain"
    LIVEKIT = "livekit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The URIs of a run: `sips:` only when it was typed; the Request-URI names the domain even behind a proxy."""

    target: Target
    username: str | None
    from_user: str
    from_domain: str | None
    # Whom a call is for, and as whom it is made where that is not the user.
    number: str = PROOF_NUMBER
    caller: str | None = None
    call_form: InviteForm = InviteForm.PLAIN
    # The number that is stated beside a user who calls (RFC 3325 §9.2).
    stated: str | None = None
    # Where a call goes by a way of its own: how it is written then.
    led: LedCall | None = None

    @classmethod
    def of(
        cls,
        target: Target,
        settings: EngineSettings,
        username: str | None,
        *,
        caller: str | None = None,
        stated: str | None = None,
        led: LedCall | None = None,
    ) -> "Identity":
        """Speak for the trunk's user where there is one, else as the settings say."""
        return cls(
            target=target,
            username=username,
            from_user=settings.from_user,
            from_domain=settings.from_domain,
            number=settings.proof_number,
            caller=caller,
            call_form=InviteForm.PLAIN if settings.infrastructure is None else InviteForm.LIVEKIT,
            stated=stated,
            led=led,
        )

    def at(self, edge: str) -> "Identity":
        """Speak to an edge: a call that is led to another one is written there as any is."""
        elsewhere = self.led is not None and self.led.edge not in (None, edge)
        return replace(self, led=None) if elsewhere else self

    @property
    def tls_name(self) -> str:
        """The name given to RFC 3263: the outbound proxy's when one is set, else the domain (RFC 5922 §4)."""
        proxy = self.target.outbound_proxy
        return proxy.host if proxy is not None else self.target.domain

    def request_uri(self) -> str:
        """Name the domain without a user part; the port only where one was given."""
        target = self.target
        return str(SipUri(secure=target.secure, user=None, host=target.domain, port=target.port))

    def domain_uri(self) -> str:
        """The domain as a logical address, without any port."""
        return str(SipUri(secure=self.target.secure, user=None, host=self.target.domain, port=None))

    def address_of_record(self) -> str:
        target = self.target
        return str(SipUri(secure=target.secure, user=self.username, host=target.domain, port=None))

    def from_uri(self, egress: str) -> str:
        """The trunk's own address-of-record when it has a user; otherwise we speak for nobody but ourselves."""
        if self.username is not None:
            return self.address_of_record()
        domain = self.from_domain or egress
        return str(SipUri(secure=self.target.secure, user=self.from_user, host=domain, port=None))

    @property
    def calling_user(self) -> str:
        """Who calls: the trunk's number, else its user."""
        return self.caller or self.username or self.from_user

    def caller_uri(self) -> str:
        target = self.target
        led_from = None if self.led is None else self.led.from_domain
        return str(SipUri(secure=target.secure, user=self.calling_user, host=led_from or target.domain))

    def route(self) -> str | None:
        """The pre-loaded Route of an outbound proxy (RFC 3261 §12.2.1.1, loose routing)."""
        proxy = self.target.outbound_proxy
        if proxy is None:
            return None
        return f"<{SipUri(secure=self.target.secure, user=None, host=proxy.host, port=proxy.port)};lr>"

    def template(
        self, method: str, *, from_uri: str, to_uri: str, headers: tuple[tuple[str, str], ...]
    ) -> RequestTemplate:
        return RequestTemplate(
            method=method,
            request_uri=self.request_uri(),
            from_uri=from_uri,
            to_uri=to_uri,
            call_id=secrets.token_hex(16),
            from_tag=secrets.token_hex(6),
            user_agent=USER_AGENT,
            route=self.route(),
            headers=headers,
        )
