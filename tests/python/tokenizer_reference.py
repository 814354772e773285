"""Writes what Hugging Face's `tokenizers` library and SentencePiece make of random texts, for tests of our tokenizers.

    tokenizer_reference.py OUTPUT TEXTS COUNT [--only NAME] [--gguf FILE] [--gpt2 VOCAB MERGES] [--json FOLDER]...

Makes a folder OUTPUT/NAME for each kind of tokenizer, trained on the *.txt files of the folder TEXTS where no
vocabulary is given, with
  tokenizer.json
              or tokenizer.model, where SentencePiece trained it
  texts.bin   COUNT random texts, some whole files and some long words, each as its number of bytes (32 bits,
              little-endian) and UTF-8
  ids.txt     one line of ids for each
  decoded.bin what the library decodes them to, like texts.bin

Exits with 77 and a reason if the library is not there. The same arguments give the same files.
"""

import argparse
import io
import json
import os
import random
import struct
import sys
import unicodedata

try:
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )
except ImportError as error:
    print(f"the Python library tokenizers cannot be imported: {error}")
    sys.exit(77)

try:
    import sentencepiece
except ImportError:
    sentencepiece = None

WORDS = ("the of and a to in he it's don't we'll I'M THEY'RE can\u2019t Hello world def return 1234567 3.14159 $5 "
         "http://x.y/z?q=1 na\u00efve caf\u00e9 \u041c\u043e\u0441\u043a\u0432\u0430 "
         "\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u05e2\u05d1\u05e8\u05d9\u05ea "
         "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22 "
         "\u4e2d\u6587\u5b57\u7b26 \u65e5\u672c\u8a9e \ud55c\uad6d\uc5b4 \u00c5ngstr\u00f6m A\u030a e\u0301 \ufb01 "
         "\u017ft'\u017f 'S 'Re").split(" ")
SPACES = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "\u00a0", "\u3000", "\u2003", "\u200b", "\u2028",
          "\u0085", "\u180e", "\u1680"]
SYMBOLS = ["\U0001F600", "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F1E9\U0001F1EA", "\u2764\ufe0f",
           "\U0001F44D\U0001F3FD", "\u2705", "\u2460", "\u00bd", "\u0663", "\u2167", "\U0001D7D8", "\u00b2", "\ufffd",
           "\ufeff", "\ue000", "\U0010FFFF", "\u2581", "\u2581\u2581", "\u0120", "\u010a", "<0x41>", "<0x0A>"]
RANGES = [(0x21, 0x7E), (0, 0x1F), (0x7F, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x5D0, 0x6FF),
          (0x900, 0xE4F), (0x1100, 0x11FF), (0x2000, 0x206F), (0x2190, 0x23FF), (0x2580, 0x259F), (0x3040, 0x30FF),
          (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFB00, 0xFB4F), (0xFF00, 0xFFEF),
          (0x1D400, 0x1D7FF), (0x20000, 0x2A6DF)]
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
          r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|"
          r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA4 = TEKKEN.replace("]+|[^", "]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^").replace(
    "]*|", "]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|", 1).replace(r"|\p{N}|", r"|\p{N}{1,3}|")
DEEPSEEK = ["[\r\n]", "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba]+",
            "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", "\\s+$",
            "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"]
DEEPSEEK3 = [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
             "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
             " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"]
BLOOM = " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+"
WORDS_AND_BOUNDARIES = r"\b\w{1,4}|\d+(?=(?:\d{3})*\b)|^\W|[\w'-]+$|\h\B|(?<rest>\W++)"


def character(rng, low, high):
    """One of a range that Unicode 3.2 had already, which all libraries know alike."""
    while True:
        found = chr(rng.randint(low, high))
        if unicodedata.ucd_3_2_0.category(found) != "Cn":
            return found


def random_texts(rng, count, added):
    makers = [
        lambda: rng.choice(WORDS),
        lambda: rng.choice(WORDS) + " ",
        lambda: rng.choice(SPACES),
        lambda: rng.choice(SPACES) * rng.randint(1, 5),
        lambda: rng.choice(SYMBOLS),
        lambda: str(rng.randint(0, 10**rng.randint(1, 12))),
        lambda: "".join(chr(rng.randint(0x21, 0x7E)) for _ in range(rng.randint(1, 8))),
        lambda: rng.choice("aeiouy") + "".join(character(rng, 0x300, 0x345) for _ in range(rng.randint(1, 4))),
    ]
    makers += [lambda low=low, high=high: character(rng, low, high) for low, high in RANGES]
    if added:
        makers += [lambda: rng.choice(added), lambda: rng.choice(added)[:-1], lambda: f" {rng.choice(added)} "]
    texts = []
    for _ in range(count):
        chosen = rng.sample(makers, rng.choice([1, 2, 4, len(makers)]))
        texts.append("".join(rng.choice(chosen)() for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 13, 30]))))
    return texts


def long_words(rng, documents):
    """Texts without a space, which a pre-tokenizer leaves whole."""
    joined = "".join(filter(str.isalpha, "".join(documents[:8])))
    return [joined[:50000], "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(20000)), "a" * 5001,
            "".join(chr(rng.randint(0x4E00, 0x9FFF)) for _ in range(5000))]


