"""Small numbers, taught in full, and rows: numbers, days, months, lists."""

import random

import words

SUM_WORDINGS = ["What is {}?", "what is {}", "{} = ?", "{}", "{}?", "How much is {}?", "Calculate {}.",
                "what's {}", "Tell me what {} is.", "Compute {}", "{}=", "What does {} make?", "Can you work out {}?",
                "Do you know what {} is?", "Add up: {}", "how much is {}", "Please calculate {}"]
TOO_HARD = "That is too hard for me. I can only add and take away numbers up to twenty."
PLUS = ["{} + {}", "{} plus {}", "{}+{}", "{} and {}", "{} added to {}"]
MINUS = ["{} - {}", "{} minus {}", "{}-{}", "{} take away {}"]
HARD = ["{} * {}", "{} times {}", "{} x {}", "{} / {}", "{} divided by {}", "{}*{}", "{} multiplied by {}"]


def figure(number: int, spelt: bool) -> str:
    """A number as digits or as a word."""
    return words.NUMBERS[number] if spelt else str(number)


def reach(chance: random.Random) -> int:
    """The largest number of a sum: small ones are asked more often."""
    return chance.choice([10, 10, 20])


def hard_sum(chance: random.Random) -> tuple[str, str]:
    """Something beyond twenty, below nothing, or of another kind."""
    draw = chance.random()
    if draw < 0.4:
        term = chance.choice(HARD).format(chance.randint(0, 99), chance.randint(1, 99))
    elif draw < 0.5:
        left = chance.randint(0, 19)
        term = chance.choice(MINUS).format(left, chance.randint(left + 1, 20))
    else:
        pair = [chance.randint(21, chance.choice([99, 999, 99999])), chance.randint(0, chance.choice([20, 999]))]
        chance.shuffle(pair)
        term = chance.choice(PLUS + MINUS).format(*pair)
    return chance.choice(SUM_WORDINGS).format(term), TOO_HARD


def easy_sum(chance: random.Random) -> tuple[str, str]:
    """An addition or a subtraction with numbers up to twenty."""
    top, spelt = reach(chance), chance.random() < 0.15
    left, right = chance.randint(0, top), chance.randint(0, top)
    if chance.random() < 0.6:
        sign, result, forms = "plus", left + right, PLUS
    else:
        left, right = max(left, right), min(left, right)
        sign, result, forms = "minus", left - right, MINUS
    term = chance.choice(forms).format(figure(left, spelt), figure(right, spelt))
    return chance.choice(SUM_WORDINGS).format(term), f"{left} {sign} {right} is {result}."


def counted(number: int, noun: str) -> str:
    """So many of a thing, in the singular or the plural."""
    many = noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
    return f"{number} {noun if number == 1 else many}"


def thing_sum(chance: random.Random) -> tuple[str, str]:
    """A sum about things that somebody has."""
    noun = chance.choice([noun for noun in words.OBJECTS if not noun.endswith(("y", "f"))])
    left, right = chance.randint(1, 10), chance.randint(1, 10)
    if chance.random() < 0.5:
        asked = chance.choice(["I have {} and find {} more. How many do I have?",
                               "I have {}. You give me {} more. How many do I have now?",
                               "If I have {} and get {} more, how many do I have?"])
        return asked.format(counted(left, noun), right), f"{left} plus {right} is {left + right}."
    left, right = max(left, right), min(left, right)
    asked = chance.choice(["I have {} and lose {}. How many do I have?",
                           "I have {}. I give you {}. How many do I have left?",
                           "If I have {} and give away {}, how many are left?"])
    return asked.format(counted(left, noun), right), f"{left} minus {right} is {left - right}."


def larger(chance: random.Random) -> tuple[str, str]:
    """Which of two numbers is the larger one."""
    left, right = chance.sample(range(21), 2)
    wanted = chance.random() < 0.6
    adjective = chance.choice(["larger", "bigger", "greater"] if wanted else ["smaller"])
    one, other = (max, min) if wanted else (min, max)
    asked = chance.choice(["Which is {a}, {l} or {r}?", "Which number is {a}, {l} or {r}?",
                           "What is {a}: {l} or {r}?"])
    answer = f"{one(left, right)} is {adjective} than {other(left, right)}."
    return asked.format(a=adjective, l=left, r=right), answer


