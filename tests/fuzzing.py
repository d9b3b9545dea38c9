"""How many examples the fuzz tests draw: a fifth under the profile `quick`, fifty times as many under `long`."""

from hypothesis import settings

_USUAL = 100

settings.register_profile("quick", max_examples=_USUAL // 5)
settings.register_profile("long", max_examples=50 * _USUAL, deadline=None)


def examples(usual: int) -> int:
    """Scale a test's own number of examples as the profile scales hypothesis's."""
    profile = settings.default
    assert profile is not None
    return max(1, usual * profile.max_examples // _USUAL)
