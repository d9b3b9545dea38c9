"""What a run's gateways have to pass: each a gate for the credentials, and the admissions of its addresses."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import CredentialState
from sipcheck.report.model import Report
from sipcheck.target import HostPort, Target
from sipcheck.transaction.invite.call_mark import CallMark
from trunks.clock import Clock
from trunks.rules.way_hosts import led_call
from trunks.runs.admission import Admissions
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.credential_gate import CredentialGate
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.growing_ladders import Steps
from trunks.runs.knock_ledger import Settlement
from trunks.runs.open_calls import WrittenCall
from trunks.runs.open_slots import OpenSlots
from trunks.runs.run_store import RunStore
from trunks.runs.several_gateways import SeveralReport
from trunks.runs.ways.form_questions import RunForms
from trunks.runs.ways.results import WayFound
from trunks.runs.wishes import Spending
from trunks.secrets.credential_key import CredentialHash
from trunks.secrets.secret_box import SecretBox


class GatewayDoors:
    """Of one run; gates and admissions come to be as it gets to them, and what was spent is known at any time."""

    def __init__(
        self,
        store: RunStore,
        claim: ClaimedRun,
        hashed: CredentialHash,
        *,
        timeout_seconds: float,
        clock: Clock,
        forms: Sequence[RunForms] = (),
    ) -> None:
        self._store = store
        self._claim = claim
        self._hashed = hashed
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._forms = forms
        self._gates: tuple[CredentialGate, ...] = ()
        self._admissions: tuple[Admissions, ...] = ()
        self._slots = OpenSlots(store, claim.claim_id)
        self._began_at = asyncio.get_running_loop().time()

    def make_gates(self, targets: Sequence[Target], secrets: SecretBox) -> None:
        """Make a gate for each gateway; none for a trunk without credentials. Raises SecretUnreadable."""
        first = self._claim.first.credentials(secrets, self._claim.learned_realms)
        if first is None:
            return
        sent_by: list[CredentialGate] = []
        # The realms that were learned are the first gateway's.
        later = replace(first, realms=(), realms_learned=False) if first.realms_learned else first
        self._gates = tuple(
            CredentialGate(
                self._store,
                self._claim,
                later if number else first,
                self._hashed,
                domain=target.domain,
                in_time=self._in_time,
                sent_by=sent_by,
            )
            for number, target in enumerate(targets)
        )

    def account_keys(self) -> Sequence[str]:
        """Give the accounts whose turn the run needs, in one order, so that no two runs wait for one another."""
        return sorted({gate.account_key for gate in self._gates})

    async def frozen_until(self) -> datetime | None:
        """Say until when the run may send nothing at all. Raises RunPostponed, StoreUnavailable."""
        for gate in self._gates:
            retry_at = await gate.frozen_until()
            if retry_at is not None:
                return retry_at
        return None

    def checks(self, targets: Sequence[Target], steps: Steps | None = None) -> Sequence[GatewayCheck]:
        """Give what the engine is asked for, each gateway with its doors; the run's time counts from here.

        `steps` are told what is sent and received, by gateway.
        """
        username = self._claim.first.username or ""
        self._admissions = tuple(
            Admissions(
                self._store,
                self._claim,
                gateway,
                self._hashed.user_key(target.domain, username),
                self._slots,
            )
            for gateway, target in zip(self._claim.gateways, targets, strict=True)
        )
        self._began_at = asyncio.get_running_loop().time()
        turns = {number: turn for turn, number in enumerate(self._claim.proof_order)}
        checks = [
            GatewayCheck(
                target,
                None,
                admit=admission.admit,
                edge_done=admission.edge_done,
                heard=admission.heard,
                turn=turns.get(number, 0),
                username=self._claim.first.username,
                again=self._claim.put_off and not self._claim.on_demand,
                forms=self._forms[number].questions() if self._forms else None,
                proof=self._claim.proof,
                caller=self._claim.caller,
                stated=self._claim.stated,
                led=led_call(target, self._claim.way_of(gateway)),
                write_down=self._write_down if self._claim.proof is Proof.INVITE else None,
                on_step=None if steps is None else steps(str(HostPort(target.domain, target.port))),
            )
            for number, (gateway, target, admission) in enumerate(
                zip(self._claim.gateways, targets, self._admissions, strict=True)
            )
        ]
        if not self._gates:
            return checks
        return [
            replace(check, credentials=gate.credentials, before_credentials=gate.before_credentials)
            for check, gate in zip(checks, self._gates, strict=True)
        ]

    async def _write_down(self, call_id: str, marks: tuple[CallMark, ...]) -> None:
        """Commit what ends a call that proves them. Raises StoreUnavailable."""
        await self._store.write_down(WrittenCall(self._claim, call_id, marks))

    def close(self) -> None:
        """Give the slots back."""
        self._slots.close()

    def all_kept_by_us(self) -> bool:
        """Say whether nothing has left, nothing was learned of the credentials, and that was ours."""
        return any(gate.kept_by_us for gate in self._gates) and not any(gate.realms for gate in self._gates)

    def retry_at(self) -> datetime | None:
        """Say when credentials that a gate kept back may leave again."""
        return next((gate.retry_at for gate in self._gates if gate.retry_at is not None), None)

    def realms_of_the_first(self, report: Report) -> Sequence[str]:
        """Give the realms that the first gateway's credentials were sent to, unless another one proved them."""
        decided_elsewhere = (
            isinstance(report, SeveralReport) and report.gateways[0].credentials is not CredentialState.PROVEN
        )
        return self._gates[0].realms if self._gates and not decided_elsewhere else ()

    def ways(self) -> Sequence[WayFound]:
        """Give what was learned of calls to each gateway."""
        return [WayFound(each.dialled, each.heard) for each in self._forms]

    def spent(self) -> Sequence[Spending]:
        """Give what was sent to each address."""
        return [each for admission in self._admissions for each in admission.spent()]

    def knocked(self) -> Sequence[Settlement]:
        """Give the knocks that were heard at each address, or perhaps were."""
        left = {number for number, gate in enumerate(self._gates) if gate.realms}
        return [
            each
            for number, admission in enumerate(self._admissions)
            for each in admission.knocked(password_left=number in left)
        ]

    def _in_time(self) -> bool:
        waited_seconds = max(each.waited_seconds for each in self._admissions)
        passed_seconds = asyncio.get_running_loop().time() - self._began_at - waited_seconds
        left = timedelta(seconds=self._timeout_seconds - passed_seconds)
        return self._claim.lease_until - self._clock() > left
