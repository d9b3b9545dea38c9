"""What can go wrong between a client and LiveKit, to be switched on and off."""

import math
import threading
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What a call meets instead of its answer; the last two are done all the same."""

    HELD = "held"  # no answer until release()
    HUNG_UP = "hung-up"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    KEY_REFUSED = "key-refused"
    FORBIDDEN = "forbidden"
    WEB_PAGE = "web-page"  # 200, and HTML
    EMPTY = "empty"  # 200, and nothing
    GARBAGE = "garbage"  # 200, and no message
    NO_SUCH_PAGE = "no-such-page"  # 404 of some web server
    DONE_AND_HELD = "done-and-held"
    DONE_AND_HUNG_UP = "done-and-hung-up"


DONE = frozenset({Fault.DONE_AND_HELD, Fault.DONE_AND_HUNG_UP})


@dataclass(slots=True)
class _Switched:
    fault: Fault
    method: str | None
    first: int
    last: float
    seen: int = 0


class FaultSwitches:
    """The faults that are switched on; a base of the server."""

    def __init__(self) -> None:
        self._switched: list[_Switched] = []
        self._switching = threading.Lock()
        self._released = threading.Event()

    def fail(self, fault: Fault, *, method: str | None = None, nth: int = 1, times: float = math.inf) -> None:
        """Let the nth call from now on, of this method or of any, and those after it meet a fault."""
        with self._switching:
            self._switched.append(_Switched(fault, method, nth, nth + times))

    def heal(self) -> None:
        """Switch all faults off, and let go of what is held."""
        with self._switching:
            self._switched.clear()
        self.release()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def hold(self) -> None:
        """Wait until release()."""
        self._released.wait()

    def fault_of(self, method: str) -> Fault | None:
        """Count a call, and tell the fault that it meets."""
        with self._switching:
            for switched in self._switched:
                if switched.method in (None, method):
                    switched.seen += 1
                    if switched.first <= switched.seen < switched.last:
                        return switched.fault
        return None
