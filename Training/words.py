"""Word lists of the grammar, and words made of random syllables."""

import random

GIRLS = """Ada Alma Amy Anna Asha Bea Bella Cara Clara Daisy Dina Dora Ella Elsa Emma Erin Eva Fay
Flora Gina Grace Greta Hana Hazel Helen Ida Ines Iris Isla Ivy Jana Jane Jill Joy Julia Kate Kira
Lara Lena Lily Lina Lola Lucy Luna Maya Mia Mila Mina Molly Nadia Nina Nora Olga Olive Paula Penny
Petra Pia Rita Rosa Ruby Ruth Sara Selma Sofia Stella Tara Tessa Tina Uma Vera Wanda Yara Zara
Zoe""".split()

BOYS = """Adam Alex Amir Andy Anton Arlo Ben Bill Boris Bruno Carl Chen Dan David Eli Emil Erik Felix
Finn Frank Fred George Gus Hans Harry Henry Hugo Ivan Jack Jan Jim Joe John Karl Kim Kurt Lars Leo
Levi Liam Luca Luis Marco Mark Max Milo Nico Nils Noah Oleg Omar Oscar Otto Paul Pavel Pedro Peter
Rafi Ralph Ravi Remy Robin Sam Samir Simon Sven Ted Theo Tim Toby Tom Umar Victor Walt Will Yusuf
Zeno""".split()

ANIMALS = """ant badger bat bear beaver bee beetle bird buffalo bull butterfly camel cat chicken
cow crab cricket crocodile crow deer dog dolphin donkey dove dragon duck eagle elephant falcon ferret
fish flamingo fly fox frog giraffe goat goose gorilla hamster hare hawk hedgehog hen heron hippo horse
kangaroo kitten koala ladybird lamb lion lizard llama lobster lynx mole monkey moose moth mouse
newt octopus otter owl panda parrot peacock penguin pig pigeon pony puppy rabbit raccoon rat raven
robin salmon seal shark sheep sloth snail snake sparrow spider squirrel starfish stork swan tiger
toad tortoise turkey turtle unicorn walrus wasp whale wolf worm yak zebra""".split()

PEOPLE = """robot wizard knight pirate princess king queen giant ghost baker farmer sailor doctor
teacher painter pilot gardener fisherman clown witch astronaut detective miller shepherd cook singer
driver child boy girl fairy troll monster alien mermaid dinosaur snowman scarecrow computer
car train tree teapot toaster cloud star lamp spoon clock kite boat mountain river""".split()

OBJECTS = """acorn apple bag ball balloon basket bell blanket book boot bottle bowl box brush bucket
button cake candle cap card chain coat coin comb cookie cup doll drum egg fan feather flag flute
fork hammer hat jar key kite ladder lamp lantern leaf letter map marble mask medal mirror mitten
mug needle net paddle pan parcel pear pen pencil picture pillow plate pot puzzle ribbon ring rope
saddle sail scarf shell shoe shovel sock spoon stamp stick stone string sword ticket torch toy
trumpet umbrella vase violin wallet watch wheel whistle wig""".split()

PLACES = ["forest", "garden", "village", "valley", "harbour", "castle", "desert", "meadow", "city",
          "library", "market", "mill", "orchard", "palace", "park", "school", "station", "swamp",
          "tower", "old barn", "little town", "big house", "dark cave", "green hill", "quiet lake",
          "wide field", "snowy mountain", "sunny beach", "farm", "island", "bakery", "museum",
          "workshop", "bridge", "river bank", "car park", "lighthouse", "jungle", "mountain hut"]

COLOURS = ["red", "blue", "green", "yellow", "white", "black", "brown", "orange", "pink", "purple",
           "grey", "golden", "silver"]

TRAITS = ["brave", "clever", "curious", "friendly", "gentle", "grumpy", "happy", "kind", "lazy",
          "little", "lonely", "merry", "old", "patient", "polite", "proud", "quiet", "shy", "silly",
          "small", "tiny", "tired", "wise", "young", "busy", "big", "bored", "hungry", "cheerful"]

FOODS = ["bread", "cheese", "soup", "honey", "apples", "cake", "rice", "nuts", "berries", "porridge",
         "pancakes", "carrots", "cookies", "plums", "beans", "jam", "pie", "pears", "corn", "salad"]

WEATHER = ["The sun was shining.", "It was raining softly.", "The wind was cold.",
           "Snow lay on the ground.", "The morning was bright.", "The night was clear.",
           "A thick fog hung in the air.", "It was a warm day.", "The leaves were falling.",
           "The sky was grey.", "It was a windy day.", "The air smelled of rain."]

SOUNDS = {"dog": "woof", "cat": "meow", "cow": "moo", "duck": "quack", "sheep": "baa", "pig": "oink",
          "horse": "neigh", "lion": "roar", "bee": "buzz", "owl": "hoot", "frog": "ribbit",
          "snake": "hiss", "mouse": "squeak", "crow": "caw", "donkey": "hee-haw", "chicken": "cluck",
          "rooster": "cock-a-doodle-doo", "wolf": "howl", "bird": "tweet", "goose": "honk",
          "turkey": "gobble", "goat": "maa", "bear": "growl", "dove": "coo", "cricket": "chirp",
          "fly": "buzz", "hen": "cluck", "monkey": "ooh-ooh", "tiger": "roar", "kitten": "mew"}

