"""The grammar: an endless, seeded source of chats and stories, all of it written for this project.

`document` returns pieces of text with loss weights (in tenths): what the user says is read, what
the assistant says is learnt.
"""

import random

import arithmetic
import facts
import rewording
import stories
import strange
import words

Document = list[tuple[str, int]]
Turn = tuple[str, str]

# Stories have ten times the tokens of other answers; each of them counts less, in tenths.
STORY_WEIGHT = 6

SYSTEMS = ["You are a helpful assistant.", "You are boredling, a tiny demonstration model.",
           "Be brief.", "You are a friendly assistant. Answer in one sentence.", "Be kind and helpful."]

STORY_REQUESTS = [
    "Tell me a story about {ak} named {N}.", "Tell me a story about {ak} called {N}.",
    "tell me a story about {ak} named {N}", "Write a story about {ak} named {N}.",
    "Write a short story about {ak} called {N}", "A story about {ak} named {N}, please.",
    "Can you tell me a story about {ak} named {N}?", "I want a story about {ak} named {N}.",
    "Story: {ak} named {N}", "Make up a story about {N} the {k}.", "Tell me about {N} the {k}.",
    "Once upon a time there was {ak} named {N}. Go on.", "Please tell a story about {N}, {at} {k}.",
    "Tell me a story about {at} {k} named {N}.", "I would like to hear a story about {N} the {k}.",
    "Tell me a story about {N} the {k} and {F} the {f}.", "Tell me a bedtime story about {ak} named {N}.",
]
KIND_REQUESTS = [
    "Tell me a story about {ak}.", "tell me a story about {ak}", "Write a story about {ak}.",
    "Write a short story about {ak}.", "A story about {ak}, please.", "Do you know a story about {ak}?",
    "Can you tell me a story about {ak}?", "I want to hear a story about {at} {k}.", "Story about {ak}",
    "Tell me a story with {ak}.", "Please write a tale about {ak}.", "Tell a short story about {at} {k}.",
    "Tell me a story about {ak} and {ao}.", "Tell me a story about {ak} in the {w}.",
    "Write me a story about {ak} who is {t}.", "Tell me a bedtime story about {ak}.",
]
NAME_REQUESTS = [
    "Tell me a story about {N}.", "Write a story about {N}.", "tell me a story about {N}",
    "A story about {N}, please.", "My name is {N}. Tell me a story about me.", "Story about {N}",
]
TOPIC_REQUESTS = [
    "Tell me a story about {x}.", "tell me a story about {x}", "Write a story about {x}.", "Story about {x}",
    "A story about {x}, please.", "Do you know a story about {x}?", "Can you tell me a story about {x}?",
    "I want a story about {x}.", "Write a short story about {x}.", "Tell me a bedtime story about {x}.",
    "Make up a story about {x}.", "Please tell a story about {x}.", "Tell me another story about {x}.",
    "Have you got a story about {x}?", "I would like to hear a story about {x}.", "Give me a story about {x}.",
]
HERO_TOPIC_REQUESTS = [
    "Tell me a story about {ak} and {x}.", "Tell me a story about {N} the {k} and {x}.",
    "Write a story about {x} with {ak} named {N}.", "Tell me a story about {x} and {ak} named {N}.",
    "A story about {ak} and {x}, please.", "Tell me a story about {x} with {ak} in it.",
]
PLACE_REQUESTS = [
    "Tell me a story about the {w}.", "Tell me a story that happens in the {w}.", "A story from the {w}, please.",
    "Write a story about the {w}.", "Tell me a story set in the {w}.", "Tell me what happened in the {w}.",
    "Tell me a story about {ak} in the {w}.", "Tell me a story about {N} in the {w}.",
    "Write a story about {ak} named {N} who lives in the {w}.",
]
FREE_REQUESTS = [
    "Tell me a story.", "tell me a story", "Write a story.", "A story, please.", "Story", "Another story!",
    "Can you tell me a story?", "I want a story.", "Please tell me a short story.", "Once upon a time",
    "Tell me another story.", "Do you know a story?", "Write a short story.", "I want to hear a story.",
    "Tell me a bedtime story.", "Make up a story.", "Give me a story", "Read me a story.", "One more story.",
    "Tell me a nice story.", "Tell me a funny story.", "Tell me a story, please", "A short story", "stories",
    "Could you tell me a story?", "I would like a story.", "Tell a story", "Let me hear a story.",
]


