"""The stand-in Spotify for a person: it says what to set, knows the starter songs, and logs each request."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import suppress
from typing import Final

from core.catalogue.importing import starter_tracks
from tests.stand_ins.spotify import SpotifyStandIn
from tests.stand_ins.spotify_accounts import CLIENT_ID, REDIRECT_URI
from tests.stand_ins.spotify_objects import Catalogue, some_songs

_DECOYS: Final = ("karaoke", "live")


def starter_catalogue() -> Catalogue:
    """The invented songs, and those that a fresh bot knows, each behind a karaoke version and a live one."""
    catalogue = some_songs()
    for known in starter_tracks():
        track = catalogue.add(
            known.title,
            *known.artists,
            duration_ms=known.duration_ms or 200_000,
            album=known.album,
            year=known.year or 2020,
            explicit=bool(known.explicit),
        )
        catalogue.add_lookalikes(track, *_DECOYS)
    return catalogue


async def serve(*, port: int, client_id: str, client_secret: str | None, redirect_uri: str) -> None:
    """Run the stand-in until it is interrupted."""
    stand_in = SpotifyStandIn(
        port=port,
        client_id=client_id,
        client_secret=client_secret,
        redirect_uri=redirect_uri,
        catalogue=starter_catalogue(),
        log=_print,
    )
    async with stand_in as spotify:
        people = ", ".join(user.display_name for user in spotify.users.values())
        _print("Start the bot with these settings:\n")
        _print("\n".join(f"export {name}={value}" for name, value in spotify.environment.items()))
        _print(f"\nPeople: {people}. All but the last are on the app's list; the first owns it.")
        _print(f"Every playlist: {spotify.accounts_base}/\nCtrl-C ends it.\n")
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stand_ins.spotify", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--client-id", default=CLIENT_ID)
    parser.add_argument("--client-secret", help="for an app that has one")
    parser.add_argument("--redirect-uri", default=REDIRECT_URI)
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(
            serve(
                port=given.port,
                client_id=given.client_id,
                client_secret=given.client_secret,
                redirect_uri=given.redirect_uri,
            )
        )


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
