"""What every transport offers to the exchange: a way to one edge."""

from typing import Protocol

from sipcheck.failure import Failure
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.target import HostPort


class Receiver(Protocol):
    """Takes what comes for one transaction. Calls come from the event loop and must not block."""

    def received(self, data: bytes, source: HostPort) -> None:
        """A whole message whose topmost branch is this receiver's, or bytes from the edge without any branch."""

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
    def unfinished(self) -> int:
        """How many bytes of a message have come that is not whole yet; none where messages come whole."""

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
