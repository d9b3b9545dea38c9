"""The settings of an installation: environment variables TRUNKS_*, or a file .env (docs/design/service.md)."""

import os
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sipcheck.guard import Guard
from sipcheck.settings import EngineSettings, Infrastructure
from trunks.errors import SettingsInvalid
from trunks.installation.setting_rows import ENV_FILE, PREFIX, SettingRows, setting_name
from trunks.retention.keeping import Keeping
from trunks.rules.intervals import HealthIntervals
from trunks.rules.trunk_state import Policy
from trunks.voice.blueprint import Leading
from trunks.voice.provisioner import ProvisionerName

__all__ = ["PREFIX", "Settings", "load_settings", "setting_names", "unknown_names"]

DATABASE_FILE_NAME = "trunks.sqlite"

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class LiveKitApi:
    """Where LiveKit answers, and to whom."""

    url: str
    key: str
    secret: str = field(repr=False)


class Settings(SettingRows):
    """The rows as one value: what of them has to fit together, and what follows from them."""

    _practice_endpoints: frozenset[tuple[str, int]] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _need_keys_beside_postgresql(self) -> Self:
        if not self.uses_sqlite and self.secret_keys is None:
            raise ValueError(
                f"{PREFIX}SECRET_KEYS is not set, and PostgreSQL needs it: every process has to have the same "
                "keys. Set it to k1:$(openssl rand -base64 32), and keep a copy."
            )
        return self

    @model_validator(mode="after")
    def _need_livekits_address_and_key(self) -> Self:
        needed = ("livekit_url", "livekit_api_key", "livekit_api_secret")
        missing = [setting_name(name) for name in needed if getattr(self, name) is None]
        if self.provisioner is ProvisionerName.LIVEKIT and missing:
            raise ValueError(
                f"TRUNKS_PROVISIONER is livekit, and {', '.join(missing)} is not set. Set it, or use none."
            )
        return self

    @model_validator(mode="after")
    def _need_a_place_that_can_be_called(self) -> Self:
        listen = self.infrastructure_listen
        if listen is not None and listen.host == "0.0.0.0" and self.infrastructure_reach is None:
            raise ValueError(
                f"{PREFIX}INFRASTRUCTURE_LISTEN is {listen}, every address of this machine, and "
                f"{PREFIX}INFRASTRUCTURE_REACH is not set. Set it to where the voice infrastructure finds it."
            )
        return self

    @model_validator(mode="after")
    def _hold_to_the_floors(self) -> Self:
        floors = {
            "health_interval_seconds": self.health_pace.floor_seconds,
            "proof_interval_seconds": self.health_pace.proof_floor_seconds,
        }
        for name, floor in floors.items():
            if getattr(self, name) < floor:
                raise ValueError(
                    f"{setting_name(name)}: {getattr(self, name):g} is below {floor:g}, which spares the "
                    f"carriers. Raise it; in a laboratory lower {PREFIX}HEALTH_INTERVAL_FLOOR_SECONDS."
                )
        return self

    def livekit_api(self) -> LiveKitApi:
        """LiveKit's address and key. Raises SettingsInvalid unless all three are set."""
        if self.livekit_url is None or self.livekit_api_key is None or self.livekit_api_secret is None:
            raise SettingsInvalid("LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are not all set.")
        return LiveKitApi(self.livekit_url, self.livekit_api_key, self.livekit_api_secret.get_secret_value())

    @property
    def policy(self) -> Policy:
        return Policy(
            failure_threshold=self.failure_threshold,
            require_proven_credentials=self.require_proven_credentials,
            recovery_threshold=self.recovery_threshold,
        )

    @property
    def check_timeout_seconds(self) -> float:
        """A health check's deadline: never longer than a verification's."""
        return min(self.probe_timeout_seconds, self.verify_timeout_seconds)

    @property
    def health_pace(self) -> HealthIntervals:
        return HealthIntervals(self.health_interval_floor_seconds, self.health_interval_seconds)

    @property
    def keeping(self) -> Keeping:
        return Keeping(
            verifications=self.keep_verifications_days,
            flips=self.keep_flips_days,
            hourly_rollups=self.keep_hourly_rollups_days,
            daily_rollups=self.keep_daily_rollups_days,
            freezes=self.keep_freezes_days,
            unused_destinations=self.keep_unused_destinations_days,
            mass_falls=self.keep_mass_falls_days,
            messages=self.keep_messages_days,
        )

    @property
    def store_url(self) -> str:
        """The database's URL with its password: for the driver, never for a log."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / DATABASE_FILE_NAME}"

    @property
    def leading(self) -> Leading:
        return Leading(self.fixed_egress, self.pin_edges, self.engine_settings().guard)

    @property
    def uses_sqlite(self) -> bool:
        return self.store_url.startswith("sqlite")

    @property
    def practice_endpoints(self) -> frozenset[tuple[str, int]]:
        """Where a practice carrier of this process answers, which the guard lets through."""
        return self._practice_endpoints

    def beside_practice_carrier(self, host: str, port: int) -> Self:
        """Give the settings of a process that runs a practice carrier at an address of its own."""
        beside = self.model_copy()
        beside._practice_endpoints = frozenset({(host, port)})
        return beside

    def engine_settings(self) -> EngineSettings:
        """How the engine checks here."""
        return EngineSettings(
            nameservers=self.nameservers,
            ca_file=self.ca_file,
            tls_strict=self.tls_strict,
            guard=Guard(
                allow_networks=self.allow_networks,
                allow_ports=self.allow_ports,
                allow_endpoints=self.practice_endpoints,
                allow_names=self.allow_names,
            ),
            source_address=self.sip_source_address,
            advertised_address=self.sip_advertised_address,
            from_user=self.from_user,
            from_domain=self.from_domain,
            # Calls are LiveKit's only where trunks are put there; talkover's outbound proxy is a Route of theirs.
            infrastructure=Infrastructure.LIVEKIT if self.provisioner is ProvisionerName.LIVEKIT else None,
            leads_to_proxies=True,
            proof_number=self.proof_number,
        )


def load_settings(**given: Any) -> Settings:
    """Read the settings of this process; `given` ones win.

    Raises SettingsInvalid with a line for each fault.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsInvalid("\n".join(_fault(each) for each in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{ENV_FILE}: it cannot be read: {error}. Mend or remove the file.") from None


def unknown_names() -> tuple[str, ...]:
    """Names of the environment that look like settings and are none: most often misspelled."""
    known = {name.upper() for name in setting_names()}
    return tuple(sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known))


def setting_names() -> dict[str, FieldInfo]:
    """Each setting as it is written in the environment."""
    return {setting_name(field): info for field, info in SettingRows.model_fields.items()}


def _fault(error: ErrorDetails) -> str:
    cause = error.get("ctx", {}).get("error")
    if not error["loc"]:
        return str(cause)
    # By its variable or by its field, as it was given.
    given = str(error["loc"][0])
    name = given if given in setting_names() else setting_name(given)
    if cause is not None:
        return f"{name}: {cause}."
    # pydantic's own words speak of its types.
    shown = "it" if isinstance(error["input"], SecretStr) else repr(str(error["input"])[:_SHOWN_CHARACTERS])
    return f"{name}: {shown} cannot be used. It is {setting_names()[name].description}."
