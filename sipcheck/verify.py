"""One verification in one call."""

from datetime import UTC, datetime

from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.engine import Engine
from sipcheck.errors import TargetInvalid
from sipcheck.report.model import Report
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target, parse_target
from sipcheck.verification.report_without_run import invalid_target_report


async def verify(
    target: str | Target,
    *,
    credentials: Credentials | None = None,
    proof: Proof = Proof.AUTO,
    caller: str | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    before_credentials: BeforeCredentials | None = None,
    settings: EngineSettings | None = None,
) -> Report:
    """Verify one trunk with an engine of its own; many trunks share an `Engine` instead.

    A target that is no host or URI gives a report with `target-invalid`; every remote failure is a report too.
    Raises SettingInvalid for settings or a timeout that cannot be used.
    """
    started_at = datetime.now(UTC)
    try:
        parsed = parse_target(target) if isinstance(target, str) else target
    except TargetInvalid as error:
        username = credentials.username if credentials else None
        return invalid_target_report(str(target), error.sentence, started_at=started_at, username=username)
    async with Engine(settings) as engine:
        return await engine.verify(
            parsed,
            credentials=credentials,
            proof=proof,
            caller=caller,
            timeout_seconds=timeout_seconds,
            before_credentials=before_credentials,
        )
