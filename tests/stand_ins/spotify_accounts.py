"""Spotify's accounts service without its wire: apps, consent, codes, and the tokens that come of them."""

from __future__ import annotations

import binascii
import hashlib
import re
import secrets
from base64 import b64decode, urlsafe_b64encode
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.stand_ins.spotify_objects import Json, Refusal, User

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_ID: Final = "5fa15fa15fa15fa15fa15fa15fa15fa1"
REDIRECT_URI: Final = "http://127.0.0.1:8888/spotify/callback"
SCOPES: Final = frozenset(
    {
        "playlist-modify-private", "playlist-modify-public", "playlist-read-collaborative", "playlist-read-private",
        "ugc-image-upload", "user-follow-modify", "user-follow-read", "user-library-modify", "user-library-read",
        "user-read-email", "user-read-private", "user-read-recently-played", "user-top-read",
    }
)  # fmt: skip
EXPIRES_IN_S: Final = 3600
GRANT_MONTHS: Final = 6
MAX_ALLOWED: Final = 5
_CODE_LIFE: Final = timedelta(minutes=10)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthRefusal(Refusal):
    """An answer of the token endpoint, in OAuth's own form."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(status, description)
        self.body = {"error": error, "error_description": description}


class Clock:
    """The time as Spotify sees it: the machine's, moved by a test."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._moved

    def advance(self, by: timedelta) -> None:
        self._moved += by

    def set(self, to: datetime) -> None:
        self._moved = to - datetime.now(UTC)


@dataclass(eq=False, slots=True)
class App:
    """What somebody registered in the dashboard. Its owner's Premium keeps it alive."""

    client_id: str
    name: str
    owner: User
    secret: str | None = None
    redirect_uris: set[str] = field(default_factory=set)
    allowed: set[str] = field(default_factory=set)

    def register(self, redirect_uri: str) -> None:
        """Add a redirect address; ValueError for one that the dashboard refuses."""
        parts = urlsplit(redirect_uri)
        loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")
        if not loopback and (parts.scheme != "https" or not parts.hostname):
            raise ValueError(f"{redirect_uri}: not secure; use HTTPS, or http://127.0.0.1 or http://[::1]")
        self.redirect_uris.add(redirect_uri)

    def allow(self, user: User) -> None:
        """Put a user on the list; ValueError past five."""
        if len(self.allowed | {user.id}) > MAX_ALLOWED:
            raise ValueError(f"{self.name} has its {MAX_ALLOWED} users already")
        self.allowed.add(user.id)


