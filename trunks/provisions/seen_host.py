"""What was seen of a name before a side that names it is opened for the first time."""

from dataclasses import dataclass

from trunks.rules.outbound_way import astray_way, forbidden_way, unanswered_way
from trunks.rules.way_evidence import Dialled, OutboundWay


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHost:
    """`dialled` is where calls would go, None where nobody knows, or nowhere at all."""

    is_forbidden: bool = False
    dialled: Dialled | None = None
    is_answered: bool = True

    def bar(self, host: str) -> OutboundWay | None:
        """Why no call may go there yet; None where one may."""
        if self.is_forbidden:
            return forbidden_way(host)
        if not self.is_answered:
            return unanswered_way(host)
        if self.dialled is not None and self.dialled.astray is not None:
            return astray_way(host, self.dialled)
        return None
