"""Discord's wire: an HTTP API and a gateway on loopback, for what only a socket can show.

Login, resume, reconnect, rate limits, files and shutdown happen here as they do on Discord. What a bot sends is kept,
and every wait is for an event. `python -m tests.stand_ins.discord` lets a person talk to a bot by hand.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
from aiohttp import web

from tests.stand_ins.discord_objects import (
    APPLICATION,
    CHANNEL,
    DIRECT,
    LOADING,
    PERSON,
    SERVER,
    Json,
    Part,
    Refusal,
    application,
    application_user,
    fill,
    message,
    now,
    server,
    user,
    whereabouts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

API: Final = "/api/v10"
TOKEN: Final = "stand-in.token.A1b2C3d4E5"
ACKNOWLEDGE_WITHIN_S: Final = 3.0
_TEN_MIB: Final = 10 * 2**20


@dataclass(frozen=True, slots=True)
class Captured:
    """A request as it came, with what it was answered; `path` is below the API base."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    payload: Any
    files: tuple[Part, ...]
    form: bool
    status: int
    answer: Any
    at: float


@dataclass(slots=True)
class Fault:
    """What happens to the next request that fits both patterns, in place of an answer, or before it (`release`)."""

    method: re.Pattern[str]
    path: re.Pattern[str]
    status: int | None = None
    retry_after_s: float = 0.0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False, slots=True)
class Interaction:
    """A command, menu or button that somebody used, and what became of it. Times are seconds after it was sent."""

    payload: Json
    source: Json | None = None
    sent: float = field(default_factory=time.perf_counter)
    acknowledged_after_s: float | None = None
    answered_after_s: float | None = None
    callback: Json | None = None
    message: Json | None = None
    answers: list[Json] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.payload["id"])

    @property
    def token(self) -> str:
        return str(self.payload["token"])


@dataclass(eq=False, slots=True)
class Session:
    """A gateway session: it outlives its socket, and keeps what the socket may have missed."""

    id: str
    identify: Json
    socket: web.WebSocketResponse | None = None
    sent: list[Json] = field(default_factory=list)


