"""Discord's objects as the stand-in makes them: people, a server, and messages by the rules of Components V2."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

V2: Final = 1 << 15
EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
_FIRST: Final = 7_000_000_000_000_000_000
APPLICATION, SERVER, CHANNEL, DIRECT, PERSON, OWNER = (str(_FIRST + n) for n in range(6))
_CDN: Final = "https://cdn.discordapp.com/attachments"
_ACTION_ROW: Final = 1
_MAX_COMPONENTS: Final = 40
_MAX_TEXT: Final = 4000

# What Discord adds to a component that leaves it out, by type.
_COMPONENT_DEFAULTS: Final[Mapping[int, Mapping[str, Any]]] = {
    3: {"min_values": 1, "max_values": 1, "options": []},
    11: {"description": None, "spoiler": False},
    13: {"name": None, "size": None, "spoiler": False},
    14: {"divider": True, "spacing": 1},
    17: {"accent_color": None, "spoiler": False},
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a multipart form."""

    name: str
    filename: str
    content_type: str
    data: bytes


class Refusal(Exception):  # noqa: N818 - not an error here: it is what Discord answers
    """An answer other than 2XX."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code}


def user(id_: str, name: str, *, bot: bool = False) -> Json:
    return {
        "id": id_, "username": name, "global_name": None, "avatar": None, "discriminator": "0", "public_flags": 0,
        "flags": 0, "primary_guild": None, "bot": bot,
    }  # fmt: skip


def application_user() -> Json:
    return user(APPLICATION, "Vibesmith", bot=True)


def application() -> Json:
    return {
        "id": APPLICATION, "name": "Vibesmith", "icon": None, "description": "", "type": None, "verify_key": "0" * 64,
        "flags": 0, "flags_new": "0", "redirect_uris": [], "interactions_endpoint_url": None, "bot_public": True,
        "bot_require_code_grant": False, "role_connections_verification_url": None, "owner": user(OWNER, "owner"),
        "explicit_content_filter": 0, "team": None, "eligible_oauth2_scopes": [], "approximate_guild_count": 1,
        "approximate_user_install_count": 1, "approximate_user_authorization_count": 1,
    }  # fmt: skip


def server() -> Json:
    """What GUILD_CREATE carries."""
    everyone = {
        "id": SERVER, "name": "@everyone", "color": 0, "hoist": False, "position": 0, "permissions": "2147483648",
        "managed": False, "mentionable": False, "flags": 0,
    }  # fmt: skip
    lists = ("emojis", "stickers", "features", "members", "threads", "presences", "voice_states", "stage_instances")
    return {
        "id": SERVER, "name": "Stand-in", "owner_id": OWNER, "roles": [everyone], "channels": [channel(direct=False)],
        "member_count": 2, "large": False, "unavailable": False, "joined_at": now(), "verification_level": 0,
        "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "premium_tier": 0,
        "nsfw_level": 0, "system_channel_flags": 0, "preferred_locale": "en-US", "afk_timeout": 300,
        "guild_scheduled_events": [], "soundboard_sounds": [], **{name: [] for name in lists},
    }  # fmt: skip


def channel(*, direct: bool) -> Json:
    if direct:
        return {"id": DIRECT, "type": 1, "last_message_id": None, "flags": 0}
    return {
        "id": CHANNEL,
        "type": 0,
        "name": "music",
        "position": 0,
        "permission_overwrites": [],
        "guild_id": SERVER,
        "flags": 0,
    }


def whereabouts(*, direct: bool) -> Json:
    """The fields of an interaction that say who used it, and where."""
    person = user(PERSON, "ada")
    shared = {"channel": channel(direct=direct), "channel_id": DIRECT if direct else CHANNEL, "locale": "en-US"}
    if direct:
        return shared | {"user": person, "context": 1, "authorizing_integration_owners": {"1": PERSON}}
    member = {
        "user": person,
        "roles": [],
        "joined_at": now(),
        "deaf": False,
        "mute": False,
        "flags": 0,
        "permissions": "2147483648",
    }
    return shared | {
        "guild_id": SERVER, "guild": {"id": SERVER, "locale": "en-US", "features": []}, "guild_locale": "en-US",
        "member": member, "context": 0, "authorizing_integration_owners": {"0": SERVER},
    }  # fmt: skip


def now() -> str:
    return datetime.now(UTC).isoformat()


def message(id_: str, channel_id: str, author: Json, **more: Any) -> Json:
    """A message with nothing in it yet."""
    empty: Json = {name: [] for name in ("mentions", "mention_roles", "attachments", "embeds", "components")}
    return empty | {
        "id": id_, "channel_id": channel_id, "author": author, "type": 0, "content": "", "timestamp": now(),
        "edited_timestamp": None, "flags": 0, "pinned": False, "mention_everyone": False, "tts": False,
    } | more  # fmt: skip


def fill(target: Json, body: Mapping[str, Any], files: Sequence[Part], ids: Iterator[int]) -> None:
    """Write a request's body into a message, or refuse it as Discord would; the OpenAPI document knows no V2 rule."""
    flags = target["flags"] & ~LOADING | ((body.get("flags") or 0) & (V2 | EPHEMERAL))
    content = target["content"] if "content" not in body else body["content"] or ""
    embeds = target["embeds"] if "embeds" not in body else body["embeds"] or []
    components = target["components"] if "components" not in body else body["components"] or []
    _check_components(components, content, embeds, v2=bool(flags & V2))
    attachments = [a for a in target["attachments"] if "attachments" not in body or _kept(a, body["attachments"] or [])]
    attachments += [_attachment(part, str(next(ids)), target["channel_id"]) for part in files]
    if not (content or embeds or components or attachments):
        raise Refusal(400, 50006, "Cannot send an empty message")
    numbers = count(1)
    urls = {f"attachment://{a['filename']}": a["url"] for a in attachments}
    target |= {
        "flags": flags, "content": content, "attachments": attachments,
        "embeds": [{"type": "rich"} | {k: v for k, v in e.items() if v is not None} for e in embeds],
        "components": [_stored(c, numbers, urls, ids) for c in components],
    }  # fmt: skip