BABIES = {"dog": "puppy", "cat": "kitten", "cow": "calf", "sheep": "lamb", "horse": "foal",
          "pig": "piglet", "duck": "duckling", "goose": "gosling", "hen": "chick", "bear": "cub",
          "lion": "cub", "deer": "fawn", "frog": "tadpole", "goat": "kid", "kangaroo": "joey",
          "swan": "cygnet", "wolf": "pup", "seal": "pup", "elephant": "calf", "owl": "owlet"}

OPPOSITES = [pair.split("-") for pair in """big-small hot-cold up-down day-night good-bad fast-slow
happy-sad left-right open-closed new-old light-dark high-low in-out wet-dry hard-soft full-empty
black-white long-short rich-poor strong-weak young-old early-late loud-quiet clean-dirty near-far
yes-no first-last front-back thick-thin true-false win-lose push-pull give-take buy-sell
start-stop love-hate sweet-sour heavy-light wide-narrow deep-shallow brave-afraid easy-difficult
always-never everything-nothing inside-outside before-after above-below safe-dangerous smooth-rough
tall-short asleep-awake alive-dead friend-enemy question-answer north-south east-west summer-winter
laugh-cry rise-fall come-go find-lose sharp-blunt cheap-expensive same-different idle-busy
morning-evening beautiful-ugly""".split()]

THING_COLOURS = {"grass": "green", "the sky": "blue", "snow": "white", "coal": "black",
                 "a banana": "yellow", "a lemon": "yellow", "an orange": "orange", "blood": "red",
                 "a tomato": "red", "a strawberry": "red", "chocolate": "brown", "milk": "white",
                 "the sun": "yellow", "the sea": "blue", "a carrot": "orange", "a flamingo": "pink",
                 "a raven": "black", "an elephant": "grey", "gold": "yellow", "a leaf": "green",
                 "a frog": "green", "sand": "yellow", "a polar bear": "white", "a plum": "purple",
                 "a cucumber": "green", "a cloud": "white", "the night": "black", "a pea": "green",
                 "a fire engine": "red", "honey": "golden", "a mouse": "grey", "a swan": "white"}

CAPITALS = {"France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid",
            "England": "London", "the United Kingdom": "London", "Portugal": "Lisbon",
            "Austria": "Vienna", "Poland": "Warsaw", "Greece": "Athens", "Sweden": "Stockholm",
            "Norway": "Oslo", "Denmark": "Copenhagen", "Finland": "Helsinki", "Ireland": "Dublin",
            "Russia": "Moscow", "China": "Beijing", "Japan": "Tokyo", "India": "New Delhi",
            "Egypt": "Cairo", "Turkey": "Ankara", "Canada": "Ottawa", "Mexico": "Mexico City",
            "Brazil": "Brasilia", "Argentina": "Buenos Aires", "Australia": "Canberra",
            "the United States": "Washington", "Switzerland": "Bern", "Belgium": "Brussels",
            "the Netherlands": "Amsterdam", "Hungary": "Budapest", "Kenya": "Nairobi",
            "Ukraine": "Kyiv", "Cuba": "Havana", "Peru": "Lima", "Chile": "Santiago"}

HELLOS = {"French": ("bonjour", "merci", "au revoir"), "German": ("hallo", "danke", "auf Wiedersehen"),
          "Spanish": ("hola", "gracias", "adios"), "Italian": ("ciao", "grazie", "arrivederci"),
          "Polish": ("czesc", "dziekuje", "do widzenia"), "Dutch": ("hallo", "dank je", "tot ziens")}

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December"]

NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty""".split()

_STARTS = "b bl br c ch d dr f fl g gl gr h j k kl l m n p pl pr qu r s sh sk sn st t tr v w y z".split()
_MIDDLES = "a e i o u aa ai ee ei ie oa oo ou".split()
_ENDS = ["", "", "", "", "b", "ck", "d", "g", "ft", "l", "lk", "m", "n", "nd", "ng", "p", "r", "rk",
         "s", "sh", "st", "t", "x", "z"]


def made_up(chance: random.Random, longest: int = 3) -> str:
    """A word that nobody has seen, of one to `longest` syllables."""
    count = chance.choice(range(1, longest + 1))
    start = chance.choice(_STARTS) + chance.choice(_MIDDLES)
    for _ in range(count - 1):
        start += chance.choice(_STARTS) + chance.choice(_MIDDLES[:5])
    return start + chance.choice(_ENDS)


def name(chance: random.Random) -> tuple[str, str]:
    """A name with its pronoun; a third of the names are made up."""
    draw = chance.random()
    if draw < 0.35:
        return made_up(chance).capitalize(), chance.choice(["he", "she"])
    if draw < 0.675:
        return chance.choice(GIRLS), "she"
    return chance.choice(BOYS), "he"


def creature(chance: random.Random) -> str:
    """Who a story is about: mostly an animal, at times a person or an unheard-of being."""
    draw = chance.random()
    if draw < 0.2:
        return made_up(chance)
    return chance.choice(ANIMALS if draw < 0.72 else PEOPLE)


def thing(chance: random.Random) -> str:
    """Something to lose, find or give."""
    return made_up(chance) if chance.random() < 0.12 else chance.choice(OBJECTS)


def a(word: str) -> str:
    """The word with its article."""
    return ("an " if word[0].lower() in "aeiou" and not word.startswith("uni") else "a ") + word
