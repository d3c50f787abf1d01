"""The closed vocabularies of the product: emotions, genres, situations, languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# One word a feeling and no derivatives ("betrayal", not also "betrayed"): a song carries eight of these.
EMOTIONS: Final[tuple[str, ...]] = (
    "joy", "delight", "euphoria", "bliss", "contentment", "serenity", "calm", "relief", "hope", "optimism",
    "gratitude", "love", "tenderness", "affection", "desire", "passion", "lust", "longing", "nostalgia",
    "melancholy", "sadness", "grief", "despair", "loneliness", "heartbreak", "regret", "guilt", "shame",
    "betrayal", "jealousy", "anger", "rage", "resentment", "bitterness", "contempt", "hatred", "defiance",
    "rebellion", "courage", "confidence", "pride", "triumph", "determination", "empowerment", "freedom",
    "adventure", "wanderlust", "excitement", "anticipation", "energy", "exhilaration", "playfulness", "humor",
    "mischief", "irony", "cheekiness", "swagger", "sass", "coolness", "glamour", "sensuality", "seduction",
    "intimacy", "romance", "infatuation", "devotion", "loyalty", "trust", "comfort", "warmth", "safety",
    "belonging", "friendship", "compassion", "forgiveness", "acceptance", "resignation", "surrender",
    "vulnerability", "insecurity", "doubt", "confusion", "anxiety", "fear", "dread", "tension", "suspense",
    "menace", "paranoia", "alienation", "emptiness", "numbness", "boredom", "weariness", "restlessness",
    "frustration", "urgency", "obsession", "wonder", "awe", "reverence", "spirituality", "transcendence",
    "mystery", "dreaminess", "curiosity", "surprise", "innocence", "wistfulness", "reflection", "solitude",
    "celebration", "fun", "hypnosis", "grandeur", "elegance",
)  # fmt: skip

GENRES: Final[tuple[str, ...]] = (
    "rock", "classic rock", "soft rock", "hard rock", "heavy metal", "progressive rock", "psychedelic rock",
    "garage rock", "surf rock", "rock and roll", "rockabilly", "punk", "post-punk", "new wave", "gothic rock",
    "grunge", "alternative rock", "indie rock", "britpop", "shoegaze", "post-rock", "emo", "pop punk",
    "industrial", "pop", "dance pop", "synth-pop", "indie pop", "dream pop", "art pop", "bedroom pop",
    "power pop", "girl group", "doo-wop", "traditional pop", "easy listening", "folk", "indie folk",
    "singer-songwriter", "country", "americana", "bluegrass", "celtic", "blues", "soul", "motown", "funk", "disco", "r&b",
    "neo soul", "gospel", "hip hop", "conscious hip hop", "trap", "lo-fi hip hop", "jazz", "vocal jazz", "swing",
    "cool jazz", "jazz fusion", "smooth jazz", "latin jazz", "classical", "piano", "minimalism", "film score",
    "opera", "electronic", "house", "deep house", "techno", "trance", "drum and bass", "dubstep", "breakbeat",
    "downtempo", "trip hop", "ambient", "new age", "chillwave", "synthwave", "uk garage", "latin pop",
    "latin rock", "reggaeton", "salsa", "cumbia", "bachata", "merengue", "bolero", "tango", "flamenco",
    "ranchera", "nueva canción", "son cubano", "bossa nova", "samba", "mpb", "reggae", "roots reggae", "dub",
    "dancehall", "ska", "rocksteady", "afrobeats", "afrobeat", "afropop", "highlife", "desert blues", "k-pop",
    "j-pop", "city pop", "mandopop", "cantopop", "bollywood", "chanson", "french pop", "italian pop", "fado",
    "german pop", "turkish pop", "anatolian rock", "arabic pop", "rai", "nordic folk", "balkan", "klezmer",
    "russian rock", "greek pop", "musical",
)  # fmt: skip

SITUATIONS: Final[tuple[str, ...]] = (
    "cooking", "study", "gym", "running", "commute", "rain", "heartbreak", "wedding", "road", "night",
    "sunday morning", "morning", "party", "focus", "sleep", "dinner", "romance", "summer", "winter", "walk",
    "chores", "reading", "meditation", "friends", "celebration", "alone", "sunset", "dancing", "motivation",
    "grief",
)  # fmt: skip

# How people write a genre otherwise; keys are folded words.
GENRE_ALIASES: Final[Mapping[str, str]] = {
    "alternative": "alternative rock", "alt rock": "alternative rock", "alt-rock": "alternative rock", "album rock": "classic rock",
    "metal": "heavy metal", "prog": "progressive rock", "prog rock": "progressive rock", "psych rock": "psychedelic rock",
    "psychedelic": "psychedelic rock", "rock n roll": "rock and roll", "rock & roll": "rock and roll", "rock'n'roll": "rock and roll",
    "punk rock": "punk", "pop rock": "rock", "goth": "gothic rock", "goth rock": "gothic rock", "indie": "indie rock",
    "pop-punk": "pop punk", "edm": "electronic", "electronica": "electronic", "electro": "electronic", "dance": "dance pop",
    "dance-pop": "dance pop", "electropop": "synth-pop", "synthpop": "synth-pop", "synth pop": "synth-pop", "dreampop": "dream pop",
    "indie-pop": "indie pop", "doo wop": "doo-wop", "doowop": "doo-wop", "adult standards": "traditional pop",
    "lounge": "easy listening", "folk music": "folk", "acoustic folk": "indie folk", "songwriter": "singer-songwriter",
    "country music": "country", "alt-country": "americana", "alt country": "americana", "irish folk": "celtic", "rnb": "r&b",
    "r and b": "r&b", "r n b": "r&b", "rhythm and blues": "r&b", "urban contemporary": "r&b", "neosoul": "neo soul",
    "neo-soul": "neo soul", "hip-hop": "hip hop", "hiphop": "hip hop", "rap": "hip hop", "lofi": "lo-fi hip hop",
    "lo-fi": "lo-fi hip hop", "lo fi": "lo-fi hip hop", "lofi hip hop": "lo-fi hip hop", "chillhop": "lo-fi hip hop",
    "lo-fi beats": "lo-fi hip hop", "swing music": "swing", "big band": "swing", "bebop": "jazz", "hard bop": "jazz",
    "jazz-funk": "jazz fusion", "fusion": "jazz fusion", "latin-jazz": "latin jazz", "soundtrack": "film score",
    "soundtracks": "film score", "movie": "film score", "orchestral": "classical", "orchestra": "classical",
    "classical piano": "piano", "neoclassical": "piano", "minimal": "minimalism", "progressive house": "house",
    "electro house": "house", "big room": "house", "dnb": "drum and bass", "d&b": "drum and bass", "drum & bass": "drum and bass",
    "drum n bass": "drum and bass", "drum'n'bass": "drum and bass", "jungle": "drum and bass", "chillout": "downtempo",
    "trip-hop": "trip hop", "triphop": "trip hop", "new-age": "new age", "wellness": "new age", "retrowave": "synthwave",
    "garage": "garage rock", "ukg": "uk garage", "2-step": "uk garage", "latin": "latin pop", "pop latino": "latin pop",
    "rock en espanol": "latin rock", "regueton": "reggaeton", "urbano latino": "reggaeton", "tropical": "salsa",
    "mariachi": "ranchera", "nueva cancion": "nueva canción", "nueva trova": "nueva canción", "son": "son cubano",
    "bossa": "bossa nova", "brazilian": "mpb", "afro beat": "afrobeat", "afropop": "afropop", "kpop": "k-pop", "k pop": "k-pop",
    "jpop": "j-pop", "j pop": "j-pop", "citypop": "city pop", "c-pop": "mandopop", "indian": "bollywood", "filmi": "bollywood",
    "variete francaise": "french pop", "italo pop": "italian pop", "schlager": "german pop", "turkish": "turkish pop",
    "arabic": "arabic pop", "desert rock": "desert blues", "tuareg": "desert blues", "show tunes": "musical", "musicals": "musical",
    "broadway": "musical", "christmas": "traditional pop", "soft pop": "soft rock", "yacht rock": "soft rock",
}  # fmt: skip

# The name of a language, in itself and in English and Spanish, to its ISO 639-1 code.
LANGUAGES: Final[Mapping[str, str]] = {
    "english": "en", "ingles": "en", "spanish": "es", "espanol": "es", "castellano": "es", "french": "fr", "francais": "fr",
    "frances": "fr", "german": "de", "deutsch": "de", "aleman": "de", "italian": "it", "italiano": "it", "portuguese": "pt",
    "portugues": "pt", "brazilian portuguese": "pt", "japanese": "ja", "japones": "ja", "korean": "ko", "coreano": "ko",
    "mandarin": "zh", "chinese": "zh", "chino": "zh", "cantonese": "yue", "hindi": "hi", "punjabi": "pa", "tamil": "ta",
    "turkish": "tr", "turco": "tr", "arabic": "ar", "arabe": "ar", "greek": "el", "griego": "el", "russian": "ru", "ruso": "ru",
    "ukrainian": "uk", "hebrew": "he", "polish": "pl", "polaco": "pl", "swedish": "sv", "sueco": "sv", "norwegian": "no",
    "danish": "da", "finnish": "fi", "icelandic": "is", "dutch": "nl", "romanian": "ro", "hungarian": "hu", "persian": "fa",
    "yoruba": "yo", "swahili": "sw", "zulu": "zu", "wolof": "wo", "irish": "ga", "welsh": "cy", "catalan": "ca", "yiddish": "yi",
}  # fmt: skip