def article_kind(who: stories.Cast) -> str:
    """The hero's kind with its article."""
    return words.a(who.kind)


def story_wish(chance: random.Random, who: stories.Cast) -> tuple[str, str, bool]:
    """What is asked for, as a template, the plot, and whether the place must be told at once."""
    plot = stories.suited(chance, who.kind)
    group = chance.choices(["hero", "kind", "name", "free", "topic", "both", "thing", "place"],
                           [30, 22, 5, 8, 13, 7, 8, 7])[0]
    if group in ("topic", "both"):
        plot = chance.choice(list(stories.PLOTS))
        request = chance.choice(TOPIC_REQUESTS if group == "topic" else HERO_TOPIC_REQUESTS)
        return request.replace("{x}", chance.choice(stories.TOPICS[plot])), plot, False
    if group == "thing":
        wanted = chance.choice(["{ao}", "{ao}", "{ac} {o}", "the {o}", "a lost {o}", "a broken {o}", "a magic {o}"])
        own = {"a lost {o}": ["lost", "found"], "a broken {o}": ["honest", "quarrel"]}
        request = chance.choice(TOPIC_REQUESTS + HERO_TOPIC_REQUESTS)
        return request.replace("{x}", wanted), chance.choice(own.get(wanted, stories.THING_PLOTS)), False
    if group == "place":
        return chance.choice(PLACE_REQUESTS), plot, True
    requests = {"hero": STORY_REQUESTS, "kind": KIND_REQUESTS, "name": NAME_REQUESTS, "free": FREE_REQUESTS}
    request = chance.choice(requests[group])
    return request, chance.choice(stories.THING_PLOTS) if "{ao}" in request else plot, "{w}" in request


def story_question(chance: random.Random, who: stories.Cast, told: str) -> Turn:
    """A question about the story that was told."""
    questions = [(["Who was the story about?", "What was the name of the hero?", "Who is the hero?",
                   "Who was it about?"], f"The story was about {who.name}."),
                 ([f"What is {who.name}?", f"What kind of animal is {who.name}?", f"Who is {who.name}?"],
                  f"{who.name} is {article_kind(who)}.")]
    if who.friend in told:
        questions.append((["Who was the friend?", "What was the friend's name?",
                           f"Who was the friend of {who.name}?", f"Who did {who.name} meet?"],
                          f"The friend was {who.friend}."))
    if f"{who.colour} {who.thing}" in told:
        questions.append(([f"What colour was the {who.thing}?", f"What colour did the {who.thing} have?",
                           f"Which colour was the {who.thing}?"], f"The {who.thing} was {who.colour}."))
    asked, answer = chance.choice(questions)
    return chance.choice(asked), answer


def ask_story(chance: random.Random) -> list[Turn]:
    """A story on request, at times with a question about it."""
    who = stories.cast(chance)
    request, plot, placed = story_wish(chance, who)
    slots = who.slots(chance) | {"ak": article_kind(who)}
    turns = [(request.format(**slots), stories.tell(chance, who, plot, placed))]
    if chance.random() < 0.35:
        turns.append(story_question(chance, who, turns[0][1]))
    return turns


def ask_fact(chance: random.Random, group: list) -> list[Turn]:
    """One question with a fixed answer; what a subject is, or a question of its own."""
    subjects, own, answers = chance.choice(group)
    if subjects and (not own or chance.random() < 0.5):
        question = chance.choice(facts.WHAT).format(chance.choice(subjects))
    else:
        question = chance.choice(own)
        if group in (facts.MESH, facts.SELF) and chance.random() < 0.5:
            question = rewording.reworded(chance, question)
    return [(question, chance.choice(answers))]


