"""What a person sets once: environment variables in the place of options that are not given."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

_SEPARATORS = re.compile(r"[\s,]+")


class Lasting(Enum):
    """An option that has a variable; the option, where it is given, goes before it."""

    ALLOW_NETWORK = "--allow-network", "SIPCHECK_ALLOW_NETWORKS"
    ALLOW_PORT = "--allow-port", "SIPCHECK_ALLOW_PORTS"
    NAMESERVER = "--nameserver", "SIPCHECK_NAMESERVERS"
    CA_FILE = "--ca-file", "SIPCHECK_CA_FILE"
    SOURCE_ADDRESS = "--source-address", "SIPCHECK_SOURCE_ADDRESS"

    @property
    def option(self) -> str:
        return self.value[0]

    @property
    def variable(self) -> str:
        return self.value[1]

    def several(self, given: Sequence[str] | None) -> "Given":
        """Take the option's values, or the variable's, separated by commas or spaces."""
        if given:
            return Given(tuple(given), self.option)
        return Given(tuple(filter(None, _SEPARATORS.split(self._set()))), self.variable)

    def one(self, given: str | None) -> "Given":
        """Take the option's value, or the variable's as it is written."""
        if given is not None:
            return Given((given,), self.option)
        text = self._set().strip()
        return Given((text,) if text else (), self.variable)

    def _set(self) -> str:
        return os.environ.get(self.variable, "")


@dataclass(frozen=True, slots=True)
class Given:
    """Values, and the option or the variable that a refusal of one of them has to name."""

    texts: tuple[str, ...]
    source: str
