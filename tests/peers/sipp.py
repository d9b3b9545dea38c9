"""sipp as the answering side, driven by a scenario, with the times of what it saw."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from tests.peers.ports import free_port
from tests.peers.process import OwnedProcess

_SCENARIOS = Path(__file__).with_name("scenarios")
_TRANSPORT_OPTIONS = {"udp": "u1", "tcp": "t1"}
_POLL_SECONDS = 0.01
_TRACE_ENTRY = re.compile(
    r"^-{10,} (?P<at>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+)\n"
    r"\w+ message (?P<direction>received|sent) [\[(]\d+(?:\] bytes| bytes\)) *:\n\n",
    re.MULTILINE,
)


class Scenario(StrEnum):
    """The scenario files."""

    SILENT = "silent"
    TRYING_THEN_OK = "trying_then_ok"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class SippSettings:
    """What a test chooses; keys fill the scenario's own keywords.

    Behind so many `calls` it ends by itself, with 0 where all went as its scenario says. With `echo` sound is sent
    back.
    """

    scenario: Scenario | Path
    transport: Literal["udp", "tcp"] = "udp"
    address: str = "127.0.0.1"
    pause_ms: int = 0
    calls: int | None = None
    echo: bool = False
    keys: Mapping[str, str] = field(default_factory=lambda: {"retry_after": "120"})


@dataclass(frozen=True, slots=True)
class SippMessage:
    """A message from sipp's trace; at is the machine's local time to the microsecond."""

    at: datetime
    direction: Literal["received", "sent"]
    text: str

    @property
    def method(self) -> str | None:
        """The request's method, or None for a response."""
        first = self.text.partition(" ")[0]
        return None if first == "SIP/2.0" else first


class Sipp(OwnedProcess):
    """Run sipp as a server in a folder of its own."""

    def __init__(self, settings: SippSettings, folder: Path) -> None:
        self.settings = settings
        self.address = settings.address
        self.port = free_port(settings.address)
        self._trace = folder / "messages.log"
        self._errors = folder / "errors.log"
        scenario = settings.scenario
        file = scenario if isinstance(scenario, Path) else _SCENARIOS / f"{scenario}.xml"
        keys = [part for name, value in settings.keys.items() for part in ("-key", name, value)]
        super().__init__(
            "sipp",
            [
                *("-sf", str(file), "-i", self.address, "-p", str(self.port)),
                *("-t", _TRANSPORT_OPTIONS[settings.transport], "-d", str(settings.pause_ms), *keys),
                # Its media and control sockets would else be at fixed ports, and so shared between runs; sound, its
                # control and a picture take three in a row.
                *(
                    "-mp",
                    str(free_port(self.address, in_a_row=4)),
                    "-ci",
                    self.address,
                    "-cp",
                    str(free_port()),
                ),
                *(() if settings.calls is None else ("-m", str(settings.calls))),
                *(("-rtp_echo",) if settings.echo else ()),
                *("-nostdin", "-trace_msg", "-message_file", str(self._trace)),
                *("-trace_err", "-error_file", str(self._errors)),
            ],
            ready=self._is_ready,
            log_file=folder / "sipp.log",
        )

    def messages(self, *, method: str | None = None) -> list[SippMessage]:
        """Read the trace, in order; with a method only the requests received."""
        text = self._trace.read_text(errors="replace") if self._trace.exists() else ""
        # Split at the entries: text, then (at, direction, text) for each.
        parts = _TRACE_ENTRY.split(text)[1:]
        messages = [
            SippMessage(datetime.fromisoformat(at), "received" if direction == "received" else "sent", body)
            for at, direction, body in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
        ]
        return [message for message in messages if method in (None, message.method)]

    def wait_for_messages(self, count: int, *, within_seconds: float = 5.0) -> list[SippMessage]:
        """Wait until the trace holds this many messages: sipp notes a message after sending it.

        Raises TimeoutError.
        """
        deadline = time.monotonic() + within_seconds
        while len(messages := self.messages()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"fewer than {count} messages: {messages}")
            time.sleep(_POLL_SECONDS)
        return messages

    def retransmission_seconds(self, method: str) -> list[float]:
        """List when each request of this method arrived, in seconds after the first one."""
        arrived = [message.at for message in self.messages(method=method)]
        return [(at - arrived[0]).total_seconds() for at in arrived]

    def log(self) -> str:
        """Read what sipp printed and complained about."""
        errors = self._errors.read_text(errors="replace") if self._errors.exists() else ""
        return super().log() + errors

    def _is_ready(self) -> bool:
        return _listens(self.settings.transport, self.port)


def _listens(transport: str, port: int) -> bool:
    """Ask the kernel, since a packet sent to find out would be a call to sipp."""
    state = "0A" if transport == "tcp" else "07"  # LISTEN; unconnected UDP
    for table in (Path("/proc/net") / transport, Path("/proc/net") / f"{transport}6"):
        for line in table.read_text().splitlines()[1:]:
            _, local, _, at, *_ = line.split()
            if at == state and int(local.rpartition(":")[2], 16) == port:
                return True
    return False
