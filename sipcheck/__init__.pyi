from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.discovery.findings import Discovery, Finding
from sipcheck.discovery.search import discover, with_discovery
from sipcheck.engine import Engine, verify
from sipcheck.errors import CallerError, CredentialsInvalid, SettingInvalid, SipCheckError, TargetInvalid
from sipcheck.guard import Guard
from sipcheck.reasons import Cause, CredentialState, Outcome, Party, Reason, WarningCode
from sipcheck.report.model import Certificate, Check, EdgeReport, Report, TraceStep
from sipcheck.report.model import ReportWarning as Warning
from sipcheck.settings import EngineSettings
from sipcheck.target import HostPort, Target, TransportName, parse_host_port, parse_target

__all__ = [
    "CallerError",
    "Cause",
    "Certificate",
    "Check",
    "CredentialState",
    "Credentials",
    "CredentialsInvalid",
    "Discovery",
    "EdgeReport",
    "Engine",
    "EngineSettings",
    "Finding",
    "Guard",
    "HostPort",
    "Outcome",
    "Party",
    "Proof",
    "Reason",
    "Report",
    "SettingInvalid",
    "SipCheckError",
    "Target",
    "TargetInvalid",
    "TraceStep",
    "TransportName",
    "Warning",
    "WarningCode",
    "discover",
    "parse_host_port",
    "parse_target",
    "verify",
    "with_discovery",
]