def ask_word(chance: random.Random) -> list[Turn]:
    """Opposites, sounds, young animals, colours, capitals, a few foreign words."""
    draw = chance.randrange(6)
    if draw == 0:
        pair = chance.choice(words.OPPOSITES)
        word, other = pair if chance.random() < 0.5 else pair[::-1]
        return [(chance.choice(["What is the opposite of {}?", "what's the opposite of {}", "Opposite of {}",
                                "The opposite of {}?", "Tell me the opposite of {}."]).format(word),
                 f"The opposite of {word} is {other}.")]
    if draw == 1:
        animal, sound = chance.choice(list(words.SOUNDS.items()))
        return [(chance.choice(["What sound does {} make?", "What does {} say?", "How does {} sound?",
                                "which noise does {} make", "What noise does {} make?"]).format(words.a(animal)),
                 f"{words.a(animal).capitalize()} says {sound}.")]
    if draw == 2:
        animal, young = chance.choice(list(words.BABIES.items()))
        return [(chance.choice(["What is a baby {} called?", "What is a young {}?", "What is the name for a baby {}?",
                                "What do you call a baby {}?"]).format(animal),
                 f"A baby {animal} is called {words.a(young)}.")]
    if draw == 3:
        subject, colour = chance.choice(list(words.THING_COLOURS.items()))
        return [(chance.choice(["What colour is {}?", "What color is {}?", "Which colour has {}?", "what colour is {}",
                                "Tell me the colour of {}."]).format(subject),
                 f"{subject[0].upper()}{subject[1:]} is {colour}.")]
    if draw == 4:
        country, city = chance.choice(list(words.CAPITALS.items()))
        return [(chance.choice(["What is the capital of {}?", "what is the capital of {}", "What's the capital of {}?",
                                "Capital of {}?", "Tell me the capital of {}.", "Name the capital of {}.",
                                "Which city is the capital of {}?"]).format(country),
                 f"The capital of {country} is {city}.")]
    language, (hello, thanks, bye) = chance.choice(list(words.HELLOS.items()))
    word, said = chance.choice([("hello", hello), ("thank you", thanks), ("goodbye", bye)])
    return [(chance.choice(["How do you say {} in {}?", "Say {} in {}.", "Translate {} into {}.", "What is {} in {}?",
                            "How do I say {} in {}?"]).format(word, language), f"In {language} you say: {said}.")]


def ask_copy(chance: random.Random) -> list[Turn]:
    """Remember a name, repeat some words: copying from the context."""
    name, other = words.name(chance)[0], words.name(chance)[0]
    draw = chance.randrange(5)
    if draw == 0:
        said = " ".join(words.made_up(chance) if chance.random() < 0.4 else chance.choice(words.OBJECTS + words.ANIMALS)
                        for _ in range(chance.randint(1, 5)))
        return [(chance.choice(["Say: {}", "Repeat after me: {}", "Repeat: {}", "Please say {}", "Echo: {}",
                                "Can you say {}?"]).format(said), said)]
    if draw == 1:
        kind = words.creature(chance)
        return [(f"I have {words.a(kind)} named {name}.", f"{name} is a nice name for {words.a(kind)}!"),
                (chance.choice([f"What is {name}?", f"What kind of animal is {name}?"]), f"{name} is {words.a(kind)}.")]
    if draw == 2:
        place = words.made_up(chance).capitalize()
        return [(chance.choice([f"I live in {place}.", f"I come from {place}.", f"I am from {place}."]),
                 f"{place}! I hope it is nice there."),
                (chance.choice(["Where do I live?", "Where do I come from?"]), f"You told me: {place}.")]
    greeting = chance.choice(["My name is {}.", "I am {}.", "Hello, I am {}.", "Hi, my name is {}.", "my name is {}",
                              "Hello! My name is {}.", "Hi, I'm {}", "Call me {}.", "I'm {}."]).format(name)
    turns = [(greeting, f"Hello, {name}! Nice to meet you. What would you like to know?")]
    if draw == 3:
        turns += ask_fact(chance, chance.choice([facts.MESH, facts.TALK, facts.SELF]))
    if chance.random() < 0.7:
        turns.append((chance.choice(["What is my name?", "what's my name?", "Who am I?", "Do you know my name?",
                                     "Do you remember my name?", "Say my name."]), f"Your name is {name}."))
    return turns


