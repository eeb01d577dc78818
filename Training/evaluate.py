"""Ask questions and look whether the answers hold: python3 evaluate.py model.gguf

The held-out questions are in heldout.py. A story counts when the hero's kind and name appear and
the name comes back: pronouns and the friend are not judged. The drills are facts that were taught.
All answers are greedy, but those of the last two groups, drawn as `bored prompt` draws them.
"""

import random
import re
import sys
from pathlib import Path

import torch

import heldout
import stories
import tokenizer
import words
from network import Network, greedy
from reference import from_file


def prompt_ids(codec, question: str) -> list[int]:
    """A chat of one question, up to where the answer begins."""
    prompt = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    return codec.encode(prompt, add_special_tokens=False).ids


def ask(network: Network, codec, question: str, count: int = 160) -> str:
    """The greedy answer to one question."""
    with torch.no_grad():
        return codec.decode(greedy(network, prompt_ids(codec, question), count, codec.token_to_id("<|im_end|>")))


@torch.no_grad()
def draw(network: Network, codec, question: str, seed: int, count: int = 60) -> str:
    """An answer drawn at temperature 0.7 from the likeliest nine tenths."""
    source, end = torch.Generator().manual_seed(seed), codec.token_to_id("<|im_end|>")
    tokens = prompt_ids(codec, question)
    start = len(tokens)
    while len(tokens) < start + count and tokens[-1] != end or len(tokens) == start:
        share, order = (network(torch.tensor([tokens]))[0, -1] / 0.7).softmax(-1).sort(descending=True)
        share[share.cumsum(-1) - share > 0.9] = 0
        tokens.append(int(order[torch.multinomial(share, 1, generator=source)]))
    return codec.decode(tokens[start:])


def story_holds(answer: str, name: str, kind: str) -> bool:
    """Name and kind appear, and the name comes back later."""
    return kind in answer and len(re.findall(rf"\b{name}\b", answer)) >= 3


def pattern(template: str) -> re.Pattern:
    """What a sentence of a plot looks like, whoever is in it."""
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)))


PATTERNS = {plot: [[pattern(choice) for choice in choices] for choices in parts]
            for plot, parts in stories.PLOTS.items()}


def plot_of(answer: str) -> str:
    """The plot most of whose sentences the story has."""
    found = {plot: sum(any(form.search(answer) for form in forms) for forms in parts)
             for plot, parts in PATTERNS.items()}
    return max(found, key=found.get)


def drills() -> dict[str, list[tuple[str, str]]]:
    """Facts that were taught in full, with the exact answer."""
    after = [(row[i], row[(i + 1) % len(row)]) for row in (words.DAYS, words.MONTHS) for i in range(len(row))]
    rows = {n: ", ".join(map(str, range(1, n + 1))) + "." for n in range(2, 21)}
    return {
        "sums to ten": [(f"What is {a} + {b}?", f"{a} plus {b} is {a + b}.") for a in range(11) for b in range(11)],
        "sums to twenty": [(f"What is {a} + {b}?", f"{a} plus {b} is {a + b}.")
                           for a in range(21) for b in range(21) if a > 10 or b > 10],
        "differences": [(f"What is {a} - {b}?", f"{a} minus {b} is {a - b}.") for a in range(21) for b in range(a + 1)],
        "capitals": [(f"What is the capital of {land}?", f"The capital of {land} is {city}.")
                     for land, city in words.CAPITALS.items()],
        "opposites": [(f"What is the opposite of {a}?", f"The opposite of {a} is {b}.") for a, b in words.OPPOSITES],
        "sounds": [(f"What does {words.a(a)} say?", f"{words.a(a).capitalize()} says {b}.")
                   for a, b in words.SOUNDS.items()],
        "next day or month": [(f"What comes after {a}?", f"After {a} comes {b}.") for a, b in after],
        "counting": [(f"Count to {n}.", row) for n, row in rows.items()],
        "counting to a word": [(f"Count to {words.NUMBERS[n]}.", row) for n, row in rows.items()],
    }


class Examination:
    """One model, its answers, and the score of each group."""

    def __init__(self, model: Path):
        self.codec = tokenizer.load()
        self.network, _ = from_file(model)
        self.score: dict[str, list[int]] = {}

    def mark(self, group: str, right: bool, *shown: str) -> None:
        """Count one answer, and print it when there is something to show."""
        held = self.score.setdefault(group, [0, 0])
        held[0], held[1] = held[0] + right, held[1] + 1
        if shown:
            print("+" if right else "-", *shown)

    def questions(self) -> None:
        """The held-out questions."""
        for group, pairs in (("known", heldout.KNOWN_OLD), ("known, new", heldout.KNOWN_NEW),
                             ("known, last", heldout.KNOWN_LAST)):
            for question, expected in pairs:
                answer = ask(self.network, self.codec, question)
                self.mark(group, expected in answer, question, "->", answer)
        for group, asked in (("unknown", heldout.UNKNOWN_OLD), ("unknown, new", heldout.UNKNOWN_NEW),
                             ("unknown, last", heldout.UNKNOWN_LAST)):
            for question in asked:
                answer = ask(self.network, self.codec, question)
                self.mark(group, "I don't know" in answer, question, "->", answer)

    def heroes(self) -> None:
        """Stories about a named animal, and how many plots they have."""
        chance, plots = random.Random(99), []
        for group in ("stories", "made-up names"):
            for _ in range(8):
                kind = chance.choice(words.ANIMALS)
                name = chance.choice(words.GIRLS) if group == "stories" else words.made_up(chance, 2).capitalize()
                answer = ask(self.network, self.codec, f"Tell me a story about {words.a(kind)} named {name}.")
                plots.append(plot_of(answer))
                self.mark(group, story_holds(answer, name, kind), name, "the", kind, f"({plots[-1]})", "->", answer)
        self.score["different plots of these"] = [len(set(plots)), len(plots)]

    def wishes(self) -> None:
        """Stories about a topic, a thing, a place."""
        chance = random.Random(98)
        for plot in chance.sample(list(stories.TOPICS), 12):
            topic = chance.choice(stories.TOPICS[plot])
            answer = ask(self.network, self.codec, f"Please tell me a story about {topic}.")
            self.mark("topic's plot told", plot_of(answer) == plot, topic, f"({plot_of(answer)})", "->", answer)
        for group, pool, form in (("thing told", words.OBJECTS, "A tale about {}."),
                                  ("place told", words.PLACES, "A tale about the {}.")):
            for item in chance.sample(pool, 8):
                article = words.a(item) if pool is words.OBJECTS else item
                answer = ask(self.network, self.codec, form.format(article))
                self.mark(group, item in answer, item, "->", answer)

    def drilled(self) -> None:
        """What was taught in full."""
        for group, pairs in drills().items():
            for question, answer in pairs:
                self.mark(group, ask(self.network, self.codec, question, 100) == answer)

    def drawn(self) -> None:
        """The held-out questions once more, three times each, by chance."""
        for seed in range(3):
            for question, expected in heldout.KNOWN:
                self.mark("known, drawn", expected in draw(self.network, self.codec, question, seed))
            for question in heldout.UNKNOWN:
                self.mark("unknown, drawn", "I don't know" in draw(self.network, self.codec, question, seed))


def main(model: Path, short: bool) -> None:
    """Print every answer, then the score of each group."""
    examination = Examination(model)
    quick = [examination.questions, examination.heroes]
    for part in quick if short else quick + [examination.wishes, examination.drilled, examination.drawn]:
        part()
    print("; ".join(f"{group} {right}/{count}" for group, (right, count) in examination.score.items()))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), "--short" in sys.argv)
