"""What a verification recorded, as a file (ours; docs/evidence.md)."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.call import Calling
from api.dialects import TALKOVER
from api.parameters import TrunkId
from api.talkover.parameters import VerificationId
from sipcheck.report.capture import capture
from trunks.runs.evidence import evidence_of

PCAPNG = "application/x-pcapng"

_answers = TALKOVER.fault_answers

router = APIRouter(prefix="/sip-trunks/{trunk_id}/verifications/{verification_id}")


class Pcapng(Response):
    """A capture, to be kept as a file."""

    media_type = PCAPNG


@router.get(
    "/evidence.pcapng",
    response_class=Pcapng,
    responses={
        200: {"content": {PCAPNG: {"schema": {"type": "string", "format": "binary"}}}},
        **_answers(404),
    },
)
async def get_evidence(trunk_id: TrunkId, verification_id: VerificationId, call: Calling) -> Response:
    """Give what was sent and received as a pcapng file, which Wireshark, tshark and sngrep open (ours).

    Secrets and digest responses are redacted; what went inside of TLS is in the clear.
    """
    run = await call.ask(call.runs.get, trunk_id, verification_id)
    return pcapng(b"".join(capture(evidence_of(run))), verification_id)


def pcapng(content: bytes, verification_id: UUID) -> Response:
    """Answer with a capture."""
    name = f"verification-{verification_id}.pcapng"
    return Pcapng(content, headers={"Content-Disposition": f'attachment; filename="{name}"'})
