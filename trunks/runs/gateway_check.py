"""What the engine is asked for one gateway."""

from collections.abc import Callable
from dataclasses import dataclass

from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.report.model import Report
from sipcheck.report.trace import OnStep
from sipcheck.target import Target
from sipcheck.transaction.invite.call_journal import WriteDown
from sipcheck.transaction.invite.led_call import LedCall
from sipcheck.transaction.run_context import EdgeDone
from sipcheck.verification.call_forms import FormQuestions
from sipcheck.verification.verification import Admit


def _nobody(report: Report) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class GatewayCheck:
    """`heard` is called with every report of this gateway; there may be two. `edge_done` is called with edges to which
    nothing more is sent. `username` speaks, credentials or not.

    Of several the living one with the lowest `turn` proves the credentials, and among equals the first. `again` says
    that it was put off before, and that nobody waits for it: the route that was found then will do for a minute.
    `forms` are to be asked beside the verdict. `proof` says how the credentials are proven, `caller` who calls for it
    and which number is `stated` beside him, `led` how that call is written, and `write_down` is told what ends it.
    `on_step` is told each step as it is recorded.
    """

    target: Target
    credentials: Credentials | None
    before_credentials: BeforeCredentials | None = None
    admit: Admit | None = None
    edge_done: EdgeDone | None = None
    heard: Callable[[Report], None] = _nobody
    turn: int = 0
    again: bool = False
    username: str | None = None
    forms: FormQuestions | None = None
    proof: Proof = Proof.AUTO
    caller: str | None = None
    stated: str | None = None
    led: LedCall | None = None
    write_down: WriteDown | None = None
    on_step: OnStep | None = None
