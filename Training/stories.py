"""Short stories: an opening, one of four dozen plots, an ending, all about one named hero.

The plot, the place and the food suit the hero's kind, and names and things often begin with the
same letter as what they belong to: so that other heroes get other stories, also where the likeliest
word is always taken.

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
    "{weather}", "", "",
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
        ("{N} forgot {p} fear and went out to help.", "{N} took {ac} {o} and went to look for {F}."),
        ("Together they walked home.", "Hand in hand they found the way home."),
        ("From that day on, {N} was not afraid any more.", "\"You are brave, {N},\" said {F}."),
    ],
    "race": [
        ("One day, {af} named {F} wanted to race with {N}.",),
        ("\"Let us run to the {w},\" said {F}.",),
        ("{F} was fast, but {T2} stopped to eat {d}.", "{F} was fast, but {T2} lay down to sleep."),
        ("{N} was slow, but {s} did not stop.",),
        ("{N} came to the {w} first.", "In the end, {N} won the race."),
        ("\"Well done, {N}!\" said {F}.", "{F} laughed and shared the {d} with {N}."),
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
    "moon": [
        ("{N} wanted to have the moon.", "\"I want the moon for my own,\" said {N}."),
        ("{S} climbed up high, but the moon was still far away.", "{S} took a ladder, but it was too short."),
        ("\"What are you doing?\" asked {F}, {af}.",),
        ("\"I want to fetch the moon,\" said {N}.",),
        ("{F} filled {ac} bowl with water, and there was the moon, bright and round.",),
        ("\"Now it is yours and mine,\" said {F}.", "\"Now each of us has a moon,\" said {F}."),
    ],
    "echo": [
        ("One day, {N} called \"Hello!\" in the {w}.",),
        ("\"Hello!\" said a voice from far away.",),
        ("\"Who are you?\" asked {N}. \"Who are you?\" asked the voice.",),
        ("{N} told {F}, {af}, about it. \"There is somebody who says what I say!\"",),
        ("{F} laughed. \"That is an echo. Say something kind, and it will be kind to you.\"",),
        ("\"You are my friend!\" called {N}, and the echo said it too.",),
    ],
    "egg": [
        ("One day, {N} found {ac} egg in the {w}.",),
        ("{S} kept it warm with a blanket and waited.", "{S} sat beside it day and night."),
        ("On the third day, the egg went crack.",),
        ("Out came a little one and looked at {N}. \"Are you my friend?\" it asked.",),
        ("\"Yes,\" said {N}. \"I will call you {F}.\"",),
        ("{N} gave {F} some {d}, and they were never alone again.",),
    ],
    "light": [
        ("One night, the lamp of the lighthouse went out.",),
        ("{F}, {af}, was out at sea and could not see the land.",),
        ("{N} saw it and ran up all the steps with {ac} lantern.",),
        ("{S} held the light high until {p} arms were tired.",),
        ("At last {F} came safely to the shore.",),
        ("\"Your light was small, but I saw it,\" said {F}.",),
    ],
    "wind": [
        ("One day, a strong wind took the {c} {o} of {N}.",),
        ("{N} ran after it, over hills and through the {w}.",),
        ("The {o} flew up and hung in a tall tree.", "The {o} flew over a river and was gone."),
        ("{F}, {af}, saw it and brought it down.", "On the other side, {F}, {af}, caught it."),
        ("\"I think the wind wanted us to meet,\" said {F}.",),
        ("And they let the {o} fly once more, on a long string.",),
    ],
    "hide": [
        ("{N} and {F}, {af}, played hide and seek in the {w}.",),
        ("{N} hid so well that {F} could not find {m}.",),
        ("It grew dark, and {N} waited and waited.",),
        ("\"I give up!\" called {F}. \"Please come out!\"",),
        ("{N} jumped out with {ac} {o} on {p} head.",),
        ("{F} laughed so much that {T2} fell over.",),
    ],
    "cake": [
        ("{N} baked a cake for everyone in the {w}.",),
        ("But {s} took salt for sugar.",),
        ("{F}, {af}, was the first to try. \"How is it?\" asked {N}.",),
        ("{F} drank a whole jug of water. \"It is salty,\" said {F}, \"but you made it for us.\"",),
        ("They baked a new one together, with {d} on top.",),
        ("This time not a crumb was left.",),
    ],
    "star": [
        ("One night, a small star fell from the sky into the {w}.",),
        ("{N} found it. It was cold and sad. \"I want to go home,\" said the star.",),
        ("{N} asked {F}, {af}, what to do.",),
        ("They climbed the highest hill and threw the star as high as they could.",),
        ("Up and up it flew, until it shone with the others.",),
        ("Since then one star winks at {N} every night.",),
    ],
    "honest": [
        ("One day, {N} broke the {c} {o} of {F}, {af}.",),
        ("Nobody had seen it. {N} hid the pieces.",),
        ("\"Where is my {o}?\" asked {F}.",),
        ("{N} could not eat and could not sleep. At last {s} said, \"I broke it.\"",),
        ("\"A {o} can be mended,\" said {F}. \"Thank you for the truth.\"",),
        ("They put the pieces together again.",),
    ],
    "heavy": [
        ("A big stone lay on the road to the {w}, and nobody could pass.",),
        ("{N} pushed, but the stone did not move.",),
        ("\"It is too heavy for you,\" said {F}, {af}. \"It is too heavy for me too.\"",),
        ("They called all their friends, and each took hold of a small part of it.",),
        ("\"One, two, three!\" said {N}, and the stone rolled away.",),
        ("Many small ones can do what no big one can.",),
    ],
    "clock": [
        ("One morning, the great clock in the {w} stood still.",),
        ("Nobody knew when to eat, and nobody knew when to sleep.",),
        ("{N} climbed into the clock with {ao}.",),
        ("There {s} found {F}, {af}, fast asleep between the wheels.",),
        ("\"I am sorry,\" said {F}. \"It was so warm in here.\"",),
        ("Tick, tock, went the clock, and all had {d} for lunch.",),
    ],
    "school": [
        ("It was the first day of school, and {N} knew nobody.",),
        ("{S} sat in the last row and held {p} {c} {o}.",),
        ("\"Is this seat free?\" asked {af} named {F}.",),
        ("\"Yes,\" said {N} very softly.",),
        ("\"I don't know anybody either,\" said {F}, and gave {m} some {d}.",),
        ("After that, school was not so bad.",),
    ],
    "swap": [
        ("{N} went to the market to swap {p} {c} {o}.",),
        ("{S} got a hen for it, then a drum for the hen, then a kite for the drum.",),
        ("But nothing was as nice as the old {o}.",),
        ("At last {s} met {af} named {F}, who had the {o} now.",),
        ("\"I want a kite, and you want your {o},\" said {F}. \"Let us swap!\"",),
        ("So {N} came home with what {s} had, and was glad.",),
    ],
    "sleep": [
        ("{F}, {af}, could not sleep.",),
        ("{T} counted sheep, drank warm milk and turned over ten times.",),
        ("\"I know what helps,\" said {N}, and told {m2} a story about {ac} {o}.",),
        ("The story was long, and slow, and very soft.",),
        ("When it was over, {F} was asleep.",),
        ("And {N} was asleep too.",),
    ],
    "shadow": [
        ("One evening, something big and black walked behind {N}.",),
        ("{N} ran, and it ran too. {N} stopped, and it stopped too.",),
        ("\"Help, {F}!\" called {N}. {F} was {af} who lived near the {w}.",),
        ("\"That is only your shadow,\" said {F}. \"It likes you.\"",),
        ("{N} waved, and the shadow waved back.",),
        ("Then they made funny shadows on the wall with {ac} {o}.",),
    ],
    "snow": [
        ("One morning, the {w} was white with snow.",),
        ("{N} and {F}, {af}, made a big snowman.",),
        ("They gave him {ac} {o} and a nose made of a carrot.",),
        ("At night it was so cold that {N} thought of the snowman.",),
        ("\"Are you cold?\" {s} asked. \"No,\" said the snowman. \"I am happy.\"",),
        ("In spring he was gone, but the {o} lay in the grass.",),
    ],
    "song": [
        ("{N} knew only one song, and it had only three notes.",),
        ("\"That is too short,\" said everyone in the {w}.",),
        ("But {F}, {af}, knew three other notes.",),
        ("They sang one after the other, and it was a real song.",),
        ("Soon others came with their notes, with {ac} {o} and a drum.",),
        ("That night the {w} was full of music.",),
    ],
    "giant": [
        ("Nobody wanted to play with {F}, because {T2} was so big.",),
        ("{F} sat alone in the {w} and was sad.",),
        ("One day, the {o} of {N} was stuck on a high roof.",),
        ("{F} reached up and took it down. \"Here you are,\" said {F}.",),
        ("\"How good that you are so big!\" said {N}.",),
        ("Now everyone wanted to play with {F}.",),
    ],
    "train": [
        ("An old train stood in the station and was never used.",),
        ("\"I would so like to see the sea,\" said the train.",),
        ("{N} and {F}, {af}, cleaned its wheels and gave it water.",),
        ("Off they went, past the {w}, and the train whistled with joy.",),
        ("At the sea they sat in the sand and ate {d}.",),
        ("Since then the train goes there every Sunday.",),
    ],
    "message": [
        ("{N} had to bring a message to {F}, {af}, but the way was too long.",),
        ("So {s} told it to a bird, the bird told it to a frog, and the frog told it to a bee.",),
        ("Each went a part of the way, as far as it could.",),
        ("In the evening the bee came to the {w} and told it to {F}.",),
        ("The message was: \"Come and eat {d} with me!\"",),
        ("Not one word was lost on the way.",),
    ],
}

ENDINGS = ["And they lived happily ever after.", "From that day on, they were best friends.",
           "{N} went to bed and slept well.", "It was a good day for {N}.", "The end.",
           "{N} never forgot that day.", "And {N} was happy."]

# What a story may be asked about besides its hero; the plot that tells of it.
TOPICS = {
    "lost": ["something lost", "losing a thing", "looking for something"],
    "found": ["something found", "giving things back", "a lucky find"],
    "afraid": ["fear", "being afraid", "the dark", "courage", "a storm at night"],
    "race": ["a race", "running", "winning", "being slow"],
    "gift": ["a present", "a birthday", "a gift", "giving"],
    "share": ["sharing", "hunger", "food", "being hungry"],
    "rain": ["rain", "a storm", "a rainbow", "bad weather"],
    "wish": ["a wish", "wishes", "a falling star"],
    "machine": ["being bored", "a puzzle", "working together", "a mesh", "BoredMesh", "a computer mesh"],
    "door": ["a door", "a secret door", "a small door", "a surprise"],
    "journey": ["a journey", "a long way", "travelling", "home", "the wide world"],
    "teach": ["learning", "not giving up", "swimming", "dancing"],
    "quarrel": ["a quarrel", "a fight", "saying sorry", "being angry"],
    "sick": ["being ill", "a sick friend", "kindness", "helping a friend"],
    "treasure": ["a treasure", "a map", "a treasure hunt", "an adventure", "pirates"],
    "noise": ["a strange noise", "the night", "a fright", "something scary"],
    "garden": ["a garden", "a flower", "patience", "a seed", "spring", "waiting"],
    "trick": ["a trick", "a joke", "a prank", "something funny"],
    "contest": ["a contest", "a prize", "a judge", "music and cakes"],
    "boat": ["a boat trip", "sailing", "a rock in the river", "the water"],
    "letter": ["a letter", "an old friend", "the post", "missing a friend"],
    "car": ["a parked car", "cars", "a riddle", "a bored car"],
    "winter": ["winter", "the cold", "a warm fire", "having no home"],
    "helper": ["helping", "a heavy load", "carrying something", "teamwork"],
    "moon": ["the moon", "moonlight", "wanting too much"],
    "echo": ["an echo", "a voice", "the mountains", "shouting"],
    "egg": ["an egg", "a baby animal", "something that hatches"],
    "light": ["a lighthouse", "a lantern", "the sea at night", "a rescue"],
    "wind": ["the wind", "a windy day", "flying", "the sky"],
    "hide": ["hide and seek", "a game", "playing", "hiding"],
    "cake": ["a cake", "baking", "salt and sugar", "cooking"],
    "star": ["the stars", "the sky at night", "going home"],
    "honest": ["the truth", "lying", "being honest", "a broken thing"],
    "heavy": ["a big stone", "being strong", "being small", "many small ones"],
    "clock": ["time", "a clock that stopped", "being late"],
    "school": ["school", "the first day", "being shy", "being new", "a new friend", "friendship", "friends"],
    "swap": ["the market", "swapping", "buying and selling", "a bad deal"],
    "sleep": ["sleep", "going to bed", "a bedtime story", "a long night", "being tired"],
    "shadow": ["a shadow", "something black", "the evening", "running away"],
    "snow": ["snow", "ice", "Christmas", "a white morning"],
    "song": ["a song", "music", "singing", "notes", "a band"],
    "giant": ["being big", "being lonely", "being different", "a high roof"],
    "train": ["a train ride", "the sea", "a holiday", "the railway", "summer"],
    "message": ["a message", "a secret", "a bee and a frog", "a chain of friends", "the mail"],
}

# Kinds that belong together, with the places, the foods and the plots that suit them.
FAMILIES = [
    ("""fish dolphin whale shark octopus otter seal crab lobster salmon starfish turtle penguin walrus crocodile
     hippo frog toad newt mermaid sailor pirate boat fisherman river beaver flamingo swan duck goose heron""".split(),
     ["harbour", "sunny beach", "island", "lighthouse", "river bank", "quiet lake", "swamp"],
     ["soup", "salad", "rice", "bread"],
     ["boat", "light", "rain", "treasure", "message", "train", "moon", "teach", "share", "egg", "helper"]),
    ("""bird butterfly bat crow dove dragon eagle falcon fly hawk owl parrot peacock pigeon raven robin sparrow
     stork wasp moth bee ladybird cloud star kite pilot astronaut fairy lamp unicorn""".split(),
     ["tower", "green hill", "meadow", "castle", "snowy mountain", "orchard"],
     ["berries", "nuts", "corn", "honey"],
     ["wind", "star", "moon", "song", "echo", "letter", "wish", "noise", "journey", "sleep", "found"]),
    ("""ant beetle cricket hamster mole mouse rat hedgehog snail spider worm kitten puppy chicken rabbit hare
     squirrel lamb lizard ferret badger fox raccoon snake hen""".split(),
     ["garden", "forest", "meadow", "old barn", "orchard", "wide field", "park"],
     ["carrots", "nuts", "cheese", "berries", "plums"],
     ["heavy", "garden", "shadow", "race", "door", "afraid", "lost", "hide", "winter", "snow", "gift", "trick"]),
    ("""bear buffalo bull camel elephant giraffe gorilla horse kangaroo lion moose tiger yak zebra giant dinosaur
     monster troll mountain deer wolf sloth panda koala monkey lynx llama""".split(),
     ["jungle", "dark cave", "valley", "desert", "snowy mountain", "forest"],
     ["honey", "apples", "porridge", "beans"],
     ["giant", "afraid", "noise", "share", "quarrel", "contest", "teach", "sick", "journey", "echo", "honest"]),
    ("""cat cow dog donkey goat sheep pig pony turkey farmer shepherd scarecrow miller gardener cook baker child
     boy girl tortoise""".split(),
     ["farm", "village", "mill", "bakery", "wide field", "little town"],
     ["pie", "jam", "bread", "cake", "pears"],
     ["cake", "found", "swap", "lost", "school", "rain", "gift", "letter", "hide", "snow", "winter"]),
    ("""wizard knight princess king queen ghost doctor teacher painter clown witch detective singer driver alien
     tree snowman""".split(),
     ["castle", "palace", "library", "city", "museum", "school"],
     ["cookies", "pancakes", "cake", "soup"],
     ["sleep", "door", "honest", "wish", "treasure", "clock", "contest", "trick", "song", "star", "sick"]),
    ("""robot computer car train teapot toaster clock spoon""".split(),
     ["car park", "station", "workshop", "city", "bridge"],
     ["corn", "jam", "plums", "rice"],
     ["machine", "car", "train", "clock", "message", "heavy", "helper"]),
]


# The plots in which a thing matters.
THING_PLOTS = [plot for plot, parts in PLOTS.items() if any("{o}" in choices[0] for choices in parts)]


def family(kind: str) -> tuple | None:
    """The family of a kind; invented kinds have none."""
    return next((entry for entry in FAMILIES if kind in entry[0]), None)


def suited(chance: random.Random, kind: str) -> str:
    """A plot for a hero: mostly the kind's own, at times another of its family, at times any."""
    entry, draw = family(kind), chance.random()
    if entry is None or draw > 0.8:
        return chance.choice(list(PLOTS))
    plots = entry[3]
    return plots[entry[0].index(kind) % len(plots)] if draw < 0.5 else chance.choice(plots)


