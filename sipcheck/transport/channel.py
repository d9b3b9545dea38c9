"""What every transport offers to the exchange: a way to one edge."""

from dataclasses import dataclass
from typing import Protocol

from sipcheck.errors import ParseError
from sipcheck.failure import Failure
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.target import HostPort


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The bytes of a message that is not whole yet, in how many pieces they came; `last_at` is on the loop's clock."""

    data: bytes
    pieces: int
    last_at: float


class Receiver(Protocol):
    """Takes what comes for one transaction. Calls come from the event loop and must not block."""

    @property
    def call_id(self) -> bytes:
        """The Call-ID of its request."""

    def received(self, data: bytes, source: HostPort) -> None:
        """A whole message that may be meant for this receiver: by its branch, or because nothing says whose it is."""

    def unframed(self, data: bytes, source: HostPort, fault: ParseError) -> None:
        """Bytes of a connection out of which no message can be cut; nothing more can come from it."""

    def kept_alive(self) -> None:
        """Line ends alone have come: a keep-alive (RFC 5626 §3.5.1), which answers nothing."""

    def failed(self, failure: Failure) -> None:
        """The transport can bring nothing more for this transaction."""


class Channel(Protocol):
    """One edge over one transport. `local` is our own address there, the Via's sent-by."""

    @property
    def reliable(self) -> bool: ...

    @property
    def local(self) -> HostPort: ...

    @property
    def remote(self) -> HostPort: ...

    @property
    def usable(self) -> bool:
        """Whether a further request may be sent on it."""

    @property
    def heard(self) -> bool:
        """Whether anything was received on this connection; false where there is no connection."""

    @property
    def unfinished(self) -> Unfinished | None:
        """What has come of a message that is not whole yet; None where messages come whole."""

    @property
    def certificate(self) -> Certificate | None: ...

    @property
    def warnings(self) -> tuple[ReportWarning, ...]: ...

    def attach(self, branch: str, receiver: Receiver) -> None: ...

    def detach(self, branch: str) -> None: ...

    def send(self, data: bytes) -> None:
        """Send one message; raises TransportFailed when the system refuses it at once."""

    async def explain(self, failure: Failure) -> Failure:
        """Find out more about why the connection broke off, where that can be found out; else give it back."""

    async def close(self) -> None: ...
