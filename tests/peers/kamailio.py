"""Kamailio as a carrier's registrar: a private process over UDP, TCP and TLS."""

import contextlib
import json
import socket
import sqlite3
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.peers.certificates import Certificate
from tests.peers.ports import family_of, free_port
from tests.peers.process import (
    END_WITHIN_SECONDS,
    READY_WITHIN_SECONDS,
    OwnedProcess,
    PeerFailed,
)

USERNAME = "alice"
PASSWORD = "correct horse"

_CONFIGURATION = Path(__file__).with_name("kamailio.cfg")
_SCHEMA_FOLDER = Path("/usr/share/kamailio/db_sqlite")
# No auth-int: Kamailio 5.6 offers it, and then hashes no body but chance memory.
_QOP_FLAGS = {None: 0, "auth": 1}
_RPC_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class KamailioSettings:
    """What a test chooses about the registrar; the algorithm "" leaves the parameter out, which means MD5."""

    address: str = "127.0.0.1"
    port: int | None = None  # a free one when None
    domain: str = "carrier.example"
    realm: str | None = None  # the domain when None
    users: Mapping[str, str] = field(default_factory=lambda: {USERNAME: PASSWORD})
    forbidden_users: tuple[str, ...] = ()  # 403 after a right digest
    bindings: Mapping[str, str] = field(default_factory=dict)  # user to contact URI, bound before the test
    algorithm: Literal["", "MD5", "SHA-256"] = "MD5"
    qop: Literal["auth"] | None = "auth"
    challenge_status: Literal[401, 407] = 401
    nonce_expire_seconds: int = 300
    options_challenged: bool = False
    proves_itself: bool = False  # by Authentication-Info, where there is a qop
    certificate: Certificate | None = None  # no TLS when None
    phone: str = "sip:127.0.0.1:9"  # the telephone that stands behind it
    phone_numbers: str = "^$"  # which numbers are the telephone's, as an expression; none of them


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request as Kamailio saw it, "" for what it did not have; the order is that of kamailio.cfg's line."""

    method: str
    transport: str
    source_address: str
    source_port: str
    request_uri: str
    from_uri: str
    to_uri: str
    call_id: str
    cseq: str
    contact_length: str
    authorization_length: str
    proxy_authorization_length: str
    user_agent: str
    route: str
    via: str

    @property
    def has_contact(self) -> bool:
        return bool(self.contact_length)

    @property
    def has_credentials(self) -> bool:
        return bool(self.authorization_length or self.proxy_authorization_length)