def walk(components: Sequence[Json]) -> Iterator[Json]:
    """Every component, from the top down."""
    for component in components:
        yield component
        yield from walk(component.get("components", ()))
        if "accessory" in component:
            yield component["accessory"]


def _check_components(components: Sequence[Json], content: str, embeds: Sequence[Json], *, v2: bool) -> None:
    every = list(walk(components))
    text = sum(len(c.get("content", "")) for c in every)
    custom_ids = [c["custom_id"] for c in every if c.get("custom_id")]
    problems = {
        "content and embeds cannot be used with IS_COMPONENTS_V2": v2 and (content or embeds),
        "only action rows can be used without IS_COMPONENTS_V2": not v2
        and any(c["type"] != _ACTION_ROW for c in components),
        "more than 40 components": len(every) > _MAX_COMPONENTS,
        "more than 4,000 characters": text > _MAX_TEXT,
        "a custom id occurs twice": len(custom_ids) != len(set(custom_ids)),
    }
    for problem, found in problems.items():
        if found:
            raise Refusal(400, 50035, f"Invalid Form Body: {problem}")


def _kept(attachment: Json, listed: Sequence[Json]) -> bool:
    return any(str(entry.get("id")) == attachment["id"] for entry in listed)


def _attachment(part: Part, id_: str, channel_id: str) -> Json:
    url = f"{_CDN}/{channel_id}/{id_}/{quote(part.filename)}"
    size = len(part.data)
    return {
        "id": id_,
        "filename": part.filename,
        "size": size,
        "url": url,
        "proxy_url": url,
        "content_type": part.content_type,
    }


def _stored(component: Json, numbers: Iterator[int], urls: Mapping[str, str], ids: Iterator[int]) -> Json:
    """A component as Discord gives it back: numbered, with its defaults, and its media found."""
    stored = dict(_COMPONENT_DEFAULTS.get(component["type"], {})) | {
        k: v for k, v in component.items() if v is not None
    }
    stored["id"] = component.get("id") or next(numbers)
    if "components" in stored:
        stored["components"] = [_stored(c, numbers, urls, ids) for c in stored["components"]]
    if "emoji" in stored:
        stored["emoji"] = {k: v for k, v in stored["emoji"].items() if v is not None}
    if "accessory" in stored:
        stored["accessory"] = _stored(stored["accessory"], numbers, urls, ids)
    for key in ("media", "file"):
        if key in stored:
            stored[key] = _media(stored[key], urls, ids)
    if "items" in stored:
        stored["items"] = [
            {"description": None, "spoiler": False} | i | {"media": _media(i["media"], urls, ids)}
            for i in stored["items"]
        ]
    return stored


def _media(media: Json, urls: Mapping[str, str], ids: Iterator[int]) -> Json:
    url = urls.get(media["url"], media["url"])
    return {"id": str(next(ids)), "url": url, "proxy_url": url, "width": None, "height": None, "content_type": None}