def byte_level(model, pre_tokenizer):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train_byte_level(documents, pre_tokenizer, **options):
    tokenizer = byte_level(models.BPE(), pre_tokenizer)
    trainer = trainers.BpeTrainer(vocab_size=3000, show_progress=False, special_tokens=["<|end|>", "<|start|>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(documents, trainer)
    state = json.loads(tokenizer.to_str())
    state["model"].update(options)
    return Tokenizer.from_str(json.dumps(state))


def gpt2_style(documents):
    return train_byte_level(documents, pre_tokenizers.ByteLevel(add_prefix_space=False))


def prefix_space_style(documents):
    return train_byte_level(documents, pre_tokenizers.ByteLevel(add_prefix_space=True))


def smollm_style(documents):
    return train_byte_level(
        documents,
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                 pre_tokenizers.ByteLevel(add_prefix_space=False)]))


def split_style(*expressions):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(expression), "isolated") for expression in expressions] +
                                   [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def llama3_style(documents):
    tokenizer = train_byte_level(documents, split_style(LLAMA3), ignore_merges=True)
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(),
        processors.TemplateProcessing(single="<|start|> $A", special_tokens=[("<|start|>", 1)])])
    return tokenizer


def qwen2_style(documents):
    tokenizer = train_byte_level(documents, split_style(QWEN2))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.ByteLevel()
    return tokenizer


def tekken_style(documents):
    return train_byte_level(documents, split_style(TEKKEN), ignore_merges=True)


def llama4_style(documents):
    return train_byte_level(documents, split_style(LLAMA4))


def deepseek_style(documents):
    return train_byte_level(documents, pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(expression), "isolated") for expression in DEEPSEEK] +
        [pre_tokenizers.Digits(individual_digits=True),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))


def deepseek3_style(documents):
    return train_byte_level(documents, split_style(*DEEPSEEK3))


def bloom_style(documents):
    return train_byte_level(documents, split_style(BLOOM))


def words_style(documents):
    return train_byte_level(documents, split_style(WORDS_AND_BOUNDARIES))


def bert(documents, normalizer, pre_tokenizer):
    """BERT's normalisers, pre-tokenisers and template around merges of characters."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    special = ["[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.BpeTrainer(vocab_size=3000, show_progress=False, special_tokens=special, limit_alphabet=200)
    tokenizer.train_from_iterator(documents, trainer)
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return tokenizer


def bert_style(documents):
    return bert(documents, normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())


def bert_cased_style(documents):
    return bert(documents, normalizers.BertNormalizer(lowercase=False, handle_chinese_chars=False),
                pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()]))


def accents_style(documents):
    return bert(documents,
                normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]),
                pre_tokenizers.Sequence([pre_tokenizers.CharDelimiterSplit("-"), pre_tokenizers.Whitespace()]))


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def train_characters(documents, byte_fallback):
    """Merges over characters with U+2581 for spaces, as SentencePiece's vocabularies are after conversion."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=byte_fallback))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(vocab_size=3000, show_progress=False, limit_alphabet=150,
                                  special_tokens=special + BYTES)
    tokenizer.train_from_iterator(documents, trainer)
    state = json.loads(tokenizer.to_str())
    state["pre_tokenizer"] = None
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] in special]
    state["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
        {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    return state


def llama2_style(documents):
    tokenizer = Tokenizer.from_str(json.dumps(train_characters(documents, byte_fallback=True)))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>",
                                                             special_tokens=[("<s>", 1), ("</s>", 2)])
    return tokenizer


def unknown_style(documents):
    """Without byte fallback: characters that are not in the vocabulary become one unknown token."""
    return Tokenizer.from_str(json.dumps(train_characters(documents, byte_fallback=False)))


def metaspace_style(documents):
    """As transformers 5 writes LLaMA: a space before the first piece only, nothing split."""
    state = train_characters(documents, byte_fallback=True)
    state["normalizer"] = None
    state["pre_tokenizer"] = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False}
    return Tokenizer.from_str(json.dumps(state))


def gemma_style(documents):
    state = train_characters(documents, byte_fallback=True)
    state["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    state["pre_tokenizer"] = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                              "invert": False}
    state["decoder"]["decoders"].pop()
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("\u2581\u2581\u2581", normalized=False)])
    return tokenizer


def train_unigram(documents, byte_fallback):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(vocab_size=2000, show_progress=False, special_tokens=["<unk>", "</s>"],
                                      unk_token="<unk>")
    tokenizer.train_from_iterator(documents, trainer)
    if not byte_fallback:
        return tokenizer
    state = json.loads(tokenizer.to_str())
    state["model"]["byte_fallback"] = True
    state["model"]["vocab"] += [[byte, -50.0] for byte in BYTES]
    state["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, state["decoder"]]}
    return Tokenizer.from_str(json.dumps(state))


def unigram_style(documents):
    return train_unigram(documents, byte_fallback=False)


def unigram_bytes_style(documents):
    return train_unigram(documents, byte_fallback=True)


def sentencepiece_model(documents, kind, rule):
    """The bytes of a tokenizer.model, trained by SentencePiece itself."""
    output = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter("\n".join(documents).split("\n")), model_writer=output, vocab_size=2000, model_type=kind,
        normalization_rule_name=rule, byte_fallback=True, minloglevel=2, max_sentence_length=100000, num_threads=1)
    return output.getvalue()


