"""Answers, losses and gradients of policies that listen, by PyTorch: test/data/listening.json. python listening.py

The four kinds of Jain et al. (2022), Table 1, with PyTorch's own layers: nn.LSTM on packed sequences, nn.LSTMCell,
nn.TransformerEncoderLayer, F.cross_entropy. Sizes are those of the shipped architectures. Parameters and inputs come from
formulas that the test repeats, so that the file holds outputs alone. All in float64.
"""

import json
import math
import os

os.environ.update(OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
STEPS, BATCH, TOKENS, WORDS, ACTIONS, CELLS, KINDS = 6, 2, 24, 30, 9, 256, 15
LENGTHS = [24, 7]
MASK_WEIGHT = 0.1


# Numbers that a test makes again, by name and size.
def numbers(name, shape):
    code = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    size = math.prod(shape)
    scale = 0.05
    if name.endswith(".weight"):
        fan = shape[0] if len(shape) == 2 else size // shape[0]
        scale = math.sqrt(2 / fan)
    noise = np.sin((np.arange(size) + 1) * 12.9898 + code * 0.37) * 43758.5453
    uniform = math.sqrt(12) * (noise - np.floor(noise) - 0.5)
    shift = 1 if name.endswith(".scale") else 0
    return torch.tensor((shift + scale * uniform).astype(np.float32).astype(np.float64).reshape(shape))


class Parameters:
    def __init__(self):
        self.all = {}

    # A leaf by the name and shape of torquelens: weights of dense layers are [inputs, outputs].
    def get(self, name, shape):
        if name not in self.all:
            self.all[name] = numbers(name, shape).requires_grad_(not name.startswith(("conv", "detectors")))
        return self.all[name]

    def linear(self, x, name, outputs):
        w, b = self.get(f"{name}.weight", [x.shape[-1], outputs]), self.get(f"{name}.bias", [outputs])
        return F.linear(x, w.T, b)

    def norm(self, x, name):
        n = [x.shape[-1]]
        return F.layer_norm(x, n, self.get(f"{name}.scale", n), self.get(f"{name}.bias", n), 1e-5)

    # Detectors of the places, [N, 64, 4 * kinds], and of the mask's cells, [N, kinds, 16, 16].
    def vision(self, image):
        channels, x = 3, image / 255
        for i, (filters, kernel, stride, padding) in enumerate([(16, 5, 2, 2), (32, 3, 2, 1), (48, 3, 1, 1)]):
            w = self.get(f"conv{i + 1}.weight", [filters, channels, kernel, kernel])
            x = F.relu(F.conv2d(x, w, self.get(f"conv{i + 1}.bias", [filters]), stride, padding))
            channels = filters
        w, b = self.get("detectors.weight", [channels, KINDS]), self.get("detectors.bias", [KINDS])
        cells = torch.sigmoid(F.conv2d(x, w.T[:, :, None, None], b))
        # pixel_unshuffle keeps each kind's four cells together; a place has the kinds of each cell together.
        merged = F.pixel_unshuffle(cells, 2).view(-1, KINDS, 4, 8, 8).transpose(1, 2).reshape(-1, 4 * KINDS, 64)
        return merged.transpose(1, 2), cells

    # PyTorch's order of gates is i, f, g, o; torquelens has i, f, o, g, and input and state as one operand.
    def lstm(self, name, inputs, units):
        w, b = self.get(f"{name}.weight", [inputs + units, 4 * units]), self.get(f"{name}.bias", [4 * units])
        i, f, o, g = w.chunk(4, 1)
        whole, bias = torch.cat([i, f, g, o], 1).T, torch.cat([b.chunk(4)[k] for k in (0, 1, 3, 2)])
        return whole[:, :inputs], whole[:, inputs:], bias, torch.zeros_like(bias)


def recurrent(p, image, instruction, previous, *, maps, filters, seen, core, residual, word=48, units=48, action=16):
    places, fine = p.vision(image)
    cells = places.transpose(1, 2).reshape(-1, 4 * KINDS, 8, 8)
    embedded = F.embedding(instruction, p.get("word.weight", [WORDS, word]))
    layer = nn.LSTM(word, units, bidirectional=True, batch_first=True)
    names = [f"{kind}_l0{end}" for end in ("", "_reverse") for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    values = [*p.lstm("words.forward", word, units), *p.lstm("words.backward", word, units)]
    packed = pack_padded_sequence(embedded, torch.tensor(LENGTHS), batch_first=True)
    out, _ = torch.func.functional_call(layer, dict(zip(names, values)), (packed,))
    heard, _ = pad_packed_sequence(out, batch_first=True)
    h, c = torch.zeros(BATCH, core), torch.zeros(BATCH, core)
    outs = []
    for t in range(STEPS):
        rows = slice(t * BATCH, (t + 1) * BATCH)
        query = p.linear(h, "listen", 2 * units)
        scores = torch.einsum("bn,bln->bl", query, heard) / math.sqrt(2 * units)
        weights = scores.masked_fill(instruction == 0, -math.inf).softmax(1)
        attended = (weights[:, :, None] * heard).sum(1)
        here = cells[rows]
        if filters:
            f = p.linear(attended, "filters", maps * (here.shape[1] + 1)).view(BATCH, maps, here.shape[1] + 1)
            mixed = torch.stack([F.conv2d(x[None], k[:, :-1, None, None], k[:, -1])[0] for x, k in zip(here, f)]).flatten(1)
        else:
            w = p.get("maps.weight", [here.shape[1], maps]).T[:, :, None, None]
            mixed = F.conv2d(here, w, p.get("maps.bias", [maps])).permute(0, 2, 3, 1).flatten(1)
        shown = F.relu(p.linear(F.relu(mixed), "seen", seen))
        acted = previous[rows] @ p.get("action.weight", [ACTIONS, action])
        joint = torch.cat([attended, shown, acted], 1)
        cell = nn.LSTMCell(joint.shape[1], core)
        parts = dict(zip(["weight_ih", "weight_hh", "bias_ih", "bias_hh"], p.lstm("core", joint.shape[1], core)))
        h, c = torch.func.functional_call(cell, parts, (joint, (h, c)))
        outs.append(h + p.linear(joint, "residual", core) if residual else torch.cat([h, joint], 1))
    read = torch.cat(outs)
    asked = p.linear(read, "interact", fine.shape[1] + 1)
    mask = torch.einsum("nc,nchw->nhw", asked[:, :-1], fine) + asked[:, -1, None, None]
    return p.linear(read, "policy", ACTIONS), mask.flatten(1), {"hidden": h, "cell": c}


def encoder(p, x, name, heads, inner, padding):
    n = x.shape[-1]
    layer = nn.TransformerEncoderLayer(n, heads, inner, 0.0, F.relu, 1e-5, batch_first=True, norm_first=True)
    parts = {"norm1.weight": p.get(f"{name}.norm1.scale", [n]), "norm1.bias": p.get(f"{name}.norm1.bias", [n]),
             "norm2.weight": p.get(f"{name}.norm2.scale", [n]), "norm2.bias": p.get(f"{name}.norm2.bias", [n])}
    for theirs, ours, i, o in [("self_attn.in_proj_", f"{name}.attention", n, 3 * n),
                               ("self_attn.out_proj.", f"{name}.out", n, n),
                               ("linear1.", f"{name}.inner", n, inner), ("linear2.", f"{name}.outer", inner, n)]:
        parts[f"{theirs}weight"] = p.get(f"{ours}.weight", [i, o]).T
        parts[f"{theirs}bias"] = p.get(f"{ours}.bias", [o])
    return torch.func.functional_call(layer, parts, (x,), {"src_key_padding_mask": padding})


def transformer(p, image, instruction, previous, *, inner, word_layers, layers, past, normalised, width=64, heads=4):
    places, _ = p.vision(image)
    padding = instruction == 0
    words = F.embedding(instruction, p.get("word.weight", [WORDS, width]))
    if normalised:
        words = p.norm(p.linear(words, "word.own", width), "word.norm")
    words = words + p.get("word.position", [TOKENS, width])
    for i in range(word_layers):
        words = encoder(p, words, f"words{i + 1}", heads, inner, padding)
    cells = p.linear(places, "cell", width)
    if normalised:
        cells = p.norm(cells, "cell.norm")
    frames = cells.mean(1).view(STEPS, BATCH, width)
    given = previous.view(STEPS, BATCH, ACTIONS)
    before = [torch.cat([torch.zeros(past, *x.shape[1:]), x]) for x in (frames, given)]
    answers, masks = [], []
    for t in range(STEPS):
        actions = torch.cat([given[t][None], before[1][t : t + past]]).transpose(0, 1)
        tokens = actions @ p.get("action.weight", [ACTIONS, width])
        if normalised:
            tokens = p.norm(tokens, "action.norm")
        acted = tokens + p.get("action.position", [past + 1, width])
        here = cells[t * BATCH : (t + 1) * BATCH] + p.get("cell.position", [cells.shape[1], width])
        groups = [words, here, acted]
        if past:
            groups.append(before[0][t : t + past].transpose(0, 1) + p.get("frame.position", [past, width]))
        x = torch.cat(groups, 1)
        hidden = torch.cat([padding, torch.zeros(BATCH, x.shape[1] - TOKENS, dtype=torch.bool)], 1)
        for i in range(layers):
            x = encoder(p, x, f"joint{i + 1}", heads, inner, hidden)
        x = p.norm(x, "end")
        answers.append(p.linear(x[:, TOKENS + 64], "policy", ACTIONS))
        masks.append(F.pixel_shuffle(p.linear(x[:, TOKENS : TOKENS + 64], "interact", 4).transpose(1, 2).reshape(BATCH, 4, 8, 8), 2))
    state = {} if past == 0 else {"past_frames": before[0][STEPS:].transpose(0, 1), "past_actions": before[1][STEPS:].transpose(0, 1)}
    return torch.cat(answers), torch.cat(masks).flatten(1), state


NETWORKS = {
    "seq2seq": lambda *x: recurrent(*x, maps=8, filters=False, seen=128, core=96, residual=False),
    "moca": lambda *x: recurrent(*x, maps=8, filters=True, seen=96, core=88, residual=True),
    "et": lambda *x: transformer(*x, inner=256, word_layers=3, layers=2, past=4, normalised=False),
    "hitut": lambda *x: transformer(*x, inner=480, word_layers=0, layers=3, past=0, normalised=True),
}


def inputs():
    n = STEPS * BATCH
    image = (np.arange(n * 3 * 64 * 64, dtype=np.int64) * 7919 // 13 % 256).reshape(n, 3, 64, 64)
    words = np.array([[1 + (5 * b + 7 * i) % (WORDS - 1) if i < LENGTHS[b] else 0 for i in range(TOKENS)] for b in range(BATCH)])
    rows = np.arange(n)
    previous = np.zeros((n, ACTIONS))
    previous[rows[BATCH:], rows[BATCH:] * 5 % ACTIONS] = 1
    expert = np.zeros((n, ACTIONS))
    expert[rows, rows * 4 % ACTIONS] = 1
    expert[-1] = 0  # behind an episode's end
    cells = ((np.arange(n * CELLS) * 31 % 97) < 5).astype(float).reshape(n, CELLS)
    interacts = ((rows % 3) == 1).astype(float)
    return [torch.tensor(x) for x in (image.astype(float), words, previous, expert, cells, interacts)]


def case(name):
    p = Parameters()
    image, words, previous, expert, cells, interacts = inputs()
    actions, mask, state = NETWORKS[name](p, image, words, previous)
    there = expert.sum(1) > 0
    action = F.cross_entropy(actions[there], expert[there].argmax(1))
    each = F.binary_cross_entropy_with_logits(mask, cells, reduction="none").sum(1)
    interaction = each[interacts > 0].mean()
    loss = action + MASK_WEIGHT * interaction
    right = (actions[there].argmax(1) == expert[there].argmax(1)).double().mean()
    loss.backward()
    learned = {k: v.grad.flatten() for k, v in p.all.items() if v.requires_grad}
    short = lambda x, n=8: [float(f"{v:.10g}") for v in x.detach().flatten()[:n].tolist()]
    return {
        "parameters": sum(v.numel() for v in p.all.values()),
        "actions": short(actions, None),
        "mask": short(mask.flatten()[::37], None),
        "state": {k: short(v.flatten()[::3], None) for k, v in state.items()},
        "scalars": {"loss": loss.item(), "action": action.item(), "mask": interaction.item(), "right": right.item()},
        "gradients": {k: {"norm": g.norm().item(), "some": short(g[:: max(1, g.numel() // 6)])} for k, g in learned.items()},
    }


if __name__ == "__main__":
    out = os.path.join(os.path.dirname(__file__), "../data/listening.json")
    with open(out, "w") as file:
        json.dump({"networks": {name: case(name) for name in NETWORKS}}, file, separators=(",", ":"))
        file.write("\n")
