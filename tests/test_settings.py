"""Settings: from the environment or a `.env` file, each with a default that works; no complaint tells a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load_settings
from core.index.embedding import BUNDLED

NAMES = [name.upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_default_works() -> None:
    settings = load_settings()
    assert settings.discord_token is None
    assert str(settings.discord_api_base) == "https://discord.com/api/v10"
    assert str(settings.discord_gateway_url) == "wss://gateway.discord.gg/"
    assert settings.log_level == "INFO"
    assert settings.embedding_model == BUNDLED
    assert settings.vibesmith_home.is_absolute()
    assert "vibesmith" in str(settings.vibesmith_home)


def test_a_file_is_read_and_the_environment_comes_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\nVIBESMITH_HOME=from-file\nDISCORD_TOKEN=\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("VIBESMITH_HOME", str(tmp_path / "from-environment"))
    settings = load_settings()
    assert settings.log_level == "DEBUG"
    assert settings.vibesmith_home == tmp_path / "from-environment"
    assert settings.discord_token is None, "an empty setting is none"


def test_all_state_lies_in_the_home(tmp_path: Path) -> None:
    settings = Settings(vibesmith_home=tmp_path / "home")
    places = [settings.catalogue_file, settings.index_folder, settings.model_cache, settings.database_file]
    assert len(set(places)) == 4
    assert all(place.is_relative_to(tmp_path / "home") for place in places)
    assert not (tmp_path / "home").exists(), "a setting makes nothing"


def test_a_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIBESMITH_HOME", "here")
    assert load_settings().vibesmith_home == tmp_path / "here"
    monkeypatch.setenv("VIBESMITH_HOME", "~/there")
    assert load_settings().vibesmith_home == Path("~/there").expanduser()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "SECRETLY"),
        ("DISCORD_API_BASE", "secret nonsense"),
        ("DISCORD_API_BASE", "ftp://secret.example"),
        ("DISCORD_GATEWAY_URL", "https://secret.example"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert name in refused.value.message
    assert ".env.example" in refused.value.hint
    assert "secret" not in str(refused.value).lower()


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("DISCORD_GATEWAY_URL", "no url")
    with pytest.raises(SettingsError, match=r"LOG_LEVEL.*DISCORD_GATEWAY_URL"):
        load_settings()


def test_a_token_is_not_shown_when_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "my.secret.token")
    settings = load_settings()
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "my.secret.token"
    assert "secret" not in f"{settings!r} {settings} {settings.model_dump()}"