class Kamailio(OwnedProcess):
    """Run one Kamailio in a folder of its own; UDP and TCP share port, TLS has tls_port."""

    def __init__(self, settings: KamailioSettings, folder: Path) -> None:
        self.settings = settings
        self.address = settings.address
        self.port = settings.port or free_port(settings.address)
        self.tls_port = free_port(settings.address)
        self._rpc_socket = folder / "rpc"
        self._reply_socket = folder / "rpc-reply"
        self._database = folder / "kamailio.sqlite"
        self._make_database()
        configuration = folder / "kamailio.cfg"
        configuration.write_text(self._configuration(folder))
        super().__init__(
            "kamailio",
            # In the foreground with its log on standard error; 32 MiB shared and 8 MiB private memory.
            ["-f", str(configuration), "-DD", "-E", "-m", "32", "-M", "8", "-w", str(folder)],
            ready=self._is_ready,
            log_file=folder / "kamailio.log",
        )

    def start(self, *, within_seconds: float = READY_WITHIN_SECONDS) -> None:
        """Start, and bind what the settings want bound. Raises PeerFailed.

        With TLS once more when it dies at its start: children of 5.6 meet in OpenSSL 3's memory, and the last one
        to be ready has to have shaken hands before the others are believed to live.
        """
        try:
            super().start(within_seconds=within_seconds)
        except PeerFailed:
            if self.settings.certificate is None:
                raise
            self.kill()  # children that outlived it hold its ports
            super().start(within_seconds=within_seconds)
        try:
            for user, contact in self.settings.bindings.items():
                self.add_binding(user, contact)
        except BaseException:
            self.end()
            raise

    def end(self, *, within_seconds: float = END_WITHIN_SECONDS) -> None:
        # Nothing is left to write, and a TERM that meets its last children while they start is lost on them.
        self.kill()

    def requests_seen(
        self, method: str | None = None, *, credentials: bool | None = None
    ) -> tuple[SeenRequest, ...]:
        """List the requests that arrived, retransmissions too, in order."""
        lines = [line.partition("SEEN\t") for line in self.log().splitlines()]
        # Kamailio prints <null> for a header that is not there.
        seen = (SeenRequest(*fields.replace("<null>", "").split("\t")) for _, mark, fields in lines if mark)
        return tuple(
            request
            for request in seen
            if method in (None, request.method) and credentials in (None, request.has_credentials)
        )

    def location_table(self) -> bytes:
        """Dump the location table, in memory and in its database; equal bytes mean untouched bindings.

        Left out is the countdown "Expires" of the dump in memory alone: the database's rows have the
        absolute moment.
        """
        memory = self.rpc("ul.dump")
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
            rows = {
                table: database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()  # noqa: S608
                for table in ("location", "location_attrs")
            }
        dump = {"memory": _without_countdown(memory), "database": rows}
        return json.dumps(dump, indent=1, sort_keys=True).encode()

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Know these users by other passwords from now on: whoever sends the former one gets 401."""
        with closing(sqlite3.connect(self._database, timeout=_RPC_TIMEOUT_SECONDS)) as database, database:
            database.executemany(
                "UPDATE subscriber SET password = ? WHERE username = ?",
                [(password, user) for user, password in passwords.items()],
            )

    def add_binding(self, user: str, contact: str, *, expires_seconds: int = 3600) -> None:
        """Bind a contact URI to a user, as a REGISTER with Contact would. Raises PeerFailed."""
        self.rpc("ul.add", "location", user, contact, expires_seconds, 1.0, "", 0, 0, 0)
        # It is told before it is written: a dump of this moment would lack the row.
        deadline = time.monotonic() + _RPC_TIMEOUT_SECONDS
        while not self._is_written(user, contact):
            if time.monotonic() > deadline:
                raise PeerFailed(f"kamailio did not write the binding of {user}")
            time.sleep(_POLL_SECONDS)

    def _is_written(self, user: str, contact: str) -> bool:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
            found = database.execute(
                "SELECT 1 FROM location WHERE username = ? AND contact = ?", (user, contact)
            ).fetchone()
        return found is not None

    def rpc(self, method: str, *parameters: object) -> Any:
        """Call Kamailio's RPC interface. Raises PeerFailed when it answers with an error."""
        request = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.settimeout(_RPC_TIMEOUT_SECONDS)
            self._reply_socket.unlink(missing_ok=True)
            client.bind(str(self._reply_socket))
            client.sendto(json.dumps(request).encode(), str(self._rpc_socket))
            answer = json.loads(client.recv(65535))
        if "error" in answer:
            raise PeerFailed(f"kamailio {method}: {answer['error']}")
        return answer["result"]

    def _is_ready(self) -> bool:
        try:
            self.rpc("core.version")
            return self._answers_by_udp() and self._answers_keep_alive() and self._shakes_hands()
        except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError, TimeoutError):
            return False

    def _answers_by_udp(self) -> bool:
        """Whether the child that reads UDP is there.

        It loads the location table as it starts, and dies of a binding that is written at that moment.
        """
        with socket.socket(family_of(self.address), socket.SOCK_DGRAM) as client:
            client.settimeout(1.0)
            client.connect((self.address, self.port))
            host = f"[{self.address}]" if family_of(self.address) is socket.AF_INET6 else self.address
            port = client.getsockname()[1]
            client.send(
                f"READY sip:{self.settings.domain} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKready\r\n"
                f"From: <sip:{self.settings.domain}>;tag=ready\r\nTo: <sip:{self.settings.domain}>\r\n"
                "Call-ID: ready\r\nCSeq: 1 READY\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n".encode()
            )
            return client.recv(65535).startswith(b"SIP/2.0 200 ")

    def _answers_keep_alive(self) -> bool:
        """Whether the children that read TCP and TLS, the last to start, are there (RFC 5626 §3.5.1)."""
        with socket.create_connection((self.address, self.port), timeout=1.0) as connected:
            connected.sendall(b"\r\n\r\n")
            return connected.recv(16) == b"\r\n"

    def _shakes_hands(self) -> bool:
        if self.settings.certificate is None:
            return True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((self.address, self.tls_port), timeout=1.0) as connected,
            contextlib.suppress(ssl.SSLError),
            context.wrap_socket(connected),
        ):
            return True
        return False

    def _make_database(self) -> None:
        with closing(sqlite3.connect(self._database)) as database, database:
            for table in ("standard", "auth_db", "usrloc"):
                database.executescript((_SCHEMA_FOLDER / f"{table}-create.sql").read_text())
            database.executemany(
                "INSERT INTO subscriber (username, domain, password) VALUES (?, ?, ?)",
                [(user, self.settings.domain, password) for user, password in self.settings.users.items()],
            )

    def _configuration(self, folder: Path) -> str:
        settings = self.settings
        host = f"[{settings.address}]" if family_of(settings.address) is socket.AF_INET6 else settings.address
        defines = {
            "REALM": _quoted(settings.realm or settings.domain),
            "ALGORITHM": _quoted(settings.algorithm),
            "CHALLENGE": str(_QOP_FLAGS[settings.qop]),
            "NONCE_EXPIRE": str(settings.nonce_expire_seconds),
            "FORBIDDEN_USERS": _quoted(f"^({'|'.join(settings.forbidden_users)})$"),
            "PHONE": _quoted(settings.phone),
            "PHONE_NUMBERS": _quoted(settings.phone_numbers),
            "DATABASE_URL": _quoted(f"sqlite:///{self._database}"),
            "RPC_SOCKET": _quoted(str(self._rpc_socket)),
            "TLS_CONFIG": _quoted(str(folder / "tls.cfg")),
        }
        switches = {
            "WITH_PROXY_CHALLENGE": settings.challenge_status == 407,
            "WITH_OPTIONS_CHALLENGE": settings.options_challenged,
            "WITH_AUTHENTICATION_INFO": settings.proves_itself,
            "WITH_TLS": settings.certificate is not None,
        }
        lines = ["#!KAMAILIO"]
        lines += [f"#!define {name} {value}" for name, value in defines.items()]
        lines += [f"#!define {name}" for name, on in switches.items() if on]
        lines += [f"listen={transport}:{host}:{self.port}" for transport in ("udp", "tcp")]
        lines += [f"alias={_quoted(settings.domain)}"]
        if settings.certificate is not None:
            lines += ["enable_tls=yes", f"listen=tls:{host}:{self.tls_port}"]
            (folder / "tls.cfg").write_text(
                "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n"
                f"certificate = {settings.certificate.certificate_file}\n"
                f"private_key = {settings.certificate.key_file}\n"
            )
        lines += [f"include_file {_quoted(str(_CONFIGURATION))}", ""]
        return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _without_countdown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_countdown(item) for key, item in value.items() if key != "Expires"}
    if isinstance(value, list):
        return [_without_countdown(item) for item in value]
    return value
