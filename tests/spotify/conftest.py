"""A stand-in whose captured traffic is held to Spotify's own document when a test is over, and clients for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import requests
from spotipy import Spotify

from tests.spotify.contract import hold_to_contract
from tests.stand_ins.spotify import SpotifyStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


class Client:
    """spotipy with a plain session, each call in a thread: `await client("search", "rain", limit=5)`."""

    def __init__(self, stand_in: SpotifyStandIn, token: str, session: requests.Session, timeout_s: float) -> None:
        self._spotify = Spotify(auth=token, requests_session=session, requests_timeout=timeout_s)
        self._spotify.prefix = stand_in.api_base + "/"

    async def __call__(self, method: str, *arguments: Any, **options: Any) -> Any:
        return await asyncio.to_thread(getattr(self._spotify, method), *arguments, **options)


@pytest.fixture
async def spotify() -> AsyncIterator[SpotifyStandIn]:
    """Spotify, for one test."""
    async with SpotifyStandIn() as stand_in:
        yield stand_in
    hold_to_contract(stand_in)


@pytest.fixture
def sessions() -> Iterator[Callable[[], requests.Session]]:
    """Makes sessions that do not outlive the test."""
    opened: list[requests.Session] = []

    def open_one() -> requests.Session:
        opened.append(requests.Session())
        return opened[-1]

    yield open_one
    for session in opened:
        session.close()


@pytest.fixture
def client(spotify: SpotifyStandIn, sessions: Callable[[], requests.Session]) -> Callable[..., Client]:
    """Makes a client with a fresh link of Ada's, or with a token, or with `link`'s options."""

    def make(token: str | None = None, *, timeout_s: float = 5.0, **link: Any) -> Client:
        return Client(spotify, token or spotify.link(**link)["access_token"], sessions(), timeout_s)

    return make


@pytest.fixture
async def bare() -> AsyncIterator[aiohttp.ClientSession]:
    """Requests as one writes them by hand."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session
