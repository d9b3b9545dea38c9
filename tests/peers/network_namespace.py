"""A network of the test's own: an empty namespace in a thread, and a router in it that does as it is told.

A `SlowRoad` is a router to a second namespace, with a peer in it: the kernel's netem is not there everywhere.

A namespace belongs to a thread, so the engine runs in it with a loop of its own and nothing can leave it.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from tests.peers.programs import PeerMissing, find_program

CLONE_NEWNET = 0x40000000  # <linux/sched.h>
_TUNSETIFF = 0x400454CA  # <linux/if_tun.h>
_IFF_TUN_NO_PI = 0x0001 | 0x1000
_PACKET_OCTETS = 65535
_WAKE_SECONDS = 0.05
_PROTOCOL_ICMP = 1
_FAR_ANSWERS_WITHIN_SECONDS = 5.0
_UNREACHABLE = 3  # RFC 792, the ICMP type

OUR_ADDRESS = "192.0.2.1"
ROUTER_ADDRESS = "192.0.2.254"
FAR_ADDRESS = "198.51.100.7"

Result = TypeVar("Result")
Router = Callable[[bytes], bytes | None]


class NamespaceRefused(Exception):
    """This system grants no network namespace."""


def drop(_: bytes) -> None:
    """Throw a packet away, as a firewall does."""


def unreachable(code: int, *, quoted_octets: int = 548) -> Router:
    """Answer with ICMP "destination unreachable"; `quoted_octets` behind the IP header go back with it.

    RFC 792 asks for 8 of them, RFC 1812 §4.3.2.3 for as many as fit into 576.
    """

    def route(packet: bytes) -> bytes | None:
        header_octets = (packet[0] & 0x0F) * 4
        if packet[0] >> 4 != 4 or packet[9] == _PROTOCOL_ICMP:
            return None
        quote = packet[: header_octets + quoted_octets]
        body = struct.pack("!BBHI", _UNREACHABLE, code, 0, 0) + quote
        body = body[:2] + struct.pack("!H", _checksum(body)) + body[4:]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, _PROTOCOL_ICMP, 0)
        head += socket.inet_aton(ROUTER_ADDRESS) + packet[12:16]
        return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body

    return route


class SlowRoad:
    """A router to the namespace of a peer, which is opened in it at FAR_ADDRESS.

    A packet and what comes back for it take `delay_seconds` together; None loses it.
    """

    def __init__(self, open_peer: Callable[[], AbstractContextManager[object]]) -> None:
        self.delay_seconds: float | None = 0.0
        self._open_peer = open_peer
        self._ready, self._ending = threading.Event(), threading.Event()
        self._device = -1
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._stand, name="far-namespace")

    def __enter__(self) -> "SlowRoad":
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def __call__(self, packet: bytes) -> bytes | None:
        if packet[0] >> 4 != 4 or self.delay_seconds is None:
            return None
        time.sleep(self.delay_seconds)
        os.write(self._device, packet)
        while select.select([self._device], [], [], _FAR_ANSWERS_WITHIN_SECONDS)[0]:
            reply = os.read(self._device, _PACKET_OCTETS)
            if reply[0] >> 4 == 4:
                return reply
        return None

    def _stand(self) -> None:
        try:
            _enter()
            with _tunnel(FAR_ADDRESS) as self._device, self._open_peer():
                self._ready.set()
                self._ending.wait()
        except BaseException as error:  # noqa: BLE001 - a thread's border: raised by whoever enters
            self._error = error
        finally:
            self._ready.set()


def run_in_namespace(
    work: Callable[[], Coroutine[object, object, Result]],
    *,
    router: Router | None = None,
    routes: tuple[str, ...] = (),
) -> Result:
    """Run a coroutine in an empty network with `routes` (of `ip route add`), and a default route to `router`.

    Raises NamespaceRefused where it takes more rights than there are, and what the coroutine raises.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def inside() -> None:
        try:
            _enter()
            with contextlib.ExitStack() as stack:
                if router is not None:
                    stack.enter_context(_running(router))
                for route in routes:
                    _ip("route", "add", *route.split())
                results.append(asyncio.run(work()))
        except BaseException as error:  # noqa: BLE001 - a thread's border: raised again in the test
            errors.append(error)

    thread = threading.Thread(target=inside, name="network-namespace")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _enter() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise NamespaceRefused(f"unshare(CLONE_NEWNET): {os.strerror(ctypes.get_errno())}")
    _ip("link", "set", "lo", "up")


def _ip(*arguments: str) -> None:
    try:
        subprocess.run([str(find_program("ip")), *arguments], check=True, capture_output=True, text=True)
    except PeerMissing as error:
        raise NamespaceRefused("iproute2 is not installed") from error


@contextlib.contextmanager
def _running(router: Router) -> Iterator[None]:
    ending = threading.Event()
    with _tunnel(OUR_ADDRESS) as device:
        thread = threading.Thread(target=_route, args=(device, router, ending), name="router")
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()


@contextlib.contextmanager
def _tunnel(address: str) -> Iterator[int]:
    """Open a tun device that all leaves by which is for no address of this namespace."""
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        raise NamespaceRefused(f"/dev/net/tun: {error.strerror}") from error
    try:
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"outside", _IFF_TUN_NO_PI))
        _ip("addr", "add", f"{address}/24", "dev", "outside")
        _ip("link", "set", "outside", "up")
        _ip("route", "add", "default", "dev", "outside")
        yield device
    finally:
        os.close(device)


def _route(device: int, router: Router, ending: threading.Event) -> None:
    while not ending.is_set():
        if select.select([device], [], [], _WAKE_SECONDS)[0]:
            reply = router(os.read(device, _PACKET_OCTETS))
            if reply is not None:
                os.write(device, reply)


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
