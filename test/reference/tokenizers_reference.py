"""Small HuggingFace tokenizers, and the tokens that the tokenizers package makes of sentences:
`tokenizers_reference.py ../data/tokenizers`.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SENTENCES = [
    "Put the red block into the bowl, then close the drawer.",
    "pick up the GREEN ball",
    "schließe die Schublade, bitte!",
    "put  the\tcup   down; don't drop it",
    "azure sponge",
    "",
]
CORPUS = [
    f"{verb} the {colour} {noun} {rest}"
    for verb in ("put", "place", "pick up", "close", "open")
    for colour in ("red", "green", "blue", "yellow")
    for noun in ("block", "ball", "cup", "bowl", "drawer")
    for rest in ("", "into the bowl", "then close the drawer", ", and stop")
]


def word_piece():
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=120, special_tokens=marks))
    ends = [("[CLS]", made.token_to_id("[CLS]")), ("[SEP]", made.token_to_id("[SEP]"))]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    made.enable_padding(pad_id=0, pad_token="[PAD]")
    made.no_padding()
    return made


def byte_pairs():
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=["<|endoftext|>"], initial_alphabet=letters)
    made.train_from_iterator(CORPUS, trainer)
    return made


def words():
    made = Tokenizer(models.WordLevel(unk_token="<unk>"))
    made.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()])
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(CORPUS, trainers.WordLevelTrainer(special_tokens=["<pad>", "<unk>"]))
    made.enable_padding(pad_id=0, pad_token="<pad>")
    return made


folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
for name, made in (("word-piece", word_piece()), ("byte-pairs", byte_pairs()), ("words", words())):
    expected = []
    for sentence in SENTENCES:
        found = made.encode(sentence)
        expected.append({"text": sentence, "ids": found.ids, "tokens": found.tokens})
    contents = {"tokenizer": json.loads(made.to_str()), "size": made.get_vocab_size(), "expected": expected}
    (folder / f"{name}.json").write_text(json.dumps(contents, ensure_ascii=False) + "\n")