def ask_sum(chance: random.Random) -> list[tuple[str, str]]:
    """One question about small numbers, or a refusal of anything harder."""
    return [chance.choices([easy_sum, hard_sum, thing_sum, larger], [72, 14, 7, 7])[0](chance)]


def row(numbers: range, spelt: bool) -> str:
    """The numbers one after another."""
    text = ", ".join(words.NUMBERS[number] if spelt else str(number) for number in numbers) + "."
    return text[0].upper() + text[1:]


def count(chance: random.Random) -> tuple[str, str]:
    """Counting up or down; numbers to twenty may be asked for as words."""
    draw, spelt = chance.randrange(5), chance.random() < 0.5
    in_words = spelt and chance.random() < 0.15
    ending = " in words." if in_words else "."
    if draw == 0:
        first, last = sorted(chance.sample(range(1, 21 if spelt else 31), 2))
        last = min(last, first + 15)
        asked = chance.choice(["Count from {} to {}", "count from {} to {}", "Please count from {} to {}",
                               "Can you count from {} to {}", "The numbers from {} to {}"])
        asked = asked.format(figure(first, spelt), figure(last, spelt))
        return asked + ending, row(range(first, last + 1), in_words)
    if draw == 1:
        first = chance.randint(3, 20)
        asked = chance.choice(["Count down from {}", "Count backwards from {}", "Count from {} to 1",
                               "Count down from {} to 1", "count back from {}"])
        if spelt:
            asked = asked.replace("1", "one")
        return asked.format(figure(first, spelt)) + ending, row(range(first, 0, -1), in_words)
    last = chance.randint(2, 20)
    asked = chance.choice(["Count to {}", "count to {}", "Count to {}", "Please count to {}", "Count from 1 to {}",
                           "Count up to {}", "Can you count to {}", "I want you to count to {}", "Count for me to {}",
                           "Let us count to {}", "Say the numbers up to {}", "Count till {}"])
    if spelt:
        asked = asked.replace("1", "one")
    return asked.format(figure(last, spelt)) + ending, row(range(1, last + 1), in_words)


def neighbour(chance: random.Random) -> tuple[str, str]:
    """The day, month or number before or after another."""
    pool, noun = chance.choice([(words.DAYS, "day"), (words.MONTHS, "month"), (range(31), "number"),
                                (words.NUMBERS, "number")])
    spot, after = chance.randrange(len(pool)), chance.random() < 0.6
    if noun == "number":
        spot = max(1, min(spot, len(pool) - 2))
    here, there = pool[spot], pool[(spot + (1 if after else -1)) % len(pool)]
    side = "after" if after else "before"
    asked = chance.choice(["What {n} comes {s} {h}?", "Which {n} comes {s} {h}?", "which {n} is {s} {h}?",
                           "What comes {s} {h}?", "What {n} is {s} {h}?", "The {n} {s} {h}?", "Tell me the {n} {s} {h}.",
                           "What is the {n} {s} {h}?"])
    return asked.format(n=noun, s=side, h=here), f"{side.capitalize()} {here} comes {there}."


def listing(chance: random.Random) -> tuple[str, str]:
    """Days, months, or some animals, colours, things."""
    draw = chance.randrange(4)
    if draw == 0:
        asked = chance.choice(["Name the days of the week.", "List the days.", "What are the days of the week?",
                               "Which days are in a week?", "Tell me the days of the week.", "Days of the week"])
        return asked, ", ".join(words.DAYS) + "."
    if draw == 1:
        asked = chance.choice(["Name the months.", "List the months of the year.", "What are the months?",
                               "Which months are there?", "Tell me the months of the year.", "Months of the year"])
        return asked, ", ".join(words.MONTHS) + "."
    noun, pool = chance.choice([("animals", words.ANIMALS), ("colours", words.COLOURS), ("foods", words.FOODS),
                                ("things", words.OBJECTS), ("names", words.GIRLS + words.BOYS)])
    number = chance.randint(2, 6)
    asked = chance.choice(["Name {n} {w}.", "List {n} {w}.", "Tell me {n} {w}.", "Give me {n} {w}.", "name {n} {w}"])
    asked = asked.format(n=figure(number, chance.random() < 0.5), w=noun)
    chosen = ", ".join(chance.sample(pool, number))
    return asked, chosen[0].upper() + chosen[1:] + "."


def ask_row(chance: random.Random) -> list[tuple[str, str]]:
    """One question about a row."""
    return [chance.choice([count, count, neighbour, listing])(chance)]