def message_field(message, wanted):
    """The bytes of a field of a Protobuf message that has bytes."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        key = varint()
        kind = key & 7
        size = {0: 0, 1: 8, 5: 4}.get(kind)
        if kind == 0:
            varint()
        elif kind == 2:
            size = varint()
            if key >> 3 == wanted:
                return message[position:position + size]
        position += size
    raise ValueError(f"no field {wanted}")


def t5_style(documents):
    """A unigram vocabulary behind SentencePiece's own character map, as T5 and ALBERT have it."""
    character_map = message_field(message_field(sentencepiece_model(documents, "unigram", "nmt_nfkc"), 3), 2)
    tokenizer = train_unigram(documents, byte_fallback=False)
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Replace("``", '"'), normalizers.Precompiled(character_map),
        normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(),
                                                       pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def sentencepiece_unigram(documents):
    return sentencepiece_model(documents, "unigram", "nmt_nfkc_cf")


def sentencepiece_bpe(documents):
    return sentencepiece_model(documents, "bpe", "nfkc")


def added_tokens_style(documents):
    tokenizer = gpt2_style(documents)
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.add_tokens([
        AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("day", single_word=True, normalized=False),
        AddedToken("\ufb01x", normalized=True),
        AddedToken("fi", normalized=False),
    ])
    return tokenizer


def smollm2(path):
    """The vocabulary of the GGUF file, cut as transformers does it with a file of that kind."""
    import gguf
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    types = fields["tokenizer.ggml.token_type"].contents()
    tokenizer = byte_level(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges),
                           pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)
                                  for token, kind in zip(tokens, types, strict=True)
                                  if kind == gguf.TokenType.CONTROL])
    return tokenizer


def gpt2(vocabulary, merges):
    tokenizer = byte_level(models.BPE.from_file(vocabulary, merges), pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def write(folder, tokenizer, documents, count):
    os.makedirs(folder, exist_ok=True)
    rng = random.Random(20240607)
    if isinstance(tokenizer, bytes):
        with open(os.path.join(folder, "tokenizer.model"), "wb") as file:
            file.write(tokenizer)
        processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer)
        texts = random_texts(rng, count, []) + documents[:8] + long_words(rng, documents)
        ids = [processor.encode(text) for text in texts]
        decoded = [processor.decode(encoded) for encoded in ids]
    else:
        tokenizer.save(os.path.join(folder, "tokenizer.json"))
        added = sorted(token.content for token in tokenizer.get_added_tokens_decoder().values())
        texts = random_texts(rng, count, added) + documents[:8] + long_words(rng, documents)
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
        decoded = [tokenizer.decode(encoded, skip_special_tokens=False) for encoded in ids]
    for name, contents in (("texts.bin", texts), ("decoded.bin", decoded)):
        with open(os.path.join(folder, name), "wb") as file:
            for text in contents:
                encoded = text.encode()
                file.write(struct.pack("<I", len(encoded)) + encoded)
    with open(os.path.join(folder, "ids.txt"), "w", encoding="ascii") as file:
        for encoded in ids:
            file.write(" ".join(map(str, encoded)) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("texts")
    parser.add_argument("count", type=int)
    parser.add_argument("--only", help="the one kind to make")
    parser.add_argument("--gguf")
    parser.add_argument("--gpt2", nargs=2)
    parser.add_argument("--json", action="append", default=[], help="a folder with a tokenizer.json")
    arguments = parser.parse_args()

    documents = []
    for name in sorted(os.listdir(arguments.texts))[::12]:
        with open(os.path.join(arguments.texts, name), encoding="utf-8") as file:
            documents.append(file.read())
    styles = [gpt2_style, prefix_space_style, smollm_style, llama3_style, qwen2_style, llama2_style, unknown_style,
              metaspace_style, gemma_style, unigram_style, unigram_bytes_style, added_tokens_style, tekken_style,
              llama4_style, deepseek_style, deepseek3_style, bloom_style, words_style, bert_style,
              bert_cased_style, accents_style]
    if sentencepiece:
        styles += [t5_style, sentencepiece_unigram, sentencepiece_bpe]
    makers = {style.__name__: lambda style=style: style(documents) for style in styles}
    if arguments.gguf:
        makers["smollm2"] = lambda: smollm2(arguments.gguf)
    if arguments.gpt2:
        makers["gpt2"] = lambda: gpt2(*arguments.gpt2)
    for folder in arguments.json:
        makers[os.path.basename(folder)] = lambda folder=folder: Tokenizer.from_file(f"{folder}/tokenizer.json")
    for name, make in makers.items():
        if arguments.only in (None, name):
            write(os.path.join(arguments.output, name), make(), documents, arguments.count)


main()