@dataclass(eq=False, slots=True)
class Grant:
    """What a user let an app do, and when; every token belongs to one."""

    user: User
    app: App
    scopes: frozenset[str]
    authorized_at: datetime
    revoked: bool = False

    @property
    def ends_at(self) -> datetime:
        return six_months_after(self.authorized_at)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, and what must come with it."""

    grant: Grant
    redirect_uri: str
    challenge: str | None
    expires_at: datetime


@dataclass(eq=False, slots=True)
class Access:
    """What an access token opens, until when."""

    grant: Grant
    expires_at: datetime


class Accounts:
    """The accounts service.

    `rotates` and `says_scope` set how it answers a refresh: with a new refresh token in place of the old one or
    without any, and with `scope` or without.
    """

    def __init__(self, clock: Clock) -> None:
        self.users: dict[str, User] = {}
        self.apps: dict[str, App] = {}
        self.rotates = True
        self.says_scope = True
        self._clock = clock
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, Grant] = {}
        self._dead: set[str] = set()
        self._access: dict[str, Access] = {}

    def checked(self, query: Mapping[str, str]) -> App:
        """The app that an authorization address belongs to; Refusal for what Spotify shows a bare error page for."""
        app = self.apps.get(query.get("client_id", ""))
        if app is None:
            raise Refusal(400, "INVALID_CLIENT: Invalid client", text=True)
        if query.get("redirect_uri") not in app.redirect_uris:
            raise Refusal(400, "INVALID_CLIENT: Invalid redirect URI", text=True)
        return app

    def fault_in(self, query: Mapping[str, str]) -> str | None:
        """The OAuth error that Spotify sends home with the user instead of asking them, if any."""
        if query.get("response_type") != "code":
            return "unsupported_response_type"
        if not set(query.get("scope", "").split()) <= SCOPES:
            return "invalid_scope"
        if "code_challenge" in query or "code_challenge_method" in query:
            method, challenge = query.get("code_challenge_method"), query.get("code_challenge", "")
            if method != "S256" or not _CHALLENGE.fullmatch(challenge):
                return "invalid_request"
        return None

    def agree(self, query: Mapping[str, str], user: User, scopes: frozenset[str] | None = None) -> str:
        """The address that takes the user home with a code; `scopes` grants others than were asked for."""
        app = self.checked(query)
        if error := self.fault_in(query):
            return home(query, error=error)
        asked = frozenset(query.get("scope", "").split())
        now = self._clock.now()
        grant = Grant(user, app, asked if scopes is None else scopes, now)
        code = "AQ" + secrets.token_urlsafe(96)
        self._codes[code] = Code(grant, query["redirect_uri"], query.get("code_challenge"), now + _CODE_LIFE)
        return home(query, code=code)

    def issue(self, user: User, app: App, scopes: frozenset[str]) -> Json:
        """Tokens as the code exchange answers them, without the way there."""
        return self._answer(Grant(user, app, scopes, self._clock.now()), with_refresh=True, says_scope=True)

    def token(self, form: Mapping[str, str], authorization: str | None) -> Json:
        """The answer of POST /api/token."""
        app, proven = self._client(form, authorization)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._exchange(form, app, proven=proven)
        if kind == "refresh_token":
            return self._refreshed(form, app)
        raise OAuthRefusal("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")

    def admit(self, authorization: str | None) -> Access:
        """What the header of an API request opens."""
        if not authorization:
            raise Refusal(401, "No token provided")
        kind, _, token = authorization.partition(" ")
        if kind != "Bearer":
            raise Refusal(400, "Only valid bearer authentication supported")
        access = self._access.get(token)
        if access is None:
            raise Refusal(401, "Invalid access token")
        if access.expires_at <= self._clock.now():
            raise Refusal(401, "The access token expired")
        return access

    def revoke(self, user: User, *, access: bool = False) -> None:
        """The user removes the app: no refresh from now on, nor, with `access`, another call."""
        grants = [*self._refresh.values(), *(code.grant for code in self._codes.values())]
        for grant in grants:
            grant.revoked = grant.revoked or grant.user is user
        if access:
            self.expire(user)

    def expire(self, user: User | None = None) -> None:
        """Every access token, or one user's, is over from now on."""
        for access in self._access.values():
            if user is None or access.grant.user is user:
                access.expires_at = self._clock.now()

    def live_refresh_tokens(self, user: User) -> list[str]:
        """Those that still work."""
        now = self._clock.now()
        return [t for t, g in self._refresh.items() if g.user is user and not g.revoked and now < g.ends_at]

    def _client(self, form: Mapping[str, str], authorization: str | None) -> tuple[App, bool]:
        """The app that asks, and whether it has proven that by its secret."""
        id_, secret = form.get("client_id", ""), form.get("client_secret")
        if authorization is not None:
            try:
                id_, _, secret = b64decode(authorization.removeprefix("Basic "), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise OAuthRefusal("invalid_client", "Invalid authorization header") from None
        app = self.apps.get(id_)
        if app is None:
            raise OAuthRefusal("invalid_client", "Invalid client")
        if secret is not None and (app.secret is None or not secrets.compare_digest(secret, app.secret)):
            raise OAuthRefusal("invalid_client", "Invalid client secret")
        return app, secret is not None

    def _exchange(self, form: Mapping[str, str], app: App, *, proven: bool) -> Json:
        # Showing a code spends it, whether or not the rest is right.
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.grant.app is not app or code.grant.revoked:
            raise OAuthRefusal("invalid_grant", "Invalid authorization code")
        if code.expires_at <= self._clock.now():
            raise OAuthRefusal("invalid_grant", "Authorization code expired")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefusal("invalid_grant", "Invalid redirect URI")
        if code.challenge is None and not proven:
            raise OAuthRefusal("invalid_client", "Invalid client secret")
        if code.challenge is not None:
            verifier = form.get("code_verifier", "")
            if not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != code.challenge:
                raise OAuthRefusal("invalid_grant", "code_verifier was incorrect")
        return self._answer(code.grant, with_refresh=True, says_scope=True)

    def _refreshed(self, form: Mapping[str, str], app: App) -> Json:
        token = form.get("refresh_token", "")
        if token in self._dead:
            raise OAuthRefusal("invalid_grant", "Refresh token revoked")
        grant = self._refresh.get(token)
        if grant is None or grant.app is not app:
            raise OAuthRefusal("invalid_grant", "Invalid refresh token")
        if grant.revoked:
            raise OAuthRefusal("invalid_grant", "Refresh token revoked")
        if grant.ends_at <= self._clock.now():
            raise OAuthRefusal("invalid_grant", "Refresh token expired")
        if self.rotates:
            del self._refresh[token]
            self._dead.add(token)
        return self._answer(grant, with_refresh=self.rotates, says_scope=self.says_scope)

    def _answer(self, grant: Grant, *, with_refresh: bool, says_scope: bool) -> Json:
        token = "BQ" + secrets.token_urlsafe(96)
        self._access[token] = Access(grant, self._clock.now() + timedelta(seconds=EXPIRES_IN_S))
        answer: Json = {"access_token": token, "token_type": "Bearer", "expires_in": EXPIRES_IN_S}
        if with_refresh:
            answer["refresh_token"] = "AQ" + secrets.token_urlsafe(72)
            self._refresh[answer["refresh_token"]] = grant
        if says_scope:
            answer["scope"] = " ".join(sorted(grant.scopes))
        return answer


def challenge_of(verifier: str) -> str:
    """RFC 7636, section 4.2, S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def home(query: Mapping[str, str], **said: str) -> str:
    """The redirect address with what is to be said, and the state, which is only echoed."""
    if "state" in query:
        said["state"] = query["state"]
    mark = "&" if urlsplit(query["redirect_uri"]).query else "?"
    return query["redirect_uri"] + mark + urlencode(said)


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def six_months_after(moment: datetime) -> datetime:
    months = moment.month - 1 + GRANT_MONTHS
    year, month = moment.year + months // 12, months % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
