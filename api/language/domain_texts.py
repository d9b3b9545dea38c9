"""Texts of the domain that are shown as they are stored or made, and so are known to the catalogue by their English."""

from trunks.rules.connection_details import CONNECTION_WARNINGS
from trunks.rules.media import MEDIA_WARNINGS
from trunks.runs.calls.claims import CUT_OFF

DOMAIN_TEXTS = (CUT_OFF, *CONNECTION_WARNINGS, *MEDIA_WARNINGS)
