"""What is wanted for a trunk, copied from the rows, and what the infrastructure is to have for it."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from sipcheck.errors import TargetInvalid
from sipcheck.guard import Guard
from sipcheck.host import is_address
from sipcheck.message.uri import SipUri
from sipcheck.target import HostPort, Target, TransportName, parse_host_port
from sipcheck.verification.calling.options import CallIdentity
from trunks.errors import SecretUnreadable
from trunks.rules.allow_list import AllowListInvalid, read_allow_list, with_prefixes
from trunks.rules.media import media_of
from trunks.rules.outbound_way import unverified_way
from trunks.rules.profile import InboundAuthorization, TrunkProfile
from trunks.rules.way_evidence import OutboundWay, WayForm
from trunks.rules.way_hosts import led_call
from trunks.secrets.secret_box import SecretBox
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import NUMBER_CALLS, DesiredTrunk, InboundSide, OutboundSide, plain_number

# Ends each call at once; nothing is sent anywhere (RFC 6761 §6.4: the name leads nowhere).
PARKED_ROUTE = "<sip:blocked.invalid;lr>"

# Of sides that were made before we wrote these.
_FORMERLY_NOT_OURS = frozenset({"media", "route"})


@dataclass(frozen=True, slots=True)
class Leading:
    """How this installation leads calls: the fixed egress, where there is one; with `pin_edges` to proven addresses
    alone, so that the infrastructure is given no customer's name. `guard` says where no call may go.
    """

    egress: HostPort | None = None
    pin_edges: bool = False
    guard: Guard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A trunk's first gateway, its numbers and its profile, with the password still sealed.

    `called_as` is what calls to an extension name where another environment has the same one. `way` is what is known
    of calls to the gateway as it is configured now; `bar` goes before it, where the host itself is one that no call
    may go to. `withholds_password` keeps the password off the outbound side: the carrier rejected it. With
    `keeps_former` the sides were made before media and Route were written, and theirs stay as they are; with
    `plain_list` before allow-lists were written with their prefixes.
    """

    trunk_id: UUID
    profile: TrunkProfile
    numbers: tuple[str, ...]
    host: str
    port: int | None
    transport: TransportName | None
    outbound_proxy: str | None
    username: str | None
    sealed_password: bytes | None = field(repr=False)
    egress: HostPort | None
    environment_id: UUID | None = None
    revision: int = 0
    way: OutboundWay | None = None
    pin_edges: bool = False
    bar: OutboundWay | None = None
    withholds_password: bool = False
    keeps_former: bool = False
    called_as: str | None = None
    plain_list: bool = False

    @property
    def unjudged(self) -> Target | None:
        """The name that calls would be given to before anybody looked where it leads; None where there is none."""
        if not self.numbers or self.outbound_proxy is not None or self.keeps_former:
            return None
        carrier = self._carrier()
        if is_address(carrier.host) or self.bar is not None or self.way is not None:
            return None
        if self.pin_edges and not self.profile.fixed_egress:
            return None
        return Target(domain=carrier.host, port=carrier.port, transport=self.transport)

    @property
    def no_way(self) -> str | None:
        """Why calls are ended at once; None where they go somewhere, or there is no outbound side."""
        parked = self._leads_by() if self.numbers else None
        return parked.reason if parked is not None and parked.form is WayForm.PARKED else None

    def desired(self, secrets: SecretBox) -> DesiredTrunk:
        """Work out both sides; neither is to be while the trunk has no number. Raises ProvisioningFailed."""
        numbers = tuple(sorted(set(self.numbers)))
        if not numbers:
            return self._with(inbound=None, outbound=None)
        password = self._open(secrets)
        inbound = self._inbound(numbers, password) if self.profile.inbound_enabled else None
        left = _FORMERLY_NOT_OURS if self.keeps_former else frozenset[str]()
        return self._with(
            inbound=None if inbound is None else replace(inbound, media=media_of(self.profile), left=left),
            outbound=replace(
                self._as_user(self._outbound(numbers, password)),
                media=media_of(self.profile),
                left=left if self._calls_as_user else left | NUMBER_CALLS,
            ),
        )

    def _with(self, *, inbound: InboundSide | None, outbound: OutboundSide | None) -> DesiredTrunk:
        return DesiredTrunk(
            trunk_id=self.trunk_id,
            inbound=inbound,
            outbound=outbound,
            environment_id=self.environment_id,
            revision=self.revision,
        )

    @property
    def _calls_as_user(self) -> bool:
        return self.profile.caller_identity is CallIdentity.USERNAME and self.username is not None

    def _as_user(self, side: OutboundSide) -> OutboundSide:
        """Let the user stand in From where the carrier wants that, and the first number beside it (RFC 3325 §9.2)."""
        if not self._calls_as_user or self.username is None:
            return side
        host = self._carrier().host
        identity = f"<{SipUri(user=self.numbers[0], host=host)}>"
        return replace(side, numbers=(self.username,), identity=identity)

    def without(self, number: str) -> "Blueprint":
        """Leave a number out, in whichever spelling."""
        others = (each for each in self.numbers if plain_number(each) != plain_number(number))
        return replace(self, numbers=tuple(others))

    def _inbound(self, numbers: tuple[str, ...], password: str | None) -> InboundSide:
        called = numbers if self.called_as is None else (self.called_as,)
        if self.profile.authorization is InboundAuthorization.IP:
            try:
                allowed = read_allow_list(self.profile.allowed_addresses)
            except AllowListInvalid as fault:
                raise _unfit(str(fault)) from fault
            listed = allowed if self.plain_list else with_prefixes(allowed)
            return InboundSide(numbers=called, allowed_addresses=listed)
        if not self.username or not password:
            raise _unfit(
                "Without user and password the inbound side would admit everyone; "
                "give the trunk both, or an allow-list of addresses."
            )
        return InboundSide(numbers=called, auth_username=self.username, auth_password=password)

    def _outbound(self, numbers: tuple[str, ...], password: str | None) -> OutboundSide:
        carrier = self._carrier()
        if self.keeps_former and self.outbound_proxy is not None:
            raise ProvisioningFailed(
                FailureCause.UNFIT,
                f"The trunk has the outbound proxy {self.outbound_proxy}, which its outbound side was made without; "
                "`trunkd provision apply`, or an edit of the trunk, leads its calls there.",
                f"Calls do not go by the trunk's outbound proxy {self.outbound_proxy} yet; ask whoever runs this "
                "platform.",
            )
        direct = OutboundSide(
            numbers=numbers,
            address=str(carrier),
            transport=self.transport,
            auth_username=None if self.withholds_password else self.username,
            auth_password=None if self.withholds_password else password,
        )
        if not self.profile.fixed_egress:
            return self._led(direct, carrier.host)
        if self.egress is None:
            raise ProvisioningFailed(
                FailureCause.UNFIT,
                "Calls are to leave through the fixed egress, and TRUNKS_FIXED_EGRESS is not set.",
                "Calls are to leave through this platform's fixed address, and it has none; switch outbound_proxy off.",
            )
        if self.outbound_proxy is not None:
            raise _unfit(
                f"Calls are to leave through the fixed egress and the outbound proxy {self.outbound_proxy} both; "
                "take one of them away."
            )
        return replace(
            direct,
            address=str(self.egress),
            transport=None,
            from_host=carrier.host,
            destination=direct.address,
            # What stands behind the egress would be led there as well.
            route=None if self._leads_by() is None else PARKED_ROUTE,
        )

    def _leads_by(self) -> OutboundWay | None:
        if self.keeps_former:
            return None
        if self.bar is not None:
            return self.bar
        if self.profile.fixed_egress:
            is_parked = self.way is not None and self.way.form is WayForm.PARKED
            return self.way if is_parked else None
        if self.way is not None:
            return self.way
        by_name = not is_address(self._carrier().host)
        return unverified_way(self.outbound_proxy, pin_edges=self.pin_edges and by_name)

    def _led(self, direct: OutboundSide, domain: str) -> OutboundSide:
        """Lead the side by its way."""
        way = self._leads_by()
        if way is None:
            return direct
        if way.form is WayForm.PARKED:
            return replace(direct, route=PARKED_ROUTE)
        led = led_call(Target(domain=domain, port=self.port, transport=self.transport), way)
        if led is None:
            return direct
        address = direct.address if led.address is None else str(led.address)
        return replace(
            direct, address=address, transport=led.transport, from_host=led.from_domain, route=led.route
        )

    def _carrier(self) -> HostPort:
        try:
            return HostPort(parse_host_port(self.host).host, self.port)
        except TargetInvalid as fault:
            raise _unfit(str(fault)) from fault

    def _open(self, secrets: SecretBox) -> str | None:
        if self.sealed_password is None:
            return None
        try:
            return secrets.open(self.sealed_password, self.trunk_id)
        except SecretUnreadable as error:
            raise ProvisioningFailed(
                FailureCause.OURS, "The stored password cannot be opened with the keys at hand."
            ) from error


def _unfit(message: str) -> ProvisioningFailed:
    return ProvisioningFailed(FailureCause.UNFIT, message)
