"""What a request says exactly: clauses found by rules and word lists, each with the words it came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from core.catalogue.identity import artist_key
from core.models import Clause, ClauseKind, Sign
from core.text import fold
from core.vibe.gazetteer import (
    FILLERS,
    INSTRUMENTS,
    LIKE_CUES,
    MOODS,
    NEGATIONS,
    NUMBERS,
    SITUATIONS,
    SURE_CUES,
    VOICES,
    WANT_CUES,
)
from core.vocabulary import GENRE_ALIASES, GENRES, LANGUAGES

# (names folded to keys) -> how many songs of the catalogue each has; unknown keys are left out.
ArtistCounts = Callable[[Iterable[str]], Mapping[str, int]]
IsCommon = Callable[[str], bool]

_TOKEN: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*(?:&[^\W_]+)?")
_CLAUSE_BREAK: Final = re.compile(r"[,.;:!?\n()]|\bbut\b|\bpero\b|\baber\b|\bmais\b")
_NAME_BREAK: Final = re.compile(r"[.;:!?\n()]")
_NEGATION_REACH: Final = 5
_LONGEST_NAME: Final = 6
_THIS_CENTURY: Final = 30  # "20s" to "29s" of two digits is this century's; "30s" and on the last one's

_GENRE_WORDS: Final = {fold(name): name for name in GENRES} | dict(GENRE_ALIASES)
del _GENRE_WORDS["christmas"]  # a catalogue's tag for crooners; said by a person, it is a season
_VOCABULARY: Final = frozenset(MOODS) | frozenset(SITUATIONS) | frozenset(_GENRE_WORDS)
# Each is a genre's name or alias, but more often an ordinary word.
_GENRE_NOT_ALONE: Final = frozenset({
    "soul", "dance", "garage", "movie", "house", "dub", "swing", "world", "son", "fusion", "pop", "trance", "indie",
    "tropical", "minimal", "lounge", "latin", "indian", "turkish", "arabic", "brazilian", "christmas", "musical",
    "wellness", "jungle", "electro", "psychedelic", "orchestra", "alternative", "trap",
})  # fmt: skip
_MUSIC_WORD: Final = re.compile(
    r"^\W*(?:music|songs?|tracks?|tunes?|bangers?|playlist|mix|beats?|hits?|vibes?|jams|stuff|classics|ballads?|anthems?"
    r"|covers?|radio)\b"
)

_YEAR: Final = r"(?:19[2-9]\d|20[0-4]\d)"
# "in my 20s" is an age.
_PART: Final = (
    "".join(rf"(?<!\b{whose} )" for whose in ("my", "your", "her", "his", "their", "my early", "my mid", "my late"))
    + r"(?<!\w)(?:(early|mid|late)[ -])?(?:the )?"
)
_DECADE: Final = re.compile(
    rf"{_PART}['’]?(19[2-9]|20[0-4]|[0-9])0['’]?s\b|"
    rf"{_PART}(twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties|noughties|two thousands)\b"
)
_DECADE_NAMES: Final = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990, "noughties": 2000, "two thousands": 2000,
}  # fmt: skip
_SPANISH_DECADE: Final = re.compile(
    r"\b(?:los |anos )+(?:['’]?(200|201|202|\d)0s?\b|(cincuenta|sesenta|setenta|ochenta|noventa)\b)"
)
_SPANISH_NAMES: Final = {"cincuenta": 1950, "sesenta": 1960, "setenta": 1970, "ochenta": 1980, "noventa": 1990}
_YEAR_SPAN: Final = re.compile(rf"\b(?:between |from )?({_YEAR})\s*(?:-|–|to|and|until)\s*({_YEAR})\b")
_YEAR_EDGE: Final = re.compile(rf"\b(before|pre|until|after|since|post)[ -]+({_YEAR})\b")
_YEAR_ALONE: Final = re.compile(rf"\b({_YEAR})\b(?! ?(?:people|km|m\b))")
_EARLIEST, _LATEST = 1900, 2100

_NUMBER: Final = r"(\d{1,4}|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
_COUNT: Final = re.compile(
    rf"(?<![\w.]){_NUMBER}[ -](?:\w+ )?(?:songs|tracks|tunes|canciones|lieder|titres|song|track)\b"
)
_MINUTES: Final = re.compile(
    rf"(?<![\w.])(?:{_NUMBER}([.,]5| and a half)?[ -]?|(media ))"
    r"(minutes?|mins?|min|hours?|hrs?|h|minutos?|horas?|minuten?|stunden?)\b( and a half| y media)?"
)
_ONE: Final = frozenset({"a", "an", "one", "una"})
# "an oasis in the desert", "my queen": what follows is a thing, no name.
_ARTICLES: Final = ("a", "an", "my", "your", "his", "her", "our", "un", "una", "mi", "tu")
_AND: Final = re.compile(r"\s*(?:,|&|\b(?:and|or|nor|y|o|und|oder|et|ou)\b)\s*|\s*,\s*(?:and|or)\s+")
_LANGUAGE: Final = re.compile(
    r"\b(?:in|en|auf|sung in) (\w+)\b"
    r"|\b(\w+)[ -](?:language|lyrics|speaking|vocals|songs?|music|tracks|pop|rock|rap)\b"
)
_CLEAN: Final = re.compile(
    r"\b(?:clean|kid[ -]friendly|family[ -]friendly|no swearing|no explicit(?: lyrics)?|not explicit|no cursing|sfw"
    r"|safe for work|for kids|no profanity)\b"
)
_EXPLICIT: Final = re.compile(r"\b(?:explicit|uncensored)\b")


@dataclass(frozen=True, slots=True)
class Token:
    """A folded word of the text with its place."""

    word: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    return [Token(fold(m.group()), m.start(), m.end()) for m in _TOKEN.finditer(text)]


# What follows the name of an artist whose music is asked for.
_OF_AN_ARTIST: Final = frozenset({"songs", "tracks", "music", "hits", "playlist", "canciones"})


class Rules:
    """Finds clauses.

    Args:
        artist_counts: which artist keys the catalogue knows.
        is_common: whether a word is an everyday one, and so no name unless the text says it is.
    """

    def __init__(self, artist_counts: ArtistCounts, is_common: IsCommon) -> None:
        self._artist_counts = artist_counts
        self._is_common = is_common

    def clauses(self, text: str) -> list[Clause]:
        """All clauses of a text, by their place, none overlapping another of its kind."""
        words = tokens(text)
        folded = _aligned_fold(text)
        found = [*_numbers(folded), *_eras(folded), *_patterns(folded)]
        taken = [(c.start, c.end) for c in found]
        # The longest name first, so that "indie pop" is no "pop" and "work out" no "work".
        names = [*_listed(words, folded), *self._artists(words, text)]
        for clause in sorted(names, key=lambda c: (c.start - c.end, c.start)):
            rivals = [span for span in taken if span[0] < clause.end and clause.start < span[1]]
            same_words = any(span == (clause.start, clause.end) for span in rivals)
            mood_and_situation = {ClauseKind.MOOD, ClauseKind.SITUATION}
            if rivals and not (same_words and clause.kind in mood_and_situation and all(
                c.kind in mood_and_situation for c in found if (c.start, c.end) == (clause.start, clause.end)
            )):  # fmt: skip
                continue
            found.append(clause)
            taken.append((clause.start, clause.end))
        found = sorted((_signed(c, words, text) for c in found), key=lambda c: (c.start, c.end, c.kind))
        return _chained(found, folded)

    def _artists(self, words: list[Token], text: str) -> list[Clause]:
        spans = [
            (a, b, artist_key(text[words[a].start : words[b - 1].end]))
            for a in range(len(words))
            for b in range(a + 1, min(a + _LONGEST_NAME, len(words)) + 1)
            if not _NAME_BREAK.search(text[words[a].start : words[b - 1].end])
        ]
        known = self._artist_counts({key for _, _, key in spans})
        found = []
        for a, b, key in spans:
            if key in known:
                sign = self._name_sense(words, a, b, text, known[key])
                if sign:
                    start, end = words[a].start, words[b - 1].end
                    found.append(Clause(ClauseKind.ARTIST, text[start:end], sign, start, end))
        return found

    def _name_sense(self, words: list[Token], a: int, b: int, text: str, songs: int) -> Sign | None:
        """Whether these words are meant as an artist, and how; None where they are more likely ordinary words."""
        named = [w.word for w in words[a:b]]
        telling = [w for w in words[a:b] if w.word not in FILLERS]
        before = " ".join(w.word for w in words[max(0, a - 4) : a])
        if (
            not telling
            or {" ".join(named), " ".join(w.word for w in telling)} & _VOCABULARY
            or (len(named) == 1 and len(named[0]) < 2)
            or _cued(before, _ARTICLES)
        ):
            return None
        ordinary = all(self._is_common(w.word) or w.word in _VOCABULARY for w in telling)
        # Capitals tell nothing where all is in capitals; a name of two words in capitals may be all there is.
        sure = _cued(before, SURE_CUES) and not (named[0] == "the" and len(telling) == 1)  # "songs by the sea"
        shouted = text == text.upper() and (len(telling) < 2 or b - a < len(words))
        capital = bool(telling) and all(text[w.start].isupper() for w in telling) and not shouted
        if "," in text[words[a].start : words[b - 1].end] and not (capital or sure):
            return None
        if _cued(before, LIKE_CUES) and (not ordinary or capital or (songs >= 3 and len(named) > 1)):
            return Sign.LIKE
        cued = _cued(before, WANT_CUES)
        if not ordinary:
            meant = len(named) > 1 or cued or capital or songs >= 3
        else:
            # The first word of a text has a capital whatever it is.
            named_so = capital and (cued or len(named) > 1) and songs >= 2 and telling[-1] is not words[0]
            # "taylor swift songs": small letters, everyday words, yet a name, and nothing that feelings are made of.
            unfeeling = len(telling) > 1 and not any(w.word in _VOCABULARY for w in telling)
            after = words[b].word if b < len(words) else ""
            alone = len(words) == b - a
            spelt = unfeeling and songs >= 2 and (alone or after in _OF_AN_ARTIST)
            whole = alone and capital and songs >= 2
            meant = sure or named_so or spelt or whole or (_cued(before, ("by",)) and songs >= 3 and len(telling) > 1)
        return Sign.WANTED if meant else None


def _cued(before: str, cues: tuple[str, ...]) -> bool:
    """Whether the words before a name end in a cue."""
    return f" {before}".endswith(tuple(f" {cue}" for cue in cues))


def _aligned_fold(text: str) -> str:
    """The text folded letter by letter, so that places stay the same."""
    return "".join(f[0] if (f := fold(c)) else " " for c in text)


# Before a word that may be a genre: "no house", "anything but pop".
_REFUSING: Final = frozenset({"no", "not", "without", "but", "except", "sin", "ohne", "sans"})


def _listed(words: list[Token], folded: str) -> list[Clause]:
    """Clauses of the fixed word lists."""
    tables = (
        (ClauseKind.MOOD, MOODS), (ClauseKind.SITUATION, SITUATIONS), (ClauseKind.GENRE, _GENRE_WORDS),
        (ClauseKind.INSTRUMENT, INSTRUMENTS), (ClauseKind.VOICE, VOICES),
    )  # fmt: skip
    found = []
    for a in range(len(words)):
        for b in range(a + 1, min(a + 4, len(words)) + 1):
            start, end = words[a].start, words[b - 1].end
            spoken = folded[start:end].replace("’", "'")
            for kind, table in tables:
                value = table.get(spoken) or table.get(spoken.replace("-", " "))
                if value is None:
                    continue
                if (
                    kind is ClauseKind.GENRE
                    and spoken in _GENRE_NOT_ALONE
                    and not _MUSIC_WORD.match(folded[end:])
                    and len(words) > 2
                    and not (a and words[a - 1].word in _REFUSING)
                ):
                    continue
                found.append(Clause(kind, value, Sign.WANTED, start, end))
    return found


_COMPARED: Final = ("shorter than ", "longer than ", "less than ", "more than ", "under ", "over ")


def _numbers(folded: str) -> list[Clause]:
    found = []
    for match in _COUNT.finditer(folded):
        if match.group(1) not in _ONE:
            count = _value(match.group(1))
            if 0 < count <= 500:
                found.append(Clause(ClauseKind.COUNT, str(count), Sign.WANTED, *match.span()))
    for match in _MINUTES.finditer(folded):
        number, half_before, half_alone, unit, half_after = match.groups()
        halves = bool(half_before or half_alone or half_after or number == "half an")
        minutes = _value(number) if number else 0
        if unit.startswith(("h", "stunde")):
            minutes = 60 * minutes + 30 * halves
        of_each_song = folded[: match.start()].endswith(_COMPARED)  # "songs shorter than 3 minutes"
        if 0 < minutes <= 24 * 60 and not of_each_song:
            found.append(Clause(ClauseKind.MINUTES, str(minutes), Sign.WANTED, *match.span()))
    return found


def _value(number: str) -> int:
    return int(number) if number.isdecimal() else NUMBERS[number]


def _eras(folded: str) -> list[Clause]:
    found: list[Clause] = []

    def add(match: re.Match[str], first: int, last: int) -> None:
        if not any(c.start < match.end() and match.start() < c.end for c in found):
            value = str(first) if first == last else f"{first // 10 * 10}s" if last == first + 9 else f"{first}-{last}"
            found.append(Clause(ClauseKind.ERA, value, Sign.WANTED, *match.span(), years=(first, last)))

    for match in _YEAR_SPAN.finditer(folded):
        add(match, *sorted((int(match.group(1)), int(match.group(2)))))
    for match in _YEAR_EDGE.finditer(folded):
        year = int(match.group(2))
        if match.group(1) in ("before", "pre"):
            add(match, _EARLIEST, year - 1)
        elif match.group(1) == "until":
            add(match, _EARLIEST, year)
        else:
            add(match, year if match.group(1) == "since" else year + 1, _LATEST)
    for match in _DECADE.finditer(folded):
        part = match.group(1) or match.group(3)
        first = _DECADE_NAMES[match.group(4)] if match.group(4) else _decade(match.group(2))
        low, high = {"early": (0, 4), "mid": (3, 7), "late": (5, 9)}.get(part or "", (0, 9))
        add(match, first + low, first + high)
    for match in _SPANISH_DECADE.finditer(folded):
        first = _SPANISH_NAMES[match.group(2)] if match.group(2) else _decade(match.group(1))
        add(match, first, first + 9)
    for match in _YEAR_ALONE.finditer(folded):
        add(match, int(match.group(1)), int(match.group(1)))
    return found


def _decade(digits: str) -> int:
    """Of digits: "199" and "9" are the 1990s, "0" the 2000s, "2" the 2020s."""
    if len(digits) > 1:
        return int(digits) * 10
    tens = int(digits) * 10
    return tens + (2000 if tens < _THIS_CENTURY else 1900)


def _patterns(folded: str) -> list[Clause]:
    found = []
    for match in _LANGUAGE.finditer(folded):
        group = 1 if match.group(1) else 2
        code = LANGUAGES.get(match.group(group))
        if code:
            found.append(Clause(ClauseKind.LANGUAGE, code, Sign.WANTED, *match.span(group)))
    found += [Clause(ClauseKind.EXPLICIT, "clean", Sign.WANTED, *m.span()) for m in _CLEAN.finditer(folded)]
    if not found or not any(c.kind is ClauseKind.EXPLICIT for c in found):
        found += [Clause(ClauseKind.EXPLICIT, "explicit", Sign.WANTED, *m.span()) for m in _EXPLICIT.finditer(folded)]
    return found


def _signed(clause: Clause, words: list[Token], text: str) -> Clause:
    """The clause, unwanted where a negation reaches it."""
    if clause.kind in (ClauseKind.COUNT, ClauseKind.MINUTES, ClauseKind.EXPLICIT):
        return clause
    if any(w.word in NEGATIONS for w in words if w.start == clause.start):
        return clause  # "no vocals" is a name, with its negation inside
    before = [w for w in words if w.end <= clause.start]
    for at in range(len(before) - 1, max(-1, len(before) - _NEGATION_REACH - 2), -1):
        word = before[at].word
        if _CLAUSE_BREAK.search(text[before[at].end : clause.start]):
            break
        if word in NEGATIONS or (at > 0 and f"{before[at - 1].word} {word}" in _ALL_BUT):
            return replace(clause, sign=Sign.UNWANTED)
        if not _carries_negation(word):
            break
    return clause


_ALL_BUT: Final = frozenset({"anything but", "everything but", "all but", "cualquiera menos"})
_LINKS: Final = frozenset(
    {"and", "or", "nor", "y", "o", "und", "oder", "et", "ou", "by", "from", "in", "en", "von", "par"}
)


def _carries_negation(word: str) -> bool:
    """Whether a negation reaches across a word: "no sad or slow songs" denies both, "nothing by X" X."""
    return word in FILLERS or word in _LINKS or word in MOODS or word in _GENRE_WORDS


def _chained(clauses: list[Clause], folded: str) -> list[Clause]:
    """In "like X and Y" and "nothing by X or Y", Y is meant as X is."""
    done: list[Clause] = []
    before: Clause | None = None
    for clause in clauses:
        meant = clause
        if clause.kind is ClauseKind.ARTIST:
            if before and before.sign is not Sign.WANTED and _AND.fullmatch(folded[before.end : clause.start]):
                meant = replace(clause, sign=before.sign)
            before = meant
        done.append(meant)
    return done
