"""Short stories: an opening, one of two dozen plots, an ending, all about one named hero.

In a template {N} is the hero's name, {k} what it is, {s}/{S} he or she, {p} his or her, {m} him or
her; {F}, {f}, {T} are the friend's name, kind and pronoun; {o} a thing, {c} its colour, {w} a
place, {t} a trait, {d} a food. A tuple offers a choice.
"""

import random
from dataclasses import dataclass

import words

OPENINGS = [
    "Once upon a time, there was {at} {k} named {N}.",
    "Once upon a time, there was {at} {k} called {N}.",
    "There once was {at} {k} named {N}.",
    "Long ago, {at} {k} named {N} lived in the {w}.",
    "Once there was {at} {k}. {p1} name was {N}.",
    "In a {w} lived {at} {k} named {N}.",
    "{N} was {at} {k}.",
    "This is the story of {N}, {at} {k}.",
]

SECONDS = [
    "{N} lived in the {w}.", "{S} lived near the {w}.", "Every day, {N} walked through the {w}.",
    "{N} loved to play in the {w}.", "{S} liked {d} more than anything.",
    "{N} had a friend, {af} named {F}.", "{weather}", "", "",
]

PLOTS = {
    "lost": [
        ("One day, {N} lost {p} {c} {o}.", "One morning, {N} could not find {p} {c} {o}."),
        ("{S} looked under the bed and behind the door, but the {o} was not there.",
         "{S} looked here and there, but the {o} was gone."),
        ("{N} felt sad.", "{N} wanted to cry.", "\"Where is my {o}?\" asked {N}."),
        ("Then {af} named {F} saw something {c} in the {w}.",),
        ("\"Is this your {o}?\" asked {F}.", "\"Look, {N}! Is this your {o}?\" asked {F}."),
        ("\"Yes!\" said {N}. \"Thank you, {F}!\"", "{N} was so happy that {s} hugged {F}."),
    ],
    "found": [
        ("One day, {N} found {ac} {o} in the {w}.", "One day, {N} saw {ac} {o} on the path."),
        ("\"Whose {o} is this?\" {s} asked.", "\"Who has lost this {o}?\" asked {N}."),
        ("{N} asked everyone, and at last {s} met {af} named {F}.",),
        ("\"That is my {o}!\" said {F}. \"I looked for it all day.\"",),
        ("{N} gave the {o} to {F}.", "{N} gave it back at once."),
        ("{F} smiled and shared some {d} with {N}.", "\"You are a true friend,\" said {F}."),
    ],
    "afraid": [
        ("{N} was afraid of the dark.", "{N} was afraid of storms.", "{N} was afraid of deep water."),
        ("One night, {s} heard {af} crying in the {w}.",),
        ("\"Who is there?\" asked {N}. \"I am {F}, and I am lost,\" said the {f}.",),
        ("{N} forgot {p} fear and went out to help.", "{N} took a {o} and went to look for {F}."),
        ("Together they walked home.", "Hand in hand they found the way home."),
        ("From that day on, {N} was not afraid any more.", "\"You are brave, {N},\" said {F}."),
    ],
    "race": [
        ("One day, {af} named {F} wanted to race with {N}.",),
        ("\"Let us run to the {w},\" said {F}.",),
        ("{F} was fast, but {T2} stopped to eat {d}.", "{F} was fast, but {T2} lay down to sleep."),
        ("{N} was slow, but {s} did not stop.",),
        ("{N} came to the {w} first.", "In the end, {N} won the race."),
        ("\"Well done, {N}!\" said {F}.", "{F} laughed and shared {p} {d} with {N}."),
    ],
    "gift": [
        ("Tomorrow was the birthday of {F}, the {f}.", "{N} wanted to give {F}, the {f}, a present."),
        ("{N} had no money, so {s} made {ac} {o}.", "{N} worked all night and made {ac} {o}."),
        ("In the morning, {s} carried the {o} to the {w}.",),
        ("\"Is this for me?\" asked {F}.", "{F} looked at the {o} and smiled."),
        ("\"It is the best {o} in the world,\" said {F}.",),
        ("They ate {d} and danced until night.",),
    ],
    "share": [
        ("{N} had a big basket of {d}.", "One day, {N} had more {d} than {s} could eat."),
        ("{af1} named {F} came by. \"I am so hungry,\" said {F}.",),
        ("First {N} wanted to keep it all.", "{N} thought about it for a while."),
        ("Then {s} gave half of the {d} to {F}.",),
        ("The next day, {F} came back with {ac} {o} for {N}.",),
        ("{N} learned that sharing makes two friends happy.", "\"Sharing is good,\" said {N}."),
    ],
    "rain": [
        ("One day, it began to rain and did not stop.", "One day, a great storm came to the {w}."),
        ("{N} had only {ac} {o}.", "{N} hid under {ac} {o}."),
        ("There {s} met {af} named {F}, who was wet and cold.",),
        ("\"Come here, {F},\" said {N}. \"There is room for two.\"",),
        ("They told stories until the rain was over.", "They sat close and ate {d}."),
        ("Then the sun came out, and they saw a rainbow.",),
    ],
    "wish": [
        ("One night, {N} saw a falling star and made a wish.",),
        ("\"I wish for {ac} {o},\" said {N}.",),
        ("In the morning, {ac} {o} lay at the door.",),
        ("But {af} named {F} was sad, for {T2} had nothing.", "Then {N} met {F}, {af} with no {o}."),
        ("So {N} gave the {o} to {F}.",),
        ("Now {N} had something better: a friend.", "{F} became the best friend of {N}."),
    ],
    "machine": [
        ("{N} was bored. There was nothing to do in the {w}.", "{N} sat still all day and was bored."),
        ("Then {af} named {F} came and asked for help with a hard puzzle.",),
        ("{N} knew one part of it, and {F} knew the next part.",),
        ("Each did a part and passed it on, and soon the puzzle was solved.",),
        ("\"Alone we are small, but together we are strong,\" said {F}.",),
        ("After that, {N} was never bored again.",),
    ],
    "door": [
        ("One day, {N} found a small {c} door in the {w}.",),
        ("{S} took {p} {o} and knocked three times.",),
        ("The door opened, and there stood {af} named {F}.",),
        ("\"Come in, {N}! I have been waiting for you,\" said {F}.",),
        ("Inside there was a table with {d} and {ac} {o}.",),
        ("They ate and talked until it was late.",),
    ],
    "journey": [
        ("{N} wanted to see the world.", "One day, {N} wanted to see what was behind the hills."),
        ("{S} packed {d} and {ac} {o} and went away.",),
        ("After three days, {s} came to a {w}.",),
        ("There {s} met {af} named {F}, and they became friends.",),
        ("{N} told {F} about home, and began to miss it.",),
        ("So they went back together.", "\"Come home with me,\" said {N}, and {F} came."),
    ],
    "teach": [
        ("{N} could not swim.", "{N} could not read.", "{N} could not sing.", "{N} could not dance."),
        ("\"I will never learn it,\" {s} said.",),
        ("{af1} named {F} heard this. \"I will teach you,\" said {F}.",),
        ("They met every day in the {w}.",),
        ("It was hard at first, but {N} did not give up.",),
        ("In the end, {N} could do it. {F} was proud of {m}.",),
    ],
    "quarrel": [
        ("{N} and {F}, {af}, both wanted the same {c} {o}.",),
        ("\"It is mine!\" said {N}. \"No, it is mine!\" said {F}.",),
        ("They pulled, and the {o} broke.",),
        ("Now nobody had {ao}. Both of them were sad.",),
        ("\"I am sorry,\" said {N}. \"I am sorry too,\" said {F}.",),
        ("They mended the {o} and used it together.",),
    ],
    "sick": [
        ("One day, {F}, {af}, did not come to the {w}.",),
        ("\"Where is {F}?\" asked {N}.",),
        ("{F} was sick and lay in bed.",),
        ("{N} cooked {d} and brought {ac} {o} to {m2}.",),
        ("\"You are so kind, {N},\" said {F}.",),
        ("Soon {F} was well again, and they played together.",),
    ],
    "treasure": [
        ("One day, {N} found an old map.", "One day, {af} named {F} showed {N} an old map."),
        ("The map showed the way to a treasure in the {w}.",),
        ("{N} went there with {F}, {p} best friend, and they began to dig.",),
        ("At last they found a box. In it was {ac} {o}.",),
        ("\"Is that all?\" asked {F}.",),
        ("\"No,\" said {N}. \"We also had a wonderful day.\"",),
    ],
    "noise": [
        ("One night, {N} heard a strange noise.", "One night, {N} woke up. There was a noise."),
        ("\"Is it a monster?\" {s} thought.",),
        ("{S} took {p} {c} {o} and went to the {w}.",),
        ("But it was only {F}, {af}, who could not sleep.",),
        ("\"You gave me a fright, {F}!\" said {N}, and both laughed.",),
        ("They ate some {d} and looked at the stars.",),
    ],
    "garden": [
        ("In spring, {N} put a small seed into the ground.",),
        ("Every day, {s} gave it water.",),
        ("\"Nothing will grow there,\" said {F}, {af}.",),
        ("But {N} waited and waited.",),
        ("In summer, a big {c} flower stood in the {w}.",),
        ("\"You were right to wait, {N},\" said {F}.",),
    ],
    "trick": [
        ("{af1} named {F} liked to play tricks.",),
        ("One day, {F} hid the {c} {o} of {N}.",),
        ("{N} looked for the {o} all day long.",),
        ("When {F} saw how sad {N} was, {T2} felt sorry.",),
        ("\"Here is your {o}. I will not do it again,\" said {F}.",),
        ("{N} forgave {m2}, and they shared some {d}.",),
    ],
    "contest": [
        ("There was a contest in the {w}. The prize was {ac} {o}.",),
        ("{N} wanted to win, and so did {F}, {af}.",),
        ("{N} sang a song, and {F} told a funny story.", "{N} baked {d}, and {F} baked {d} too."),
        ("Everyone clapped. Who was better?",),
        ("\"Both of you win,\" said the judge.",),
        ("So {N} and {F} shared the {o}.",),
    ],
    "boat": [
        ("{N} built a boat out of {ao}.", "{N} built a small {c} boat."),
        ("{S} sailed down the river until {s} came to the {w}.",),
        ("There {af} named {F} called for help. {T} was stuck on a rock.",),
        ("\"Jump, {F}! I will catch you,\" said {N}.",),
        ("{F} jumped, and they both fell into the boat.",),
        ("They laughed all the way home.",),
    ],
    "letter": [
        ("One morning, a letter came for {N}.",),
        ("It said: \"Come to the {w} and bring {ao}.\"",),
        ("{N} took {ac} {o} and went there.",),
        ("It was {F}, {af}, an old friend of {N}.",),
        ("\"I missed you, {N},\" said {F}.",),
        ("They talked about old times and ate {d}.",),
    ],
    "car": [
        ("Near the {w} stood a parked car that had nothing to do.",),
        ("\"Are you bored too?\" asked {N}.",),
        ("\"Yes,\" said the car. \"Give me something to think about.\"",),
        ("{N} and {F}, {af}, gave the car a hard riddle.",),
        ("The car thought, and other cars helped, each with a small part.",),
        ("Soon they had the answer, and nobody was bored.",),
    ],
    "winter": [
        ("Winter came, and {N} had no home.", "It was a hard winter, and {N} was cold."),
        ("{S} knocked at the house of {F}, {af}.",),
        ("\"May I come in?\" asked {N}. \"Of course,\" said {F}.",),
        ("There was a warm fire, and there was {d}.",),
        ("{N} gave {F} {ac} {o} to say thank you.",),
        ("They stayed together until spring.",),
    ],
    "helper": [
        ("{F}, {af}, had to carry a heavy {o} to the {w}.",),
        ("\"I cannot do it alone,\" said {F}.",),
        ("\"I will help you,\" said {N}.",),
        ("{N} took one end, and {F} took the other.",),
        ("Step by step, they carried the {o} to the {w}.",),
        ("\"With you it was easy, {N},\" said {F}.",),
    ],
}

