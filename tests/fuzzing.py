"""How many examples the fuzz tests draw: a fifth under the profile `quick`, fifty times as many under `long`."""

from hypothesis import settings

_USUAL = 100


def register_profiles() -> None:
    """Make `--hypothesis-profile quick` and `long` known; it has to be before pytest is configured.

    No example has a deadline: a busy machine is no fault of the code.
    """
    settings.register_profile("usual", max_examples=_USUAL, deadline=None)
    settings.register_profile("quick", max_examples=_USUAL // 5, deadline=None)
    settings.register_profile("long", max_examples=50 * _USUAL, deadline=None)
    settings.load_profile("usual")


def examples(usual: int) -> int:
    """Scale a test's own number of examples as the profile scales hypothesis's."""
    profile = settings.default
    assert profile is not None
    return max(1, usual * profile.max_examples // _USUAL)
