"""The practice carrier in a thread of its own, for tests that block, such as those of the command line."""

from collections.abc import Collection

from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.server import PracticeCarrier
from tests.peers.loop_thread import LoopThread


class PracticePeer(LoopThread[PracticeCarrier]):
    """Run a practice carrier on free ports of loopback while entered."""

    def __init__(self, faults: Collection[Fault] = (), *, calls: CallBehaviour = CallBehaviour.ECHO) -> None:
        super().__init__("practice-peer", ready_seconds=20.0)
        self._faults = tuple(faults)
        self._calls = calls

    @property
    def running(self) -> PracticeCarrier:
        """The carrier. Raises RuntimeError when it is not running."""
        if self.served is None:
            raise RuntimeError("the practice carrier is not running")
        return self.served

    def serving(self) -> PracticeCarrier:
        return PracticeCarrier(faults=self._faults, calls=self._calls)
