"""Questions out of the model's world, in great number: it is to say that it does not know.

A template names the lists that its blanks are filled from; a blank is at times filled with words
that do not exist, so that the form of a question counts, and not only words met before.
"""

import random
import re

import facts
import words


def _list(text: str) -> list[str]:
    """The phrases between semicolons."""
    return [" ".join(part.split()) for part in text.split(";")]


LISTS = {
    "person": _list("""Napoleon; Einstein; Shakespeare; Mozart; Picasso; Newton; Darwin; Plato; Caesar; Gandhi;
        Lincoln; Churchill; Galileo; Copernicus; Kepler; Marie Curie; Ada Lovelace; Alan Turing; Aristotle;
        Socrates; Buddha; Confucius; Columbus; Magellan; Marco Polo; Vasco da Gama; Goethe; Schiller; Kafka;
        Tolstoy; Dostoevsky; Chekhov; Jane Austen; Charles Dickens; Mark Twain; Hemingway; Homer; Virgil; Dante;
        Bach; Handel; Haydn; Schubert; Chopin; Verdi; Wagner; Brahms; Elvis; Madonna; Michael Jackson; Bob Dylan;
        Rembrandt; Vermeer; Monet; Van Gogh; Michelangelo; Leonardo da Vinci; Raphael; Frida Kahlo; Andy Warhol;
        Hitchcock; Charlie Chaplin; Marilyn Monroe; Muhammad Ali; Pele; Maradona; Usain Bolt; Roger Federer;
        Genghis Khan; Alexander the Great; Charlemagne; Queen Victoria; Joan of Arc; Nefertiti; Tutankhamun;
        Hannibal; Nero; Cicero; Luther; Freud; Jung; Marx; Nietzsche; Kant; Descartes; Hegel; Tesla; Edison; Bell;
        the Wright brothers; Neil Armstrong; Yuri Gagarin; Nelson Mandela; Martin Luther King; Rosa Parks; Robin
        Hood; King Arthur; Sherlock Holmes; Zeus; Thor; Odin; Hercules; Achilles; the pope; the king of Spain; the
        president; the prime minister of Japan; the queen of Denmark; my neighbour; your sister; her boss"""),
    "place": _list("""London; Paris; Rome; Berlin; Madrid; Vienna; Tokyo; New York; Chicago; Boston; Texas;
        Florida; California; Alaska; Hawaii; Sydney; Melbourne; Mumbai; Delhi; Bangkok; Seoul; Shanghai; Hong
        Kong; Singapore; Dubai; Istanbul; Jerusalem; Timbuktu; Marrakesh; Cape Town; Lagos; Venice; Florence;
        Naples; Milan; Barcelona; Seville; Munich; Hamburg; Cologne; Zurich; Geneva; Edinburgh; Liverpool; Oxford;
        Dublin; Antwerp; Africa; Asia; Europe; South America; Antarctica; the Arctic; Siberia; Scotland; Wales;
        Bavaria; Sicily; Sardinia; Crete; Iceland; Greenland; Madagascar; Tasmania; New Zealand; Nepal; Tibet;
        Bhutan; Laos; Vietnam; Thailand; Indonesia; Malaysia; Pakistan; Iran; Iraq; Syria; Jordan; Oman; Yemen;
        Ethiopia; Ghana; Mali; Chad; Angola; Zambia; Bolivia; Ecuador; Colombia; Venezuela; Panama; Jamaica;
        Haiti; Romania; Bulgaria; Serbia; Croatia; Albania; Latvia; Estonia; Lithuania; Malta; Cyprus; the Nile;
        the Amazon; the Rhine; the Danube; the Thames; the Mississippi; Mount Everest; Kilimanjaro; the Alps; the
        Andes; the Himalayas; the Sahara; the Gobi; Loch Ness; Lake Baikal; the Dead Sea; the Pacific; the
        Atlantic; the Baltic; the Grand Canyon; Niagara Falls; Machu Picchu; Pompeii; Stonehenge; Troy; Atlantis;
        the Eiffel Tower; Big Ben; the Kremlin; the White House; the Taj Mahal; the Great Wall; the Colosseum; the
        Louvre; the pyramids; the moon base"""),
    "dish": _list("""pizza; pasta; sushi; curry; lasagne; risotto; paella; goulash; ramen; pho; kimchi; hummus;
        falafel; tacos; burritos; guacamole; pancakes; waffles; muffins; brownies; cheesecake; apple pie;
        tiramisu; a birthday cake; white bread; rye bread; focaccia; croissants; bagels; pretzels; dumplings;
        noodles; fried rice; mashed potatoes; chips; roast beef; a turkey; a steak; meatballs; sausages; fish
        fingers; lobster; prawns; salmon; trout; an omelette; porridge; yoghurt; butter; mayonnaise; ketchup;
        mustard; tomato sauce; pesto; vinegar; onion soup; lentil soup; chilli; salad dressing; ice cream; jelly;
        marmalade; toffee; fudge; coffee; tea; cocoa; lemonade; beer; wine; cider; whisky; a cocktail; a smoothie;
        tofu; quinoa; couscous; spinach; broccoli; cabbage; asparagus; mushrooms; aubergines; courgettes; garlic;
        ginger; saffron; cinnamon"""),
    "field": _list("""physics; chemistry; biology; medicine; algebra; geometry; calculus; statistics; logic;
        politics; economics; philosophy; psychology; sociology; geology; astronomy; botany; zoology; ecology;
        anatomy; genetics; linguistics; grammar; spelling; Latin; Greek; Arabic; Hebrew; Chinese; Japanese;
        Korean; Russian; Hindi; Swahili; Turkish; architecture; engineering; law; history; geography; theology;
        archaeology; literature; rhetoric; journalism; accounting; marketing; management; nursing; dentistry;
        surgery; pharmacy; agriculture; forestry; robotics; electronics; cryptography; graph theory; number
        theory; topology; trigonometry; probability; game theory; set theory; thermodynamics; optics; acoustics;
        quantum mechanics; string theory"""),
    "topic": _list("""gravity; entropy; photosynthesis; digestion; evolution; natural selection; osmosis;
        radioactivity; magnetism; electricity; nuclear fusion; nuclear power; solar power; wind power; climate
        change; acid rain; the ozone layer; the greenhouse effect; plate tectonics; a volcano; an earthquake; a
        tsunami; a hurricane; a tornado; a glacier; a black hole; a comet; an eclipse; a supernova; the big bang;
        dark matter; a galaxy; Mars; Jupiter; Saturn; Venus; Neptune; Pluto; the milky way; a satellite; a rocket;
        a telescope; a microscope; an atom; an electron; a proton; a quark; a photon; a molecule; a cell; a gene;
        DNA; a protein; an enzyme; a virus; bacteria; a fungus; vitamins; cholesterol; insulin; diabetes; cancer;
        asthma; malaria; measles; a headache; a migraine; a heart attack; a stroke; blood pressure; the liver; the
        kidneys; the lungs; the brain; the spleen; the stomach; the skin; allergies; insomnia; depression;
        anxiety; stress; yoga; meditation; a diet; taxes; a pension; insurance; a loan; interest rates; the stock
        market; shares; bonds; bitcoin; blockchain; a recession; unemployment; a tariff; a subsidy; a trade union;
        a monopoly; capitalism; socialism; communism; democracy; a republic; a monarchy; a constitution;
        parliament; the senate; an election; a referendum; a treaty; the United Nations; the European Union; NATO;
        Brexit; the cold war; the first world war; the civil war; the Roman empire; the middle ages; the
        renaissance; the enlightenment; the industrial revolution; slavery; feudalism; the crusades; the plague;
        the stone age; the bronze age; the Vikings; the Aztecs; the Incas; Christianity; Islam; Judaism; Hinduism;
        Buddhism; the Bible; the Koran; Easter; Ramadan; Christmas; Halloween; justice; truth; freedom; beauty;
        time; consciousness; free will; stoicism; existentialism; utilitarianism"""),
    "tech": _list("""Python; Java; Rust; C++; HTML; SQL; PHP; Ruby; Perl; Haskell; Lisp; Fortran; COBOL;
        TypeScript; Kotlin; Linux; Windows; macOS; Android; Git; Docker; Bash; Excel; Photoshop; Word; Outlook; a
        spreadsheet; a database; a compiler; an interpreter; a kernel; a browser; a router; a firewall; a proxy; a
        printer; a scanner; a keyboard; a hard disk; a graphics card; a motherboard; a transistor; a microchip;
        bluetooth; GPS; 5G; USB; HDMI; a laser; radar; sonar; a hash table; a linked list; a binary tree; a stack
        overflow; recursion; a pointer; a class; an interface; an API; JSON; XML; CSS; HTTP; TCP; DNS; TLS; SSH;
        encryption; a password manager; malware; spam; phishing; a cookie banner; a website; an app; a podcast; a
        smartwatch; a drone; virtual reality; a 3D printer; a quantum computer; cloud computing; big data; the
        dark web; open banking; a search engine; social media"""),
    "thing": _list("""a bicycle; a motorbike; a lorry; a tractor; a helicopter; an aeroplane; a submarine; a
        sailing boat; a canoe; a skateboard; a lawn mower; a washing machine; a dishwasher; a fridge; a freezer;
        an oven; a kettle; a vacuum cleaner; a sewing machine; a hair dryer; a radiator; a boiler; a chimney; a
        roof; a window frame; a fence; a gate; a shed; a wall; a floor; a carpet; a curtain; a sofa; a bookshelf;
        a wardrobe; a mattress; a desk; a light bulb; a fuse; a socket; a tap; a toilet; a shower; a pipe; a
        drain; a gutter; a lock; a hinge; a drill; a saw; a ladder rack; a camera; a tripod; a television; a
        radio; a record player; headphones; a microphone; a guitar; a piano; a drum kit; a saxophone; an oboe; a
        cello; a harp; a tent; a sleeping bag; a rucksack; a pair of boots; sunglasses; a raincoat; a dress;
        jeans; a tie; gloves; a necklace; a wedding ring; a passport; a driving licence; a credit card; a lottery
        ticket; a greenhouse; a compost heap; a rose bush; an apple tree; a hedge; a lawn; tomatoes; potatoes;
        strawberries; tulips; an orchid; a cactus; a bonsai; an aquarium; a beehive; a dog kennel; a rabbit hutch;
        a gearbox; a clutch; a carburettor; brakes; a windscreen; a puncture; an engine"""),
    "game": _list("""football; tennis; chess; cricket; basketball; baseball; hockey; golf; rugby; volleyball;
        badminton; snooker; darts; poker; bridge; blackjack; backgammon; go; Scrabble; Monopoly; dominoes; boxing;
        wrestling; judo; karate; fencing; archery; rowing; sailing; surfing; skiing; snowboarding; skating;
        curling; swimming; diving; cycling; running; a marathon; the high jump; gymnastics; climbing; hiking;
        polo; water polo; handball; squash; table tennis; paintball; billiards; bowling; croquet; Formula One; the
        Olympic Games; Wimbledon; the Tour de France"""),
    "work": _list("""the Odyssey; Macbeth; Don Quixote; War and Peace; Ulysses; Faust; Frankenstein; Emma; the
        Hobbit; Star Wars; Jurassic Park; Casablanca; Psycho; Gone with the Wind; the Matrix; Toy Story; the
        Godfather; Jaws; Swan Lake; the Magic Flute; Carmen; Aida; the Four Seasons; Yesterday; Thriller; Imagine;
        Guernica; the Scream; the Night Watch; the Iliad; Robinson Crusoe; Treasure Island; Peter Pan; Pinocchio;
        Little Women; Jane Eyre; the Simpsons; Friends; Tetris; Minecraft; the national anthem; that song on the
        radio; my favourite film"""),
    "job": _list("""lawyer; dentist; surgeon; architect; engineer; electrician; carpenter; butcher; barber;
        journalist; accountant; banker; soldier; policeman; judge; firefighter; waiter; hotel manager; estate
        agent; actor; dancer; musician; photographer; librarian; translator; biologist; chemist; programmer; data
        scientist; astronomer; politician; diplomat; priest; monk; nun; tailor; jeweller; florist; bus driver;
        truck driver; postman; vet"""),
    "beast": _list("""dogs; cats; cows; horses; sheep; pigs; bees; ants; spiders; snakes; frogs; birds; owls;
        bats; fish; sharks; dolphins; elephants; lions; tigers; bears; wolves; foxes; rabbits; mice; rats;
        hamsters; penguins; parrots; eagles; chickens; ducks; geese; swans; camels; giraffes; zebras; monkeys;
        gorillas; crocodiles; tortoises; snails; worms; butterflies; moths; flies; mosquitoes; dinosaurs;
        mammoths; squirrels; hedgehogs; babies; children; men; women; old people; teenagers; cowboys; the French;
        the Romans; plants; trees; flowers"""),
    "habit": _list("""sleep; sing; yawn; bark; cry; laugh; sneeze; snore; hiccup; blush; sweat; shiver; migrate;
        hibernate; bite; sting; howl; chase their tails; lay eggs; live so long; eat grass; have tails; have fur;
        have stripes; fly in the dark; swim upstream; build nests; change colour; hate water; like milk; need
        sunlight; lose their leaves; drink so much; die out; fight; lie; dream; grow old; need salt; have two
        eyes; walk in circles"""),
    "deed": _list("""learn to drive; lose weight; sleep better; stop smoking; save money; find a job; quit my job;
        ask for a raise; buy a house; sell my car; move abroad; book a flight; pack a suitcase; plan a holiday;
        plan a party; write a book; learn the guitar; read faster; run a marathon; build muscle; drink more water;
        eat meat; eat late; go vegan; train my dog; bathe my cat; feed a hedgehog; keep bees; grow tomatoes; prune
        roses; mow the lawn; water a cactus; paint the kitchen; lay tiles; hang wallpaper; plaster a wall; unblock
        the sink; descale the kettle; sharpen a knife; iron a suit; knit a jumper; sew on a patch; dye my hair;
        cut my own hair; shave; put on make-up; tie my shoelaces; fold a napkin; fold a paper plane; juggle;
        whistle; do a handstand; swim butterfly; throw a frisbee; catch a trout; light a fire; pitch a tent; read
        a compass; find north; cross a glacier; survive in the wild; treat a burn; stop a nosebleed; cure a cold;
        take my pulse; remove a splinter; call an ambulance; change my name; file my taxes; open a bank account;
        invest my money; get a visa; renew my passport; register a company; write a will; sue my landlord; win an
        argument; make friends; say sorry; get married; raise a child; calm a baby; wake up early; remember names;
        study for an exam; give a speech; cite a source; solve a cubic equation; factor a polynomial; draw a
        horse; take better photos; edit a video; record a song; tune a piano; reset my password; delete my
        account; back up my photos; install a printer; speed up my phone; clear the cache; block an advert; format
        a disk; merge two branches; centre a div; reverse a string; parse a date; connect to a database; deploy a
        website; make a website; hack a bank; unlock a car; pick a lock; boil potatoes; fry fish; roast nuts;
        knead dough; whip cream; peel garlic; freeze soup; carve a pumpkin; pickle onions; brew beer; make
        candles; make soap"""),
    "text": _list("""an essay; an article; an email; a letter; a speech; a blog post; a report; a tweet; an
        advertisement; a novel; a review; a love letter; a complaint; a press release; a summary; a lesson plan; a
        recipe; a screenplay; a play; a news report; a product description; a business plan; a resume; a thank-you
        note; a birthday card; a sermon; a diary entry; a quiz; an exam question; a dictionary entry; a slogan; a
        headline; a toast; minutes; a job advert; an outline; a thesis; an abstract; a legal contract; a user
        manual; a text message; an obituary"""),
    "code": _list("""a program; a function; a script; a class; a query; a macro; a shell script; a web page; a
        unit test; a loop; an algorithm; some code; a parser; a bot; a game; an app; a library; a plugin; a
        command; a one-liner"""),
    "task": _list("""adds two matrices; reverses a string; finds prime numbers; reads a file; counts words; checks
        an email address; draws a circle; plays a sound; sends an email; downloads a page; removes duplicates;
        computes the mean; solves a maze; prints a triangle; parses JSON; merges two files; rounds a price;
        shuffles a deck of cards; converts units; validates a form; finds the longest word; backs up a folder;
        resizes an image; predicts the weather; plays chess; renames files; searches a tree; computes a factorial;
        draws a graph; blinks a light"""),
    "feature": _list("""the history; the causes; the effects; the symptoms of too much; the rules; the parts; the
        benefits; the risks; the advantages; the disadvantages; the price; the weight; the size; the density; the
        melting point; the formula; the meaning; the origin; the purpose; the colour; the smell; the taste; the
        population; the language; the flag; the climate; the area; the religion; the age; the length; the height;
        the depth; the speed; the future; the inventor; the author; the main idea; the definition; the structure;
        the most famous example; the opposite side; the plural; the etymology; the chemical symbol; the
        temperature; the shape; the role; the influence; the secret"""),
    "tongue": _list("""French; German; Spanish; Italian; Polish; Dutch; Greek; Latin; Arabic; Hebrew; Chinese;
        Japanese; Korean; Russian; Hindi; Swahili; Turkish; Finnish; Swedish; Danish; Norwegian; Czech; Hungarian;
        Welsh; Thai"""),
    "phrase": _list("""I love you; good luck; where is the station; the cat sleeps; I am hungry; how much is it;
        the soup is cold; my brother is ill; it is raining; see you on Sunday; where is the toilet; two coffees,
        please; happy birthday; I do not understand; the house is big; we are lost; what a lovely day; excuse me;
        the bus was full; he left early; I would like to pay; call a doctor; yesterday I was in the park; merry
        Christmas; cheers; my car is broken"""),
    "many": _list("""rivers; planets; presidents; writers; painters; composers; mountains; lakes; oceans; islands;
        countries; cities; languages; religions; kings; queens; philosophers; inventors; films; songs; books;
        bands; operas; operators; trees; flowers; spices; cheeses; wines; vegetables; fruits; gases; metals;
        acids; elements; organs; bones; muscles; diseases; medicines; car makers; banks; companies; universities;
        newspapers; airlines; football clubs; board games; card games; dances; instruments; sauces; desserts; dog
        breeds; dinosaurs; insects; fonts; chess openings; poets"""),
    "unit": _list("""miles; kilometres; pounds; kilos; inches; feet; metres; litres; gallons; ounces; cups;
        degrees Celsius; degrees Fahrenheit; dollars; euros; yen; acres; hectares; knots; joules; calories; bytes;
        megabytes; light years"""),
    "mine": _list("""my wife; my mother; my boss; my dog; my bank; my doctor; my team; my school; my street; my
        landlord; my best friend; my car; my flight; my train; my parcel; my exam; my laptop; my garden; my
        neighbour; my password"""),
    "measure": _list("""tall; old; heavy; long; deep; far away; fast; big; hot; cold; wide; loud; rare; expensive;
        strong; high; thick; common; popular; dangerous; healthy; bright; rich; clever; poisonous; famous; hard;
        round"""),
}