ENDINGS = ["And they lived happily ever after.", "From that day on, they were best friends.",
           "{N} went to bed and slept well.", "It was a good day for {N}.", "The end.",
           "{N} never forgot that day.", "And {N} was happy."]


@dataclass
class Cast:
    """Everything a story may be asked about."""

    name: str
    pronoun: str
    kind: str
    trait: str
    friend: str
    friend_pronoun: str
    friend_kind: str
    thing: str
    colour: str
    place: str
    food: str

    def slots(self, chance: random.Random) -> dict[str, str]:
        """The values for the templates."""
        possessive = {"he": "his", "she": "her"}
        objective = {"he": "him", "she": "her"}
        friend = words.a(self.friend_kind)
        return {
            "N": self.name, "k": self.kind, "s": self.pronoun, "S": self.pronoun.capitalize(),
            "p": possessive[self.pronoun], "p1": possessive[self.pronoun].capitalize(),
            "m": objective[self.pronoun], "m2": objective[self.friend_pronoun],
            "at": words.a(self.trait), "t": self.trait, "F": self.friend, "f": self.friend_kind,
            "af": friend, "af1": friend[0].upper() + friend[1:], "T2": self.friend_pronoun,
            "T": self.friend_pronoun.capitalize(), "o": self.thing, "ao": words.a(self.thing),
            "c": self.colour, "ac": words.a(self.colour), "w": self.place, "d": self.food,
            "weather": chance.choice(words.WEATHER),
        }


def cast(chance: random.Random) -> Cast:
    """Draw hero, friend and things; the two names always differ."""
    name, pronoun = words.name(chance)
    friend, friend_pronoun = words.name(chance)
    while friend == name:
        friend, friend_pronoun = words.name(chance)
    return Cast(
        name, pronoun, words.creature(chance), chance.choice(words.TRAITS), friend, friend_pronoun,
        words.creature(chance), words.thing(chance), chance.choice(words.COLOURS),
        chance.choice(words.PLACES), chance.choice(words.FOODS),
    )


def tell(chance: random.Random, who: Cast, plot: str) -> str:
    """The whole story as one paragraph."""
    second = chance.choice(SECONDS)
    parts = [chance.choice(OPENINGS), second]
    parts += [chance.choice(choices) for choices in PLOTS[plot]]
    if chance.random() < 0.8:
        parts.append(chance.choice(ENDINGS))
    slots = who.slots(chance)
    return " ".join(part.format(**slots) for part in parts if part)
