"""Spotify's wire: its accounts service and its Web API on loopback, as an app in development mode meets them in 2026.

Codes, tokens, playlists and libraries are kept as Spotify keeps them; faults can be put in the way of any endpoint,
before what is asked for is done or after it. What is sent is kept and counted, so that a test can hold a budget.
`python -m tests.stand_ins.spotify` lets a person link and save by hand.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from tests.stand_ins.spotify_accounts import (
    CLIENT_ID,
    MAX_ALLOWED,
    REDIRECT_URI,
    SCOPES,
    Accounts,
    App,
    Clock,
    Grant,
    home,
    query_of,
)
from tests.stand_ins.spotify_api import Call, WebApi
from tests.stand_ins.spotify_objects import Catalogue, Json, Playlist, Refusal, User, some_songs, spotify_id
from tests.stand_ins.spotify_traffic import ACCOUNTS, REMOVED, Answer, Captured, Endpoint, Fault, Wreck, found, html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime, timedelta

API: Final = "/v1"
NOT_REGISTERED: Final = "User not registered in the Developer Dashboard"
NO_PREMIUM: Final = (
    "Active premium subscription required for the owner of the app. When the subscription status changes, it can take "
    "a few hours before requests are allowed again."
)
# The first owns the app; the last is not on its list.
_PEOPLE: Final = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Frank")
_MESSAGES: Final = {
    400: "Bad request.", 401: "The access token expired", 403: "Forbidden", 404: "Resource not found",
    429: "API rate limit exceeded", 500: "Internal server error", 502: "Bad gateway.", 503: "Service unavailable",
    504: "Gateway timeout",
}  # fmt: skip
_PAGE: Final = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title></head><body><main>{body}</main></body></html>
"""


class BudgetError(AssertionError):
    """More, fewer or other calls than were allowed."""


