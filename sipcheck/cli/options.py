"""Options that several commands share: one meaning, one wording, one value (sipcheck.cli.option_groups)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sipcheck.cli.environment import Lasting
from sipcheck.cli.password import read_password
from sipcheck.cli.usage import refuse
from sipcheck.cli.values import (
    check_outbound_proxy,
    read_guard,
    read_nameservers,
    read_port,
    read_source_address,
)
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.errors import CallerError
from sipcheck.settings import EngineSettings, Infrastructure
from sipcheck.target import Target, TransportName, parse_target

TargetText = Annotated[
    str, typer.Argument(help="A domain, host name, IP address, host:port, or sip:/sips: URI.")
]
ProofOption = Annotated[Proof, typer.Option(help="How to prove the credentials; none sends OPTIONS alone.")]
Nameservers = Annotated[
    list[str] | None,
    typer.Option(
        "--nameserver",
        metavar="IP[:PORT]",
        help="Repeatable; ask these.",
        show_default=f"{Lasting.NAMESERVER.variable}, or the system's",
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        metavar="PEM",
        help="Trust these roots too, beside the system's.",
        show_default=Lasting.CA_FILE.variable,
    ),
]
TlsStrict = Annotated[bool, typer.Option("--tls-strict", help="RFC 5922 to the letter: no wildcard names.")]
AllowNetworks = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-network",
        metavar="CIDR",
        help="Repeatable; permit addresses the guard refuses (a lab, loopback).",
        show_default=Lasting.ALLOW_NETWORK.variable,
    ),
]
AllowPorts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-port",
        metavar="N",
        help="Repeatable; permit a port the guard refuses.",
        show_default=Lasting.ALLOW_PORT.variable,
    ),
]
AsInfrastructure = Annotated[
    Infrastructure | None,
    typer.Option(
        "--as", help="Say where this infrastructure's calls would differ.", show_default="not compared"
    ),
]
SourceAddress = Annotated[
    str | None,
    typer.Option(
        metavar="IP",
        help="Leave from this address, as the calls do.",
        show_default=f"{Lasting.SOURCE_ADDRESS.variable}, or the system's choice",
    ),
]


Timeout = Annotated[str, typer.Option(metavar="SECONDS", help="The one deadline for the whole run.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOptions:
    """How the target is reached."""

    transport: Annotated[
        TransportName | None,
        typer.Option(help="Force the transport.", show_default="from the URI; else RFC 3263 decides"),
    ] = None
    port: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="1-65535; with a port, NAPTR and SRV are not asked.",
            show_default="from the URI; else SRV",
        ),
    ] = None
    outbound_proxy: Annotated[
        str | None,
        typer.Option(metavar="HOST[:PORT]", help="Send to this host; the request names TARGET's domain."),
    ] = None

    def check(self) -> None:
        """Refuse a value that cannot be used, whatever the target is."""
        read_port(self.port)
        check_outbound_proxy(self.outbound_proxy)

    def read(self, target: str) -> Target:
        """Read the target with what is given beside it. Raises TargetInvalid, TargetConflict."""
        return parse_target(
            target,
            transport=self.transport,
            port=read_port(self.port),
            outbound_proxy=self.outbound_proxy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupOptions:
    """Whom to ask for names, and which of the addresses found may be probed."""

    nameservers: Nameservers = None
    allow_networks: AllowNetworks = None
    allow_ports: AllowPorts = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How to check, whatever is checked; where to leave from is each command's own option, in its own place."""

    nameservers: Nameservers = None
    ca_file: CaFile = None
    tls_strict: TlsStrict = False
    allow_networks: AllowNetworks = None
    allow_ports: AllowPorts = None

    def settings(
        self, source_address: str | None, infrastructure: Infrastructure | None = None
    ) -> EngineSettings:
        """Read them with --source-address; files and addresses are for the engine to try."""
        ca_file = Lasting.CA_FILE.one(None if self.ca_file is None else str(self.ca_file)).texts
        return EngineSettings(
            nameservers=read_nameservers(self.nameservers),
            ca_file=Path(ca_file[0]) if ca_file else None,
            tls_strict=self.tls_strict,
            guard=read_guard(self.allow_networks, self.allow_ports),
            source_address=read_source_address(source_address),
            infrastructure=infrastructure,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialOptions:
    """Whose password to prove, and where it comes from."""

    username: Annotated[
        str | None,
        typer.Option(help="The address-of-record's user, and the digest's.", show_default="no proof"),
    ] = None
    auth_username: Annotated[
        str | None, typer.Option(help="The digest user where it differs.", show_default="--username")
    ] = None
    password_env: Annotated[
        str | None, typer.Option(metavar="VAR", help="Take the password from this environment variable.")
    ] = None
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the password from this file.")
    ] = None
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Take the password from standard input.")
    ] = False
    realm: Annotated[
        list[str] | None, typer.Option(help="Repeatable; the only realms to answer.", show_default="any")
    ] = None

    def read(self) -> Credentials | None:
        """Read the password from its source; None without a username, for a check that proves nothing."""
        password = read_password(
            variable=self.password_env, file=self.password_file, from_stdin=self.password_stdin
        )
        if self.username is None:
            self._refuse_lonely(password)
            return None
        if password is None:
            refuse(
                f"--username {self.username!r} needs a password; "
                "add --password-env VAR, --password-file FILE or --password-stdin"
            )
        realms = tuple(self.realm or ())
        for option, given in (("--auth-username", (self.auth_username,)), ("--realm", realms)):
            if "" in given:
                refuse(f"{option} '' is empty; leave it out, or give it as the carrier wrote it")
        try:
            return Credentials(self.username, password, self.auth_username, realms)
        except CallerError as error:
            refuse(str(error))

    def read_for(self, proof: Proof) -> Credentials | None:
        """Read them for this kind of proof, which may need them."""
        proven = self.read()
        if proven is None and proof in (Proof.REGISTER, Proof.OPTIONS, Proof.INVITE):
            refuse(
                f"--proof {proof} proves credentials, and none are given; add --username and a password source"
            )
        return proven

    def _refuse_lonely(self, password: str | None) -> None:
        for option, value in (
            ("a password", password),
            ("--auth-username", self.auth_username),
            ("--realm", self.realm),
        ):
            if value:
                refuse(f"{option} is given without --username; add --username")
