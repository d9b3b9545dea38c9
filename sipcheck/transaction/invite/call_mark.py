"""What ends a call whose maker is gone: written down before its INVITE leaves, and again before its ACK. No I/O."""

from dataclasses import dataclass

from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.transaction.request_template import RequestTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogMark:
    """The peer's side of a dialog: its tag, its Contact and its Route set, in its own words."""

    remote_tag: str | None
    remote_target: str
    routes: tuple[str, ...]
    readable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMark:
    """An INVITE as CANCEL and BYE repeat it, and where it went; `dialog` once it was taken. No credentials are in it.

    `sent_by` is its Via's, by which a CANCEL is known as its own (RFC 3261 §9.2). `realms` are those that it was
    answered for, the only ones that its BYE may be.
    """

    host: str
    address: str
    port: int
    transport: TransportName
    tls_name: str
    sent_by: HostPort
    branch: str
    cseq: int
    request_uri: str
    from_uri: str
    to_uri: str
    call_id: str
    from_tag: str
    user_agent: str
    route: str | None
    realms: tuple[str, ...] = ()
    dialog: DialogMark | None = None

    def invite(self) -> RequestTemplate:
        """The INVITE, without what only itself has."""
        return RequestTemplate(
            method="INVITE",
            request_uri=self.request_uri,
            from_uri=self.from_uri,
            to_uri=self.to_uri,
            call_id=self.call_id,
            from_tag=self.from_tag,
            user_agent=self.user_agent,
            route=self.route,
        )

    def opened(self) -> Dialog | None:
        """The dialog that has to be ended; None where the INVITE has to be taken back."""
        found = self.dialog
        if found is None:
            return None
        return Dialog(
            invite=self.invite(),
            remote_tag=found.remote_tag,
            remote_target=found.remote_target,
            routes=found.routes,
            readable=found.readable,
        )


def mark_of(dialog: Dialog) -> DialogMark:
    return DialogMark(
        remote_tag=dialog.remote_tag,
        remote_target=dialog.remote_target,
        routes=dialog.routes,
        readable=dialog.readable,
    )
