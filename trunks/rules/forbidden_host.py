"""What a customer wrote as a host, judged by itself: DNS is not asked (docs/design/infrastructure.md)."""

from sipcheck.errors import TargetInvalid
from sipcheck.guard import Guard
from sipcheck.target import parse_host_port


def host_fault(host: str, guard: Guard | None) -> str | None:
    """Say why no call may go to a literal, or to a name of private networks; None where DNS decides."""
    if guard is None:
        return None
    try:
        refusal = guard.judge_host(parse_host_port(host).host)
    except TargetInvalid:
        return None
    return None if refusal is None else refusal.detail


def advise_public_host(fault: str) -> str:
    """Say it to the customer, with what mends it."""
    return f"{fault}, and no call may go there; give the carrier's public address or name."