def alike(chance: random.Random, pool: list[str], letter: str, share: float = 0.4) -> str:
    """One of the pool, and with that chance one that begins with the letter, if there is any."""
    same = [entry for entry in pool if entry[0].lower() == letter.lower()]
    return chance.choice(same if same and chance.random() < share else pool)


SHE = {"queen", "princess", "witch", "girl", "mermaid", "hen", "fairy", "cow"}
HE = {"king", "boy", "wizard", "fisherman", "snowman", "bull"}


def named(chance: random.Random, letter: str, kind: str) -> tuple[str, str]:
    """A name with its pronoun, often with that first letter; both suit the kind."""
    if chance.random() < 0.6:
        name, pronoun = words.name(chance)
    else:
        name = alike(chance, words.GIRLS + words.BOYS, letter, 1.0)
        pronoun = "she" if name in words.GIRLS else "he"
    wrong = SHE if pronoun == "he" else HE
    return named(chance, letter, kind) if kind in wrong else (name, pronoun)


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


def cast(chance: random.Random, kind: str | None = None) -> Cast:
    """Draw hero, friend and things; the two names always differ."""
    kind = kind or words.creature(chance)
    entry = family(kind)
    other = chance.choice(entry[0]) if entry and chance.random() < 0.4 else words.creature(chance)
    name, pronoun = named(chance, kind[0], kind)
    friend, friend_pronoun = named(chance, name[0], other)
    while friend == name:
        friend, friend_pronoun = named(chance, name[0], other)
    place = entry[1] if entry and chance.random() < 0.6 else words.PLACES
    food = entry[2] if entry and chance.random() < 0.6 else words.FOODS
    thing = words.thing(chance) if chance.random() < 0.5 else alike(chance, words.OBJECTS, kind[0], 0.8)
    trait = alike(chance, words.TRAITS, kind[0])
    return Cast(name, pronoun, kind, trait, friend, friend_pronoun, other, thing,
                chance.choice(words.COLOURS), chance.choice(place), chance.choice(food))


def tell(chance: random.Random, who: Cast, plot: str, placed: bool = False) -> str:
    """The whole story as one paragraph; `placed` says at once where it happens."""
    second = chance.choice(SECONDS[:3]) if placed else chance.choice(SECONDS)
    parts = [chance.choice(OPENINGS), second]
    parts += [chance.choice(choices) for choices in PLOTS[plot]]
    if chance.random() < 0.8:
        parts.append(chance.choice(ENDINGS))
    slots = who.slots(chance)
    return " ".join(part.format(**slots) for part in parts if part)
