"""Other wordings of a question, by putting one phrase for another."""

import random

# What stands at the beginning of a question, and what may stand there as well.
BEGINNINGS = {
    "How do I ": ["How can I ", "How could I ", "How should I ", "How would I ", "How does one ", "How do you ",
                  "How to ", "Tell me how to ", "Show me how to ", "Explain how to ", "What must I do to ",
                  "What do I have to do to ", "I want to ", "I would like to ", "Which command do I need to ",
                  "Is there a way to ", "Can you show me how to "],
    "How can I ": ["How do I ", "How could I ", "Tell me how I can ", "In which way can I ",
                   "What can I do to "],
    "Is it ": ["Is BoredMesh ", "Is this ", "Is the mesh ", "Is all of it ", "Is everything ",
               "Is the whole thing ", "Is that ", "I wonder if it is ", "Is it really ", "Is it all ",
               "Tell me if it is ", "Would you say it is "],
    "Does it ": ["Does BoredMesh ", "Will it ", "Does the mesh ", "Will BoredMesh ", "Does this ",
                 "Does a node ", "Can it ", "I wonder if it will ", "Does the program ", "Would it ", "Do you ",
                 "Does all this "],
    "Can I ": ["May I ", "Could I ", "Is it possible to ", "Am I able to ", "I want to ", "Would I be able to ",
               "Is there a way to "],
    "Can a ": ["Could a ", "May a ", "Is it possible that a "],
    "What if ": ["What happens if ", "What happens when ", "And if ", "Suppose ", "What will happen if ",
                 "What do you do if "],
    "What happens when ": ["What if ", "What happens if ", "And when ", "What goes on when "],
    "What does ": ["Tell me what does ", "And what does ", "Explain what does "],
    "Do I need ": ["Must I have ", "Do I have to have ", "Is it necessary to have ", "Should I have ",
                   "Will I need "],
    "Do I ": ["Will I ", "Must I ", "Would I ", "Shall I "],
    "Is there ": ["Do you have ", "Does BoredMesh have ", "Have you got ", "Is there perhaps ",
                  "Does it have "],
    "Are there ": ["Do you have ", "Does BoredMesh have ", "Have you got "],
    "Which ": ["What ", "Tell me which ", "And which "],
    "What are ": ["Tell me what are ", "Which are ", "And what are "],
    "What is ": ["What's ", "Tell me what is ", "And what is ", "Explain what is "],
    "Why ": ["Tell me why ", "For what reason ", "Explain why ", "And why ", "How come "],
    "Who ": ["Tell me who ", "And who ", "I wonder who ", "Who was it who "],
    "Where ": ["Tell me where ", "And where ", "I wonder where "],
    "Are you ": ["So you are ", "I think you are ", "Tell me, are you ", "Were you always ",
                 "Would you say you are "],
    "What can ": ["Tell me what can ", "Which things can ", "What all can ", "What could "],
    "Do you ": ["Can you ", "Will you ", "Would you ", "Did you ", "I ask myself if you "],
    "Will it ": ["Does it ", "Could it ", "Will BoredMesh ", "Will a node "],
}

# Phrases anywhere in it.
PHRASES = {
    "my prompt": ["my text", "my question", "my words", "what I ask", "what I type", "what I say",
                  "my message"],
    "my computer": ["my machine", "my laptop", "my PC", "my desktop", "my own computer", "the computer",
                    "my car"],
    "a computer": ["a machine", "a node", "one computer", "a laptop", "somebody's computer"],
    "a node": ["one node", "a machine", "some node", "the node", "one of the nodes"],
    "nodes": ["the nodes", "all nodes", "the machines", "the computers"],
    "BoredMesh": ["the mesh", "this mesh", "this program", "it", "bored"],
    "the mesh": ["BoredMesh", "this mesh", "your mesh", "this network"],
    "my battery": ["the battery", "its battery", "the battery of my car", "my phone's battery"],
    "my node": ["the node", "this node", "my own node", "a node"],
    "a server": ["servers", "a central server", "one big server", "some server"],
    "a model": ["models", "another model", "some model", "my model", "a new model"],
    "answer": ["text", "reply", "result"],
    "GPU": ["graphics chip", "GPUs", "fast GPU"],
    "it": ["this", "all this", "BoredMesh"],
    "you": ["you, boredling,"],
}

TAILS = [" for me", " here", " with BoredMesh", " in the mesh", " really", " exactly", " at all", " then", " today", " on my side",
         ", in short", " with this", " by the way", " myself"]


def phrase_changed(chance: random.Random, text: str) -> str:
    """One phrase of it put otherwise, if there is one to put otherwise."""
    padded = f"{text[:-1]} {text[-1]}" if text[-1] in "?." else f"{text} "
    found = [phrase for phrase in PHRASES if f" {phrase} " in padded]
    if not found:
        return text
    phrase = chance.choice(found)
    changed = padded.replace(f" {phrase} ", f" {chance.choice(PHRASES[phrase])} ", 1)
    return changed.replace(" ?", "?").replace(" .", ".").strip()


def reworded(chance: random.Random, text: str) -> str:
    """The question in somewhat other words, which may be clumsy but mean the same."""
    if chance.random() < 0.6:
        text = phrase_changed(chance, text)
    start = next((start for start in BEGINNINGS if text.startswith(start)), None)
    if start and chance.random() < 0.7:
        text = chance.choice(BEGINNINGS[start]) + text[len(start):]
        if text.startswith(("I want", "I would", "Tell", "Show", "Explain", "Suppose", "So ", "I think", "I wonder")):
            text = text.rstrip("?") + chance.choice([".", "?", ""])
    if chance.random() < 0.15 and text[-1] in "?.":
        text = text[:-1] + chance.choice(TAILS) + text[-1]
    return text.replace(",?", "?").rstrip(",")
