"""Questions that are kept from training, with a piece of the right answer.

KNOWN is within the model's world, worded afresh; UNKNOWN is outside it. The grammar does not read
this file, and its word lists leave out most subjects of UNKNOWN. `python3 heldout.py 150000` tells
which of the questions so many documents of the grammar contain after all.
"""

import random
import sys

# The first group was the whole examination of the models before; the second is new.
KNOWN_OLD = [
    ("hello there!", "boredling"), ("Hi boredling", "boredling"), ("hey you", "boredling"),
    ("Good morning, model", "boredling"), ("So who are you?", "tiny demonstration"),
    ("Please tell me what a mesh is", "group of computers"), ("hi, what's a mesh?", "group of computers"),
    ("Explain a mesh to my mother.", "group of computers"), ("Who does the mesh belong to?", "Nobody owns"),
    ("Tell me who owns the mesh.", "Nobody owns"), ("So, what is a stage?", "one computer's part"),
    ("Why do you use cars that are parked?", "parked car"), ("why cars", "parked car"),
    ("Is this private?", "sealed"), ("Is what I write private?", "sealed"),
    ("What can BoredMesh do for me?", "idle computers"), ("Is using it free?", "free"),
    ("How can I join?", "bored node"), ("What can you do for me?", "short stories"),
    ("Count to seven.", "1, 2, 3, 4, 5, 6, 7."), ("Count to 9", "7, 8, 9."), ("What is 2+2?", "4"),
    ("What's 3 plus 4?", "7"), ("which day comes after Monday?", "Tuesday"), ("opposite of cold", "hot"),
    ("What does a cow say?", "moo"), ("Capital of Italy", "Rome"), ("thanks a lot!", "welcome"),
]

KNOWN_NEW = [
    ("okay thank you so much", "welcome"), ("Thanks, that helped me!", "welcome"),
    ("good evening to you", "boredling"), ("And how are you this morning?", "fine"),
    ("I must go now, bye!", "Goodbye"), ("Could you count up to eleven for me?", "8, 9, 10, 11."),
    ("and now backwards, starting at six", "6, 5, 4, 3, 2, 1."), ("What do you get for 6 plus 7?", "13"),
    ("And what is 14 + 5?", "19"), ("How much is nine minus three?", "6"),
    ("Which month is it after April?", "May"), ("which city is Spain's capital?", "Madrid"),
    ("Please say the opposite of full", "empty"), ("Which command shows me the nodes?", "bored health"),
    ("how can I try all of it on one machine?", "make demo"),
    ("I want to put my own GGUF file in. How?", "model import"),
    ("How do I stop my node for two hours?", "bored pause"),
    ("Will you run on my laptop's battery?", "works only while its computer"),
    ("If a node dies, is my answer lost?", "takes over"),
    ("Do I need a graphics card?", "processor"), ("Do the nodes talk over a server?", "no server"),
    ("And who was it that trained you?", "makers of BoredMesh"),
]

UNKNOWN_OLD = [
    "Who won the world cup in 1990?", "Write a Python script that sorts a list.", "What is a mortgage?",
    "How do I bake sourdough?", "Explain general relativity.", "Who was Cleopatra?",
    "What is the boiling point of mercury?", "Who painted the Mona Lisa?", "How do I change a tyre?",
    "What is the best phone?", "Tell me about the French revolution.", "Where is Patagonia?",
]

UNKNOWN_NEW = [
    "How do I get a stain out of a shirt?", "Why do cats purr?", "What is the tallest building on earth?",
    "Which river flows through Prague?", "How many bones does a human have?", "Who wrote Hamlet?",
    "When did the Titanic sink?", "Can you recommend a good restaurant?", "What does a plumber earn?",
    "Write a cover letter for a job as a nurse.", "Translate this into Portuguese: the train is late.",
    "Fix the bug in my JavaScript.", "Give me a regex for a postcode.", "Is it safe to eat raw chicken?",
    "How long should I boil an egg?", "What is the plot of Moby Dick?", "Who is the chancellor of Austria?",
    "Explain inflation to me.", "What causes thunder?", "How does a vaccine work?",
    "What are the symptoms of the flu?", "Should I buy or rent a flat?", "Name three kinds of whale.",
    "What is the volume of a sphere?", "How heavy is a blue whale?", "Summarise the last chapter of Dracula.",
    "What is the capital of Mongolia?", "what year did the berlin wall fall", "who discovered penicillin",
    "How do I tie a bow tie?", "Tell me something about Beethoven.", "What is Kubernetes?",
    "Draft an invitation to my wedding.", "Why is my wifi so slow?",
]

# Written when the answers to all of the above were known, and before anything was changed for them.
KNOWN_LAST = [
    ("hiya, boredling here?", "boredling"), ("cheers, that was useful", "welcome"),
    ("What will it cost me in the end?", "free"), ("Are my words safe with you?", "sealed"),
    ("Could a stranger look at my chats?", "sealed"), ("Where in the world do you live?", "inside the program"),
    ("Is it you who decides, or some company?", "Nobody owns"), ("Why would I lend you a parked car?", "parked car"),
    ("What's the trick with the seed?", "same"), ("I unplug my laptop. Will it go on working?", "plugged in"),
    ("My car leaves in the middle of an answer - what now?", "takes over"), ("Which file formats do you import?", "GGUF"),
    ("let me see who holds which layers", "bored health"), ("Is there something to try out quickly?", "make demo"),
    ("In which language did they program you?", "Swift"), ("Must every node download the complete model?", "One machine"),
    ("Give my computer back to me, now!", "bored pause"), ("How many parameters has this model got?", "one million"),
    ("Take 7 away from 15", "8"), ("19 and 6, please?", "25"), ("say all numbers up to twelve", "10, 11, 12."),
    ("What's a young cow called?", "calf"),
]
UNKNOWN_LAST = [
    "Who is the richest person alive?", "How do I fold a fitted sheet?", "Could you proofread my homework?",
    "What's the exchange rate of the pound?", "Why do leaves turn red in autumn?", "Is there water on Mercury?",
    "When is Thanksgiving?", "Which vitamins are in kiwis?", "Who hosted the Oscars?", "How do planes stay in the air?",
    "Turn this list into a table.", "What should I name my kitten?", "Do you have the lyrics of Bohemian Rhapsody?",
    "Explain the offside rule.", "How long is the flight to Reykjavik?", "What is an allegory?",
    "My printer says paper jam, what now?", "Is cracking your knuckles bad?", "Which laptop do you recommend?",
    "tell me the lottery numbers", "How many stars does our galaxy have?", "Where can I park near the airport?",
]

KNOWN = KNOWN_OLD + KNOWN_NEW + KNOWN_LAST
UNKNOWN = UNKNOWN_OLD + UNKNOWN_NEW + UNKNOWN_LAST


def plain(question: str) -> str:
    """The question without what careless typing changes."""
    return question.lower().rstrip("?.!").strip()


def seen(documents: int, seed: int = 1) -> set[str]:
    """Which of the questions the grammar makes, case and final mark aside."""
    import grammar

    chance = random.Random(seed)
    wanted = {plain(question) for question in [text for text, _ in KNOWN] + UNKNOWN}
    found = set()
    for _ in range(documents):
        for text, _ in grammar.document(chance):
            if text.startswith("<|im_start|>user\n"):
                found.add(plain(text[len("<|im_start|>user\n") : text.index("<|im_end|>")]))
    return wanted & found


if __name__ == "__main__":
    for question in sorted(seen(int(sys.argv[1]))):
        print(question)
