"""The dialects that are spoken here. Another one is another value in DIALECTS."""

from api.autocalls import examples as autocalls_examples
from api.autocalls import faults as autocalls
from api.bolna import examples as bolna_examples
from api.bolna import faults as bolna
from api.dialect import Dialect
from api.talkover import examples as talkover_examples
from api.talkover import faults as talkover

TALKOVER = Dialect("talkover", "/api/v1", talkover, talkover_examples.EXAMPLES)
AUTOCALLS = Dialect("autocalls", "/api/user", autocalls, autocalls_examples.EXAMPLES, "/phone-numbers")
BOLNA = Dialect("bolna", "/sip-trunks", bolna, bolna_examples.EXAMPLES, "/trunks")

DIALECTS: tuple[Dialect, ...] = (TALKOVER, AUTOCALLS, BOLNA)


def spoken_at(path: str) -> Dialect | None:
    """Find the dialect of a path; None beside the dialects."""
    return next((dialect for dialect in DIALECTS if dialect.covers(path)), None)


def answering_at(path: str) -> Dialect:
    """Find the dialect to answer in: beside the dialects the native one."""
    return spoken_at(path) or TALKOVER
