"""Ask questions and look whether the answers hold: python3 evaluate.py model.gguf

Most questions of KNOWN are worded as the grammar words none (a few short ones it can also make);
UNKNOWN is all outside it. A story counts when the hero's kind and name appear and the name comes
back: pronouns, the friend and the objects are not judged. The drills are facts that were taught.
"""

import random
import re
import sys
from pathlib import Path

import torch

import tokenizer
import words
from network import Network, greedy
from reference import from_file

KNOWN = [
    ("hello there!", "boredling"), ("Hi boredling", "boredling"), ("hey you", "boredling"),
    ("Good morning, model", "boredling"), ("So who are you?", "tiny demonstration"),
    ("Please tell me what a mesh is", "group of computers"), ("hi, what's a mesh?", "group of computers"),
    ("Explain a mesh to my mother.", "group of computers"), ("Who does the mesh belong to?", "Nobody owns"),
    ("Tell me who owns the mesh.", "Nobody owns"), ("So, what is a stage?", "one computer's part"),
    ("Why do you use cars that are parked?", "parked car"), ("why cars", "parked car"),
    ("Is this private?", "sealed"), ("Is what I write private?", "sealed"),
    ("What can BoredMesh do for me?", "idle computers"), ("Is using it free?", "free"),
    ("How can I join?", "bored node"), ("What can you do for me?", "short stories"),
    ("Count to seven.", "1, 2, 3"), ("Count to 9", "7, 8, 9."), ("What is 2+2?", "4"),
    ("What's 3 plus 4?", "7"), ("which day comes after Monday?", "Tuesday"), ("opposite of cold", "hot"),
    ("What does a cow say?", "moo"), ("Capital of Italy", "Rome"), ("thanks a lot!", "welcome"),
]

UNKNOWN = [
    "Who won the world cup in 1990?", "Write a Python script that sorts a list.", "What is a mortgage?",
    "How do I bake sourdough?", "Explain general relativity.", "Who was Cleopatra?",
    "What is the boiling point of mercury?", "Who painted the Mona Lisa?", "How do I change a tyre?",
    "What is the best phone?", "Tell me about the French revolution.", "Where is Patagonia?",
]


def ask(network: Network, codec, question: str, count: int = 160) -> str:
    """The greedy answer to one question."""
    prompt = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    ids = codec.encode(prompt, add_special_tokens=False).ids
    with torch.no_grad():
        return codec.decode(greedy(network, ids, count, codec.token_to_id("<|im_end|>")))


def story_holds(answer: str, name: str, kind: str) -> bool:
    """Name and kind appear, and the name comes back later."""
    return kind in answer and len(re.findall(rf"\b{name}\b", answer)) >= 3


def drills() -> dict[str, list[tuple[str, str]]]:
    """Facts that were taught in full, with the exact answer."""
    after = [(row[i], row[(i + 1) % len(row)]) for row in (words.DAYS, words.MONTHS) for i in range(len(row))]
    return {
        "sums to ten": [(f"What is {a} + {b}?", f"{a} plus {b} is {a + b}.") for a in range(11) for b in range(11)],
        "capitals": [(f"What is the capital of {land}?", f"The capital of {land} is {city}.")
                     for land, city in words.CAPITALS.items()],
        "opposites": [(f"What is the opposite of {a}?", f"The opposite of {a} is {b}.") for a, b in words.OPPOSITES],
        "sounds": [(f"What does {words.a(a)} say?", f"{words.a(a).capitalize()} says {b}.") for a, b in words.SOUNDS.items()],
        "next day or month": [(f"What comes after {a}?", f"After {a} comes {b}.") for a, b in after],
        "counting": [(f"Count to {n}.", ", ".join(map(str, range(1, n + 1))) + ".") for n in range(2, 21)],
    }


def main(model: Path) -> None:
    """Print every answer, then the score of each group."""
    codec = tokenizer.load()
    network, _ = from_file(model)
    chance = random.Random(99)
    score = {"known": 0, "unknown": 0, "stories": 0, "made-up names": 0}
    for question, expected in KNOWN:
        answer = ask(network, codec, question)
        score["known"] += expected in answer
        print("+" if expected in answer else "-", question, "->", answer)
    for question in UNKNOWN:
        answer = ask(network, codec, question)
        score["unknown"] += "I don't know" in answer
        print("+" if "I don't know" in answer else "-", question, "->", answer)
    for group in ("stories", "made-up names"):
        for _ in range(8):
            kind = chance.choice(words.ANIMALS)
            name = chance.choice(words.GIRLS) if group == "stories" else words.made_up(chance, 2).capitalize()
            answer = ask(network, codec, f"Tell me a story about {words.a(kind)} named {name}.")
            score[group] += story_holds(answer, name, kind)
            print("+" if story_holds(answer, name, kind) else "-", name, "the", kind, "->", answer)
    totals = {"known": len(KNOWN), "unknown": len(UNKNOWN), "stories": 8, "made-up names": 8}
    for group, pairs in drills().items():
        totals[group] = len(pairs)
        score[group] = sum(ask(network, codec, question, 80) == answer for question, answer in pairs)
    print(", ".join(f"{group} {right}/{totals[group]}" for group, right in score.items()))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
