"""Words with a fixed meaning: moods, situations, instruments, voices, negations, numbers. Keys are folded words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.vocabulary import EMOTIONS


def _table(text: str) -> dict[str, str]:
    """Lines of "joy: happy, cheerful" as {"happy": "joy", …}."""
    pairs = (line.split(": ", 1) for line in text.strip().splitlines())
    return {word.strip(): name.strip() for name, listed in pairs for word in listed.split(",")}


MOODS: Final[Mapping[str, str]] = {e: e for e in EMOTIONS} | _table("""
joy: happy, cheerful, joyful, glad, upbeat, sunny, merry, feelgood, feel good, good vibes, positive, bright, feliz, alegre, contento, alegria, happiness, cheery, jolly
contentment: content, satisfied, cozy, cosy, mellow, lazy, laid back, easygoing, easy going, chill, chilled, chilling, chillin, chillout, relajado, tranquila
calm: relaxed, relaxing, relax, peaceful, quiet, soothing, gentle, soft, tranquil, tranquilo, tranquilidad, restful, relajante, calmado, stress free
serenity: serene, zen, meditative, still, serenidad
relief: relieved, unwind, wind down, winding down, destress
sadness: sad, unhappy, blue, down, depressed, gloomy, sorrow, sorrowful, tearful, crying, cry, miserable, triste, tristeza, sadder, saddest, deprimido
despair: depressing, hopeless, desperate
melancholy: melancholic, bittersweet, moody, somber, sombre, melancolico, melancolia, rainy
heartbreak: heartbroken, brokenhearted, broken hearted, break up, breakup, dumped, despecho, desamor, corazon roto
loneliness: lonely, alone, isolated, soledad
nostalgia: nostalgic, throwback, memories, reminiscing, nostalgico
wistfulness: wistful, pensive, wistfully
longing: yearning, missing you, missing someone, homesick, extrano
anger: angry, mad, pissed, furious, aggressive, enfadado, enojado, rabia, ira
rage: raging, violent, brutal
frustration: frustrated, annoyed, irritated
anxiety: anxious, nervous, worried, stressed, overwhelmed, ansioso
fear: scared, afraid, scary, spooky, creepy, eerie, miedo
menace: dark, sinister, evil, ominous, oscuro
tension: tense, intense, dramatic
love: loving, lovey dovey, amor, love songs
romance: romantic, romantico, romantica
sensuality: sensual, sexy, steamy
tenderness: tender, sweet, delicate, sentimental, emotional, tierno
excitement: excited, exciting, hyped, hype, pumped, thrilled, pumped up, emocionado
energy: energetic, energizing, lively, powerful, vigorous, high energy, energico, con energia, energia
euphoria: euphoric, ecstatic, uplifting, elated
exhilaration: exhilarating, thrilling, adrenaline
determination: determined, motivated, motivating, motivational, motivation, driven, motivador
empowerment: empowered, empowering, badass, boss
confidence: confident, strong, fearless
triumph: triumphant, victorious, epic, winning, champion
pride: proud
hope: hopeful, inspiring, inspirational, esperanza
optimism: optimistic
freedom: free, liberated, carefree, libre, libertad
adventure: adventurous
playfulness: playful, bouncy, silly, quirky
humor: funny, hilarious, goofy, comedy
fun: funky, groovy, catchy, divertido, divertida
coolness: cool, smooth, suave
swagger: swag, cocky
celebration: festive, celebratory, fiesta
dreaminess: dreamy, ethereal, floaty, hazy, spacey, ensonador
mystery: mysterious, enigmatic
hypnosis: hypnotic, trippy, psychedelic feeling, trance like
wonder: magical, enchanting, whimsical
reflection: reflective, contemplative, introspective, thoughtful, thinking, deep
solitude: by myself
spirituality: spiritual, holy
weariness: tired, exhausted, sleepy, drowsy, worn out, cansado, drained
boredom: bored, dull
restlessness: restless, cant sleep, can't sleep
numbness: numb
emptiness: empty, hollow
vulnerability: vulnerable, fragile, haunting, raw
rebellion: rebellious
defiance: defiant
glamour: glamorous, fancy, classy
elegance: elegant, sophisticated
warmth: warm, heartwarming, calido
comfort: comforting, comfy, hug
friendship: friendly
gratitude: grateful, thankful
grief: grieving, mourning, funeral
hatred: hateful
innocence: innocent, childlike
mischief: naughty
grandeur: majestic, cinematic, anthemic
""")  # fmt: skip

SITUATIONS: Final[Mapping[str, str]] = _table("""
cooking: cooking, cook, kitchen, baking, cocinar, cocina, cocinando, kochen
study: study, studying, studies, homework, exam, exams, estudiar, estudiando, revision, library
focus: focus, focusing, concentrate, concentration, coding, programming, working, work, deep work, concentrarme, trabajar
gym: gym, workout, work out, working out, lifting, training, exercise, gimnasio, entrenar, weights, crossfit
running: running, run, jogging, jog, marathon, correr, treadmill
commute: commute, commuting, train ride, subway, metro, bus, rush hour, traffic
rain: rain, raining, rainy, drizzle, lluvia, lloviendo, storm, thunderstorm
heartbreak: heartbreak, heartbroken, breakup, break up, broke up, ex, despecho, desamor
wedding: wedding, first dance, bride, boda
road: road, road trip, roadtrip, driving, drive, highway, car ride, car, carretera, conducir, viaje
night: night, midnight, late night, 2am, 3am, 4am, nighttime, noche, nocturno, madrugada, nacht
sunday morning: sunday morning, lazy sunday, domingo por la manana
morning: morning, wake up, waking up, breakfast, sunrise, manana, coffee
party: party, partying, pregame, pre game, club, clubbing, house party, fiesta, birthday, girls night, bbq
dancing: dance, dancing, dancefloor, bailar, baile, tanzen
sleep: sleep, sleeping, fall asleep, falling asleep, bedtime, nap, insomnia, dormir
dinner: dinner, dinner party, dining, cena, wine
romance: date, date night, valentine, valentines, making love, cuddling
summer: summer, beach, pool, summertime, verano, playa, sunshine
winter: winter, snow, fireplace, cold evening, invierno
walk: walk, walking, stroll, hike, hiking, pasear, caminar
chores: cleaning, chores, housework, clean the house, laundry, limpiar
reading: reading, read, book, leer
meditation: meditation, meditate, meditating, yoga, spa, meditar
friends: friends, hanging out, hangout, amigos
celebration: celebration, celebrate, celebrating, victory
sunset: sunset, golden hour, dusk, atardecer
alone: alone time, my room, by myself
motivation: motivation, pump me up, motivate me
grief: funeral, passed away
""")  # fmt: skip

INSTRUMENTS: Final[Mapping[str, str]] = _table("""
guitar: guitar, guitars, guitarra
acoustic guitar: acoustic guitar, fingerpicking, fingerstyle
electric guitar: electric guitar
piano: piano pieces, piano solo, pianos
violin: violin, fiddle, violins, violin
strings: strings, string section
cello: cello
saxophone: saxophone, sax, saxofon
trumpet: trumpet, trumpets, trompeta
brass: brass, horns, horn section
flute: flute
harmonica: harmonica
accordion: accordion, acordeon
synthesizer: synth, synths, synthesizer, synthesizers
drums: drums, drum
bass: bass, basslines, bassline
organ: organ
harp: harp
banjo: banjo
ukulele: ukulele
mandolin: mandolin
choir: choir, chorus singing
screaming: screaming, screams, screamed, shouting, growling
autotune: autotune, auto tune
""")  # fmt: skip

VOICES: Final[Mapping[str, str]] = _table("""
female: female singer, female singers, female vocals, female vocal, female voice, female vocalist, female vocalists, woman singing, women singers, girl singer, female artists, female artist, cantante femenina, voz femenina, female rappers, female rapper, female fronted
male: male singer, male singers, male vocals, male vocal, male voice, male vocalist, male vocalists, man singing, voz masculina
none: instrumental, instrumentals, no vocals, no lyrics, without lyrics, without vocals, without words, no words, no singing, without singing, sin letra, sin voz, ohne gesang, ohne text, sans paroles, senza parole, sem letra, wordless
""")  # fmt: skip

NEGATIONS: Final = frozenset(
    [
        "no",
        "not",
        "without",
        "nothing",
        "never",
        "avoid",
        "except",
        "excluding",
        "minus",
        "skip",
        "don't",
        "dont",
        "isn't",
        "ain't",
        "less",
        "menos",
        "hate",
        "nada",
        "sin",
        "ni",
        "kein",
        "keine",
        "ohne",
        "nicht",
        "sans",
        "pas",
        "senza",
        "non",
        "sem",
        "nao",
    ]
)
# Words that may stand between a negation and what it denies: "not too much of the sad stuff".
FILLERS: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "any",
        "too",
        "so",
        "very",
        "really",
        "much",
        "of",
        "more",
        "all",
        "that",
        "those",
        "this",
        "stuff",
        "music",
        "songs",
        "song",
        "want",
        "like",
        "to",
        "be",
        "feel",
        "feeling",
        "please",
        "anything",
        "something",
        "overly",
        "super",
        "de",
        "la",
        "el",
        "los",
        "las",
        "muy",
        "demasiado",
        "trop",
        "tres",
        "zu",
        "sehr",
        "troppo",
        "muito",
        "mas",
        "tan",
    ]
)

NUMBERS: Final[Mapping[str, int]] = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "a dozen": 12, "fifteen": 15, "twenty": 20, "twenty five": 25, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "half an": 0, "diez": 10, "veinte": 20, "treinta": 30, "una": 1, "dos": 2,
}  # fmt: skip

# What says that a name follows, and in which sense.
LIKE_CUES: Final = (
    "sounds like", "sound like", "sounding like", "similar to", "in the style of", "in the vein of", "reminiscent of",
    "reminds me of", "remind me of", "inspired by", "songs like", "music like", "something like", "stuff like", "artists like",
    "bands like", "such as", "vibes of", "like", "a la", "como", "al estilo de", "parecido a", "wie", "comme",
)  # fmt: skip
WANT_CUES: Final = (
    "songs by", "music by", "tracks by", "anything by", "something by", "by", "from", "some", "play", "listen to", "hear",
    "artist", "band", "singer", "music from", "songs from", "songs of", "love", "canciones de", "musica de", "de", "von", "par",
    "only", "more", "with", "favorite artist is", "and", "or", "y",
)  # fmt: skip
# So plain that even an ordinary word after it is a name: "songs by Queen".
SURE_CUES: Final = (
    "songs by", "song by", "music by", "tracks by", "hits by", "anything by", "something by", "nothing by", "stuff by",
    "everything by", "listen to the band", "the band", "the artist", "the singer", "the rapper",
)  # fmt: skip

# What people mean by an emoji, where its name in Unicode says something else or too little.
EMOJI: Final[Mapping[str, str]] = {
    emoji: meaning
    for meaning, emojis in {
        "happy": "😀😃😄😁😊🙂☺😺",
        "funny": "😂🤣😆😅😜🤪😝😛",
        "love": "❤💕💖💗💓💞💘💙💚💛🧡💜🤍😍🥰😘♥",
        "heartbroken": "💔",
        "sad": "😢😞😔☹🙁😟🥺😿",
        "crying, heartbroken": "😭",
        "angry": "😠😡👿💢",
        "furious, rage": "🤬",
        "sleepy, sleep": "😴💤🥱😪🛌",
        "calm, relieved": "😌",
        "meditation": "🧘",
        "party, celebration": "🎉🥳🎊🪩",
        "dancing": "💃🕺",
        "confident, cool": "😎",
        "excited": "🤩🙌",
        "strong, gym": "💪🏋",
        "running": "🏃",
        "hype, energetic": "🔥⚡🚀",
        "aggressive, metal": "🤘",
        "anxious, afraid": "😰😨😱😬",
        "tired": "😩😫",
        "sunny": "☀🌞🌻",
        "summer, beach": "🏖🏝🌴⛱",
        "rain": "🌧☔⛈",
        "winter, snow": "❄☃⛄",
        "night": "🌙🌃🌌🌛🌜",
        "sunrise, morning": "🌅🌄☕",
        "sunset": "🌇",
        "cozy": "🕯",
        "driving, road trip": "🚗🚙🛣",
        "lonely": "🚶",
        "dead, gloomy": "💀🥀🖤",
        "dreamy": "✨💭",
        "spooky": "👻🎃",
    }.items()
    for emoji in emojis
}
