"""The provisioner that the settings name, and what calls of ours are asked for."""

from collections.abc import Callable

from trunks.errors import SettingsInvalid
from trunks.installation.settings import Settings
from trunks.voice.asked_calls import CallingInfrastructure
from trunks.voice.provisioner import Provisioner, ProvisionerName


def make_provisioner(settings: Settings, *, mark: Callable[[], str]) -> Provisioner | None:
    """Make it; None for `none`. `mark` tells how this installation knows what it made. Raises SettingsInvalid."""
    if settings.provisioner is ProvisionerName.NONE:
        return None
    # An extra: whoever provisions elsewhere, or nowhere, need not have it.
    try:
        from trunks.voice.livekit import LiveKit
    except ImportError as error:
        raise _not_installed(error) from error
    api = settings.livekit_api()
    return LiveKit(api.url, api.key, api.secret, mark=mark())


def make_calls(settings: Settings) -> CallingInfrastructure | None:
    """Make what calls of ours are asked for; None for `none`. Raises SettingsInvalid."""
    if settings.provisioner is ProvisionerName.NONE:
        return None
    try:
        from trunks.voice.livekit_calls import LiveKitCalls
    except ImportError as error:
        raise _not_installed(error) from error
    api = settings.livekit_api()
    return LiveKitCalls(api.url, api.key, api.secret)


def _not_installed(error: ImportError) -> SettingsInvalid:
    return SettingsInvalid(
        f"TRUNKS_PROVISIONER: it is livekit, and {error.name} is not installed. "
        "Install sipcheck with its extra: pip install 'sipcheck[livekit]'."
    )
