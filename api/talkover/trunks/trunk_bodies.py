"""Trunks as talkover's clients send them: unknown fields are ignored, of the others all faults are told at once."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.body import Body, ShownAsNull, UpdateBody, left_out, shown_with
from api.fields import CALLER_IDENTITY, PROOF, Host, Line, Password, Port, Proxy, Switch
from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import TransportName, parse_host_port
from sipcheck.verification.calling.options import CallIdentity
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.rules.profile import TrunkProfile

# The type of the one fault that has a code of its own.
NOT_VERIFIED = "trunk_not_verified"


def _never_at_creation(wanted: bool) -> bool:
    if wanted:
        raise PydanticCustomError(NOT_VERIFIED, "A trunk has to be verified before it can be active")
    return wanted


SwitchAtCreation = Annotated[Switch, AfterValidator(_never_at_creation)]


class CreateTrunk(Body):
    """The body of Create SIP Trunk (talkover, "Request body").

    Clients that write every field send null for what they leave out, so null means that here.
    """

    model_config = shown_with(
        name="Primary Carrier — US",
        provider_name="carrier-x",
        domain="sip.carrier-x.com",
        username="user_42",
        password="secret-password",  # noqa: S106 - nobody's
        port=5061,
        transport="tls",
    )

    name: Line = Field(description="Human-readable trunk name.")
    provider_name: Line = Field(description="Identifier of your carrier or SIP provider.")
    domain: Host = Field(description="SIP domain or proxy host.")
    username: Line = Field(description="SIP authentication username.")
    password: Password = Field(description="SIP authentication password. Stored encrypted, never returned.")
    port: Port | None = Field(
        None, description="SIP port. Without one RFC 3263 decides, by SRV records or 5060/5061 (ours)."
    )
    transport: TransportName | None = Field(TransportName.TLS, description="Transport protocol.")
    outbound_proxy: Proxy | None = Field(None, description="Optional outbound proxy, host[:port].")
    auth_realm: Line | None = Field(None, description="Optional SIP auth realm; no other is answered (ours).")
    proof: Proof | None = Field(Proof.AUTO, description=PROOF)
    caller_identity: CallIdentity | None = Field(CallIdentity.NUMBER, description=CALLER_IDENTITY)
    is_active: SwitchAtCreation | None = Field(
        False, description="You must verify before activating: true is refused here (ours)."
    )

    def to_trunk(self) -> NewTrunk:
        """Turn into what the domain takes."""
        return NewTrunk(
            name=self.name,
            provider_name=self.provider_name,
            gateways=(
                NewGateway(host=self.domain, port=self.port, transport=self.transport or TransportName.TLS),
            ),
            username=self.username,
            password=self.password.get_secret_value(),
            outbound_proxy=None if self.outbound_proxy is None else parse_host_port(self.outbound_proxy),
            auth_realm=self.auth_realm,
            proof=self.proof or Proof.AUTO,
            wanted=bool(self.is_active),
            profile=TrunkProfile(caller_identity=self.caller_identity or CallIdentity.NUMBER),
        )


class UpdateTrunk(UpdateBody):
    """The body of Update SIP Trunk: what is left out, or sent as it is shown, stays; null clears what a trunk can be
    without (ours).
    """

    model_config = shown_with(name="Primary Carrier — EU", is_active=True)

    name: Line = left_out(description="Human-readable trunk name.")
    provider_name: Line = left_out(description="Identifier of your carrier or SIP provider.")
    domain: Host = left_out(description="SIP domain or proxy host. Resets is_verified.")
    username: Annotated[Line, ShownAsNull()] = left_out(
        description="SIP authentication username. Resets is_verified."
    )
    password: Password = left_out(
        description="SIP authentication password. Resets is_verified; the same one sent again does not (ours)."
    )
    port: Port | None = Field(
        None, description="SIP port; null gives it up (ours). Resets is_verified (ours)."
    )
    transport: TransportName = left_out(
        description="Transport protocol. Resets is_verified; a port never given follows it (ours)."
    )
    outbound_proxy: Proxy | None = Field(
        None, description="Outbound proxy, host[:port]; null gives it up (ours). Resets is_verified (ours)."
    )
    auth_realm: Line | None = Field(
        None, description="SIP auth realm; null gives it up (ours). Resets is_verified (ours)."
    )
    proof: Proof = left_out(description=PROOF)
    caller_identity: CallIdentity = left_out(description=CALLER_IDENTITY)
    is_active: Switch = left_out(
        description="Whether the trunk is to be active: 409 on an unverified one (ours). Beside other fields it is no "
        "change where it is as shown; alone it is your switch (ours)."
    )
