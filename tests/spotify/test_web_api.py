"""The Web API of an app in development mode: what works, what is limited, and what is gone."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from spotipy import SpotifyException

from tests.stand_ins.spotify import NO_PREMIUM
from tests.stand_ins.spotify_accounts import SCOPES
from tests.stand_ins.spotify_objects import LOOKALIKES, Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from tests.spotify.conftest import Client
    from tests.stand_ins.spotify import SpotifyStandIn

JPEG = b"\xff\xd8\xff\xe0 not much of a picture \xff\xd9"


def songs(spotify: SpotifyStandIn, count: int) -> list[str]:
    return [spotify.catalogue.add(f"Song {n}", "Somebody").uri for n in range(count)]


async def refused(client: Client, method: str, *arguments: Any, **options: Any) -> SpotifyException:
    with pytest.raises(SpotifyException) as caught:
        await client(method, *arguments, **options)
    return caught.value


async def asked(
    spotify: SpotifyStandIn, bare: aiohttp.ClientSession, method: str, path: str, **more: Any
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {spotify.link()['access_token']}"} | more.pop("headers", {})
    async with bare.request(method, spotify.api_base + path, headers=headers, **more) as response:
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.text())


class TestTokens:
    async def test_no_token_and_a_made_up_one_are_refused(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, client: Callable[..., Client]
    ) -> None:
        async with bare.get(f"{spotify.api_base}/me") as response:
            assert response.status == 401
        assert (await refused(client("made-up"), "me")).http_status == 401

    async def test_an_access_token_lives_an_hour(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        ada = client()
        spotify.clock.advance(timedelta(minutes=59))
        await ada("me")
        spotify.clock.advance(timedelta(minutes=1))

        error = await refused(ada, "me")

        assert error.http_status == 401
        assert error.msg.endswith("The access token expired")

    async def test_tokens_can_be_ended_in_the_middle(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ada, ben = client(), client(user="ben")
        spotify.expire_tokens("ada")

        assert (await refused(ada, "me")).http_status == 401
        assert (await ben("me"))["id"] == "ben"

    async def test_a_missing_scope_is_named_in_json(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        narrow = client(scopes=["playlist-modify-public"])
        playlist = await narrow("current_user_playlist_create", "Rain")

        for method, arguments, options in (
            ("current_user_playlist_create", ("Rain",), {"public": False}),
            ("playlist_items", (playlist["id"],), {}),
            ("playlist_upload_cover_image", (playlist["id"], b64encode(JPEG).decode()), {}),
            ("current_user_top_tracks", (), {}),
        ):
            error = await refused(narrow, method, *arguments, **options)
            assert (error.http_status, error.msg.endswith("Insufficient client scope")) == (403, True)
        assert len(spotify.playlists_of("ada")) == 1

    async def test_a_lapsed_premium_stops_the_app_for_all(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ben = client(user="ben")
        spotify.users["ada"].premium = False

        error = await refused(ben, "me")

        assert error.http_status == 403
        assert error.msg.endswith(NO_PREMIUM)

    async def test_an_exhausted_quota_ends_by_the_clock(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ada = client(scopes=SCOPES)
        spotify.exhaust_quota(timedelta(minutes=50))

        error = await refused(ada, "me")
        spotify.clock.advance(timedelta(minutes=51))

        assert (error.http_status, error.reason) == (429, "QUOTA_EXCEEDED")
        assert 2990 < int(error.headers["Retry-After"]) <= 3001
        assert (await ada("me"))["id"] == "ada"


class TestMe:
    async def test_it_says_the_account_and_no_more_than_that(self, client: Callable[..., Client]) -> None:
        me = await client()("me")
        assert me["account_id"] != me["id"]
        assert not me.keys() & {"country", "email", "product", "followers", "explicit_content"}


class TestSearch:
    async def test_default_and_limits(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        songs(spotify, 12)

        async def found(**query: str) -> tuple[int, Any]:
            return await asked(spotify, bare, "GET", "/search", params={"q": "Song", "type": "track"} | query)

        assert len((await found())[1]["tracks"]["items"]) == 5
        assert len((await found(limit="10"))[1]["tracks"]["items"]) == 10
        assert (await found(limit="10", offset="10"))[1]["tracks"]["next"] is None
        for bad in ({"limit": "11"}, {"limit": "0"}, {"offset": "1001"}, {"type": "song"}, {"q": " "}):
            assert (await found(**bad))[0] == 400

    async def test_look_alikes_stand_before_the_song(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        (song,) = spotify.catalogue.search('track:"Paper Lanterns" artist:"The Slow Ferries" album:"Night Ferry"')[-1:]

        page = (await client()("search", "Paper Lanterns Slow Ferries", limit=10))["tracks"]

        assert page["total"] == len(LOOKALIKES) + 1
        assert page["items"][-1]["id"] == song.id
        assert [i["external_ids"]["isrc"] for i in page["items"]].count(song.isrc) == 1
        assert len({i["duration_ms"] for i in page["items"]}) > 4

    async def test_isrc_finds_the_one(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        song = spotify.catalogue.add("Rain", "Somebody", isrc="GBAYE0601498")
        found = await client()("search", "isrc:GBAYE0601498")
        assert [item["id"] for item in found["tracks"]["items"]] == [song.id]

    async def test_nulls_stand_among_the_results(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        songs(spotify, 3)
        spotify.api.nulls_in_search = frozenset({0, 2})
        items = (await client()("search", "Song"))["tracks"]["items"]
        assert [item is None for item in items] == [True, False, True]

    @pytest.mark.parametrize(
        ("query", "finds"),
        [
            ("unter dem regen", True),
            ('track:"Ünter dem Regen" artist:"Lied & Söhne"', True),
            ('track:"Lied & Söhne"', False),
            ("year:2019-2021 regen", True),
            ("year:1999 regen", False),
        ],
    )
    def test_words_match_without_case_and_accents_in_their_field(self, query: str, finds: bool) -> None:
        catalogue = Catalogue()
        catalogue.add("Ünter dem Regen", "Lied & Söhne", year=2020)
        assert bool(catalogue.search(query)) is finds

    async def test_a_track_by_id_has_its_isrc_and_no_removed_field(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        song = spotify.catalogue.add("Rain", "Somebody", "Another", duration_ms=123_456)

        track = await client()("track", song.id)

        assert track["external_ids"] == {"isrc": song.isrc}
        assert (track["duration_ms"], [a["name"] for a in track["artists"]]) == (123_456, ["Somebody", "Another"])
        assert not track.keys() & {"popularity", "available_markets", "preview_url"}
        assert (await refused(client(), "track", "0" * 22)).http_status == 404


class TestPlaylists:
    async def test_made_filled_named_and_read_back(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ada, uris = client(), songs(spotify, 60)

        made = await ada("current_user_playlist_create", "Rain", public=False, description="for reading")
        added = await ada("playlist_add_items", made["id"], uris)
        await ada("playlist_change_details", made["id"], name="Rain, again")
        read = await ada("playlist", made["id"])
        pages = [await ada("playlist_items", made["id"], limit=50, offset=start) for start in (0, 50)]

        assert added["snapshot_id"] != made["snapshot_id"]
        assert (read["name"], read["description"], read["public"]) == ("Rain, again", "for reading", False)
        assert [entry["item"]["uri"] for page in pages for entry in page["items"]] == uris
        assert pages[1]["next"] is None
        assert not {"tracks", "followers"} & (made.keys() | read.keys())
        (kept,) = spotify.playlists_of("ada")
        assert kept.uris == uris

    async def test_the_create_answer_is_201(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        status, made = await asked(spotify, bare, "POST", "/me/playlists", json={"name": "Rain"})
        assert (status, made["items"]["total"], made["public"]) == (201, 0, True)
        assert (await asked(spotify, bare, "POST", "/me/playlists", json={}))[0] == 400

    async def test_a_wish_for_privacy_can_go_unheard(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        spotify.api.ignores_private = True
        assert (await client()("current_user_playlist_create", "Rain", public=False))["public"] is True

    async def test_a_hundred_pass_and_one_more_does_not(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ada, uris = client(), songs(spotify, 101)
        made = await ada("current_user_playlist_create", "Long")

        assert (await refused(ada, "playlist_add_items", made["id"], uris)).http_status == 400
        assert spotify.playlists_of("ada")[0].uris == []
        await ada("playlist_add_items", made["id"], uris[:100])
        assert spotify.playlists_of("ada")[0].uris == uris[:100]
        assert (await refused(ada, "playlist_replace_items", made["id"], uris)).http_status == 400

    async def test_items_are_put_between_replaced_moved_and_removed(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ada, (a, b, c, d) = client(), songs(spotify, 4)
        made = await ada("current_user_playlist_create", "Order")
        (kept,) = spotify.playlists_of("ada")
        snapshots = [made["snapshot_id"]]

        async def after(method: str, *arguments: Any, **options: Any) -> list[str]:
            snapshots.append((await ada(method, made["id"], *arguments, **options))["snapshot_id"])
            return kept.uris

        assert await after("playlist_add_items", [a, d]) == [a, d]
        assert await after("playlist_add_items", [b, c], position=1) == [a, b, c, d]
        assert await after("playlist_reorder_items", 0, 4, range_length=2) == [c, d, a, b]
        assert await after("playlist_reorder_items", 2, 0) == [a, c, d, b]
        assert await after("playlist_remove_all_occurrences_of_items", [c]) == [a, d, b]
        assert await after("playlist_replace_items", [b, b, a]) == [b, b, a]
        assert await after("playlist_remove_all_occurrences_of_items", [b]) == [a]
        assert len(set(snapshots)) == len(snapshots)
        stale = await refused(ada, "playlist_reorder_items", made["id"], 0, 1, snapshot_id=snapshots[0])
        assert stale.http_status == 400

    @pytest.mark.parametrize(
        "body", [{"uris": ["spotify:track:short"]}, {"uris": []}, {"uris": "x"}, {}, {"uris": [1]}]
    )
    async def test_faulty_items_change_nothing(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, body: dict[str, Any]
    ) -> None:
        _, made = await asked(spotify, bare, "POST", "/me/playlists", json={"name": "Rain"})

        assert (await asked(spotify, bare, "POST", f"/playlists/{made['id']}/items", json=body))[0] == 400
        assert spotify.playlists_of("ada")[0].snapshot_id == made["snapshot_id"]

    async def test_a_song_that_is_not_there_fails_the_whole_request(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ada = client()
        made = await ada("current_user_playlist_create", "Rain")
        await refused(ada, "playlist_add_items", made["id"], [*songs(spotify, 1), "spotify:track:" + "0" * 22])
        assert spotify.playlists_of("ada")[0].uris == []

    async def test_what_others_have_can_be_opened_but_not_listed_or_changed(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        ada, ben = client(), client(user="ben")
        shown = await ada("current_user_playlist_create", "Shown")
        hidden = await ada("current_user_playlist_create", "Hidden", public=False)

        assert "items" not in await ben("playlist", shown["id"])
        assert (await refused(ben, "playlist_items", shown["id"])).http_status == 403
        assert (await refused(ben, "playlist_add_items", shown["id"], songs(spotify, 1))).http_status == 403
        assert (await refused(ben, "playlist", hidden["id"])).http_status == 404

    async def test_the_list_of_ones_own_is_paged_newest_first(self, client: Callable[..., Client]) -> None:
        ada = client()
        for name in "abc":
            await ada("current_user_playlist_create", name, public=False)

        first, second = [await ada("current_user_playlists", limit=2, offset=start) for start in (0, 2)]

        assert [p["name"] for p in first["items"] + second["items"]] == ["c", "b", "a"]
        assert first["items"][0]["items"]["total"] == 0
        assert first["next"].endswith("offset=2&limit=2")
        assert (await refused(ada, "current_user_playlists", limit=51)).http_status == 400


class TestCovers:
    async def test_a_jpeg_becomes_the_cover(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, client: Callable[..., Client]
    ) -> None:
        ada = client()
        made = await ada("current_user_playlist_create", "Rain")

        assert await ada("playlist_upload_cover_image", made["id"], b64encode(JPEG).decode()) is None

        assert spotify.requests[-1].status == 202
        (image,) = await ada("playlist_cover_image", made["id"])
        async with bare.get(image["url"]) as response:
            assert await response.read() == JPEG

    async def test_the_limit_is_on_the_base64(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        ada = client()
        made = await ada("current_user_playlist_create", "Rain")
        largest = JPEG + bytes(192 * 1024 - len(JPEG))

        await ada("playlist_upload_cover_image", made["id"], b64encode(largest).decode())
        error = await refused(ada, "playlist_upload_cover_image", made["id"], b64encode(largest + b"\0").decode())

        assert error.http_status == 413
        assert spotify.playlists_of("ada")[0].cover == largest

    @pytest.mark.parametrize("image", [b64encode(b"\x89PNG\r\n").decode(), b64encode(JPEG).decode() + "\n", "?"])
    async def test_what_is_no_jpeg_is_refused(
        self, spotify: SpotifyStandIn, client: Callable[..., Client], image: str
    ) -> None:
        ada = client()
        made = await ada("current_user_playlist_create", "Rain")
        assert (await refused(ada, "playlist_upload_cover_image", made["id"], image)).http_status == 400
        assert spotify.playlists_of("ada")[0].cover is None


class TestLibrary:
    async def test_songs_and_playlists_are_saved_and_unsaved(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, client: Callable[..., Client]
    ) -> None:
        ben = client(user="ben")
        theirs = (await ben("current_user_playlist_create", "Theirs"))["uri"]
        (song,) = songs(spotify, 1)

        status, _ = await asked(spotify, bare, "PUT", "/me/library", params={"uris": f"{song},{theirs}"})
        assert status == 200
        assert (await client()("current_user_playlists"))["items"][0]["name"] == "Theirs"
        assert (await client()("current_user_saved_tracks"))["items"][0]["track"]["uri"] == song
        assert await client()("current_user_saved_items", [song, theirs]) == [True, True]
        await asked(spotify, bare, "DELETE", "/me/library", params={"uris": f"{song},{theirs}"})
        assert await client()("current_user_saved_items", [song, theirs]) == [False, False]

    async def test_ones_own_playlist_leaves_the_list_and_stays(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, client: Callable[..., Client]
    ) -> None:
        uri = (await client()("current_user_playlist_create", "Mine"))["uri"]
        await asked(spotify, bare, "DELETE", "/me/library", params={"uris": uri})
        assert (await client()("current_user_playlists"))["items"] == []
        assert (await client()("playlist", uri))["name"] == "Mine"

    async def test_forty_at_a_time(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        uris = songs(spotify, 41)
        for count, status in ((41, 400), (40, 200)):
            answer = await asked(spotify, bare, "PUT", "/me/library", params={"uris": ",".join(uris[:count])})
            assert answer[0] == status

    async def test_what_somebody_hears(self, spotify: SpotifyStandIn, client: Callable[..., Client]) -> None:
        ada, heard = spotify.users["ada"], spotify.catalogue.add("Rain", "Somebody")
        ada.top, ada.recent = [heard], [heard]
        assert (await client()("current_user_top_tracks"))["items"][0]["uri"] == heard.uri
        assert (await client()("current_user_recently_played"))["items"][0]["track"]["uri"] == heard.uri


class TestRemoved:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/tracks?ids=a,b"),
            ("POST", "/users/ada/playlists"),
            ("GET", "/users/ada"),
            ("POST", "/playlists/abc/tracks"),
            ("GET", "/playlists/abc/tracks"),
            ("DELETE", "/playlists/abc/followers"),
            ("GET", "/recommendations"),
            ("GET", "/audio-features/abc"),
            ("GET", "/audio-analysis/abc"),
            ("GET", "/artists/abc/related-artists"),
            ("PUT", "/me/tracks"),
            ("GET", "/me/tracks/contains"),
            ("GET", "/browse/new-releases"),
        ],
    )
    async def test_it_answers_403(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession, method: str, path: str
    ) -> None:
        status, answer = await asked(spotify, bare, method, path)
        assert (status, answer["error"]["status"]) == (403, 403)

    async def test_spotipys_old_methods_find_that_out(
        self, spotify: SpotifyStandIn, client: Callable[..., Client]
    ) -> None:
        assert (await refused(client(), "tracks", [songs(spotify, 1)[0]])).http_status == 403
        with pytest.warns(DeprecationWarning, match="user_playlist_create"):
            assert (await refused(client(), "user_playlist_create", "ada", "Rain")).http_status == 403
        assert spotify.playlists_of("ada") == []

    async def test_an_unknown_route_and_one_the_stand_in_lacks_are_told_apart(
        self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession
    ) -> None:
        assert (await asked(spotify, bare, "GET", "/no/such/thing"))[0] == 404
        assert (await asked(spotify, bare, "GET", "/albums/abc"))[0] == 501
        spotify.requests.clear()  # neither stands in the document as something that we may call

    async def test_broken_json_is_refused(self, spotify: SpotifyStandIn, bare: aiohttp.ClientSession) -> None:
        headers = {"Content-Type": "application/json"}
        assert (await asked(spotify, bare, "POST", "/me/playlists", data="{", headers=headers))[0] == 400
