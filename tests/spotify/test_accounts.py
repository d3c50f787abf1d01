"""Linking as an app does it: consent, the code exchange with PKCE, refresh, and how all that ends."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import pytest
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOauthError, SpotifyPKCE

from tests.stand_ins.spotify import NOT_REGISTERED
from tests.stand_ins.spotify_accounts import CLIENT_ID, REDIRECT_URI, challenge_of, query_of, six_months_after
from tests.stand_ins.spotify_traffic import Answer, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tests.spotify.conftest import Client
    from tests.stand_ins.spotify import SpotifyStandIn

VERIFIER = "a-verifier-of-forty-three-characters-or-so-~1"
SCOPE = "playlist-modify-private ugc-image-upload"


def address(spotify: SpotifyStandIn, **changed: str) -> str:
    """An authorization address; an empty value leaves a part out."""
    query = {
        "client_id": CLIENT_ID, "response_type": "code", "redirect_uri": REDIRECT_URI, "scope": SCOPE,
        "state": "s&t=1", "code_challenge_method": "S256", "code_challenge": challenge_of(VERIFIER),
    } | changed  # fmt: skip
    return f"{spotify.accounts_base}/authorize?{urlencode({k: v for k, v in query.items() if v})}"


async def post(
    spotify: SpotifyStandIn, bare: aiohttp.ClientSession, form: dict[str, str], **headers: str
) -> tuple[int, dict[str, Any]]:
    async with bare.post(f"{spotify.accounts_base}/api/token", data=form, headers=headers) as response:
        return response.status, await response.json()


def exchange(code: str, /, **changed: str) -> dict[str, str]:
    form = {
        "client_id": CLIENT_ID, "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    } | changed  # fmt: skip
    return {k: v for k, v in form.items() if v}


def refresh(token: str, **changed: str) -> dict[str, str]:
    return {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": token} | changed


def code_of(spotify: SpotifyStandIn, **changed: str) -> str:
    return query_of(spotify.approve(address(spotify, **changed)))["code"]


class TestSpotipy:
    """spotipy's own PKCE flow, from the address to a call."""

    @pytest.fixture
    def manager(self, spotify: SpotifyStandIn, sessions: Callable[[], requests.Session]) -> SpotifyPKCE:
        manager = SpotifyPKCE(
            CLIENT_ID, REDIRECT_URI, state="abc", scope=SCOPE, requests_session=sessions(), requests_timeout=5,
            cache_handler=MemoryCacheHandler(),
        )  # fmt: skip
        manager.OAUTH_AUTHORIZE_URL = f"{spotify.accounts_base}/authorize"
        manager.OAUTH_TOKEN_URL = f"{spotify.accounts_base}/api/token"
        return manager

    async def test_the_whole_flow_ends_in_a_call(
        self, spotify: SpotifyStandIn, manager: SpotifyPKCE, client: Callable[..., Client]
    ) -> None:
        sent_home = spotify.approve(manager.get_authorize_url(), user="ben")
        state, code = manager.parse_auth_response_url(sent_home)
        token = await asyncio.to_thread(manager.get_access_token, code, check_cache=False)

        assert sent_home.startswith(REDIRECT_URI + "?")
        assert state == "abc"
        assert (await client(token)("me"))["account_id"] == spotify.users["ben"].account_id

    async def test_refreshing_rotates(self, spotify: SpotifyStandIn, manager: SpotifyPKCE) -> None:
        first = spotify.link()

        second = await asyncio.to_thread(manager.refresh_access_token, first["refresh_token"])

        assert second["refresh_token"] != first["refresh_token"]
        assert second["expires_in"] == 3600
        with pytest.raises(SpotifyOauthError) as refused:
            await asyncio.to_thread(manager.refresh_access_token, first["refresh_token"])
        assert refused.value.error == "invalid_grant"


