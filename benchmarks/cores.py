"""Which core measures and which answers."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """Clients run on one core and responders on another; both are None where the machine has only one."""

    client: int | None
    responder: int | None

    @classmethod
    def assign(cls) -> "Cores":
        """Pin this process, and with it every client it starts, to the first core."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            return cls(None, None)
        os.sched_setaffinity(0, {cores[0]})
        return cls(cores[0], cores[1])

    @property
    def apart(self) -> bool:
        return self.client is not None