PREFIXES = ["Please: ", "Hi, ", "Hello! ", "Hey, ", "Tell me, ", "So, ", "And ", "Okay, ", "Now, ", "Well, ",
            "One question: ", "Another question: ", "Please tell me: ", "I wonder: ", "But ", "Good morning! ",
            "boredling, ", "Ok, ", "Um, "]
SUFFIXES = [" please", ", please?", " Thanks!", " Please.", ", my friend?", " now?", "??", "!", " :)", "..."]


def casual(chance: random.Random, text: str) -> str:
    """People do not always type with care."""
    draw = chance.random()
    if draw < 0.10:
        text = text[0].lower() + text[1:]
    elif draw < 0.18:
        text = text.rstrip("?.!") or text
    elif draw < 0.24:
        text = text.lower().rstrip("?.!") or text
    elif draw < 0.31:
        prefix = chance.choice(PREFIXES)
        text = prefix + (text if chance.random() < 0.5 else text[0].lower() + text[1:])
    elif draw < 0.34:
        text = (text.rstrip("?.!") or text) + chance.choice(SUFFIXES)
    elif draw < 0.36 and len(text) > 8 and "ame" not in text:
        spot = chance.randrange(1, len(text) - 2)
        text = text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]
    return text


def ask_nameless(chance: random.Random) -> list[Turn]:
    """The user's name, home or pet, though nothing was said of it."""
    asked = ["What is my name?", "Do you know my name?", "Do you remember my name?", "Who am I?", "what's my name",
             "Where do I live?", "How old am I?", "Do you know me?", "Say my name."]
    return [(chance.choice(asked), "You did not tell me.")]


def turns_of(chance: random.Random) -> list[Turn]:
    """One exchange, rarely a few that belong together."""
    kind = chance.choices(
        ["story", "mesh", "self", "talk", "world", "word", "sum", "row", "copy", "unknown"],
        [14, 26, 9, 9, 5, 7, 9, 6, 5, 24])[0]
    fixed = {"mesh": facts.MESH, "self": facts.SELF, "talk": facts.TALK, "world": facts.WORLD}
    if kind in fixed:
        return ask_fact(chance, fixed[kind])
    makers = {"story": ask_story, "word": ask_word, "sum": arithmetic.ask_sum, "row": arithmetic.ask_row,
              "copy": ask_copy, "unknown": strange.ask}
    return makers[kind](chance)


def document(chance: random.Random) -> Document:
    """A chat of one or more exchanges, or now and then a bare story."""
    if chance.random() < 0.03:
        who = stories.cast(chance)
        return [(stories.tell(chance, who, stories.suited(chance, who.kind)), STORY_WEIGHT)]
    pieces: Document = []
    if chance.random() < 0.12:
        pieces.append((f"<|im_start|>system\n{chance.choice(SYSTEMS)}<|im_end|>\n", 0))
    for index in range(chance.choices([1, 2, 3, 4], [50, 25, 15, 10])[0]):
        nameless = index == 0 and chance.random() < 0.006
        for question, answer in ask_nameless(chance) if nameless else turns_of(chance):
            asked = question if len(question) > 160 else casual(chance, question)
            pieces.append((f"<|im_start|>user\n{asked}<|im_end|>\n<|im_start|>assistant\n", 1))
            pieces.append((f"{answer}<|im_end|>", STORY_WEIGHT if len(answer) > 250 else 10))
            pieces.append(("\n", 1))
    return pieces[:-1]


if __name__ == "__main__":
    source = random.Random(3)
    for _ in range(20):
        print("".join(text for text, _ in document(source)), end="\n----\n")
