"""A trunk entered with all that belongs to it, inside a transaction of the caller's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState
from trunks.catalog.gateways import make_gateway
from trunks.catalog.new_trunk import NewTrunk
from trunks.catalog.number_claims import ClaimDesk
from trunks.catalog.phone_numbers import enter_number
from trunks.catalog.whole_trunk import read_whole
from trunks.errors import CustomTrunksNotAllowed
from trunks.ids import new_id
from trunks.models.state_columns import write_state
from trunks.models.trunk import Trunk
from trunks.repositories.trunk_profiles import TrunkProfiles, TrunkSerials
from trunks.repositories.trunks import Trunks
from trunks.rules.profile import PLAIN
from trunks.rules.trunk_state import created
from trunks.rules.whole_trunk import judge_new
from trunks.secrets.secret_box import SecretBox
from trunks.tenancy.tenants import Tenant
from trunks.voice.provisioner import ProvisionerName

FIRST_GENERATION = 1


def enter_trunk(
    session: Session,
    secrets: SecretBox,
    tenant: Tenant,
    new: NewTrunk,
    now: datetime,
    *,
    provisioner: ProvisionerName,
    wide: bool,
    trunk_id: UUID | None = None,
    is_draft: bool = False,
) -> Trunk:
    """Enter a trunk of any dialect, or a draft of one.

    `wide` lets its allow-list be wider than a carrier's.

    Raises CustomTrunksNotAllowed, TrunkContradictory, NumberTaken, NumberInUseElsewhere, TooManyNumbers.
    """
    if not tenant.allow_custom_sip_trunks:
        raise CustomTrunksNotAllowed
    trunk = _row(secrets, tenant, new, now, trunk_id=trunk_id or new_id(), is_draft=is_draft)
    trunk.gateways = [make_gateway(session, gateway, new.outbound_proxy, now) for gateway in new.gateways]
    judge_new(read_whole(trunk, new.profile, wide=wide))
    Trunks(session).add(trunk)
    session.flush()
    TrunkSerials(session).add(trunk.id)
    if new.profile != PLAIN:
        TrunkProfiles(session).keep(trunk.id, new.profile)
    desk = ClaimDesk(session, provisioner, now)
    if new.numbers:
        desk.require_room(tenant.environment_id, len(new.numbers))
    for number in new.numbers:
        enter_number(session, trunk, number, now)
    if new.numbers or new.profile.extension is not None:
        desk.settle(trunk, new.profile.extension)
    return trunk


def _row(
    secrets: SecretBox, tenant: Tenant, new: NewTrunk, now: datetime, *, trunk_id: UUID, is_draft: bool
) -> Trunk:
    trunk = Trunk(
        id=trunk_id,
        environment_id=tenant.environment_id,
        name=new.name,
        provider_name=new.provider_name,
        username=new.username,
        sealed_password=None if new.password is None else secrets.seal(new.password, trunk_id),
        auth_realm=new.auth_realm,
        outbound_proxy=None if new.outbound_proxy is None else str(new.outbound_proxy),
        proof=new.proof,
        generation=FIRST_GENERATION,
        credentials=CredentialState.NOT_TESTED,
        health_interval_seconds=new.health_interval_seconds,
        is_draft=is_draft,
        created_at=now,
        updated_at=now,
    )
    write_state(trunk, created(wanted=new.wanted))
    return trunk
