"""RFC 3261 §20.16, §8.1.1.5."""

import pytest

from sipcheck.message.cseq import CSeq


@pytest.mark.parametrize("text", ["314 REGISTER", "0314\t REGISTER"])
def test_number_and_method(text: str) -> None:
    cseq = CSeq.parse(text)
    assert cseq == CSeq(314, "REGISTER")
    assert str(cseq) == "314 REGISTER"


@pytest.mark.parametrize(
    "text", ["", "1", "REGISTER", "x REGISTER", "-1 REGISTER", "1 REG ISTER", "2147483648 REGISTER", "1 é"]
)
def test_what_is_no_cseq(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        CSeq.parse(text)
