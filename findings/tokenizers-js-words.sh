#!/usr/bin/env bash
# HuggingFace's tokenizers for JavaScript and the Python package read one tokenizer.json of whole words differently.
#
# Versions: @huggingface/tokenizers 0.2.0 (npm), tokenizers 0.22.1 (PyPI).
# A WordLevel model with unk_token, behind the pre-tokenizer Whitespace. Python gives a word that is not in the vocabulary
# the id of unk_token, and splits between words. JavaScript gives such a word no id at all (undefined in `ids`), and splits a
# word of the vocabulary at a letter outside ASCII, so that it is not found.
# Seen: `python: 1 3 2; javascript: 1 - - - -`
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @huggingface/tokenizers@0.2.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tokenizers==0.22.1
cat > tokenizer.json <<'JSON'
{
  "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
  "pre_tokenizer": { "type": "Whitespace" }, "post_processor": null, "decoder": null,
  "model": { "type": "WordLevel", "vocab": { "nimm": 1, "Würfel": 2, "[UNK]": 3 }, "unk_token": "[UNK]" }
}
JSON
cat > run.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

const tokenizer = new Tokenizer(JSON.parse(readFileSync("tokenizer.json", "utf8")), {});
const { ids } = tokenizer.encode("nimm roten Würfel");
console.log(ids.map((id) => id ?? "-").join(" "));
JS
python=$(venv/bin/python -c '
from tokenizers import Tokenizer
print(*Tokenizer.from_file("tokenizer.json").encode("nimm roten Würfel").ids)')
javascript=$(node run.mjs)
seen="python: $python; javascript: $javascript"
echo "$seen"
[ "$seen" = "python: 1 3 2; javascript: 1 - - - -" ]
