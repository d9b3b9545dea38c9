"""Edits of customers' trunks: what changes, and what that makes void."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState
from sipcheck.target import HostPort, Target, TransportName, parse_host_port
from trunks.clock import Clock, utc_now
from trunks.database import Database
from trunks.errors import SecretUnreadable, TrunkNotFound
from trunks.models.flip import Flip
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.destinations import Destinations
from trunks.repositories.trunks import Flips, Trunks
from trunks.secrets import SecretBox
from trunks.services.tenants import Caller
from trunks.state import Cause, TrunkState, after_edit, after_switch, changes
from trunks.trunk_state import read_state, write_state


class Kept(Enum):
    """Stands for a field that an edit leaves as it is; null would clear it."""

    KEPT = "kept"


KEPT = Kept.KEPT
_Kept = Literal[Kept.KEPT]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkEdit:
    """What a customer changes, judged already; `domain`, `port` and `transport` are the first gateway's."""

    name: str | _Kept = KEPT
    provider_name: str | _Kept = KEPT
    domain: str | _Kept = KEPT
    port: int | _Kept | None = KEPT
    transport: TransportName | _Kept = KEPT
    username: str | _Kept = KEPT
    password: str | _Kept = field(default=KEPT, repr=False)
    outbound_proxy: HostPort | _Kept | None = KEPT
    auth_realm: str | _Kept | None = KEPT
    wanted: bool | _Kept = KEPT


class TrunkEdits:
    def __init__(self, database: Database, secrets: SecretBox, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    def apply(self, caller: Caller, trunk_id: UUID, edit: TrunkEdit) -> Trunk:
        """Change a trunk, all of it or nothing. Raises TrunkNotFound, TrunkNotVerified.

        What is sent as it is already, a password included, is no change and makes nothing void.
        """
        with self._database.write() as session:
            trunk = Trunks(session).locked(trunk_id)
            if trunk is None or trunk.environment_id != caller.environment_id or trunk.is_draft:
                raise TrunkNotFound
            self._edit(session, trunk, edit)
            if edit.wanted is not KEPT:
                self._change_state(
                    session, trunk, after_switch(read_state(trunk), wanted=edit.wanted), Cause.CUSTOMER
                )
            return trunk

    def _edit(self, session: Session, trunk: Trunk, edit: TrunkEdit) -> None:
        state = read_state(trunk)
        described = self._describe(trunk, edit)
        connectivity = [
            self._move(session, trunk, edit),
            _set(trunk, "username", edit.username),
            _set(trunk, "auth_realm", edit.auth_realm),
            self._change_password(trunk, edit.password),
        ]
        if any(connectivity):
            trunk.generation += 1
            trunk.credentials = CredentialState.NOT_TESTED
        if described or any(connectivity):
            trunk.updated_at = self._clock()
        self._change_state(session, trunk, after_edit(state, connectivity=any(connectivity)), Cause.EDIT)

    def _describe(self, trunk: Trunk, edit: TrunkEdit) -> bool:
        changed = [_set(trunk, "name", edit.name), _set(trunk, "provider_name", edit.provider_name)]
        return any(changed)

    def _move(self, session: Session, trunk: Trunk, edit: TrunkEdit) -> bool:
        """Change where the trunk's gateways are; another spelling of the same destination moves nothing."""
        first = trunk.gateways[0]
        proxy: str | _Kept | None = (
            str(edit.outbound_proxy) if isinstance(edit.outbound_proxy, HostPort) else edit.outbound_proxy
        )
        changed = [
            _set(first, "host", edit.domain),
            _set(first, "port", edit.port),
            _set(first, "transport", edit.transport),
            _set(trunk, "outbound_proxy", proxy),
        ]
        if not any(changed):
            return False
        trunk.updated_at = self._clock()
        moved = [self._lead(session, trunk, gateway) for gateway in trunk.gateways]
        return any(moved)

    def _lead(self, session: Session, trunk: Trunk, gateway: Gateway) -> bool:
        target = Target(
            domain=parse_host_port(gateway.host).host,
            port=gateway.port,
            transport=gateway.transport,
            outbound_proxy=None if trunk.outbound_proxy is None else parse_host_port(trunk.outbound_proxy),
        )
        return _set(gateway, "destination_id", Destinations(session).ensure(target, self._clock()))

    def _change_password(self, trunk: Trunk, password: str | _Kept) -> bool:
        if password is KEPT or self._is_password(trunk, password):
            return False
        trunk.sealed_password = self._secrets.seal(password, trunk.id)
        return True

    def _is_password(self, trunk: Trunk, password: str) -> bool:
        if trunk.sealed_password is None:
            return False
        try:
            return self._secrets.open(trunk.sealed_password, trunk.id) == password
        except SecretUnreadable:  # sent anew is how a customer mends that
            return False

    def _change_state(self, session: Session, trunk: Trunk, new: TrunkState, cause: Cause) -> None:
        changed = changes(read_state(trunk), new)
        write_state(trunk, new)
        if not changed:
            return
        now = self._clock()
        trunk.updated_at = now
        Flips(session).add(
            Flip(trunk_id=trunk.id, at=now, cause=cause, generation=trunk.generation, changes=changed)
        )


def _set(row: object, column: str, value: object) -> bool:
    if value is KEPT or getattr(row, column) == value:
        return False
    setattr(row, column, value)
    return True
