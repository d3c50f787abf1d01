"""Faults: each one strikes where and when it was told to, and what was committed is really there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import requests
from spotipy import SpotifyException

from tests.stand_ins.spotify import BudgetError
from tests.stand_ins.spotify_traffic import Answer, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.spotify.conftest import Client
    from tests.stand_ins.spotify import SpotifyStandIn

CREATE = "current_user_playlist_create"
ADD = "playlist_add_items"


async def status_of(client: Client, method: str, *arguments: Any) -> int:
    with pytest.raises(SpotifyException) as caught:
        await client(method, *arguments)
    return int(caught.value.http_status)


@pytest.fixture
async def made(client: Callable[..., Client]) -> dict[str, Any]:
    """An empty playlist of Ada's."""
    answer: dict[str, Any] = await client()(CREATE, "Rain")
    return answer


@pytest.fixture
def uris(spotify: SpotifyStandIn) -> list[str]:
    return [track.uri for track in list(spotify.catalogue.tracks.values())[:2]]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_error_comes_once_and_does_nothing(
    spotify: SpotifyStandIn, client: Callable[..., Client], status: int
) -> None:
    spotify.fail(Endpoint.CREATE, status)
    ada = client()

    assert await status_of(ada, CREATE, "Rain") == status
    assert spotify.playlists_of("ada") == []
    await ada(CREATE, "Rain")
    assert len(spotify.playlists_of("ada")) == 1


