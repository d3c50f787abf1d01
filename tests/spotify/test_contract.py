"""Whether Spotify's document, as it binds us, notices what it should; and the stand-in as a person starts it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests import contracts
from tests.spotify import contract as spotify_contract
from tests.stand_ins.spotify_traffic import ACCOUNTS, Captured, Endpoint, found

if TYPE_CHECKING:
    from pathlib import Path

    from tests.spotify.contract import SpotifyContract

URI = "spotify:track:" + "0" * 22
JSON = {"Content-Type": "application/json; charset=utf-8"}
PAGE = {"href": "h", "items": [], "limit": 5, "offset": 0, "next": None, "previous": None, "total": 0}


@pytest.fixture(scope="module")
def contract() -> SpotifyContract:
    return spotify_contract.needed()


def seen(
    method: str,
    path: str,
    payload: Any = None,
    *,
    headers: dict[str, str] | None = None,
    status: int | None = None,
    answer: Any = None,
    **query: str,
) -> Captured:
    endpoint = found(method, path)[0]
    sent = JSON if headers is None else headers
    return Captured(method, path, query, sent, payload, endpoint, 0.0, status=status, answer=answer)


@pytest.mark.parametrize("endpoint", [e for e in Endpoint if e not in ACCOUNTS])
def test_every_endpoint_of_the_stand_in_is_in_the_document(contract: SpotifyContract, endpoint: Endpoint) -> None:
    contract.check_endpoint(endpoint)


@pytest.mark.parametrize(
    "request_",
    [
        seen("POST", "/me/playlists", {"name": "Rain", "public": False}),
        seen("POST", "/playlists/abc/items", {"uris": [URI], "position": 0}),
        seen("POST", "/playlists/abc/items", [URI]),
        seen("PUT", "/playlists/abc/images", "/9j/", headers={"Content-Type": "image/jpeg"}),
        seen("GET", "/search", q="rain", type="track,album", limit="10", offset="1000"),
        seen("GET", "/search", q="rain", type="track", status=200, answer={"tracks": PAGE | {"items": [None]}}),
        seen("GET", "/me", status=403, answer="in plain text"),
        seen("GET", "/search", q="rain", type="track", limit="11", status=400, answer={
            "error": {"status": 400, "message": "Invalid limit"}
        }),
    ],
)  # fmt: skip
def test_what_is_right_passes(contract: SpotifyContract, request_: Captured) -> None:
    contract.check(request_)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (seen("POST", "/me/playlists", {"public": False}), "name"),
        (seen("POST", "/me/playlists", {"name": "Rain", "public": "no"}), "boolean"),
        (seen("POST", "/me/playlists"), "needs a body|content"),
        (seen("POST", "/me/playlists", {"name": "Rain"}, headers={"Content-Type": "text/plain"}), "application/json"),
        (seen("POST", "/playlists/abc/items", {"uris": [1]}), "string"),
        (seen("PUT", "/playlists/abc/images", "/9j/"), "image/jpeg"),
        (seen("DELETE", "/playlists/abc/items", {"tracks": []}), "items"),
        (seen("GET", "/search", q="rain", type="track", limit="11"), "maximum"),
        (seen("GET", "/search", q="rain", type="song"), "match"),
        (seen("GET", "/search", type="track"), "query q"),
        (seen("GET", "/me/playlists", limit="51"), "maximum"),
        (seen("GET", "/me/playlists", pages="2"), "query pages"),
        (seen("GET", "/recommendations"), "no route"),
        (seen("POST", "/playlists/abc/tracks", [URI]), "no route"),
        (seen("GET", "/me", status=200, answer={"id": "ada", "country": "NL"}), "country"),
        (seen("GET", "/tracks/abc", status=200, answer={"id": "abc", "popularity": 3}), "popularity"),
        (seen("GET", "/me/playlists", status=200, answer={"items": []}), "required"),
        (seen("GET", "/me", status=401, answer={"error": "text"}), "object"),
        (seen("GET", "/me", status=204), "never answers 204"),
    ],
)
def test_what_is_wrong_is_named(contract: SpotifyContract, request_: Captured, why: str) -> None:
    with pytest.raises(contracts.ContractError, match=why):
        contract.check(request_)


def test_a_missing_document_skips_or_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIBESMITH_CONTRACTS", str(tmp_path))
    monkeypatch.delenv("VIBESMITH_REQUIRE_CONTRACTS", raising=False)
    assert spotify_contract.available() is None
    with pytest.raises(pytest.skip.Exception, match="set VIBESMITH_CONTRACTS"):
        spotify_contract.needed()
    monkeypatch.setenv("VIBESMITH_REQUIRE_CONTRACTS", "1")
    with pytest.raises(pytest.fail.Exception, match=spotify_contract.DOCUMENT):
        spotify_contract.available()


async def test_started_by_hand_it_says_what_to_set_and_logs_each_request() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.stand_ins.spotify", stdout=asyncio.subprocess.PIPE, env=os.environ | {"LANG": "C"}
    )
    assert process.stdout is not None
    try:
        settings: dict[str, str] = {}
        while (line := (await process.stdout.readline()).decode()) and "Ctrl-C" not in line:
            if line.startswith("export "):
                name, _, value = line.strip().removeprefix("export ").partition("=")
                settings[name] = value
        async with aiohttp.ClientSession() as session:
            async with session.get(settings["SPOTIFY_API_BASE"] + "/me") as response:
                assert response.status == 401
            form = {"client_id": settings["SPOTIFY_CLIENT_ID"], "grant_type": "refresh_token", "refresh_token": "hush"}
            async with session.post(settings["SPOTIFY_ACCOUNTS_BASE"] + "/api/token", data=form) as response:
                assert (await response.json())["error"] == "invalid_grant"
        log = [(await process.stdout.readline()).decode() for _ in range(3)]
    finally:
        process.terminate()
        await process.wait()

    assert settings.keys() == {
        "SPOTIFY_CLIENT_ID", "SPOTIFY_API_BASE", "SPOTIFY_ACCOUNTS_BASE", "SPOTIFY_REDIRECT_URI"
    }  # fmt: skip
    assert "GET /me → 401" in log[1]
    assert "POST /api/token → 400" in log[2]
    assert "hush" not in "".join(log)