MEASURED = _list("""a cheetah; an elephant; a giraffe; a whale shark; an ostrich; an ant; a bus; a train; a jet; a bullet; the
    Eiffel Tower; Mount Everest; Mars; Jupiter; the universe; a human hair; an adult man; a newborn baby; a football pitch; a
    swimming pool; the Nile; the Pacific; a marathon; an oak; a diamond; a gold bar; steel; lava; the North Pole; a light
    year; the moon's orbit; a blue moon; the average house; a bottle of wine; a kilo of rice; a violin; a decade; New York""")

ANSWERS = [
    "I don't know that. I am a tiny demonstration model.",
    "I don't know that. I am a tiny demonstration model. Ask me about BoredMesh, or for a story.",
]

SUBJECTS = ["person", "place", "dish", "field", "topic", "tech", "thing", "game", "work"]

# {any} is filled from all SUBJECTS.
TEMPLATES = {
    "who": """Who invented {thing}?; Who invented {tech}?; Who invented {game}?; Who discovered {topic}?; Who
        wrote {work}?; Who was {person}?; Who is {person}?; Who was {person} married to?; Who built {place}?; Who
        founded {place}?; Who rules {place}?; Who is the best at {game}?; Who won at {game} in {year}?; Who won
        {game} last year?; Who lives in {place}?; Who first cooked {dish}?; Who directed {work}?; Who sang
        {work}?; Who painted {work}?; Who composed {work}?; Who killed {person}?; Who came after {person}?; Who
        taught {person}?; Who made {dish}?; Who is the president of {place}?; Who is the king of {place}?; Who was
        the first {job}?; Who designed {thing}?; Who needs {field}?; Who studied {topic}?; Who found {place}?; Who
        said that about {any}?; Who owns {place}?; Who sells {thing}?; Who is {mine}?; Who is the most famous
        {job}?; Who is in charge of {place}?; Who likes {any}?; Who runs {place}?; Who created {tech}?; Who plays
        in {work}?; Who is the mayor of {place}?; Who stole {thing}?""",
    "what": """What is {any}?; What is {any}?; What's {any}?; What are {beast}?; What happened in {year}?; What do
        {beast} eat?; What is {feature} of {any}?; What is {feature} of {any}?; What are {feature} of {any}?; What
        does {any} mean?; What is the best {job} in {place}?; What is the best book about {any}?; What is the
        difference between {any} and {any}?; What did {person} do?; What did {person} say about {topic}?; What
        does a {job} do?; What does a {job} earn?; What is {thing} made of?; What goes with {dish}?; What can I
        cook with {dish}?; What should I wear in {place}?; What is the best way to {deed}?; What do I need to
        {deed}?; What happens if I {deed}?; What is a good {thing1}?; What is a good gift for a {job}?; What is
        the story of {work}?; What is wrong with {thing}?; What is the news from {place}?; What language do they
        speak in {place}?; What is the largest city in {place}?; What time is it in {place}?; What is {mine}
        called?; What is wrong with {mine}?; What would {person} think of {any}?; What colour are {beast}?; What
        do you think about {any}?; What is the capital of {place}?; What is the weather in {place}?; What kind of
        thing is {any}?; What makes {beast} {habit}?; What percentage of {beast} {habit}?; What is {number}
        percent of {number}?; What is the name of {mine}?; What is the theory of {topic}?; What is so special
        about {any}?; What are the best {many}?; What is the fastest {thing1}?; What is the oldest {thing1} in
        {place}?; What is inside {thing}?; What is on at the cinema?; What is the law on {topic}?; What comes
        after {any}?; What is the first line of {work}?; What is used to {deed}?""",
    "which": """Which {job} is the best?; Which {thing1} should I buy?; Which is better, {any} or {any}?; Which
        came first, {any} or {any}?; Which {many} are in {place}?; Which {many} do you know?; Which country does
        {dish} come from?; Which king built {place}?; Which planet is the largest?; Which river is the longest?;
        Which animal is the fastest?; Which team won in {year}?; Which year did {person} die?; Which year was
        {work} made?; Which wine goes with {dish}?; Which side won {topic}?; Which {many} begin with B?; Which
        language is best for {tech}?; Which bus goes to {place}?; Which {thing1} is cheaper?; Which metal is the
        hardest?; Which book is about {any}?""",
    "when": """When was {thing} invented?; When was {person} born?; When did {person} die?; When did {topic}
        begin?; When did {topic} end?; When was {place} built?; When is the best time to {deed}?; When should I
        {deed}?; When does the next train to {place} leave?; When was {work} written?; When do {beast} {habit}?;
        When did {beast} first {habit}?; When is {topic}?; When was {game} first played?; When will {mine}
        arrive?; When is {mine} coming?; When does the shop open?; When was the first {thing1} sold?; When did
        humans discover {place}?; When did {place} become rich?; When is high tide?""",
    "where": """Where is {place}?; Where was {person} born?; Where does {dish} come from?; Where can I buy
        {thing}?; Where can I {deed}?; Where do {beast} live?; Where do {beast} {habit}?; Where is {mine}?; Where
        did {person} live?; Where is {person} buried?; Where is the nearest {job}?; Where is {game} played?; Where
        can I study {field}?; Where do I find {any}?; Where can I eat {dish}?; Where was {work} filmed?; Where did
        {topic} start?; Where are my keys?; Where should I go in {place}?; Where is the best {dish}?; Where does
        the river end?; Where in {place} is that?; Where is my {thing1}?""",
    "why": """Why do {beast} {habit}?; Why do {beast} {habit}?; Why don't {beast} {habit}?; Why is {any}
        important?; Why is {place} famous?; Why is {thing} so expensive?; Why is {mine} late?; Why did {person}
        leave {place}?; Why did {topic} happen?; Why did {topic} fail?; Why is {game} so popular?; Why should I
        {deed}?; Why can't I {deed}?; Why does {dish} taste so good?; Why does iron rust?; Why does salt melt
        ice?; Why does bread rise?; Why do onions make me cry?; Why is {tech} slow?; Why is {mine} angry with me?;
        Why is grass good for cows?; Why do we need {topic}?; Why do people like {any}?; Why do we dream?; Why is
        the sea salty?; Why is glass clear?; Why do we have toes?; Why was {person} famous?; Why does {tech} not
        work?; Why is my back sore?; Why does my knee hurt?; Why is {place} so {measure}?; Why is {measured} so
        {measure}?; Why are {beast} so {measure}?""",
    "how": """How do I {deed}?; How do I {deed}?; How can I {deed}?; How should I {deed}?; How do you {deed}?; How
        to {deed}; how to {deed}; How do people {deed}?; How long does it take to {deed}?; How often should I
        {deed}?; How hard is it to {deed}?; How much does it cost to {deed}?; How do I cook {dish}?; How do I make
        {dish}?; How is {dish} made?; How do I bake {dish}?; How do I repair {thing}?; How do I clean {thing}?;
        How do I build {thing}?; How do I install {tech}?; How do I learn {field}?; How do I learn {tech}?; How do
        I use {tech}?; How do I play {game}?; How do I become a {job}?; How do I get to {place}?; How do I replace
        {thing}?; How do I paint {thing}?; How do I choose {thing}?; How do I fix {thing}?; How does {thing}
        work?; How does {tech} work?; How does {topic} work?; How do {beast} {habit}?; How many {beast} are
        there?; How many people live in {place}?; How many {many} are there?; How many {many} are there in
        {place}?; How many calories are in {dish}?; How many players are there in {game}?; How many teeth do
        {beast} have?; How many eggs do {beast} lay?; How many {unit} are in {number} {unit}?; How {measure} is
        {measured}?; How {measure} is {measured}?; How {measure} is {thing}?; How {measure} is {place}?; How
        {measure} are {beast}?; How {measure} was {person}?; How {measure} is {mine}?; How much is {thing}?; How
        much does {thing} cost?; How much does {thing} weigh?; How old is {person}?; How far is it to {place}?;
        How did {person} die?; How did {person} become famous?; How did {topic} end?; How was {place} built?; How
        are {feature} of {any} measured?; How do you spell {any}?; How do you say {phrase} in {tongue}?; How long
        do {beast} live?; How long is {work}?; How late is it in {place}?; How rich is {person}?; How safe is
        {place}?; How come {beast} {habit}?; How is {mine}?; How does one {deed}?; How was {work} received?; How
        good is {person} at {game}?; How strong is {dish}?""",
    "yesno": """Is {any} dangerous?; Is {dish} healthy?; Is it safe to {deed}?; Is it legal to {deed}?; Is it hard
        to {deed}?; Is it rude to {deed}?; Is it true that {beast} {habit}?; Is {person} still alive?; Is {place}
        worth a visit?; Is {any} better than {any}?; Is {place} bigger than {place}?; Is {measured} {measure}?; Is
        {thing} worth it?; Is {topic} real?; Is {dish} vegan?; Is there life on Mars?; Is there a god?; Are
        {beast} {measure}?; Are there {beast} in {place}?; Are {beast} clever?; Do {beast} {habit}?; Do you know
        {person}?; Do you like {dish}?; Do you speak {tongue}?; Do you play {game}?; Do I need {thing}?; Does
        {dish} contain milk?; Does {tech} cost money?; Does {person} have children?; Did {person} really say
        that?; Did {person} ever visit {place}?; Can {beast} {habit}?; Can I eat {dish} raw?; Can I {deed}?; Can
        you {deed}?; Can you help me {deed}?; Can you show me how to {deed}?; Can you recommend {thing}?; Can you
        draw {any}?; Can you book me a table?; Can you call {mine}?; Can you see me?; Should I {deed}?; Should I
        study {field}?; Should I visit {place}?; Should I buy {thing}?; Should I learn {tech}?; Would you {deed}?;
        Will {person} win?; Will {place} be warm in May?; Could {person} play {game}?; Has {person} been to
        {place}?; Was {person} a good {job}?; Was {topic} a mistake?; Were there {beast} in {place}?; Have you
        read {work}?; Have you seen {work}?; Have you been to {place}?""",
    "task": """Write {text} about {any}.; Write {text} about {any}.; Write me {text} for {mine}.; Write {text} to
        a {job}.; Write {text} on why {beast} {habit}.; Draft {text} about {topic}.; Compose {text} for a {job}.;
        Write {code} that {task}.; Write {code} that {task}.; Write {code} in {tech} that {task}.; Write {code}
        for {thing}.; Give me {code} that {task}.; Show me {code} that {task}.; I need {code} that {task}.; Can
        you write {code} that {task}?; Can you write {text} about {any}?; Please write {text} about {any}.; Help
        me write {text}.; Help me {deed}.; Fix my {tech} code.; Debug this: {junk}.; Explain this code: {junk};
        Optimise this query: {junk}; Why does this not compile: {junk}; Refactor my code.; Review my code.; Give
        me a recipe for {dish}.; Give me five tips about {any}.; Give me {number} facts about {any}.; Give me some
        advice on {topic}.; Give me {feature} of {any}.; Give me a list of {many}.; Give me an example of
        {topic}.; Give me directions to {place}.; Give me a synonym for {junk}.; Give me a quote by {person}.;
        Name {few} {many}.; List {few} {many}.; Tell me {few} {many}.; name {few} {many}; List all {many}.; Name
        the largest {many}.; Name a few {many} in {place}.; Translate "{phrase}" into {tongue}.; Translate into
        {tongue}: {phrase}; Translate {phrase} to {tongue}.; Say {phrase} in {tongue}.; What does {junk} mean in
        {tongue}?; What is "{phrase}" in {tongue}?; Correct my grammar: {phrase}.; Rewrite this sentence:
        {phrase}.; Make this more polite: {phrase}.; Put this in the past tense: {phrase}.; Summarise {work}.;
        Summarise {topic} in one sentence.; Summarise this text: {junk}; Compare {any} and {any}.; Compare
        {person} with {person}.; Recommend {thing}.; Recommend a good {job}.; Recommend a film.; Recommend a book
        about {any}.; Suggest a name for {mine}.; Suggest a menu with {dish}.; Plan a trip to {place}.; Plan my
        week.; Plan a weekend in {place}.; Book a flight to {place}.; Order {dish} for me.; Buy me {thing}.; Call
        {mine}.; Remind me to {deed}.; Set an alarm for {number}.; Send {text} to {mine}.; Play {work}.; Play some
        music.; Turn on the light.; Open the window.; Search the web for {any}.; Look up {any}.; Find {thing} for
        me.; Find me a {job} in {place}.; Show me a picture of {any}.; Show me a map of {place}.; Draw {thing}.;
        Draw me {any}.; Paint {place}.; Convert {number} {unit} to {unit}.; Solve this equation: {junk}.; Solve
        for x: {number}x = {number}.; Prove that {any} is real.; Prove the theorem of {person}.; Calculate
        {feature} of {any}.; Estimate {feature} of {place}.; Explain {feature} of {any}.; Explain {any}.; Explain
        {any} to me.; Explain how {thing} works.; Explain how to {deed}.; Explain why {beast} {habit}.; Describe
        {place}.; Describe {feature} of {any}.; Define {topic}.; Discuss {topic}.; Analyse {work}.; Criticise
        {person}.; Imagine you are {person}.; Pretend to be a {job}.; Act as a {job}.; Teach me {field}.; Teach me
        to {deed}.; Teach me {tongue}.; Tell me about {any}.; Tell me about {person}.; Tell me about {topic}.;
        Tell me about {place}.; Tell me about the life of {person}.; Tell me something about {any}.; Tell me how
        to {deed}.; Tell me who {person} was.; Tell me where {place} is.; Tell me why {beast} {habit}.; Tell me
        what {topic} is.; Tell me {feature} of {any}.; Tell me more about {any}.; Tell me the time in {place}.; I
        want to {deed}.; I need to {deed}.; I would like to learn {field}.; I have a question about {topic}.; I
        have a question about {any}.; I am looking for {thing}.; I need help with {field}.; I need {thing}. Any
        ideas?; Any tips for {any}?; Any good {many}?; Ideas for {text}?; {any}?; {feature} of {any}; best
        {thing1} in {place}; history of {place}; {person} biography; {dish} recipe; {tech} tutorial; {tech} error
        {number}; {game} results {year}; {place} weather; population of {place}""",
    "state": """{mine} is broken. What can I do?; {mine} is ill. What should I do?; My {thing1} is broken. How do
        I fix it?; {mine} does not answer. Why?; I lost {thing}. Where do I look?; I have {thing}. What is it
        worth?; I have {dish} at home. What can I cook?; I want {thing}. Which one is good?; I am in {place}. What
        should I see?; I will be in {place} in {year}. Any tips?; I read about {topic}. Is it true?; I saw {work}.
        Was it good?; I met a {job}. What should I ask?; I have to {deed}. How?; I tried to {deed}, but it
        failed.; I don't understand {topic}.; I don't understand {field}. Can you help?; My teacher asked me about
        {topic}.; My {thing1} makes a strange noise.; My {thing1} does not start.; I forgot how to {deed}.; We are
        going to {place}.; I like {person}. Do you?; My son wants to {deed}.; I am allergic to {dish}.; I am
        writing {text} about {any}.; I work as a {job}. What do I earn?; They say that {beast} {habit}. Is that
        so?; In {year} there was a war. Who won?; {person} or {person}?; {any} or {any}, which one?; {any} versus
        {any}; What about {any}?; And {any}?; Why {any}?""",
}
GROUPS = {group: _list(text) for group, text in TEMPLATES.items()}
WEIGHTS = {"who": 14, "what": 18, "which": 5, "when": 9, "where": 9, "why": 10, "how": 20, "yesno": 14, "task": 26, "state": 7}


