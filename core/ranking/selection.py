"""From many candidates to a list: no song twice, few songs an artist, varied, the length asked for, in a good order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.catalogue.identity import artist_key, song_key, version
from core.models import Track

Vector = NDArray[np.float32]

# A listener does not mean these by a song's name, whatever was asked.
_NEVER: Final = frozenset({"karaoke", "tribute"})
_VERSION_PENALTY: Final = 0.15
# How much likeness to songs already chosen costs, in spreads of the candidates' scores.
_SAMENESS: Final = 0.6
_TEMPERATURE: Final = 0.6
_POOL: Final = 8


@dataclass(frozen=True)
class Candidate:
    """A song that may be chosen: its row in the index, its score, and its dense vector once it is looked at closer."""

    row: int
    track: Track
    score: float
    vector: Vector = field(default_factory=lambda: np.zeros(0, dtype=np.float32), repr=False)


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each song once: the original rather than another version, the better scored of two alike; by score."""
    best: dict[str, tuple[tuple[bool, float], Candidate]] = {}
    for candidate in candidates:
        kind = version(candidate.track)
        if kind in _NEVER:
            continue
        key = song_key(candidate.track)
        rank = (kind is None, candidate.score)
        if key not in best or rank > best[key][0]:
            penalty = 0.0 if kind is None else _VERSION_PENALTY
            best[key] = (rank, replace(candidate, score=candidate.score - penalty))
    return sorted((c for _, c in best.values()), key=lambda c: (-c.score, c.track.id))


def pool_size(count: int) -> int:
    """How many of the best candidates are looked at to pick so many."""
    return max(count * _POOL, 60)


def choose(
    candidates: Sequence[Candidate],
    count: int,
    seed: int,
    artist_limits: dict[str, int],
    per_artist: int,
    before: Sequence[Candidate] = (),
) -> list[Candidate]:
    """Pick songs one by one: the best score less its likeness to those chosen.

    Maximal marginal relevance (Carbonell & Goldstein, 1998), the likeness counted in spreads of the scores; with a
    seed, Gumbel noise makes it a draw without replacement among the good ones (Kool et al., 2019).

    Args:
        candidates: distinct songs by score.
        count: how many to pick.
        seed: 0 for the best; another for a variation.
        artist_limits: artist key to how many of their songs may be picked, where it is not `per_artist`.
        per_artist: how many songs of one artist.
        before: songs of the list that were chosen already; their artists count.
    """
    pool = list(candidates[: pool_size(count)])
    if not pool:
        return []
    scores = np.array([c.score for c in pool], dtype=np.float64)
    spread = float(scores[: max(2, count * 3)].std()) or 1.0
    value = scores / spread
    if seed:
        value += _TEMPERATURE * np.random.default_rng(seed).gumbel(size=len(pool))
    vectors = np.stack([c.vector / (np.linalg.norm(c.vector) or 1.0) for c in pool])
    likeness = np.zeros(len(pool))
    taken = Counter(artist_key(c.track.artist) for c in before)
    chosen: list[int] = []
    free = np.ones(len(pool), dtype=bool)
    main = [artist_key(c.track.artist) for c in pool]
    while len(chosen) < count and free.any():
        n = int(np.argmax(np.where(free, value - _SAMENESS * likeness, -np.inf)))
        free[n] = False
        if taken[main[n]] >= artist_limits.get(main[n], per_artist):
            continue
        taken[main[n]] += 1
        chosen.append(n)
        likeness = np.maximum(likeness, vectors @ vectors[n])
    return [pool[n] for n in chosen]


def fit_minutes(chosen: Sequence[Candidate], spare: Sequence[Candidate], minutes: int) -> list[Candidate]:
    """The first songs of `chosen` that come nearest to a length, then single swaps that bring it nearer."""
    target = minutes * 60_000
    known = [c for c in chosen if c.track.duration_ms]
    lengths = np.cumsum([c.track.duration_ms or 0 for c in known])
    if not len(lengths):
        return list(chosen)
    kept = known[: int(np.argmin(np.abs(lengths - target))) + 1]
    artists = Counter(artist_key(c.track.artist) for c in kept)
    used = {c.row for c in kept}
    others = list({c.row: c for c in spare if c.track.duration_ms and c.row not in used}.values())
    total = sum(c.track.duration_ms or 0 for c in kept)
    for at in range(len(kept) - 1, -1, -1):  # the last chosen are the first to go
        gap = target - total
        if abs(gap) < 5_000:
            break
        old = kept[at].track
        fitting = [c for c in others if artists[artist_key(c.track.artist)] == 0]
        if not fitting:
            break
        new = min(fitting, key=lambda c: abs(gap - ((c.track.duration_ms or 0) - (old.duration_ms or 0))))
        change = (new.track.duration_ms or 0) - (old.duration_ms or 0)
        if abs(gap - change) < abs(gap):
            artists.subtract([artist_key(old.artist)])
            artists.update([artist_key(new.track.artist)])
            others = [c for c in others if c is not new]
            kept[at], total = new, total + change
    return kept


def in_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    """A path from song to song: the best first, then always the nearest by energy, valence and tempo.

    Two songs of one artist are kept apart where that can be.
    """
    if not chosen:
        return []
    left = list(chosen[1:])
    path = [chosen[0]]
    while left:
        here = path[-1]
        nearest = min(left, key=lambda c: (_jump(here.track, c.track), c.track.id))
        path.append(nearest)
        left.remove(nearest)
    return path


def _jump(a: Track, b: Track) -> float:
    steps = [
        abs(x - y)
        for x, y in ((a.features.energy, b.features.energy), (a.features.valence, b.features.valence))
        if x is not None and y is not None
    ]
    if a.features.tempo_bpm and b.features.tempo_bpm:
        octaves = abs(math.log2(a.features.tempo_bpm / b.features.tempo_bpm)) % 1
        steps.append(min(octaves, 1 - octaves))  # double time is felt as the same pace
    same_artist = artist_key(a.artist) == artist_key(b.artist)
    return (sum(steps) / len(steps) if steps else 0.5) + same_artist
