"""Run the migrations on the connection that trunks.schema hands over."""

from alembic import context

from trunks.models import (
    credential_freeze,
    destination,
    edge_budget,
    environment,
    flip,
    installation_key,
    phone_number,
    realm_pin,
    trunk,
    verification,
)
from trunks.models.base import Base

# Imported for what they declare.
_DECLARED = (
    environment,
    trunk,
    destination,
    verification,
    flip,
    credential_freeze,
    realm_pin,
    edge_budget,
    installation_key,
    phone_number,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
