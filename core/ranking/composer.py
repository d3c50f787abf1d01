"""The one way from a request to a playlist: understand, retrieve, choose, order, explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.catalogue.identity import artist_key, song_key
from core.catalogue.store import CatalogueStore
from core.errors import BadVibeError
from core.index.backend import AnyOf, Between, Condition, Filter, OneOf, Query, RowsIn, SparseVector, VectorIndex
from core.index.space import Space, Weights, genre_of, sparse_query
from core.models import Clause, ClauseKind, Pick, Playlist, Sign, Track, Vibe
from core.ranking.reasons import reasons
from core.ranking.selection import Candidate, choose, distinct, fit_minutes, in_order, pool_size
from core.text import words
from core.vibe.gazetteer import FILLERS, LIKE_CUES, MOODS, NEGATIONS, WANT_CUES
from core.vibe.interpreter import Interpreter, Understanding
from core.vocabulary import GENRES

Vector = NDArray[np.float32]

DEFAULT_COUNT: Final = 30
MOST_COUNT: Final = 100
MOST_MINUTES: Final = 600
PER_ARTIST: Final = 2
WEIGHTS: Final = Weights(features=1.0, genres=8.0, emotions=1.0, situations=1.0, text=1.5)
# Literal words of the title, artist and genre: a gentle voice, since "sunny" in a title is no sunny song.
_WORDS_WEIGHT: Final = 0.25
_LIKE_WEIGHT: Final = 0.8
_LIKE_SONGS: Final = 200
_GENRE_PULL: Final = 0.25
_CANDIDATES: Final = 300
_MINUTES_A_SONG: Final = 3
_CLOSE: Final = 0.5
# Below this, a text is far from all that the mood model has read.
_FAMILIAR: Final = 0.12
_SIZES: Final = frozenset({ClauseKind.COUNT, ClauseKind.MINUTES})
_ASKING_WORDS: Final = frozenset(
    words("i i'm im me my we you it is am are was on in at to for of and or the when while something songs song music")
)
_SILENT_WORDS: Final = (
    frozenset(word for phrase in (*LIKE_CUES, *WANT_CUES) for word in phrase.split())
    | FILLERS
    | NEGATIONS
    | frozenset(MOODS)
    | _ASKING_WORDS
)


@dataclass(frozen=True, slots=True)
class VibeRequest:
    """What somebody asks for.

    `count` and `minutes` override what the text says; `seed` 0 takes the best songs, another one varies among
    good ones; the tracks whose ids are in `exclude` are left out (already heard).
    """

    text: str
    count: int | None = None
    minutes: int | None = None
    seed: int = 0
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """Clauses that songs either meet or not, as the index is asked for them."""

    clauses: tuple[Clause, ...]
    condition: Condition
    forbids: bool = False


@dataclass(frozen=True)
class Plan:
    """What a request comes to: what is searched, how many songs, and what they must keep to."""

    vibe: Vibe
    vector: Vector
    rules: tuple[Rule, ...]
    models: dict[str, Vector]
    artist_limits: dict[str, int]
    count: int
    seed: int
    exclude: frozenset[str]

    @property
    def refused_instruments(self) -> frozenset[str]:
        """Instruments that must not be prominent; "piano" may be meant as a genre, too."""
        kinds = (ClauseKind.INSTRUMENT, ClauseKind.GENRE)
        return frozenset(c.value for c in self.vibe.clauses if c.sign is Sign.UNWANTED and c.kind in kinds)

    @property
    def strict(self) -> Filter:
        """Every rule, as a filter."""
        return _strict(self.rules)

    def models_near(self, track: Vector) -> list[str]:
        """The artists whose mean song this one is close to."""
        return [name for name, model in self.models.items() if _cosine(model, track) >= _CLOSE]


def _strict(rules: Sequence[Rule]) -> Filter:
    """All rules, as one filter."""
    return Filter(tuple(r.condition for r in rules if not r.forbids), tuple(r.condition for r in rules if r.forbids))


def _plays(track: Track, instruments: frozenset[str]) -> bool:
    """Whether one of these is among the track's prominent instruments: a guitar may be an electric one."""
    return any(name == wanted or wanted in name.split() for name in track.instruments for wanted in instruments)


