"""The two requests that belong to an INVITE's own transaction: ACK of a refusal, and CANCEL (RFC 3261 §17.1.1.3, §9.1).

Both repeat its Request-URI, From, Call-ID, CSeq number, Route and its one Via, branch and all.
"""

from dataclasses import replace

from sipcheck.message.message import Response
from sipcheck.transaction.invite.dialog import echoed_tag
from sipcheck.transaction.request_template import RequestTemplate


def acknowledgement(invite: RequestTemplate, response: Response) -> RequestTemplate:
    """The ACK of a refusal, whose To it repeats."""
    return replace(invite, method="ACK", headers=(), body=b"", to_tag=echoed_tag(response.to_tag))


def cancel(invite: RequestTemplate) -> RequestTemplate:
    """The CANCEL: To without a tag, since the INVITE had none; a CANCEL is never challenged, and has no credentials."""
    return replace(invite, method="CANCEL", headers=(), body=b"")
