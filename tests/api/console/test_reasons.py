"""What the console says of reasons is what their pages say."""

import json
import re
from hashlib import sha256

import yaml

from api.console.new_trunk_form import FIELDS
from api.console.reason_fields import field_of_reason
from api.console.reasons import page_of_reason
from api.language.languages import Language, speak
from sipcheck.reasons import Party, Reason
from sipcheck.report.rulings import RULINGS
from tests.api.console.reason_steps import COPY, read_pages

PORTUGUESE = COPY.with_name("reasons.pt-BR.yaml")
_CODE = re.compile(r"`[^`]*`")


def test_the_copy_says_what_the_pages_say() -> None:
    """Where it does not: python tests/api/console/reason_steps.py."""
    assert yaml.safe_load(COPY.read_text(encoding="utf-8")) == read_pages()


def test_every_reason_has_a_line_and_steps() -> None:
    for reason in Reason:
        page = page_of_reason(reason)
        assert page.line.endswith(".")
        assert page.steps


def test_each_is_said_in_portuguese_as_it_is_in_english() -> None:
    """Where an English text has changed: translate it again, and write the mark that is named here."""
    english, portuguese = (yaml.safe_load(each.read_text("utf-8")) for each in (COPY, PORTUGUESE))
    assert english.keys() == portuguese.keys()
    for reason, page in english.items():
        texts, said = ([each["line"], *each["steps"]] for each in (page, portuguese[reason]))
        mark = sha256(json.dumps(texts).encode()).hexdigest()[:12]
        assert portuguese[reason]["of"] == mark, (reason, mark)
        assert [_CODE.findall(each) for each in texts] == [_CODE.findall(each) for each in said], reason
    speak(Language.PORTUGUESE)
    assert page_of_reason(Reason.TLS_EXPIRED).line == "O certificado do servidor expirou."
    speak(Language.ENGLISH)


def test_what_a_customer_can_mend_has_a_field() -> None:
    for reason, ruling in RULINGS.items():
        field = field_of_reason(reason)
        assert field is None or field in FIELDS
        if ruling.party is Party.CONFIGURATION:
            # An address that the carrier does not allow is entered there.
            assert (field is None) is (reason is Reason.SIP_FORBIDDEN), reason