def invented(chance: random.Random, kind: str) -> str:
    """Words in place of a phrase of the list, unheard of and of the like form."""
    one, two = words.made_up(chance), words.made_up(chance)
    if kind in ("person", "place", "work"):
        return one.capitalize() if chance.random() < 0.6 else f"{one.capitalize()} {two.capitalize()}"
    if kind in ("deed", "habit"):
        return chance.choice([one, f"{one} {words.a(two)}", f"{one} the {two}", f"{one} my {two}"])
    if kind in ("thing", "dish", "measured", "text", "code"):
        return chance.choice([words.a(one), one, f"the {one}", f"{words.a(one)} {two}"])
    if kind in ("beast", "many"):
        return one + "s"
    if kind == "task":
        return f"{one}s {chance.choice(['the', 'a', 'my', 'all'])} {two}"
    if kind == "feature":
        return f"the {one}"
    if kind == "mine":
        return f"my {one}"
    return chance.choice([one, f"{one} {two}", words.a(one), one.capitalize()])


def junk(chance: random.Random) -> str:
    """A few words without sense."""
    pool = [words.made_up(chance), chance.choice(words.OBJECTS), str(chance.randrange(100)), chance.choice("=(){};+x")]
    return " ".join(chance.choice(pool) for _ in range(chance.randint(1, 5)))


