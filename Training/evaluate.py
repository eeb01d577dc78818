"""Ask held-out questions and look whether the answers hold: python3 evaluate.py model.gguf"""

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
    print(", ".join(f"{group} {right}/{totals[group]}" for group, right in score.items()))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
