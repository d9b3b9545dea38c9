"""What a practice carrier saw of one request."""

from dataclasses import dataclass

from sipcheck.target import HostPort, TransportName


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One request as it came; `authorized` is whether it carried credentials, right or wrong.

    `status` is null where nothing was answered. A `repeated` request got its first answer again.
    """

    method: str
    source: HostPort
    transport: TransportName
    authorized: bool
    status: int | None
    repeated: bool = False

    def __str__(self) -> str:
        answer = "no answer" if self.status is None else str(self.status)
        credentials = " with credentials" if self.authorized else ""
        again = ", sent again" if self.repeated else ""
        return f"{self.method}{credentials} from {self.source} by {self.transport}{again}: {answer}"