class TestConsent:
    async def test_the_page_has_links_that_lead_home(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        async with bare.get(address(spotify) + "&user=cleo") as response:
            page = await response.text()
        links = {text: unescape(to) for to, text in re.findall(r'<a href="([^"]+)">([^<]+)</a>', page)}

        ways = {}
        for text in ("Agree", "Cancel"):
            async with bare.get(spotify.accounts_base + links[text], allow_redirects=False) as response:
                ways[text] = query_of(response.headers["Location"])

        assert "You are Cleo" in page
        assert set(links) == {"Agree", "Cancel", "Ada", "Ben", "Dan", "Eve", "Frank"}
        assert ways["Cancel"] == {"error": "access_denied", "state": "s&t=1"}
        status, tokens = await post(spotify, bare, exchange(ways["Agree"]["code"]))
        assert (status, len(spotify.accounts.live_refresh_tokens(spotify.users["cleo"]))) == (200, 1)
        assert tokens["scope"] == SCOPE

    @pytest.mark.parametrize(
        "changed",
        [
            {"client_id": "somebody-else"},
            {"redirect_uri": REDIRECT_URI + "/"},
            {"redirect_uri": REDIRECT_URI.replace("127.0.0.1", "localhost")},
            {"redirect_uri": ""},
        ],
    )
    async def test_an_unknown_app_or_redirect_is_sent_nowhere(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, changed: dict[str, str]
    ) -> None:
        async with bare.get(address(spotify, **changed), allow_redirects=False) as response:
            assert response.status == 400
            assert "Location" not in response.headers
            assert "INVALID_CLIENT" in await response.text()

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": "read-everything"}, "invalid_scope"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge": "short"}, "invalid_request"),
        ],
    )
    async def test_a_faulty_question_goes_home_as_an_error(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, changed: dict[str, str], error: str
    ) -> None:
        async with bare.get(address(spotify, **changed), allow_redirects=False) as response:
            assert query_of(response.headers["Location"]) == {"error": error, "state": "s&t=1"}

    async def test_script_in_a_parameter_stays_text(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        async with bare.get(address(spotify, state='"><script>alert(1)</script>')) as response:
            assert "<script" not in await response.text()

    def test_an_address_of_another_service_is_noticed(self, spotify: SpotifyStandIn) -> None:
        with pytest.raises(ValueError, match="not an authorization address"):
            spotify.approve("https://accounts.spotify.com/authorize?client_id=x")

    @pytest.mark.parametrize("uri", ["http://localhost:8888/callback", "http://example.org/callback", "callback"])
    def test_the_dashboard_refuses_insecure_redirects(self, spotify: SpotifyStandIn, uri: str) -> None:
        with pytest.raises(ValueError, match="not secure"):
            spotify.app.register(uri)

    @pytest.mark.parametrize("uri", ["https://example.org/c", "http://127.0.0.1/c", "http://[::1]:1234/c"])
    def test_a_registered_redirect_is_taken(self, spotify: SpotifyStandIn, uri: str) -> None:
        spotify.app.register(uri)
        assert spotify.approve(address(spotify, redirect_uri=uri)).startswith(uri + "?code=")


class TestCodes:
    async def test_a_code_works_once(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        code = code_of(spotify)

        first, second = [await post(spotify, bare, exchange(code)) for _ in range(2)]

        assert first[0] == 200
        assert first[1].keys() == {"access_token", "token_type", "scope", "expires_in", "refresh_token"}
        assert (second[0], second[1]["error"]) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"code_verifier": VERIFIER + "x"}, "invalid_grant"),
            ({"code_verifier": ""}, "invalid_grant"),
            ({"redirect_uri": "http://127.0.0.1:8889/spotify/callback"}, "invalid_grant"),
            ({"code": "made-up"}, "invalid_grant"),
            ({"client_id": "somebody-else"}, "invalid_client"),
            ({"client_secret": "guessed"}, "invalid_client"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
        ],
    )
    async def test_whatever_does_not_fit_is_refused(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, changed: dict[str, str], error: str
    ) -> None:
        status, answer = await post(spotify, bare, exchange(code_of(spotify), **changed))
        assert (status, answer["error"]) == (400, error)

    async def test_a_wrong_verifier_spends_the_code(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        code = code_of(spotify)
        await post(spotify, bare, exchange(code, code_verifier="y" * 43))

        assert (await post(spotify, bare, exchange(code)))[0] == 400

    async def test_a_code_lives_ten_minutes(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        code = code_of(spotify)
        spotify.clock.advance(timedelta(minutes=10))

        assert (await post(spotify, bare, exchange(code)))[1]["error"] == "invalid_grant"

    async def test_another_app_cannot_use_it(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        spotify.add_app("own-app", "frank")

        _, answer = await post(spotify, bare, exchange(code_of(spotify), client_id="own-app"))

        assert answer["error"] == "invalid_grant"

    async def test_the_form_must_be_a_form(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        async with bare.post(f"{spotify.accounts_base}/api/token", json=exchange(code_of(spotify))) as response:
            assert response.status == 400

    async def test_the_secret_is_optional_but_must_be_right(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        spotify.app.secret = "hush"
        right, wrong = (f"Basic {b64encode(f'{CLIENT_ID}:{s}'.encode()).decode()}" for s in ("hush", "hash"))

        assert (await post(spotify, bare, exchange(code_of(spotify))))[0] == 200
        assert (await post(spotify, bare, exchange(code_of(spotify)), Authorization=right))[0] == 200
        _, refused = await post(spotify, bare, exchange(code_of(spotify)), Authorization=wrong)
        assert refused["error"] == "invalid_client"

    async def test_without_a_challenge_only_the_secret_opens(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        spotify.app.secret = "hush"
        plain = {"code_challenge": "", "code_challenge_method": ""}

        _, refused = await post(spotify, bare, exchange(code_of(spotify, **plain), code_verifier=""))
        status, _ = await post(
            spotify, bare, exchange(code_of(spotify, **plain), code_verifier="", client_secret="hush")
        )

        assert (refused["error"], status) == ("invalid_client", 200)


class TestRefresh:
    async def test_the_old_token_dies_when_it_is_rotated(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        old = spotify.link()["refresh_token"]

        _, answer = await post(spotify, bare, refresh(old))

        assert (await post(spotify, bare, refresh(old)))[1]["error"] == "invalid_grant"
        assert (await post(spotify, bare, refresh(answer["refresh_token"])))[0] == 200

    async def test_it_stays_when_it_is_not(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        spotify.accounts.rotates = False
        token = spotify.link()["refresh_token"]

        answers = [await post(spotify, bare, refresh(token)) for _ in range(2)]

        assert [status for status, _ in answers] == [200, 200]
        assert all("refresh_token" not in answer for _, answer in answers)

    @pytest.mark.parametrize("says", [True, False])
    async def test_scope_is_said_or_not(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, says: bool) -> None:
        spotify.accounts.says_scope = says

        _, answer = await post(spotify, bare, refresh(spotify.link(scopes=SCOPE.split())["refresh_token"]))

        assert answer.get("scope") == (SCOPE if says else None)

    async def test_six_months_after_the_first_consent_it_is_over(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        began = spotify.clock.now()
        token = spotify.link()["refresh_token"]
        spotify.clock.set(six_months_after(began) - timedelta(minutes=1))
        _, answer = await post(spotify, bare, refresh(token))
        spotify.clock.advance(timedelta(minutes=2))

        status, refused = await post(spotify, bare, refresh(answer["refresh_token"]))

        assert (status, refused["error"]) == (400, "invalid_grant")

    async def test_a_revoked_link_ends_but_the_access_token_goes_on(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, client: Callable[..., Client]
    ) -> None:
        tokens = spotify.link("ben")
        spotify.revoke("ben")

        _, refused = await post(spotify, bare, refresh(tokens["refresh_token"]))

        assert refused == {"error": "invalid_grant", "error_description": "Refresh token revoked"}
        assert (await client(tokens["access_token"])("me"))["id"] == "ben"

    async def test_another_app_cannot_refresh(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        own = spotify.add_app("own-app", "frank")
        token = spotify.link("frank", app=own)["refresh_token"]

        assert (await post(spotify, bare, refresh(token)))[1]["error"] == "invalid_grant"
        assert (await post(spotify, bare, refresh(token, client_id="own-app")))[0] == 200


class TestAllowList:
    async def test_who_is_not_listed_links_and_is_then_refused_in_plain_text(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        code = query_of(spotify.approve(address(spotify), user="frank"))["code"]
        status, tokens = await post(spotify, bare, exchange(code))

        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with bare.get(f"{spotify.api_base}/me", headers=headers) as response:
            assert (status, response.status) == (200, 403)
            assert response.content_type == "text/plain"
            assert await response.text() == NOT_REGISTERED

    def test_the_list_ends_at_five(self, spotify: SpotifyStandIn) -> None:
        with pytest.raises(ValueError, match="5 users"):
            spotify.app.allow(spotify.users["frank"])

    async def test_ones_own_app_lets_one_in(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        own = spotify.add_app("own-app", "frank")
        assert (await client(spotify.link("frank", app=own)["access_token"])("me"))["display_name"] == "Frank"


class TestFaults:
    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_an_error_leaves_code_and_token_unspent(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, status: int
    ) -> None:
        spotify.fail(Endpoint.TOKEN, status)
        code = code_of(spotify)

        assert (await post(spotify, bare, exchange(code)))[0] == status
        assert (await post(spotify, bare, exchange(code)))[0] == 200

    async def test_an_answer_lost_after_rotation_costs_the_token(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        token = spotify.link()["refresh_token"]
        spotify.fail(Endpoint.TOKEN, 502, commit=True)

        assert (await post(spotify, bare, refresh(token)))[0] == 502
        assert (await post(spotify, bare, refresh(token)))[1]["error"] == "invalid_grant"

    async def test_an_answer_may_be_empty_or_never_come(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        spotify.fault(Endpoint.TOKEN, Answer(200))
        hung = spotify.hang(Endpoint.TOKEN, nth=2)
        where, form = f"{spotify.accounts_base}/api/token", exchange(code_of(spotify))

        async with bare.post(where, data=form) as response:
            assert (response.status, await response.read()) == (200, b"")
        with pytest.raises(TimeoutError):
            await bare.post(where, data=form, timeout=aiohttp.ClientTimeout(total=0.05))
        assert hung.reached.is_set()
        assert (await post(spotify, bare, form))[0] == 200

    async def test_a_rate_limit_says_when_to_come_back(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        spotify.rate_limit(Endpoint.TOKEN, 30)
        async with bare.post(f"{spotify.accounts_base}/api/token", data=exchange(code_of(spotify))) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "30")