async def test_html_comes_as_a_proxy_sends_it(spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
    spotify.fail(Endpoint.ME, 502, as_html=True)
    with pytest.raises(SpotifyException, match="<!DOCTYPE html>"):
        await client()("me")


@pytest.mark.parametrize(
    ("answer", "read"),
    [(Answer(200), None), (Answer.of(200, "<html>"), None)],
    ids=["empty", "not JSON"],
)
async def test_a_good_status_may_have_a_useless_body(
    spotify: SpotifyStandIn, client: Callable[..., Client], answer: Answer, read: object
) -> None:
    spotify.fault(Endpoint.ME, answer)
    assert await client()("me") is read


@pytest.mark.parametrize("body", [{"error": "text"}, [None]])
async def test_an_error_without_an_object_breaks_spotipy(
    spotify: SpotifyStandIn, client: Callable[..., Client], body: object
) -> None:
    spotify.fault(Endpoint.ME, Answer.of(500, body))
    with pytest.raises(AttributeError):
        await client()("me")


@pytest.mark.parametrize(("retry_after_s", "quota"), [(7, False), (18_000, True), (None, False), (None, True)])
async def test_rate_limits_with_and_without_a_time_and_a_reason(
    spotify: SpotifyStandIn, client: Callable[..., Client], retry_after_s: int | None, quota: bool
) -> None:
    spotify.rate_limit(Endpoint.SEARCH, retry_after_s, quota=quota)
    with pytest.raises(SpotifyException) as caught:
        await client()("search", "rain")

    assert caught.value.http_status == 429
    assert caught.value.headers.get("Retry-After") == (None if retry_after_s is None else str(retry_after_s))
    assert caught.value.reason == ("QUOTA_EXCEEDED" if quota else None)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_committed_then_lost_on_create_really_made_it(
    spotify: SpotifyStandIn, client: Callable[..., Client], status: int
) -> None:
    spotify.fail(Endpoint.CREATE, status, commit=True)

    assert await status_of(client(), CREATE, "Rain") == status
    assert [playlist.name for playlist in spotify.playlists_of("ada")] == ["Rain"]


async def test_committed_then_lost_on_add_really_added(
    spotify: SpotifyStandIn, client: Callable[..., Client], made: dict[str, Any], uris: list[str]
) -> None:
    spotify.fail(Endpoint.ADD, 502, commit=True)
    ada = client()

    assert await status_of(ada, ADD, made["id"], uris) == 502
    assert spotify.playlists_of("ada")[0].uris == uris
    await ada(ADD, made["id"], uris)
    assert spotify.playlists_of("ada")[0].uris == uris * 2


@pytest.mark.parametrize("commit", [False, True])
async def test_a_dropped_connection_on_create_and_on_add(
    spotify: SpotifyStandIn, client: Callable[..., Client], made: dict[str, Any], uris: list[str], commit: bool
) -> None:
    spotify.drop(Endpoint.CREATE, commit=commit)
    spotify.drop(Endpoint.ADD, commit=commit)

    for method, arguments in ((CREATE, ("Snow",)), (ADD, (made["id"], uris))):
        with pytest.raises(requests.ConnectionError):
            await client()(method, *arguments)

    assert len(spotify.playlists_of("ada")) == (2 if commit else 1)
    assert spotify.playlists_of("ada")[0].uris == (uris if commit else [])
    assert [r.status for r in spotify.requests] == [201, None, None]


@pytest.mark.parametrize("commit", [False, True])
async def test_a_hanging_request_times_out_and_is_given_up(
    spotify: SpotifyStandIn, client: Callable[..., Client], made: dict[str, Any], uris: list[str], commit: bool
) -> None:
    fault = spotify.hang(Endpoint.ADD, commit=commit)
    with pytest.raises(requests.Timeout):
        await client(timeout_s=0.05)(ADD, made["id"], uris)

    fault.release.set()
    await client()("me")
    assert spotify.playlists_of("ada")[0].uris == (uris if commit else [])


async def test_a_hanging_request_goes_on_when_it_is_released(
    spotify: SpotifyStandIn, client: Callable[..., Client]
) -> None:
    fault = spotify.hang(Endpoint.CREATE)
    making = asyncio.create_task(client()(CREATE, "Rain"))
    await fault.reached.wait()
    assert spotify.playlists_of("ada") == []

    fault.release.set()

    assert (await making)["name"] == "Rain"


async def test_the_second_of_its_kind_can_be_meant(
    spotify: SpotifyStandIn, client: Callable[..., Client], made: dict[str, Any], uris: list[str]
) -> None:
    fault = spotify.fail(Endpoint.ADD, 502, nth=2)
    ada = client()

    await ada(ADD, made["id"], uris)
    await ada("me")
    assert not fault.reached.is_set()
    assert await status_of(ada, ADD, made["id"], uris) == 502
    await ada(ADD, made["id"], uris)


async def test_several_in_a_row_and_one_after_another(spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
    spotify.fail(Endpoint.ME, 500, times=2)
    spotify.fail(Endpoint.ME, 503, nth=3)
    ada = client()

    assert [await status_of(ada, "me") for _ in range(3)] == [500, 500, 503]
    assert (await ada("me"))["id"] == "ada"


async def test_every_api_request_can_be_meant(spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
    spotify.fail(None, 503, times=None)
    ada = client()
    assert [await status_of(ada, *call) for call in (("me",), ("search", "rain"), (CREATE, "Rain"))] == [503] * 3


class TestBudget:
    async def test_calls_are_counted_by_endpoint_whatever_comes_of_them(
        self, spotify: SpotifyStandIn, client: Callable[..., Client], uris: list[str]
    ) -> None:
        ada = client()
        spotify.fail(Endpoint.ADD, 502)
        with spotify.budget(at_most=4, exactly={Endpoint.CREATE: 1, Endpoint.ADD: 2}) as counted:
            playlist = await ada(CREATE, "Rain")
            await status_of(ada, ADD, playlist["id"], uris)
            await ada(ADD, playlist["id"], uris)
        assert counted.total() == 3

    async def test_too_many_are_named(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        ada = client()
        await ada("me")
        with (
            pytest.raises(BudgetError, match=r"2 calls, 1 allowed: 1 × GET /me, 1 × GET /search"),
            spotify.budget(at_most=1),
        ):
            await asyncio.gather(ada("me"), ada("search", "rain"))

    async def test_other_ones_are_named(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        ada = client()
        with (
            pytest.raises(BudgetError, match=r"calls: 1 × GET /me; wanted: 1 × GET /search"),
            spotify.budget(exactly={Endpoint.SEARCH: 1}),
        ):
            await ada("me")

    async def test_removed_routes_count_too(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        with pytest.warns(DeprecationWarning, match="recommendations"):
            await status_of(client(), "recommendations", [], ["pop"])
        assert spotify.calls() == {"GET /recommendations": 1}


async def test_what_is_sent_is_kept(spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
    await client(user="ben")(CREATE, "Rain", public=False)

    (seen,) = spotify.requests
    assert (seen.endpoint, seen.user, seen.status) == (Endpoint.CREATE, "ben", 201)
    assert seen.payload == {"name": "Rain", "public": False, "collaborative": False, "description": ""}
    assert seen.answer["name"] == "Rain"


async def test_waiting_in_vain_names_what_never_came(spotify: SpotifyStandIn) -> None:
    with pytest.raises(TimeoutError, match="a playlist"):
        await spotify.until(lambda: bool(spotify.playlists_of("ada")), "a playlist", timeout_s=0.01)