def _cosine(a: Vector, b: Vector) -> float:
    return float(a @ b / ((np.linalg.norm(a) * np.linalg.norm(b)) or 1.0))


class Composer:
    """Answers vibes from one open generation of the index. Calls block: make them off the event loop."""

    def __init__(self, store: CatalogueStore, space: Space, index: VectorIndex, interpreter: Interpreter) -> None:
        self._store = store
        self._space = space
        self._index = index
        self._interpreter = interpreter

    def understand(self, text: str) -> Understanding:
        """The request as the interpreter reads it."""
        return self._interpreter.understand(text)

    def compose(self, request: VibeRequest) -> Playlist:
        """The playlist for a request; BadVibeError where it cannot be read or answered."""
        _check_size(request)
        understood = self.understand(request.text)
        vibe = replace(
            understood.vibe,
            count=request.count or (None if request.minutes else understood.vibe.count),
            minutes=request.minutes or (None if request.count else understood.vibe.minutes),
        )
        plan = self._plan(vibe, understood, request)
        found = self._candidates(plan, plan.strict)
        chosen = choose(found, plan.count, request.seed, plan.artist_limits, PER_ARTIST)
        short_note, filler = "", list[Candidate]()
        if len(chosen) < plan.count and not plan.strict.must and not vibe.minutes:
            short_note = f"The catalogue has no more than {len(chosen)} songs for this."
        elif len(chosen) < plan.count and plan.strict.must:
            filler = self._filler(plan, chosen)
            wishes = [c for r in plan.rules if not r.forbids for c in r.clauses]
            asked = list(dict.fromkeys(vibe.text[c.start : c.end] for c in wishes))
            short_note = _short_note(len(chosen), asked, limited=len(found) > len(chosen))
            chosen += filler
        if not chosen:
            raise BadVibeError(
                "No song of the catalogue is left for this vibe.",
                "Ask for something else, or add songs to the catalogue.",
            )
        if vibe.minutes and not vibe.count:
            chosen = fit_minutes(chosen, [*found, *filler], vibe.minutes)
        used = {c.row for c in chosen}
        notes = _doubts(vibe, understood) + (
            (short_note,) if short_note and (not filler or any(c.row in used for c in filler)) else ()
        )
        picks = tuple(
            Pick(
                c.track,
                round(c.score, 4),
                self._space.parts(plan.vector, c.vector),
                reasons(vibe, c.track, self._space, plan.models_near(c.vector)),
            )
            for c in in_order(chosen)
        )
        return Playlist(vibe, picks, request.seed, self._store.fingerprint, notes)

    def _plan(self, vibe: Vibe, understood: Understanding, request: VibeRequest) -> Plan:
        count = min(vibe.count or DEFAULT_COUNT, MOST_COUNT)
        if vibe.minutes and not vibe.count:
            count = min(MOST_COUNT * 2, max(2, -(-vibe.minutes // _MINUTES_A_SONG) + 5))
        models = self._models(vibe)
        return Plan(
            vibe=vibe,
            vector=self._vibe_vector(vibe, understood, models),
            rules=tuple(self.rules(vibe)),
            models=models,
            artist_limits={
                artist_key(c.value): count if _alone(c, vibe) else max(PER_ARTIST, count // 3)
                for c in vibe.wanted(ClauseKind.ARTIST)
            },
            count=count,
            seed=request.seed,
            exclude=request.exclude,
        )

    def _filler(self, plan: Plan, chosen: Sequence[Candidate]) -> list[Candidate]:
        """The nearest songs that break a wish, where too few meet them all; what was refused stays refused."""
        have = {song_key(c.track) for c in chosen}
        rest = self._candidates(plan, Filter(must_not=plan.strict.must_not))
        others = [c for c in rest if song_key(c.track) not in have]
        return choose(others, plan.count - len(chosen), plan.seed, plan.artist_limits, PER_ARTIST, chosen)

    def rank(self, text: str, limit: int | None = None, within: Iterable[int] | None = None) -> list[int]:
        """Row numbers, best first: the whole ranking, before diversity and order.

        Songs that meet every clause come before those that break one; refused ones come last.
        """
        understood = self.understand(text)
        vector = self._vibe_vector(understood.vibe, understood, self._models(understood.vibe))
        inside = Filter((RowsIn(frozenset(within)),)) if within is not None else Filter()
        total = self._index.count(inside)
        limit = min(limit or total, total)
        strict = _strict(self.rules(understood.vibe))
        ranked: dict[int, None] = {}
        for where in dict.fromkeys((strict, Filter(must_not=strict.must_not), Filter())):
            if len(ranked) < limit:
                query = Query(
                    vector, self._words(understood.vibe), _WORDS_WEIGHT, limit, inside.and_(where), exact=True
                )
                ranked |= dict.fromkeys(hit.row for hit in self._index.search(query))
        return list(ranked)[:limit]

    def _candidates(self, plan: Plan, where: Filter) -> list[Candidate]:
        limit = max(_CANDIDATES, plan.count * 10) + len(plan.exclude)
        hits = self._index.search(Query(plan.vector, self._words(plan.vibe), _WORDS_WEIGHT, limit, where))
        tracks = self._store.tracks([hit.row for hit in hits])
        heard = {song_key(t) for t in tracks.values() if t.id in plan.exclude}
        found = distinct([
            Candidate(hit.row, tracks[hit.row], hit.score)
            for hit in hits
            if hit.row in tracks
            and song_key(tracks[hit.row]) not in heard
            and not _plays(tracks[hit.row], plan.refused_instruments)
        ])[: pool_size(plan.count)]  # fmt: skip
        vectors = self._index.vectors([c.row for c in found])
        return [replace(c, vector=vectors[c.row]) for c in found if c.row in vectors]

    def _models(self, vibe: Vibe) -> dict[str, Vector]:
        """The mean vector of each artist that the songs shall resemble, by the name as it was written."""
        found = {}
        for clause in (*vibe.wanted(ClauseKind.ARTIST, Sign.LIKE), *vibe.wanted(ClauseKind.ARTIST)):
            near = self._index.vectors(self._store.rows_of_artist(artist_key(clause.value))[:_LIKE_SONGS])
            if near:
                found[clause.value] = np.mean(list(near.values()), axis=0).astype(np.float32)
        return found

    def _vibe_vector(self, vibe: Vibe, understood: Understanding, models: dict[str, Vector]) -> Vector:
        target = understood.target
        asked = [self._space.genres.get(c.value) for c in vibe.wanted(ClauseKind.GENRE)]
        known = [v - self._space.usual for v in asked if v is not None]
        if known:
            pull = np.mean(known, axis=0)
            target = replace(target, genres=target.genres + _GENRE_PULL * pull / (np.linalg.norm(pull) or 1.0))
        vector = self._space.vibe_vector(target, understood.embedding, WEIGHTS)
        if models:
            vector = vector + np.float32(_LIKE_WEIGHT) * np.mean(list(models.values()), axis=0)
        return np.asarray(vector, dtype=np.float32)

    def _words(self, vibe: Vibe) -> SparseVector:
        weights = {word: 1.0 for word in words(vibe.text) if word not in _SILENT_WORDS and len(word) > 1}
        for clause in vibe.clauses:
            for word in words(clause.value):
                if clause.sign is Sign.UNWANTED:
                    weights.pop(word, None)
                elif clause.kind is ClauseKind.GENRE:
                    weights[word] = 1.0
        return sparse_query(weights)

    def rules(self, vibe: Vibe) -> list[Rule]:
        """The clauses that the index can hold songs to; wishes of one kind are alternatives."""
        wanted: dict[ClauseKind, list[Rule]] = {}
        refused = []
        for clause in vibe.clauses:
            reader = _CONDITIONS.get(clause.kind)
            condition = reader(clause, self._space) if reader else None
            if (
                condition is None
                or clause.sign is Sign.LIKE
                or (clause.kind is ClauseKind.ARTIST and not _alone(clause, vibe))
            ):
                continue
            forbids = (clause.sign is Sign.UNWANTED) != (clause.kind is ClauseKind.EXPLICIT and clause.value == "clean")
            if forbids:
                refused.append(Rule((clause,), condition, forbids=True))
            else:
                wanted.setdefault(clause.kind, []).append(Rule((clause,), condition))
        # "Instrumental hip hop, no rap": what is asked for by name is not refused by another of its names.
        kept = {(c.kind, c.value) for rules in wanted.values() for r in rules for c in r.clauses}
        refused = [r for r in refused if (r.clauses[0].kind, r.clauses[0].value) not in kept]
        return [_alternatives(rules) for rules in wanted.values()] + refused


def _check_size(request: VibeRequest) -> None:
    if request.seed < 0:
        raise BadVibeError(f"The seed {request.seed} cannot be used.", "Give 0 or a larger number.")
    if request.count is not None and not 1 <= request.count <= MOST_COUNT:
        raise BadVibeError(f"{request.count} songs cannot be made.", f"Ask for 1 to {MOST_COUNT}.")
    if request.minutes is not None and not 1 <= request.minutes <= MOST_MINUTES:
        raise BadVibeError(f"{request.minutes} minutes cannot be made.", f"Ask for 1 to {MOST_MINUTES}.")


def _doubts(vibe: Vibe, understood: Understanding) -> tuple[str, ...]:
    """What a person should know of how well the words were understood."""
    if understood.target.familiarity >= _FAMILIAR or any(c.kind not in _SIZES for c in vibe.clauses):
        return ()
    return ("These words say little about music to me, so the songs are a guess.",)


_ALONE_BEFORE: Final = frozenset({"by", "only", "just", "de", "von", "par", "nothing"})
_ALONE_AFTER: Final = frozenset({"songs", "tracks", "only", "music", "playlist", "canciones", "discography", "hits"})


def _alone(clause: Clause, vibe: Vibe) -> bool:
    """Whether an artist is asked for alone ("songs by X", "X songs"), not among others ("some X too").

    A refused one is always meant.
    """
    before, after = words(vibe.text[: clause.start])[-1:], words(vibe.text[clause.end :])[:1]
    return (
        clause.sign is Sign.UNWANTED
        or bool(_ALONE_BEFORE.intersection(before))
        or bool(_ALONE_AFTER.intersection(after))
    )


def _alternatives(rules: Sequence[Rule]) -> Rule:
    """Several wishes of one kind as one rule: eras that overlap are narrowed, all else is either-or."""
    if len(rules) == 1:
        return rules[0]
    clauses = tuple(c for r in rules for c in r.clauses)
    spans = [c.years for c in clauses if c.years]
    if len(spans) == len(clauses) and max(a for a, _ in spans) <= min(b for _, b in spans):
        return Rule(clauses, Between("year", max(a for a, _ in spans), min(b for _, b in spans)))
    return Rule(clauses, OneOf(tuple(r.condition for r in rules if isinstance(r.condition, AnyOf | Between))))


def _short_note(met: int, asked: Sequence[str], *, limited: bool) -> str:
    wishes = ", ".join(asked)
    songs = "No song" if met == 0 else f"Only {met} song{'s' * (met > 1)}"
    few_each = f", at most {PER_ARTIST} an artist," if limited else ""
    return (
        f"{songs} of this catalogue{few_each} fit{'s' * (met < 2)} all of: {wishes}. The others come nearest in mood."
    )


def _genre_condition(clause: Clause, space: Space) -> Condition | None:
    """Every genre name of the catalogue that is a kind of the one asked for."""
    names = [n for n in space.genres if _is_kind_of(n, clause.value)]
    return AnyOf("genres", tuple(sorted(names))) if names else None


def _is_kind_of(name: str, genre: str) -> bool:
    place = genre_of(name)
    return name == genre or name.endswith(" " + genre) or (place is not None and GENRES[place] == genre)


def _voice_condition(clause: Clause, _: Space) -> Condition | None:
    return Between("instrumentalness", low=0.5) if clause.value == "none" else AnyOf("voice", (clause.value,))


def _era_condition(clause: Clause, _: Space) -> Condition | None:
    return Between("year", *clause.years) if clause.years else None


_CONDITIONS: Final[dict[ClauseKind, Callable[[Clause, Space], Condition | None]]] = {
    ClauseKind.GENRE: _genre_condition,
    ClauseKind.VOICE: _voice_condition,
    ClauseKind.ERA: _era_condition,
    ClauseKind.EXPLICIT: lambda _clause, _space: AnyOf("explicit", ("yes",)),
    ClauseKind.LANGUAGE: lambda c, _: AnyOf("languages", (c.value,)),
    ClauseKind.ARTIST: lambda c, _: AnyOf("artists", (artist_key(c.value),)),
}
