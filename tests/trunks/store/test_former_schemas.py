"""Stores of former revisions, with rows in them, brought to the current schema on both engines."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    Boolean,
    ColumnClause,
    Integer,
    LargeBinary,
    String,
    Uuid,
    column,
    insert,
    table,
    text,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from tests.trunks.forms import STARTED
from trunks.ids import new_id
from trunks.installation.installation import Installation, prepare
from trunks.installation.settings import Settings
from trunks.models.account_proof import AccountProof
from trunks.models.base import UtcDateTime
from trunks.models.environment import TokenScope
from trunks.models.flip import Flip
from trunks.models.idempotent_request import IdempotentRequest
from trunks.models.provision import Provision
from trunks.models.trunk import Trunk
from trunks.repositories.certificate_ends import CertificateEnds
from trunks.repositories.credential_freezes import CredentialFreezes
from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.repositories.number_claims import NumberClaims
from trunks.repositories.provisions import Infrastructures
from trunks.repositories.verifications import Verifications
from trunks.rules.profile import InboundAuthorization
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName
from trunks.voice.sides import SideIds

_TYPES: dict[type, TypeEngine[Any]] = {
    UUID: Uuid(),
    datetime: UtcDateTime(),
    bool: Boolean(),
    int: Integer(),
    str: String(),
    bytes: LargeBinary(),
    list: JSON(),
    dict: JSON(),
}


class FormerStore:
    """A database at a former revision; rows are given as its tables had them."""

    def __init__(self, settings: Settings) -> None:
        settings.data_dir.mkdir(exist_ok=True)
        self.database = Database(settings.store_url)

    def migrate(self, revision: str) -> None:
        with self.database.write() as session, as_file(files("trunks.migrations")) as folder:
            config = Config()
            config.set_main_option("script_location", str(folder))
            config.attributes["connection"] = session.connection()
            command.upgrade(config, revision)

    def insert(self, session: Session, into: str, /, **values: Any) -> None:
        row = {"id": new_id(), **values}
        columns: list[ColumnClause[Any]] = [column(key, _TYPES[type(value)]) for key, value in row.items()]
        session.execute(insert(table(into, *columns)).values(row))


@pytest.fixture
def former(store_settings: Settings) -> Iterator[FormerStore]:
    store = FormerStore(store_settings)
    yield store
    store.database.close()


def _insert_environment(former: FormerStore, session: Session) -> UUID:
    environment_id = new_id()
    former.insert(
        session,
        "environments",
        id=environment_id,
        name="acme",
        allow_custom_sip_trunks=True,
        requests_per_minute=1000,
        created_at=STARTED,
    )
    return environment_id


def _insert_trunk(former: FormerStore, session: Session, environment_id: UUID) -> UUID:
    trunk_id, destination_id = new_id(), new_id()
    former.insert(
        session,
        "destinations",
        id=destination_id,
        key=str(destination_id),
        domain="sip.carrier.example",
        created_at=STARTED,
    )
    former.insert(
        session,
        "trunks",
        id=trunk_id,
        environment_id=environment_id,
        name="Primary",
        provider_name="carrier-x",
        generation=1,
        wanted=True,
        is_verified=True,
        health_down=False,
        is_active=True,
        health_status="healthy",
        failed_checks=0,
        credentials="not-tested",
        created_at=STARTED,
        updated_at=STARTED,
    )
    former.insert(
        session,
        "gateways",
        trunk_id=trunk_id,
        destination_id=destination_id,
        host="sip.carrier.example",
        priority=1,
    )
    former.insert(
        session,
        "trunk_profiles",
        trunk_id=trunk_id,
        extension="1001",
        calling_format="+e164",
        authorization="ip",
        allowed_addresses=["203.0.113.10"],
        fixed_egress=False,
        media_encryption="no",
        media_encryption_optimistic=False,
        allow="ulaw",
        disallow="all",
        inbound_enabled=True,
        direct_media=False,
        rtp_symmetric=True,
        force_rport=True,
    )
    return trunk_id


def _insert_provision(former: FormerStore, session: Session, trunk_id: UUID, **values: Any) -> None:
    former.insert(
        session,
        "provisions",
        trunk_id=trunk_id,
        provisioner="livekit",
        authorization="ip",
        allowed_addresses=["203.0.113.10"],
        inbound_enabled=True,
        fixed_egress=False,
        own_numbers=["1001"],
        revision=1,
        requested_at=STARTED,
        notify_at=STARTED,
        **values,
    )


def test_provisions_of_r0008_go_on_from_the_profiles(former: FormerStore, store_settings: Settings) -> None:
    gone_id = new_id()
    former.migrate("r0008")
    with former.database.write() as session:
        environment_id = _insert_environment(former, session)
        queued_id = _insert_trunk(former, session, environment_id)
        _insert_provision(former, session, queued_id, wanted=True, status="queued", state="absent")
        planned_id = _insert_trunk(former, session, environment_id)
        _insert_provision(former, session, planned_id, wanted=False, status="done", state="absent")
        _insert_provision(
            former,
            session,
            gone_id,
            wanted=False,
            status="queued",
            state="provisioned",
            inbound_id="ST_in",
            outbound_id="ST_out",
        )
    settings = store_settings.model_copy(update={"provisioner": ProvisionerName.LIVEKIT})
    prepare(settings)
    installation = Installation(settings)
    try:
        queued = installation.provisions.claims.claim(queued_id)
        assert queued is not None
        assert queued.blueprint is not None
        assert queued.blueprint.numbers == ("1001",)
        assert queued.blueprint.profile.authorization is InboundAuthorization.IP
        assert queued.blueprint.profile.allowed_addresses == ("203.0.113.10",)
        # What was planned and never begun is begun as any active trunk is.
        assert installation.provisions.overview.view(planned_id) is None
        to_ring = installation.provisions.claims.tend().to_ring
        assert planned_id in to_ring
        # It is under way: not one to begin with.
        assert queued_id not in to_ring
        gone = installation.provisions.claims.claim(gone_id)
        assert gone is not None
        assert (gone.blueprint, gone.known) == (None, SideIds("ST_in", "ST_out"))
        assert installation.provisions.claims.finish(gone, SideIds())
        assert installation.provisions.overview.view(gone_id) is None
    finally:
        installation.close()


def test_leases_of_r0009_are_kept(former: FormerStore, store_settings: Settings) -> None:
    run, cycle, until = new_id(), new_id(), STARTED + timedelta(seconds=20)
    mark, freeze = new_id(), {"key": "k", "account_key": "a"}
    former.migrate("r0009")
    with former.database.write() as session:
        former.insert(session, "credential_freezes", held_by=run, held_until=until, **freeze)
        former.insert(session, "edge_slots", address="192.0.2.1", claim_id=run, held_until=until)
        former.insert(
            session,
            "infrastructures",
            id=mark,
            provisioner="livekit",
            held_by=cycle,
            held_until=until,
            findings={"missing": 2},
        )
    prepare(store_settings)
    with former.database.write() as session:
        (sent,) = CredentialFreezes(session).claimed_by([run])
        assert (sent.key, sent.lease_until) == ("k", until)
        assert EdgeBudgets(session).in_flight(["192.0.2.1"], STARTED)["192.0.2.1"].keys() == {run}
        assert not EdgeBudgets(session).in_flight(["192.0.2.1"], until)["192.0.2.1"]
        infrastructure = Infrastructures(session).ensure(ProvisionerName.LIVEKIT)
        assert (infrastructure.id, infrastructure.claim_id) == (mark, cycle)
        assert infrastructure.is_claimed(STARTED)
        assert infrastructure.findings == {"missing": 2}


def test_the_last_run_of_each_trunk_of_r0011_is_shown_as_before(
    former: FormerStore, store_settings: Settings
) -> None:
    former.migrate("r0011")
    with former.database.write() as session:
        environment_id = _insert_environment(former, session)
        trunk_id = _insert_trunk(former, session, environment_id)
        for summary in ("It worked then.", "It\x00 works " + "é" * 2000):
            former.insert(
                session,
                "verifications",
                trunk_id=trunk_id,
                generation=1,
                status="done",
                requested_by="customer",
                requested_at=STARTED,
                due_at=STARTED,
                notify_at=STARTED,
                finished_at=STARTED,
                outcome="verified",
                reason="alive",
                report={"summary": summary, "advice": "Nothing."},
            )
    prepare(store_settings)
    with former.database.read() as session:
        trunk = session.get_one(Trunk, trunk_id)
        last = Verifications(session).latest_told_of([trunk])[trunk_id]
        assert last.summary is not None
        assert last.summary.startswith("It")
        assert 990 < len(last.summary) <= 1000
        assert last.advice == "Nothing."


def test_tokens_without_a_scope_open_all_of_their_environments(
    former: FormerStore, store_settings: Settings
) -> None:
    standing, revoked = ("trunks_standing", "trunks_revoked")
    former.migrate("r0043")
    with former.database.write() as session:
        environment_id = _insert_environment(former, session)
        for token, given in ((standing, {}), (revoked, {"revoked_at": STARTED})):
            former.insert(
                session,
                "api_tokens",
                environment_id=environment_id,
                label="ci",
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                created_at=STARTED,
                **given,
            )
    prepare(store_settings)
    installation = Installation(store_settings)
    try:
        caller = installation.tenancy.tenants.authenticate(standing)
        assert caller is not None
        assert (caller.environment_id, caller.may_write) == (environment_id, True)
        assert installation.tenancy.tenants.authenticate(revoked) is None
        assert {each.scope for each in installation.tenancy.tenants.tokens()} == {TokenScope.FULL}
    finally:
        installation.close()


def test_kept_answers_that_hold_a_link_go(former: FormerStore) -> None:
    former.migrate("r0047")
    link = b'{"success":true,"data":{"id":"a","url":"https://sip.example/r/' + b"Ab-_" * 10 + b'abc"}}'
    with former.database.write() as session:
        environment_id = _insert_environment(former, session)
        for name, body in (("link", link), ("trunk", b'{"success":true,"data":{"url":"/r/x"}}')):
            former.insert(
                session,
                "idempotent_requests",
                environment_id=environment_id,
                name=name,
                content_hash=name,
                claim_id=new_id(),
                lease_until=STARTED,
                created_at=STARTED,
                status=201,
                headers={},
                body=body,
            )
    former.migrate("head")
    with former.database.read() as session:
        (kept,) = session.query(IdempotentRequest).all()
        assert (kept.name, kept.sealed_body) == ("trunk", None)
        assert kept.body is not None


@pytest.mark.parametrize(("credentials", "is_proven"), [("proven", True), ("rejected", False)])
def test_what_r0014_knew_as_proven_is_proven(former: FormerStore, credentials: str, is_proven: bool) -> None:
    former.migrate("r0014")
    with former.database.write() as session:
        environment_id = _insert_environment(former, session)
        _insert_trunk(former, session, environment_id)
        session.execute(
            text(
                "UPDATE trunks SET credentials = :credentials, username = 'alice', sealed_password = :sealed"
            ),
            {"credentials": credentials, "sealed": b"sealed"},
        )
    former.migrate("head")
    with former.database.read() as session:
        proofs = session.query(AccountProof).all()
        assert [(proof.username, proof.generation, proof.proven_at) for proof in proofs] == (
            [("alice", 1, STARTED)] if is_proven else []
        )


def test_what_events_of_r0014_told_of_the_infrastructure_goes(former: FormerStore) -> None:
    theirs = (
        "The number +14155551234 is on the inbound trunk ST_of_another already, which is that of another."
    )
    own = "The trunk has the outbound proxy proxy.example; remove it."
    former.migrate("r0014")
    with former.database.write() as session:
        environment_id = _insert_environment(former, session)
        trunk_id = _insert_trunk(former, session, environment_id)
        for changes in (
            {"provisioning": ["absent", "failed"], "provisioning_error": [None, theirs]},
            {"provisioning_error": [theirs, own]},
            {"provisioning": ["failed", "provisioned"], "provisioning_error": [own, None]},
            {"provisioning": ["absent", "provisioned"]},
        ):
            former.insert(
                session,
                "flips",
                trunk_id=trunk_id,
                at=STARTED,
                cause="provisioning",
                generation=1,
                changes=changes,
            )
        for error in (theirs, own):
            former.insert(
                session,
                "provisions",
                trunk_id=new_id(),
                provisioner="livekit",
                status="done",
                state="failed",
                revision=1,
                requested_at=STARTED,
                notify_at=STARTED,
                cause="conflict",
                error=error,
            )
    former.migrate("head")
    told = "Provisioning failed; whoever runs this platform finds it in the log."
    with former.database.read() as session:
        flips = session.query(Flip).order_by(Flip.id).all()
        assert [flip.changes for flip in flips] == [
            {"provisioning": ["absent", "failed"], "provisioning_error": [None, told]},
            {"provisioning_error": [told, own]},
            {"provisioning": ["failed", "provisioned"], "provisioning_error": [own, None]},
            {"provisioning": ["absent", "provisioned"]},
        ]
        assert sorted(each.error or "" for each in session.query(Provision)) == sorted([told, own])


def test_numbers_of_r0023_are_known_by_what_they_mean(former: FormerStore, store_settings: Settings) -> None:
    given = ["+44 (0)7911 123456", "+4930123456", "+49030123456", "1800-X", "919876543210"]
    former.migrate("r0023")
    with former.database.write() as session:
        environment_id = _insert_environment(former, session)
        trunk_id = _insert_trunk(former, session, environment_id)
        for number in given:
            former.insert(
                session,
                "phone_numbers",
                environment_id=environment_id,
                trunk_id=trunk_id,
                key=f"+{number}" if number.isdigit() else number,
                number=number,
                created_at=STARTED,
                updated_at=STARTED,
            )
    prepare(store_settings)
    with former.database.read() as session:
        rows = session.execute(text("SELECT number, key FROM phone_numbers"))
        keys = {row.number: row.key for row in rows}
    assert keys == {
        "+44 (0)7911 123456": "+447911123456",
        "+4930123456": "+4930123456",
        "+49030123456": "+49030123456",  # the other one is that number already
        "1800-X": "1800-X",
        "919876543210": "+919876543210",
    }


@pytest.mark.parametrize(("outbound_id", "keeps"), [("ST_out", True), (None, False)])
def test_sides_that_r0027_made_keep_what_they_have(
    former: FormerStore, outbound_id: str | None, keeps: bool
) -> None:
    former.migrate("r0027")
    with former.database.write() as session:
        former.insert(
            session,
            "provisions",
            trunk_id=new_id(),
            provisioner="livekit",
            status="done",
            state="provisioned",
            revision=1,
            requested_at=STARTED,
            notify_at=STARTED,
            **({} if outbound_id is None else {"outbound_id": outbound_id}),
        )
    former.migrate("head")
    with former.database.read() as session:
        (provision,) = session.query(Provision).all()
        assert provision.keeps_former is keeps


def test_inbound_sides_that_r0034_made_keep_their_plain_allow_lists(former: FormerStore) -> None:
    """What has none is written with prefixes from the start."""
    former.migrate("r0034")
    sides = {new_id(): inbound_id for inbound_id in ("ST_in", None)}
    with former.database.write() as session:
        for trunk_id, inbound_id in sides.items():
            former.insert(
                session,
                "provisions",
                trunk_id=trunk_id,
                provisioner="livekit",
                status="done",
                state="provisioned",
                revision=1,
                requested_at=STARTED,
                notify_at=STARTED,
                outbound_id="ST_out",
                keeps_former=False,
                **({} if inbound_id is None else {"inbound_id": inbound_id}),
            )
    former.migrate("r0035")
    with former.database.read() as session:
        rows = session.execute(text("SELECT inbound_id, plain_list FROM provisions"))
        assert {row.inbound_id: bool(row.plain_list) for row in rows} == {"ST_in": True, None: False}


def test_of_what_several_trunks_of_r0030_have_the_oldest_keeps_each(former: FormerStore) -> None:
    former.migrate("r0030")
    with former.database.write() as session:
        trunk_ids = []
        for later, environment_id in enumerate((_insert_environment(former, session), new_id())):
            if later:
                former.insert(
                    session,
                    "environments",
                    id=environment_id,
                    name="globex",
                    allow_custom_sip_trunks=True,
                    requests_per_minute=1000,
                    created_at=STARTED,
                )
            trunk_ids.append(_insert_trunk(former, session, environment_id))
            former.insert(
                session,
                "phone_numbers",
                environment_id=environment_id,
                trunk_id=trunk_ids[-1],
                key="+14155551234",
                number="1 415 555 1234",
                e164="+14155551234",
                created_at=STARTED + timedelta(hours=1 - later),
                updated_at=STARTED,
            )
    former.migrate("head")
    older, newer = trunk_ids
    with former.database.read() as session:
        claims = {number: NumberClaims(session).holder(number) for number in ("+1001", "+14155551234")}
        assert [each and each.trunk_id for each in claims.values()] == [older, newer]
        assert [each[:2] for each in NumberClaims(session).doubles(limit=10)] == [
            ("+14155551234", older),
            ("1001", newer),
        ]
        assert all(session.get_one(Trunk, each).ever_verified for each in trunk_ids)


@pytest.mark.parametrize(("told_days", "is_told_again"), [(14, False), (30, True), (None, True)])
def test_the_first_end_that_r0061_kept_is_known_and_what_was_told_of_it(
    former: FormerStore, store_settings: Settings, told_days: int | None, is_told_again: bool
) -> None:
    ends = STARTED + timedelta(days=10)
    former.migrate("r0061")
    with former.database.write() as session:
        trunk_id = _insert_trunk(former, session, _insert_environment(former, session))
        # A former version that still runs while the schema is brought forward writes no more than this either.
        former.insert(
            session,
            "destination_health",
            destination_id=session.execute(
                text("SELECT id FROM destinations").columns(id=Uuid())
            ).scalar_one(),
            domain="sip.carrier.example",
            interval_seconds=60,
            cycle=1,
            some_dead=False,
            options_ignored=False,
            failures=0,
            held_failures=0,
            certificate_expires_at=ends,
            **({} if told_days is None else {"certificate_told_days": told_days}),
        )
    prepare(store_settings)
    with former.database.write() as session:
        destination_id = session.get_one(Trunk, trunk_id).gateways[0].destination_id
        found = CertificateEnds(session)
        assert found.of([destination_id]) == {destination_id: ends}
        assert found.books([destination_id], STARTED)[destination_id].first_end == ends
        again = [found.is_new(row, days, STARTED) for row, days in found.changed(STARTED, limit=10)]
        assert any(again) is is_told_again
