"""Verify SIP trunks end to end, and name the cause when one does not work.

import asyncio
import sipcheck

report = asyncio.run(
    sipcheck.verify("sip.carrier.example", credentials=sipcheck.Credentials("alice", "secret"))
)
print(report.outcome, report.reason, report.advice)
"""

from importlib import import_module

# Where each name lives: it is loaded when it is first asked for, so that `sipcheck --version` waits for none of them.
# What type checkers read is __init__.pyi beside this; a test holds the two together.
_HOMES = {
    "CallerError": "errors:CallerError",
    "Cause": "reasons:Cause",
    "Certificate": "report.model:Certificate",
    "Check": "report.model:Check",
    "CredentialState": "reasons:CredentialState",
    "Credentials": "credentials:Credentials",
    "CredentialsInvalid": "errors:CredentialsInvalid",
    "Discovery": "discovery.findings:Discovery",
    "EdgeReport": "report.model:EdgeReport",
    "Engine": "engine:Engine",
    "EngineSettings": "settings:EngineSettings",
    "Finding": "discovery.findings:Finding",
    "Guard": "guard:Guard",
    "HostPort": "target:HostPort",
    "Outcome": "reasons:Outcome",
    "Party": "reasons:Party",
    "Proof": "diagnosis.evidence:Proof",
    "Reason": "reasons:Reason",
    "Report": "report.model:Report",
    "SettingInvalid": "errors:SettingInvalid",
    "SipCheckError": "errors:SipCheckError",
    "Target": "target:Target",
    "TargetInvalid": "errors:TargetInvalid",
    "TraceStep": "report.model:TraceStep",
    "TransportName": "target:TransportName",
    "Warning": "report.model:ReportWarning",
    "WarningCode": "reasons:WarningCode",
    "discover": "discovery.search:discover",
    "parse_host_port": "target:parse_host_port",
    "parse_target": "target:parse_target",
    "verify": "engine:verify",
    "with_discovery": "discovery.search:with_discovery",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    home, _, own_name = _HOMES.get(name, "").partition(":")
    if not home:
        raise AttributeError(f"module 'sipcheck' has no attribute {name!r}")
    value: object = getattr(import_module(f"sipcheck.{home}"), own_name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
