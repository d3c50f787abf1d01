"""Every setting, from the environment or a `.env` file; `.env.example` names them all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import platformdirs
from pydantic import AnyHttpUrl, Field, SecretStr, UrlConstraints, ValidationError, field_validator
from pydantic_core import Url
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import VibesmithError
from core.index.embedding import BUNDLED

WebSocketUrl = Annotated[Url, UrlConstraints(allowed_schemes=["ws", "wss"], host_required=True)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
_APP: Final = "vibesmith"


class SettingsError(VibesmithError):
    """A setting is missing, or has a value that cannot be used."""

    exit_code = 2


class Settings(BaseSettings):
    """What an owner can choose; each default works."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    vibesmith_home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir(_APP, appauthor=False)))
    log_level: LogLevel = "INFO"
    discord_token: SecretStr | None = None
    discord_api_base: AnyHttpUrl = AnyHttpUrl("https://discord.com/api/v10")
    discord_gateway_url: WebSocketUrl = Url("wss://gateway.discord.gg/")
    embedding_model: str = BUNDLED

    @field_validator("vibesmith_home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def catalogue_file(self) -> Path:
        return self.vibesmith_home / "catalogue.db"

    @property
    def index_folder(self) -> Path:
        return self.vibesmith_home / "index"

    @property
    def model_cache(self) -> Path:
        return self.vibesmith_home / "models"

    @property
    def database_file(self) -> Path:
        return self.vibesmith_home / "vibesmith.db"


def load_settings() -> Settings:
    """The settings; SettingsError names each one that is wrong, and never its value, which may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise SettingsError(
            f"Some settings cannot be used. {wrong}.", "See .env.example for what each one takes."
        ) from None
