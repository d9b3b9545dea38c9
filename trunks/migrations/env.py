"""Run the migrations on the connection that trunks.store.schema hands over."""

from alembic import context

from trunks.models import (
    account_proof,
    console_session,
    credential_freeze,
    destination,
    destination_health,
    edge_budget,
    environment,
    flip,
    form_proof,
    given_up_side,
    health_rollup,
    idempotent_request,
    incident,
    infrastructure_check,
    installation_key,
    maintenance,
    mass_fall,
    number_claim,
    outbound_way,
    phone_number,
    provision,
    realm_pin,
    shared_page,
    trunk,
    trunk_profile,
    trunk_serial,
    verification,
    way_finding,
    webhook,
)
from trunks.models.base import Base
from trunks.models.rejected_password import RejectedPasswordRow

# Imported for what they declare.
_DECLARED = (
    RejectedPasswordRow,
    account_proof,
    environment,
    trunk,
    number_claim,
    outbound_way,
    form_proof,
    way_finding,
    infrastructure_check,
    webhook,
    incident,
    maintenance,
    destination,
    verification,
    flip,
    given_up_side,
    credential_freeze,
    realm_pin,
    shared_page,
    console_session,
    edge_budget,
    installation_key,
    destination_health,
    health_rollup,
    mass_fall,
    phone_number,
    idempotent_request,
    provision,
    trunk_profile,
    trunk_serial,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
