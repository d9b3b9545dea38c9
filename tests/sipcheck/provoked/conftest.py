"""What the tables of field reports have in common."""

from collections.abc import Mapping

import pytest

from sipcheck.report.model import Report
from tests.sipcheck.provoked.field_rows import verify_all


@pytest.fixture(scope="module")
def reports(request: pytest.FixtureRequest) -> Mapping[str, Report | Exception]:
    """Provoke all rows of the module's table at once, and give their reports by the rows' names."""
    return verify_all(request.module.ROWS)
