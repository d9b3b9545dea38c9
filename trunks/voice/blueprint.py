"""What is wanted for a trunk, copied from the rows, and what the infrastructure is to have for it."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from sipcheck.errors import TargetInvalid
from sipcheck.target import HostPort, TransportName, parse_host_port
from trunks.errors import SecretUnreadable
from trunks.rules.allow_list import AllowListInvalid, read_allow_list
from trunks.rules.profile import InboundAuthorization, TrunkProfile
from trunks.secrets.secret_box import SecretBox
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import DesiredTrunk, InboundSide, OutboundSide, plain_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A trunk's first gateway, its numbers and its profile, with the password still sealed."""

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

    def desired(self, secrets: SecretBox) -> DesiredTrunk:
        """Work out both sides; neither is to be while the trunk has no number. Raises ProvisioningFailed."""
        numbers = tuple(sorted(set(self.numbers)))
        if not numbers:
            return self._with(inbound=None, outbound=None)
        password = self._open(secrets)
        return self._with(
            inbound=self._inbound(numbers, password) if self.profile.inbound_enabled else None,
            outbound=self._outbound(numbers, password),
        )

    def _with(self, *, inbound: InboundSide | None, outbound: OutboundSide | None) -> DesiredTrunk:
        return DesiredTrunk(
            trunk_id=self.trunk_id,
            inbound=inbound,
            outbound=outbound,
            environment_id=self.environment_id,
            revision=self.revision,
        )

    def without(self, number: str) -> "Blueprint":
        """Leave a number out, in whichever spelling."""
        others = (each for each in self.numbers if plain_number(each) != plain_number(number))
        return replace(self, numbers=tuple(others))

    def _inbound(self, numbers: tuple[str, ...], password: str | None) -> InboundSide:
        if self.profile.authorization is InboundAuthorization.IP:
            try:
                allowed = read_allow_list(self.profile.allowed_addresses)
            except AllowListInvalid as fault:
                raise _unfit(str(fault)) from fault
            return InboundSide(numbers=numbers, allowed_addresses=allowed)
        if not self.username or not password:
            raise _unfit(
                "Without user and password the inbound side would admit everyone; "
                "give the trunk both, or an allow-list of addresses."
            )
        return InboundSide(numbers=numbers, auth_username=self.username, auth_password=password)

    def _outbound(self, numbers: tuple[str, ...], password: str | None) -> OutboundSide:
        carrier = self._carrier()
        direct = OutboundSide(
            numbers=numbers,
            address=str(carrier),
            transport=self.transport,
            auth_username=self.username,
            auth_password=password,
        )
        if not self.profile.fixed_egress:
            return direct
        if self.egress is None:
            raise ProvisioningFailed(
                FailureCause.UNFIT,
                "Calls are to leave through the fixed egress, and TRUNKS_FIXED_EGRESS is not set.",
                "Calls are to leave through this platform's fixed address, and it has none; switch outbound_proxy off.",
            )
        return replace(
            direct,
            address=str(self.egress),
            transport=None,
            from_host=carrier.host,
            destination=direct.address,
        )

    def _carrier(self) -> HostPort:
        if self.outbound_proxy is not None:
            raise _unfit(
                f"The trunk has the outbound proxy {self.outbound_proxy}, which the voice infrastructure has no "
                "field for; remove it, or name the carrier's own address."
            )
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