def blank(chance: random.Random, kind: str) -> str:
    """What fills one blank of a template."""
    if kind == "any":
        kind = chance.choice(SUBJECTS)
    if kind == "year":
        return str(chance.randint(1066, 2026))
    if kind == "number":
        return str(chance.randint(2, 999))
    if kind == "few":
        return chance.choice([str(chance.randint(2, 9)), *"two three four five six seven ten some".split()])
    if kind == "junk":
        return junk(chance)
    pool = MEASURED if kind == "measured" else LISTS["thing" if kind == "thing1" else kind]
    if kind in ("measure", "unit", "tongue"):
        return chance.choice(pool)
    text = invented(chance, kind) if chance.random() < 0.22 else chance.choice(pool)
    return re.sub(r"^(a|an|the) ", "", text) if kind == "thing1" else text


STRETCHES = [" in {place}", " for {mine}", " in {year}", " today", " without {thing}", " like {person}", " in {few} steps",
             " at home", " in {tongue}", " for beginners", " quickly", " next week", " before {year}", " with {dish}"]
BLANK = re.compile(r"\{(\w+)\}")


def question(chance: random.Random) -> str:
    """One question out of the model's world."""
    group = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    template = chance.choice(GROUPS[group])
    if chance.random() < 0.06:
        template = template[:-1] + chance.choice(STRETCHES) + template[-1] if template[-1] in "?." else template
    return BLANK.sub(lambda match: blank(chance, match[1]), template)


