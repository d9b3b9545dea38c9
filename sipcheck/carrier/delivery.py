"""How answers leave: when, and from where."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sipcheck.carrier.faults import Fault

SLOW_SECONDS = 1.0  # between the first sending again and the second, of Timer E


@dataclass(frozen=True, slots=True)
class Delivery:
    """`from_elsewhere` is about UDP, `close` about connections, which then carry no answer."""

    delay_seconds: float = 0.0
    from_elsewhere: bool = False
    close: bool = False


_CHANGES: Mapping[Fault, Mapping[str, Any]] = {
    Fault.SLOW: {"delay_seconds": SLOW_SECONDS},
    Fault.RESPONSE_FROM_ELSEWHERE: {"from_elsewhere": True},
    Fault.CLOSE: {"close": True},
}


def delivery(faults: Collection[Fault]) -> Delivery:
    """Put together how these faults have answers leave."""
    plain = Delivery()
    for fault, changes in _CHANGES.items():
        if fault in faults:
            plain = replace(plain, **changes)
    return plain