class DiscordStandIn:
    """Discord for one bot in one server.

    Args:
        token: the only one that is let in.
        heartbeat_s: how often the bot is told to send a heartbeat.
        port: 0 takes a free one.
    """

    def __init__(self, *, token: str = TOKEN, heartbeat_s: float = 41.25, port: int = 0) -> None:
        self.token = token
        self.requests: list[Captured] = []
        self.commands: list[Json] = []
        self.sessions: dict[str, Session] = {}
        self.interactions: dict[str, Interaction] = {}
        self.messages: dict[str, Json] = {}
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.heartbeats: list[int | None] = []
        self.refuse_resumes = False
        self._heartbeat_s = heartbeat_s
        self._port = port
        self._faults: list[Fault] = []
        self._ids = count(8_000_000_000_000_000_000)
        self._changed = asyncio.Condition()
        self._current: Session | None = None
        self._transports: dict[web.WebSocketResponse, asyncio.Transport | None] = {}

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_get("/gateway", self._gateway)
        app.router.add_route("*", API + "/{path:.*}", self._api)
        # handler_cancellation ends a hung request when the bot goes away.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for fault in self._faults:
            fault.release.set()
        for socket in list(self._transports):
            await _close(socket, 1001)
        await self._runner.cleanup()

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self._port}{API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway"

    @property
    def environment(self) -> dict[str, str]:
        """The settings that send a bot here."""
        return {"DISCORD_TOKEN": self.token, "DISCORD_API_BASE": self.api_base, "DISCORD_GATEWAY_URL": self.gateway_url}

    # What a test or a person does

    async def until(self, holds: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
        """Wait for a condition on what has happened here; TimeoutError names `what` never came."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            seen = [f"{r.method} {r.path} {r.status}" for r in self.requests[-10:]]
            raise TimeoutError(f"waited {timeout_s} s for {what}; last requests: {seen}") from None

    async def connected(self, timeout_s: float = 10.0) -> None:
        """Wait until a bot is there to be spoken to."""
        await self.until(lambda: self._live() is not None, "a bot on the gateway", timeout_s)

    async def slash(self, name: str, *, direct: bool = False, **options: str | int | bool) -> Interaction:
        """Somebody types `/name option: value`."""
        kinds: dict[type, int] = {str: 3, int: 4, bool: 5}
        given = [{"name": k, "type": kinds[type(v)], "value": v} for k, v in options.items()]
        return await self._interact(
            2, {"id": self._command(name, 1), "name": name, "type": 1, "options": given}, direct=direct
        )

    async def menu(self, name: str, content: str, *, direct: bool = False) -> Interaction:
        """Somebody uses the menu of a message that says `content`."""
        target = message(self._id(), DIRECT if direct else CHANNEL, user(PERSON, "ada"), content=content)
        data = {"id": self._command(name, 3), "name": name, "type": 3, "target_id": target["id"]}
        return await self._interact(2, data | {"resolved": {"messages": {target["id"]: target}}}, direct=direct)

    async def press(self, card: Json, custom_id: str) -> Interaction:
        """Somebody presses a button of a message."""
        data = {"component_type": 2, "custom_id": custom_id, "id": 1}
        return await self._interact(3, data, direct=card["channel_id"] == DIRECT, source=card)

    async def acknowledged(self, interaction: Interaction, timeout_s: float = 10.0) -> Interaction:
        await self.until(lambda: interaction.callback is not None, "a first answer to an interaction", timeout_s)
        return interaction

    async def answered(self, interaction: Interaction, timeout_s: float = 20.0) -> Json:
        """The message that answers an interaction, once there is more of it than "thinking"."""
        await self.until(lambda: bool(interaction.answers), "an answer to an interaction", timeout_s)
        return interaction.answers[-1]

    def rate_limit(self, method: str, path: str, retry_after_s: float = 0.05) -> Fault:
        """Answer the next request that fits with 429; both patterns are regular expressions, `path` is searched for."""
        return self._fault(Fault(re.compile(method), re.compile(path), 429, retry_after_s))

    def fail(self, method: str, path: str, status: int = 500) -> Fault:
        """Answer the next request that fits with an error."""
        return self._fault(Fault(re.compile(method), re.compile(path), status))

    def hang(self, method: str, path: str) -> Fault:
        """Hold the next request that fits, from `reached` until `release` is set."""
        return self._fault(Fault(re.compile(method), re.compile(path)))

    def _fault(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    async def drop(self) -> None:
        """Cut the gateway's connection without a closing frame."""
        session = self._live()
        if session is not None and session.socket is not None:
            socket, session.socket = session.socket, None
            if transport := self._transports.get(socket):
                transport.abort()

    async def ask_reconnect(self) -> None:
        """Opcode 7."""
        await self._send({"op": 7, "d": None})

    async def invalidate(self, *, resumable: bool) -> None:
        """Opcode 9."""
        if not resumable and self._current is not None:
            self.sessions.pop(self._current.id, None)
        await self._send({"op": 9, "d": resumable})

    # The gateway

    def _live(self) -> Session | None:
        return self._current if self._current and self._current.socket and not self._current.socket.closed else None

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _send(self, frame: Json) -> None:
        session = self._live()
        if session is None or session.socket is None:
            raise RuntimeError("no bot is connected")
        await session.socket.send_str(json.dumps(frame))

    async def _dispatch(self, session: Session, event: str, data: Json) -> None:
        frame = {"op": 0, "t": event, "s": len(session.sent) + 1, "d": data}
        session.sent.append(frame)
        if session.socket is not None and not session.socket.closed:
            await session.socket.send_str(json.dumps(frame))

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._transports[socket] = request.transport
        await socket.send_str(json.dumps({"op": 10, "d": {"heartbeat_interval": int(self._heartbeat_s * 1000)}}))
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._received(socket, json.loads(message.data))
                    await self._notify()
        finally:
            self._transports.pop(socket, None)
            for session in self.sessions.values():
                if session.socket is socket:
                    session.socket = None
            await self._notify()
        return socket

    async def _received(self, socket: web.WebSocketResponse, frame: Json) -> None:
        data: Any = frame.get("d")
        match frame["op"]:
            case 1:
                self.heartbeats.append(data)
                await socket.send_str(json.dumps({"op": 11}))
            case 2:
                self.identifies.append(data)
                await self._identify(socket, data)
            case 6:
                self.resumes.append(data)
                await self._resume(socket, data)

    async def _identify(self, socket: web.WebSocketResponse, data: Json) -> None:
        if data["token"] != self.token:
            await _close(socket, 4004)
            return
        session = Session(f"session{self._id()}", data, socket)
        self.sessions[session.id] = self._current = session
        ready = {
            "v": 10, "user": application_user(), "guilds": [{"id": SERVER, "unavailable": True}],
            "session_id": session.id, "resume_gateway_url": self.gateway_url,
            "shard": data.get("shard", [0, 1]), "application": {"id": APPLICATION, "flags": 0},
        }  # fmt: skip
        await self._dispatch(session, "READY", ready)
        await self._dispatch(session, "GUILD_CREATE", server())

    async def _resume(self, socket: web.WebSocketResponse, data: Json) -> None:
        session = self.sessions.get(data["session_id"])
        if data["token"] != self.token:
            await _close(socket, 4004)
        elif session is None or self.refuse_resumes:
            self.sessions.pop(data["session_id"], None)
            await socket.send_str(json.dumps({"op": 9, "d": False}))
        else:
            session.socket, self._current = socket, session
            for frame in session.sent[data["seq"] :]:
                await socket.send_str(json.dumps(frame))
            await self._dispatch(session, "RESUMED", {})

    # Interactions and messages

    def _id(self) -> str:
        return str(next(self._ids))

    def _command(self, name: str, kind: int) -> str:
        """The id of a command; one that was synced to an earlier stand-in, and is unknown here, has one too."""
        return next((c["id"] for c in self.commands if c["name"] == name and c["type"] == kind), "1")

    async def _interact(self, kind: int, data: Json, *, direct: bool, source: Json | None = None) -> Interaction:
        if self._current is None:
            raise RuntimeError("no bot has ever connected")
        payload = whereabouts(direct=direct) | {
            "id": self._id(), "application_id": APPLICATION, "type": kind, "data": data, "version": 1,
            "token": f"interaction-{self._id()}", "app_permissions": "2147483648", "entitlements": [],
            "attachment_size_limit": _TEN_MIB,
        }  # fmt: skip
        if source is not None:
            payload["message"] = source
        interaction = Interaction(payload, source)
        self.interactions[interaction.token] = interaction
        await self._dispatch(self._current, "INTERACTION_CREATE", payload)
        return interaction

    def _post(self, channel_id: str, body: Json, files: tuple[Part, ...], **more: Any) -> Json:
        posted = message(self._id(), channel_id, application_user(), **more)
        fill(posted, body, files, self._ids)
        self.messages[posted["id"]] = posted
        return posted

    def _change(self, changed: Json, body: Json, files: tuple[Part, ...]) -> Json:
        fill(changed, body, files, self._ids)
        changed["edited_timestamp"] = now()
        return changed

    def _reply(self, interaction: Interaction, body: Json, files: tuple[Part, ...]) -> Json:
        kind = interaction.payload["type"]
        metadata: Json = {
            "id": interaction.id, "type": kind, "user": user(PERSON, "ada"),
            "authorizing_integration_owners": interaction.payload["authorizing_integration_owners"],
        }  # fmt: skip
        if interaction.source is not None:
            metadata["interacted_message_id"] = interaction.source["id"]
        more = {"webhook_id": APPLICATION, "application_id": APPLICATION, "interaction_metadata": metadata}
        return self._post(interaction.payload["channel_id"], body, files, type=20 if kind == 2 else 0, **more)

    # The HTTP API

    async def _api(self, request: web.Request) -> web.Response:
        at = time.perf_counter()
        path = "/" + request.match_info["path"]
        payload, files = await _body(request)
        try:
            status, answer, headers = await self._answer(request, path, payload, files)
        except Refusal as refusal:
            status, answer, headers = refusal.status, refusal.body, {}
        query, sent, form = dict(request.query), dict(request.headers), request.content_type == "multipart/form-data"
        # The answer is kept as it was: a message goes on changing.
        body = None if answer is None else json.dumps(answer).encode()
        kept = None if body is None else json.loads(body)
        self.requests.append(Captured(request.method, path, query, sent, payload, files, form, status, kept, at))
        await self._notify()
        # discord.py takes nothing but exactly this content type for JSON.
        return web.Response(
            status=status, body=body, headers=headers | ({"Content-Type": "application/json"} if body else {})
        )

    async def _answer(
        self, request: web.Request, path: str, payload: Any, files: tuple[Part, ...]
    ) -> tuple[int, Any, dict[str, str]]:
        fault = next((f for f in self._faults if f.method.fullmatch(request.method) and f.path.search(path)), None)
        if fault is not None:
            self._faults.remove(fault)
            fault.reached.set()
            if fault.status == 429:
                # Without Via, discord.py takes a 429 for a ban, and gives up.
                body = {
                    "message": "You are being rate limited.",
                    "code": 0,
                    "retry_after": fault.retry_after_s,
                    "global": False,
                }
                return (
                    429,
                    body,
                    {"Via": "1.1 google", "Retry-After": str(fault.retry_after_s), "X-RateLimit-Scope": "user"},
                )
            if fault.status is not None:
                raise Refusal(fault.status, 0, f"{fault.status}: told to by a test")
            await fault.release.wait()
        for method, pattern, handler, public in self._routes():
            match = re.fullmatch(pattern, path)
            if method == request.method and match:
                if not public and request.headers.get("Authorization") != f"Bot {self.token}":
                    raise Refusal(401, 0, "401: Unauthorized")
                return *handler(*match.groups(), body=payload, files=files, query=request.query), {}
        raise Refusal(404, 0, "404: Not Found")

    def _routes(self) -> tuple[tuple[str, str, Callable[..., tuple[int, Any]], bool], ...]:
        """Method, path, handler, and whether the path itself holds the secret that lets in."""
        hook = rf"/webhooks/{APPLICATION}/([^/]+)"
        hooked = hook + r"/messages/(@original|\d+)"
        posted = r"/channels/\d+/messages/(\d+)"
        return (
            (
                "GET",
                "/users/@me",
                lambda **_: (200, application_user() | {"mfa_enabled": False, "locale": "en-US"}),
                False,
            ),
            ("GET", "/oauth2/applications/@me", lambda **_: (200, application()), False),
            ("GET", "/gateway/bot", self._gateway_bot, False),
            ("GET", f"/applications/{APPLICATION}/commands", lambda **_: (200, self.commands), False),
            ("PUT", f"/applications/{APPLICATION}/commands", self._put_commands, False),
            ("POST", r"/interactions/(\d+)/([^/]+)/callback", self._callback, True),
            ("POST", hook, self._follow_up, True),
            ("GET", hooked, lambda token, id_, **_: (200, self._hooked(token, id_)[1]), True),
            ("PATCH", hooked, self._edit_hooked, True),
            ("DELETE", hooked, self._delete_hooked, True),
            (
                "POST",
                r"/channels/(\d+)/messages",
                lambda id_, body, files, **_: (200, self._post(id_, body, files)),
                False,
            ),
            ("GET", posted, lambda id_, **_: (200, self._known(id_)), False),
            ("PATCH", posted, lambda id_, body, files, **_: (200, self._change(self._known(id_), body, files)), False),
        )

    def _gateway_bot(self, **_: Any) -> tuple[int, Any]:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return 200, {"url": self.gateway_url, "shards": 1, "session_start_limit": limit}

    def _put_commands(self, *, body: list[Json], **_: Any) -> tuple[int, Any]:
        own = {
            "application_id": APPLICATION,
            "version": self._id(),
            "default_member_permissions": None,
            "description": "",
        }
        self.commands = [
            own | {"type": 1} | {k: v for k, v in command.items() if v is not None} | {"id": self._id()}
            for command in body
        ]
        return 200, self.commands

    def _callback(
        self, id_: str, token: str, *, body: Json, files: tuple[Part, ...], query: Mapping[str, str]
    ) -> tuple[int, Any]:
        interaction = self.interactions.get(token)
        elapsed = time.perf_counter() - interaction.sent if interaction else 0.0
        if interaction is None or interaction.id != id_ or elapsed > ACKNOWLEDGE_WITHIN_S:
            raise Refusal(404, 10062, "Unknown interaction")
        if interaction.callback is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        kind, data = body["type"], body.get("data") or {}
        if kind == 4:
            interaction.message = self._reply(interaction, data, files)
        elif kind == 5:
            interaction.message = self._reply(interaction, {"content": "…"}, ())
            interaction.message |= {"content": "", "flags": LOADING | (data.get("flags") or 0)}
        elif kind in (6, 7):
            interaction.message = interaction.source
            if kind == 7 and interaction.source is not None:
                self._change(interaction.source, data, files)
        interaction.callback, interaction.acknowledged_after_s = body, elapsed
        if kind in (4, 7) and interaction.message is not None:
            self._answered(interaction, interaction.message)
        if query.get("with_response") not in ("true", "1"):
            return 204, None
        answer: Json = {"interaction": {"id": interaction.id, "type": interaction.payload["type"]}}
        if kind in (4, 7):
            answer["resource"] = {"type": kind, "message": interaction.message}
        return 200, answer

    def _answered(self, interaction: Interaction, answer: Json) -> None:
        interaction.answers.append(answer)
        if interaction.answered_after_s is None:
            interaction.answered_after_s = time.perf_counter() - interaction.sent

    def _acknowledged(self, token: str) -> Interaction:
        interaction = self.interactions.get(token)
        if interaction is None or interaction.callback is None:
            raise Refusal(404, 10015, "Unknown Webhook")
        return interaction

    def _hooked(self, token: str, id_: str) -> tuple[Interaction, Json]:
        interaction = self._acknowledged(token)
        original = interaction.message["id"] if interaction.message else ""
        return interaction, self._known(original if id_ == "@original" else id_)

    def _known(self, id_: str) -> Json:
        if id_ not in self.messages:
            raise Refusal(404, 10008, "Unknown Message")
        return self.messages[id_]

    def _follow_up(
        self, token: str, *, body: Json, files: tuple[Part, ...], query: Mapping[str, str]
    ) -> tuple[int, Any]:
        interaction = self._acknowledged(token)
        original = interaction.message
        if original is not None and original["flags"] & LOADING:  # the first follow-up is what was waited for
            answer = self._change(original, body, files)
        else:
            answer = self._reply(interaction, body, files)
        self._answered(interaction, answer)
        return (200, answer) if query.get("wait") in ("true", "1") else (204, None)

    def _edit_hooked(self, token: str, id_: str, *, body: Json, files: tuple[Part, ...], **_: Any) -> tuple[int, Any]:
        interaction, edited = self._hooked(token, id_)
        self._answered(interaction, self._change(edited, body, files))
        return 200, edited

    def _delete_hooked(self, token: str, id_: str, **_: Any) -> tuple[int, Any]:
        del self.messages[self._hooked(token, id_)[1]["id"]]
        return 204, None


async def _body(request: web.Request) -> tuple[Any, tuple[Part, ...]]:
    """The JSON of a request, which is a form's `payload_json`, and its files."""
    if request.content_type != "multipart/form-data":
        raw = await request.read()
        return (json.loads(raw) if raw else None), ()
    payload: Any = None
    files: list[Part] = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, aiohttp.BodyPartReader):
            raise Refusal(400, 50035, "Invalid Form Body: a form within the form")
        data = bytes(await part.read())
        if part.name == "payload_json":
            payload = json.loads(data)
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(Part(part.name or "", part.filename or "", kind, data))
    return payload, tuple(files)


async def _close(socket: web.WebSocketResponse, code: int) -> None:
    with suppress(ConnectionError, TimeoutError):
        await asyncio.wait_for(socket.close(code=code), 1.0)


if __name__ == "__main__":
    from tests.stand_ins.discord_terminal import main

    main()
