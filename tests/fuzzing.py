"""How many examples the fuzz tests draw: few in every run, fifty times as many under the profile `long`."""

from hypothesis import settings

_USUAL = 100
LONG = "long"

settings.register_profile(LONG, max_examples=50 * _USUAL, deadline=None)


def examples(usual: int) -> int:
    """Scale a test's own number of examples as the profile scales hypothesis's."""
    profile = settings.default
    assert profile is not None
    return max(usual, usual * profile.max_examples // _USUAL)
