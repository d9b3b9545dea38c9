"""`openssl s_server`, whose keyboard commands renegotiate and renew keys, which Python's ssl cannot."""

import fcntl
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from typing import Self

from tests.peers.certificates import Certificate
from tests.peers.ports import free_port
from tests.peers.process import PeerFailed
from tests.peers.programs import find_program

_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.001


class OpensslServer:
    """One server process; what it receives is on its output, what is typed is sent, or is a command."""

    def __init__(self, certificate: Certificate, *options: str) -> None:
        self.port = free_port()
        self._command: Sequence[str] = (
            *(str(find_program("setpriv")), "--pdeathsig=KILL", "--", str(find_program("openssl"))),
            *("s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", str(certificate.certificate_file)),
            *("-key", str(certificate.key_file), *options),
        )
        self._output = b""
        self._told = threading.Condition()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
        )
        self._reader = threading.Thread(target=self._read, name="openssl-server", daemon=True)
        self._reader.start()
        self.wait_for(b"ACCEPT")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(_WITHIN_SECONDS)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def type(self, keys: bytes) -> None:
        """Type at its keyboard, and wait until it has read that: it takes a command only where a read begins."""
        assert self._process.stdin is not None
        self._process.stdin.write(keys)
        deadline = time.monotonic() + _WITHIN_SECONDS
        while any(fcntl.ioctl(self._process.stdin, termios.FIONREAD, bytes(4))):
            if time.monotonic() > deadline:
                raise PeerFailed("openssl s_server does not read its keyboard")
            time.sleep(_POLL_SECONDS)

    def wait_for(self, words: bytes) -> bytes:
        """Wait for the words on its output, and take everything up to them and them. Raises PeerFailed."""
        with self._told:
            if not self._told.wait_for(lambda: words in self._output, _WITHIN_SECONDS):
                raise PeerFailed(f"openssl s_server did not say {words!r}:\n{self._output[-4000:]!r}")
            before, _, self._output = self._output.partition(words)
            return before + words

    def _read(self) -> None:
        assert self._process.stdout is not None
        while data := self._process.stdout.read(65536):
            with self._told:
                self._output += data
                self._told.notify_all()