class SpotifyStandIn:
    """Spotify, with six people, one registered app, and a dozen songs.

    Args:
        port: 0 takes a free one.
        client_id: of the app; further apps come by `add_app`.
        client_secret: of the app; None for one that only PKCE proves.
        redirect_uri: the first that is registered.
        catalogue: the songs; a dozen invented ones by default.
        log: takes a line for each request.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        client_id: str = CLIENT_ID,
        client_secret: str | None = None,
        redirect_uri: str = REDIRECT_URI,
        catalogue: Catalogue | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.clock = Clock()
        self.accounts = Accounts(self.clock)
        self.api = WebApi(catalogue or some_songs(), self.clock)
        self.requests: list[Captured] = []
        self.faults: list[Fault] = []
        self._port = port
        self._log = log
        self._quota: tuple[datetime, bool] | None = None
        self._changed = asyncio.Condition()
        for name in _PEOPLE:
            self.add_user(name)
        self.app = self.add_app(
            client_id, "ada", name="Vibesmith (stand-in)", secret=client_secret, redirect_uri=redirect_uri
        )
        for name in list(self.users)[1:MAX_ALLOWED]:
            self.app.allow(self.users[name])

    async def __aenter__(self) -> Self:
        server = web.Application(client_max_size=8 * 2**20)
        server.router.add_get("/", self._overview)
        server.router.add_get("/authorize", self._authorize)
        server.router.add_get("/authorize/agree", self._agree)
        server.router.add_get("/authorize/cancel", self._cancel)
        server.router.add_get("/image/{id}", self._image)
        server.router.add_post("/api/token", self._token)
        server.router.add_route("*", API + "/{path:.*}", self._web_api)
        # handler_cancellation ends a hung request when whoever asked goes away.
        self._runner = web.AppRunner(server, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.api.base, self.api.origin = self.api_base, self.accounts_base
        return self

    async def __aexit__(self, *_: object) -> None:
        for fault in self.faults:
            fault.release.set()
        await self._runner.cleanup()

    @property
    def accounts_base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_base(self) -> str:
        return self.accounts_base + API

    @property
    def environment(self) -> dict[str, str]:
        """The settings that send a bot here."""
        settings = {
            "SPOTIFY_CLIENT_ID": self.app.client_id,
            "SPOTIFY_API_BASE": self.api_base,
            "SPOTIFY_ACCOUNTS_BASE": self.accounts_base,
            "SPOTIFY_REDIRECT_URI": min(self.app.redirect_uris),
        }
        return settings | ({"SPOTIFY_CLIENT_SECRET": self.app.secret} if self.app.secret else {})

    # What is there

    @property
    def users(self) -> dict[str, User]:
        return self.accounts.users

    @property
    def catalogue(self) -> Catalogue:
        return self.api.catalogue

    def playlists_of(self, user: str) -> list[Playlist]:
        """Every playlist that was ever made in an account, the first first."""
        return [playlist for playlist in self.api.playlists.values() if playlist.owner.id == user]

    def add_user(self, display_name: str, *, premium: bool = True) -> User:
        id_ = display_name.casefold()
        user = self.users[id_] = User(id_, display_name, spotify_id("account", id_), premium)
        return user

    def add_app(
        self,
        client_id: str,
        owner: str,
        *,
        name: str = "Somebody's own app",
        secret: str | None = None,
        redirect_uri: str = REDIRECT_URI,
    ) -> App:
        """Register an app; its owner is on its list."""
        app = self.accounts.apps[client_id] = App(client_id, name, self.users[owner], secret)
        app.allow(app.owner)
        app.register(redirect_uri)
        return app

    # What people do at Spotify

    def approve(self, address: str, user: str = "ada", *, scopes: Iterable[str] | None = None) -> str:
        """Somebody agrees to what an authorization address asks for: where they are sent. `scopes` grants others."""
        granted = None if scopes is None else frozenset(scopes)
        return self.accounts.agree(self._asked(address), self.users[user], granted)

    def cancel(self, address: str) -> str:
        """Somebody does not agree: where Spotify sends them."""
        query = self._asked(address)
        self.accounts.checked(query)
        return home(query, error="access_denied")

    def link(self, user: str = "ada", *, scopes: Iterable[str] = SCOPES, app: App | None = None) -> Json:
        """Tokens as a code exchange answers them, without the way there."""
        return self.accounts.issue(self.users[user], app or self.app, frozenset(scopes))

    def revoke(self, user: str, *, access: bool = False) -> None:
        """Somebody removes the app from their account; with `access` its access tokens die at once, too."""
        self.accounts.revoke(self.users[user], access=access)

    def expire_tokens(self, user: str | None = None) -> None:
        """Access tokens, of everybody or of one user, are over."""
        self.accounts.expire(None if user is None else self.users[user])

    def exhaust_quota(self, for_: timedelta, *, retry_after: bool = True) -> None:
        """Refuse every API call by QUOTA_EXCEEDED until the clock has gone on so far."""
        self._quota = (self.clock.now() + for_, retry_after)

    # Faults

    def fault(
        self,
        endpoint: Endpoint | None,
        outcome: Answer | Wreck,
        *,
        commit: bool = False,
        nth: int = 1,
        times: int | None = 1,
    ) -> Fault:
        """See Fault; `fail`, `rate_limit`, `hang` and `drop` are shorter."""
        fault = Fault(endpoint, outcome, commit, nth, times)
        self.faults.append(fault)
        return fault

    def fail(
        self,
        endpoint: Endpoint | None,
        status: int = 500,
        *,
        as_html: bool = False,
        message: str | None = None,
        **when: Any,
    ) -> Fault:
        """Answer with an error, in the form of the service that it comes from."""
        said = message or _MESSAGES.get(status, "Error")
        if as_html:
            return self.fault(endpoint, html(status), **when)
        if endpoint in ACCOUNTS:
            return self.fault(endpoint, Answer.of(status, {"error": "server_error", "error_description": said}), **when)
        return self.fault(endpoint, Answer.of(status, Refusal(status, said).body), **when)

    def rate_limit(
        self, endpoint: Endpoint | None, retry_after_s: int | None = 1, *, quota: bool = False, **when: Any
    ) -> Fault:
        """Answer 429; without Retry-After where that is None."""
        return self.fault(endpoint, _too_many(retry_after_s, quota=quota), **when)

    def hang(self, endpoint: Endpoint | None, **when: Any) -> Fault:
        """Hold a request, from `reached` until `release` is set; with `commit`, what it asks for is done first."""
        return self.fault(endpoint, Wreck.HANG, **when)

    def drop(self, endpoint: Endpoint | None, **when: Any) -> Fault:
        """Cut the connection without a word."""
        return self.fault(endpoint, Wreck.DROP, **when)

    # What a test asks afterwards

    def calls(self, since: int = 0) -> Counter[str]:
        """API calls by endpoint, answered or not; those to the accounts service are not of the quota."""
        return Counter(r.label for r in self.requests[since:] if r.endpoint not in ACCOUNTS)

    @contextmanager
    def budget(
        self, *, at_most: int | None = None, exactly: Mapping[Endpoint, int] | None = None
    ) -> Iterator[Counter[str]]:
        """Hold what is done inside to so many API calls in all, or to these; BudgetError names what was called.

        The counter that it gives is filled at the end.
        """
        since, counted = len(self.requests), Counter[str]()
        yield counted
        counted.update(self.calls(since))
        listed = ", ".join(f"{count} × {label}" for label, count in sorted(counted.items())) or "none"
        if at_most is not None and counted.total() > at_most:
            raise BudgetError(f"{counted.total()} calls, {at_most} allowed: {listed}")
        if exactly is not None and counted != Counter({str(k): v for k, v in exactly.items()}):
            wanted = ", ".join(f"{count} × {label}" for label, count in sorted(exactly.items())) or "none"
            raise BudgetError(f"calls: {listed}; wanted: {wanted}")

    async def until(self, holds: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
        """Wait for a condition on what has happened here; TimeoutError names `what` never came."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            seen = [f"{r.label} {r.status}" for r in self.requests[-10:]]
            raise TimeoutError(f"waited {timeout_s} s for {what}; last requests: {seen}") from None

    # The wire

    async def _web_api(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"].rstrip("/")
        payload = await _payload(request)
        endpoint, arguments = found(request.method, path)
        captured = self._capture(request, path, endpoint, payload)

        def perform() -> Answer:
            grant = self._let_in(request, captured)
            if isinstance(payload, ValueError):
                raise Refusal(400, "Error parsing JSON.")
            if endpoint is None:
                raise _no_endpoint(request.method, path)
            call = Call(grant, captured.query, payload, request.content_type)
            return Answer.of(*self.api.perform(endpoint, call, *arguments))

        return await self._serve(request, captured, perform)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        form = dict(parse_qsl(text)) if request.content_type == "application/x-www-form-urlencoded" else {}
        captured = self._capture(request, "/api/token", Endpoint.TOKEN, form)

        def perform() -> Answer:
            answer = self.accounts.token(form, request.headers.get("Authorization"))
            return Answer.of(200, answer, {"Cache-Control": "no-store"})

        return await self._serve(request, captured, perform)

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        captured = self._capture(request, "/authorize", Endpoint.AUTHORIZE, None)

        def perform() -> Answer:
            query = dict(request.query)
            app, chosen = self.accounts.checked(query), self.users.get(query.pop("user", "ada"), self.users["ada"])
            if error := self.accounts.fault_in(query):
                return Answer(302, headers={"Location": home(query, error=error)})
            return Answer(200, self._consent(app, chosen, query).encode(), "text/html; charset=utf-8")

        return await self._serve(request, captured, perform)

    async def _agree(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(self._answered(request, lambda address: self.approve(address, request.query["user"])))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(self._answered(request, self.cancel))

    def _answered(self, request: web.Request, how: Callable[[str], str]) -> str:
        """Where a link of the consent page leads."""
        try:
            return how(f"{self.accounts_base}/authorize?{request.query_string}")
        except (KeyError, Refusal) as error:
            raise web.HTTPBadRequest(text=str(error)) from None

    async def _image(self, request: web.Request) -> web.StreamResponse:
        playlist = self.api.playlists.get(request.match_info["id"])
        if playlist is None or playlist.cover is None:
            raise web.HTTPNotFound
        return web.Response(body=playlist.cover, content_type="image/jpeg")

    async def _overview(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=self._every_playlist(), content_type="text/html")

    async def _serve(
        self, request: web.Request, captured: Captured, perform: Callable[[], Answer]
    ) -> web.StreamResponse:
        """Do what is asked and answer it, or what a fault makes of that."""
        # Each fault counts the requests that it fits, also those that another one takes.
        striking = [fault for fault in self.faults if fault.strikes(captured.endpoint)]
        fault = striking[0] if striking else None
        answer = self._performed(perform) if fault is None or fault.commit else None
        if fault is not None:
            captured.faulted = True
            fault.reached.set()
            await self._notify()
            if fault.outcome is Wreck.DROP:
                return await self._cut(request, captured)
            if fault.outcome is Wreck.HANG:
                await fault.release.wait()
                captured.faulted = False
                answer = answer or self._performed(perform)
            elif isinstance(fault.outcome, Answer):
                answer = replace(fault.outcome)
        assert answer is not None
        captured.status, captured.answer = answer.status, _read(answer)
        await self._finished(captured)
        headers = dict(answer.headers) | ({"Content-Type": answer.content_type} if answer.content_type else {})
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    @staticmethod
    def _performed(perform: Callable[[], Answer]) -> Answer:
        try:
            return perform()
        except Refusal as refusal:
            return Answer.of(refusal.status, refusal.body, refusal.headers)

    async def _cut(self, request: web.Request, captured: Captured) -> web.StreamResponse:
        await self._finished(captured)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()  # written to nobody

    def _capture(self, request: web.Request, path: str, endpoint: Endpoint | None, payload: Any) -> Captured:
        kept = None if isinstance(payload, ValueError) else payload
        query, headers = dict(request.query), dict(request.headers)
        captured = Captured(request.method, path, query, headers, kept, endpoint, time.perf_counter())
        self.requests.append(captured)
        return captured

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _finished(self, captured: Captured) -> None:
        if self._log is not None:
            outcome = captured.status or "no answer"
            self._log(f"{captured.method} {captured.path} → {outcome} ({captured.user or 'nobody'})")
        await self._notify()

    def _let_in(self, request: web.Request, captured: Captured) -> Grant:
        """Whoever may call, in the order in which Spotify minds: the token, the quota, the app, its list, the route."""
        grant = self.accounts.admit(request.headers.get("Authorization")).grant
        captured.user = grant.user.id
        if self._quota is not None and self.clock.now() < self._quota[0]:
            left_s = int((self._quota[0] - self.clock.now()).total_seconds()) + 1
            answer = _too_many(left_s if self._quota[1] else None, quota=True)
            refusal = Refusal(429, _MESSAGES[429], reason="QUOTA_EXCEEDED")
            refusal.headers = dict(answer.headers)
            raise refusal
        if not grant.app.owner.premium:
            raise Refusal(403, NO_PREMIUM, text=True)
        if grant.user.id not in grant.app.allowed:
            raise Refusal(403, NOT_REGISTERED, text=True)
        if REMOVED.fullmatch(f"{captured.method} {captured.path}"):
            raise Refusal(403, "Forbidden")
        return grant

    # Pages

    def _asked(self, address: str) -> dict[str, str]:
        if not address.startswith(f"{self.accounts_base}/authorize?"):
            raise ValueError(f"not an authorization address of {self.accounts_base}: {address.partition('?')[0]}")
        return query_of(address)

    def _consent(self, app: App, chosen: User, query: Mapping[str, str]) -> str:
        def link(path: str, text: str, **more: str) -> str:
            return f'<a href="{escape(f"{path}?{urlencode({**query, **more})}")}">{escape(text)}</a>'

        scopes = "".join(f"<li>{escape(scope)}</li>" for scope in query.get("scope", "").split())
        others = [link("/authorize", u.display_name, user=u.id) for u in self.users.values() if u is not chosen]
        body = (
            f"<h1>{escape(app.name)}</h1><p>You are {escape(chosen.display_name)}. Let this app:</p><ul>{scopes}</ul>"
            f"<p>{link('/authorize/agree', 'Agree', user=chosen.id)} {link('/authorize/cancel', 'Cancel')}</p>"
            f"<p>Not you? {' · '.join(others)}</p>"
        )
        return _PAGE.format(title="Spotify stand-in", body=body)

    def _every_playlist(self) -> str:
        parts = ["<h1>Playlists</h1>"]
        for playlist in self.api.playlists.values():
            cover = f'<img alt="" width="160" src="/image/{playlist.id}">' if playlist.cover else ""
            songs = "".join(
                f"<li>{escape(e.track.title)} – {escape(', '.join(e.track.artists))}</li>" for e in playlist.entries
            )
            title, owner = escape(playlist.name), escape(playlist.owner.display_name)
            parts.append(f"<h2>{title} ({owner})</h2>{cover}<p>{escape(playlist.description)}</p><ol>{songs}</ol>")
        return _PAGE.format(title="Spotify stand-in", body="".join(parts))


async def _payload(request: web.Request) -> Any:
    """The body: text of an image, else JSON, else the error that is to be told when the caller is let in."""
    raw = await request.read()
    if not raw:
        return None
    try:
        return raw.decode() if request.content_type.startswith("image/") else json.loads(raw)
    except ValueError as error:
        return error


def _no_endpoint(method: str, path: str) -> Refusal:
    if path.split("/")[1] in ("albums", "artists", "audiobooks", "chapters", "episodes", "me", "shows"):
        return Refusal(501, f"{method} {path}: the stand-in does not have it")
    return Refusal(404, "Service not found")


def _too_many(retry_after_s: int | None, *, quota: bool) -> Answer:
    body = Refusal(429, _MESSAGES[429], reason="QUOTA_EXCEEDED" if quota else None).body
    return Answer.of(429, body, {} if retry_after_s is None else {"Retry-After": str(retry_after_s)})


def _read(answer: Answer) -> Any:
    """An answer's body as a client reads it."""
    if not answer.body:
        return None
    is_json = (answer.content_type or "").startswith("application/json")
    return json.loads(answer.body) if is_json else answer.body.decode()


if __name__ == "__main__":
    from tests.stand_ins.spotify_terminal import main

    main()
