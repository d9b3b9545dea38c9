"""A request of one CSeq, written once: all but its tokens, and what a response to it has to repeat."""

import secrets
from dataclasses import dataclass, replace

from sipcheck.message.builder import BRANCH_COOKIE
from sipcheck.target import HostPort
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.udp_batch.tokens import TOKEN_BYTES

_LAST_LINE = b"Content-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """A request of one CSeq, cut where its tokens stand; the others are what a response has to repeat."""

    cseq: int
    before_branch: bytes
    before_tag: bytes
    before_call_id: bytes
    rest: bytes
    sent_by: bytes
    from_start: bytes
    to_start: bytes
    cseq_line: bytes

    @classmethod
    def of(cls, template: RequestTemplate, sent_by: HostPort, cseq: int) -> "PreparedMessage":
        """Write the request once, by the strict builder, and cut it. Raises ValueError as the builder does."""
        # Stand-ins that nobody can foresee, so that no domain or username can hold one.
        branch, dialog = secrets.token_hex(TOKEN_BYTES // 2), secrets.token_hex(TOKEN_BYTES // 2)
        message = replace(template, call_id=dialog, from_tag=dialog).build(
            transport="UDP", sent_by=sent_by, branch=BRANCH_COOKIE + branch, cseq=cseq
        )
        before, _, after = message.partition(branch.encode())
        before_tag, before_call_id, rest = after.removesuffix(_LAST_LINE).split(dialog.encode())
        return cls(
            cseq=cseq,
            before_branch=before,
            before_tag=before_tag,
            before_call_id=before_call_id,
            rest=rest,
            sent_by=str(sent_by).encode(),
            from_start=f"From: <{template.from_uri}>;tag=".encode(),
            to_start=f"\r\nTo: <{template.to_uri}>".encode(),
            cseq_line=f"CSeq: {cseq} {template.method}".encode(),
        )

    def render(self, branch: bytes, dialog: bytes, further_lines: bytes = b"") -> bytes:
        """Put in the tokens, and whole header lines before the last."""
        return b"".join(
            (
                self.before_branch,
                branch,
                self.before_tag,
                dialog,
                self.before_call_id,
                dialog,
                self.rest,
                further_lines,
                _LAST_LINE,
            )
        )
