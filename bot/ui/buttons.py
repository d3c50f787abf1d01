"""The buttons under a playlist, which work for as long as the playlist is kept."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord
from discord import ui

TurnPage = Callable[[discord.Interaction[Any], str, int], Awaitable[None]]
AskAgain = Callable[[discord.Interaction[Any], str], Awaitable[None]]

_VIBE_ID: Final = r"(?P<vibe>[A-Za-z0-9_-]{4,32})"


class VibeButtons:
    """The buttons, bound to what answers them; `items` are for `Client.add_dynamic_items`."""

    def __init__(self, turn_page: TurnPage, ask_again: AskAgain) -> None:
        class PageButton(ui.DynamicItem[ui.Button[Any]], template=rf"vibe:page:{_VIBE_ID}:(?P<page>[0-9]{{1,4}})"):
            def __init__(self, vibe_id: str, page: int, label: str = "", *, disabled: bool = False) -> None:
                super().__init__(ui.Button(label=label, custom_id=f"vibe:page:{vibe_id}:{page}", disabled=disabled))
                self.vibe_id = vibe_id
                self.page = page

            @classmethod
            async def from_custom_id(
                cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
            ) -> PageButton:
                return cls(match["vibe"], int(match["page"]))

            async def callback(self, interaction: discord.Interaction[Any]) -> None:
                await turn_page(interaction, self.vibe_id, self.page)

        class AgainButton(ui.DynamicItem[ui.Button[Any]], template=rf"vibe:again:{_VIBE_ID}"):
            def __init__(self, vibe_id: str) -> None:
                super().__init__(
                    ui.Button(
                        label="Again", emoji="🔁", style=discord.ButtonStyle.primary, custom_id=f"vibe:again:{vibe_id}"
                    )
                )
                self.vibe_id = vibe_id

            @classmethod
            async def from_custom_id(
                cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
            ) -> AgainButton:
                return cls(match["vibe"])

            async def callback(self, interaction: discord.Interaction[Any]) -> None:
                await ask_again(interaction, self.vibe_id)

        self._page_button = PageButton
        self._again_button = AgainButton
        self.items: tuple[type[ui.DynamicItem[ui.Button[Any]]], ...] = (PageButton, AgainButton)

    def row(self, vibe_id: str, page: int, pages: int) -> ui.ActionRow[Any]:
        """◀ 2/3 ▶ 🔁; without the first three where there is but one page."""
        button = self._page_button
        turning = (
            button(vibe_id, page - 1, "◀", disabled=page <= 1),
            button(vibe_id, page, f"{page}/{pages}", disabled=True),
            button(vibe_id, page + 1, "▶", disabled=page >= pages),
        )
        return ui.ActionRow(*(turning if pages > 1 else ()), self._again_button(vibe_id))
