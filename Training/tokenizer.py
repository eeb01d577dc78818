"""The tokenizer: byte-level BPE of 1024 entries in the GPT-2 style, trained on the grammar.

tokenizer.json is kept in the repository, so the ids stay the same when the grammar changes;
delete the file to train it anew.
"""

import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import grammar

FILE = Path(__file__).resolve().parent / "tokenizer.json"
END_OF_TEXT = "<|endoftext|>"
SPECIAL = [END_OF_TEXT, "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content']"
    " + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def train(size: int = 1024, documents: int = 40_000, seed: int = 7) -> Tokenizer:
    """Learn the merges from a sample of the grammar."""
    chance = random.Random(seed)
    texts = ("".join(text for text, _ in grammar.document(chance)) for _ in range(documents))
    codec = Tokenizer(models.BPE())
    codec.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    codec.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    plain = (text.replace("<|im_start|>", "").replace("<|im_end|>", "") for text in texts)
    codec.train_from_iterator(plain, trainer)
    return codec


def load() -> Tokenizer:
    """The tokenizer from its file; trained and written first when there is no file."""
    if not FILE.exists():
        train().save(str(FILE))
    return Tokenizer.from_file(str(FILE))