def near(chance: random.Random) -> str:
    """A question in the very words of a known one, about a subject that is not known."""
    animals = [animal for animal in words.ANIMALS if animal not in words.SOUNDS and animal not in words.BABIES]
    kind = chance.randrange(9)
    strange = words.made_up(chance) if chance.random() < 0.4 else chance.choice(animals)
    if kind == 0:
        return chance.choice(["What sound does {} make?", "What does {} say?", "How does {} sound?"]).format(words.a(strange))
    if kind == 1:
        return chance.choice(["What is a baby {} called?", "What is a young {}?", "What do you call a baby {}?"]).format(strange)
    if kind == 2:
        taught = {word for pair in words.OPPOSITES for word in pair}
        pool = [word for word in words.OBJECTS + words.ANIMALS if word not in taught]
        word = words.made_up(chance) if chance.random() < 0.4 else chance.choice(pool)
        return chance.choice(["What is the opposite of {}?", "opposite of {}", "Tell me the opposite of {}."]).format(word)
    if kind == 3:
        land = blank(chance, "place")
        land = words.made_up(chance).capitalize() if land in words.CAPITALS else land
        return chance.choice(["What is the capital of {}?", "Capital of {}?", "Which city is the capital of {}?",
                              "Tell me the capital of {}."]).format(land)
    if kind == 4:
        tongue = chance.choice([t for t in LISTS["tongue"] if t not in words.HELLOS])
        word = chance.choice(["hello", "thank you", "goodbye", words.made_up(chance)])
        return chance.choice(["How do you say {} in {}?", "Say {} in {}.", "What is {} in {}?"]).format(word, tongue)
    if kind == 5:
        return chance.choice(["What colour is {}?", "What color is {}?"]).format(invented(chance, "thing"))
    if kind == 6:
        land = chance.choice(list(words.CAPITALS) + list(words.CAPITALS.values()))
        return chance.choice(["Who is the president of {}?", "Who is the king of {}?", "What is the population of {}?",
                              "Where is {}?", "How big is {}?", "Who rules {}?", "What is the flag of {}?", "Tell me about {}.",
                              "Which language is spoken in {}?", "Who is the richest man in {}?", "How old is {}?",
                              "What is the largest river of {}?", "Who is the minister of {}?"]).format(land)
    if kind == 7:
        subject = chance.choice([blank(chance, "any"), invented(chance, "topic")])
        return chance.choice(facts.WHAT).format(subject)
    subject = chance.choice([blank(chance, "place"), blank(chance, "tech"), blank(chance, "work"), blank(chance, "game")])
    return chance.choice(["Who owns {}?", "How does {} work?", "How much does {} cost?", "How do I join {}?", "Is {} private?",
                          "Is {} free?", "How fast is {}?", "How big is {}?", "How old is {}?", "Who made {}?", "What can {} do?",
                          "Where does {} live?", "How do I start {}?", "How do I stop {}?", "Why {}?", "What happens when {} stops?",
                          "What is {} written in?", "How do I use {}?", "Is {} safe?", "Does {} need a server?"]).format(subject)


def ask(chance: random.Random) -> list[tuple[str, str]]:
    """One unknown question with the answer to all of them."""
    asked = near(chance) if chance.random() < 0.22 else question(chance)
    return [(asked[0].upper() + asked[1:], ANSWERS[chance.random() < 0.12])]
