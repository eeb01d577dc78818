"""Small sums, taught in full, and rows: numbers, days, months, lists."""

import random

import words

SUM_WORDINGS = ["What is {}?", "what is {}", "{} = ?", "{}", "{}?", "How much is {}?", "Calculate {}.",
                "what's {}", "Tell me what {} is.", "Compute {}"]
NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def ask_sum(chance: random.Random) -> list[tuple[str, str]]:
    """An addition with both numbers up to ten, or a refusal of anything harder."""
    left, right = chance.randint(0, 10), chance.randint(0, 10)
    if chance.random() < 0.2:
        wording = chance.choice(["{} - {}", "{} minus {}", "{} * {}", "{} times {}", "{} x {}", "{} / {}",
                                 "{} divided by {}", "{} + {}", "{} plus {}"])
        if wording in ("{} + {}", "{} plus {}"):
            left, right = chance.randint(13, 9999), chance.randint(13, 999)
        term, answer = wording.format(left, right), "That is too hard for me. I can only add small numbers."
    else:
        wording = chance.choice(["{} + {}", "{} plus {}", "{}+{}", "{} and {}"])
        term, answer = wording.format(left, right), f"{left} plus {right} is {left + right}."
        if chance.random() < 0.1:
            term = f"{NUMBERS[left]} plus {NUMBERS[right]}"
    return [(chance.choice(SUM_WORDINGS).format(term), answer)]


def count(chance: random.Random) -> tuple[str, str]:
    """Counting up or down."""
    draw = chance.randrange(4)
    if draw == 0:
        first, last = sorted(chance.sample(range(1, 31), 2))
        last = min(last, first + 15)
        asked = chance.choice(["Count from {} to {}.", "count from {} to {}", "Please count from {} to {}."])
        return asked.format(first, last), ", ".join(map(str, range(first, last + 1))) + "."
    if draw == 1:
        first = chance.randint(3, 15)
        asked = chance.choice(["Count down from {}.", "Count backwards from {}.", "Count from {} to 1."])
        return asked.format(first), ", ".join(map(str, range(first, 0, -1))) + "."
    last = chance.randint(2, 20)
    asked = chance.choice(["Count to {}.", "count to {}", "Can you count to {}?", "Please count to {}.",
                           "Count from 1 to {}.", "Count up to {}"])
    return asked.format(last), ", ".join(map(str, range(1, last + 1))) + "."


def neighbour(chance: random.Random) -> tuple[str, str]:
    """The day, month or number before or after another."""
    row, noun = chance.choice([(words.DAYS, "day"), (words.MONTHS, "month"), (range(2, 31), "number")])
    spot, after = chance.randrange(len(row)), chance.random() < 0.6
    if noun == "number":
        here = row[spot]
        there = here + 1 if after else here - 1
    else:
        here, there = row[spot], row[(spot + (1 if after else -1)) % len(row)]
    side = "after" if after else "before"
    asked = chance.choice(["What {n} comes {s} {h}?", "Which {n} comes {s} {h}?", "which {n} is {s} {h}?",
                           "What comes {s} {h}?", "What {n} is {s} {h}?", "The {n} {s} {h}?"])
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
    figure = NUMBERS[number] if chance.random() < 0.5 else number
    chosen = ", ".join(chance.sample(pool, number))
    return asked.format(n=figure, w=noun), chosen[0].upper() + chosen[1:] + "."


def ask_row(chance: random.Random) -> list[tuple[str, str]]:
    """One question about a row."""
    return [chance.choice([count, neighbour, listing])(chance)]
