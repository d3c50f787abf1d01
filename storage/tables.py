"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

metadata: Final = MetaData()


@final
class UtcDateTime(TypeDecorator[datetime]):
    """A point in time; SQLite keeps no time zone, so what is written and read is always UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value else None


vibes: Final = Table(
    "vibes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger),
    Column("message_id", BigInteger),
    Column("text", Text, nullable=False),
    Column("vibe", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("catalogue", String(64), nullable=False),
    Column("parent_id", String(32), ForeignKey("vibes.id", ondelete="SET NULL")),
    Column("root_id", String(32), nullable=False, index=True),
    Column("quiet", Boolean, nullable=False),
)

picks: Final = Table(
    "picks",
    metadata,
    Column("vibe_id", String(32), ForeignKey("vibes.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("track_id", String(255), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("artists", JSON, nullable=False),
    Column("year", Integer),
    Column("url", Text, nullable=False),
    Column("duration_ms", Integer),
    Column("score", Float, nullable=False),
    Column("parts", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
)
