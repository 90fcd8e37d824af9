"""Policies of the architectures that robot people train, small, with random weights.

As in torch_policies.py a policy has `inputs(generator)` and `card()`; `outputs` names what `forward` gives, the torques
first. `explain(*inputs)` is the torques [1, J] of a float64 copy.
"""

import copy

import torch
from blocks import (Film, FilmUnet1d, Pixels, PositionEmbedding2d, ResNet, ResNetEncoder, TransformerBlock, scatter,
                    sinusoid_table, small_encoder)
from torch import nn
from torch.nn import functional as F
from torch_policies import SIZES, observe, slices

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
STATE = {"joint_position": 3, "joint_velocity": 3}


class Architecture(nn.Module):
    """`images` names → Pixels, `size` their height and width, `frames` a window in time, `state` sizes by modality."""

    outputs = ("torque",)
    # For each torque, the sign of the factors between the last linear layer and the torque.
    direction = None
    frames = None
    joints = 3
    torque = {"output": "torque"}

    def __init__(self, images, size, state=STATE, normalise=True):
        super().__init__()
        self.images, self.size, self.state = images, size, state
        self.pixels = nn.ModuleDict(images)
        self.n = sum(state.values())
        if normalise:
            self.register_buffer("mean", torch.randn(self.n) * 0.2)
            self.register_buffer("std", torch.rand(self.n) * 0.6 + 0.5)
        self.register_buffer("torque_mean", torch.randn(self.joints) * 0.3)
        self.register_buffer("torque_std", torch.rand(self.joints) + 0.5)

    def finished(self):
        """Call at the end of __init__: weights that matter, no training."""
        return scatter(self).eval()

    def normalised(self, state):
        return (state - self.mean) / self.std if hasattr(self, "mean") else state

    def denormalised(self, torque):
        return torque * self.torque_std + self.torque_mean

    def inputs(self, generator):
        result = {}
        for name, pixels in self.images.items():
            frames = [pixels.sample(generator, *self.size) for _ in range(self.frames or 1)]
            result[name] = torch.stack(frames, 1) if self.frames else frames[0]
        if self.state:
            states = [observe(generator, self.state) for _ in range(self.frames or 1)]
            result["state"] = torch.stack(states, 1) if self.frames else states[0]
        return result

    def card(self):
        inputs = {name: image_entry(name if len(self.images) > 1 else "image", pixels, self.frames)
                  for name, pixels in self.images.items()}
        if self.state:
            inputs["state"] = frames_of(slices(self.state), self.frames, self.n)
        return inputs

    def explain(self, *inputs):
        return self(*inputs)[0] if len(self.outputs) > 1 else self(*inputs)

    def in_float64(self):
        return copy.deepcopy(self).double()


def image_entry(modality, pixels, frames=None):
    entry = {"modality": modality, "encoding": "rgb8" if pixels.channels == 3 else "mono8", "layout": pixels.layout,
             "range": pixels.range}
    return {**entry, "layout": "N" + "T" + pixels.layout[1:]} if frames else entry


def frames_of(parts, frames, n):
    """The slices of one time step, repeated for a window of them."""
    return [{**part, "start": part["start"] + t * n} for t in range(frames or 1) for part in parts]


def whole(modality, size):
    return [{"modality": modality, "start": 0, "size": size}]


class ResNetPolicy(Architecture):
    """ResNet-18 with GroupNorm, spatial softmax, MLP: the observation encoder of robomimic and diffusion policy."""

    def __init__(self, norm="group", kind="uint8-nchw", form="lerobot", size=(48, 40), imagenet=False):
        super().__init__({"image": Pixels(kind, 3, *(IMAGENET if imagenet else ()))}, size, SIZES)
        self.encoder = ResNetEncoder(*size, 12, norm, form)
        self.head = nn.Sequential(nn.Linear(12 + self.n, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(),
                                  nn.Linear(24, self.joints))
        self.finished()

    def forward(self, image, state):
        features = self.encoder(self.pixels["image"](image))
        return self.denormalised(self.head(torch.cat([features, self.normalised(state)], -1)))


class ActLayer(nn.Module):
    """A post-norm layer of ACT's encoder, or of its decoder where `cross`; tokens are [N, B, dim]."""

    def __init__(self, dim, heads, cross):
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, heads)
        self.cross = nn.MultiheadAttention(dim, heads) if cross else None
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3 if cross else 2))
        self.linear1, self.linear2 = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x, position, memory=None, memory_position=None):
        q = k = x + position
        x = self.norms[0](x + self.attention(q, k, value=x)[0])
        if self.cross is not None:
            y = self.cross(query=x + position, key=memory + memory_position, value=memory)[0]
            x = self.norms[1](x + y)
        return self.norms[-1](x + self.linear2(F.relu(self.linear1(x))))


class Act(Architecture):
    """Action chunking transformer as LeRobot has it: one ResNet for all cameras, a latent and a state token.

    `first`: the policy gives the chunk's first action as torque beside the chunk, else the chunk alone.
    """

    dim, chunk = 16, 6

    def __init__(self, kind="uint8-nchw", normalised_outside=False, first=True, heads=2):
        pixels = (lambda: Pixels("float-nchw" if normalised_outside else kind, 3, *(() if normalised_outside else IMAGENET)))
        super().__init__({"top": pixels(), "wrist": pixels()}, (48, 40), {"joint_position": 3}, not normalised_outside)
        self.first, self.outside = first, normalised_outside
        self.outputs = ("torque", "actions") if first else ("actions",)
        self.torque = {"output": "torque"} if first else {"output": "actions", "step": 0}
        self.backbone = ResNet("frozen", 3, (4, 6, 8, 10), blocks=1)
        self.project = nn.Conv2d(self.backbone.channels, self.dim, 1)
        self.image_position = PositionEmbedding2d(self.dim)
        self.state_token, self.latent_token = nn.Linear(self.n, self.dim), nn.Linear(4, self.dim)
        self.token_position = nn.Embedding(2, self.dim)
        self.encoder = nn.ModuleList(ActLayer(self.dim, heads, False) for _ in range(2))
        self.decoder = nn.ModuleList(ActLayer(self.dim, heads, True) for _ in range(1))
        self.decoder_norm = nn.LayerNorm(self.dim)
        self.queries = nn.Embedding(self.chunk, self.dim)
        self.head = nn.Linear(self.dim, self.joints)
        self.finished()

    def forward(self, top, wrist, state):
        latent = torch.zeros(state.shape[0], 4, dtype=state.dtype)
        tokens = [self.latent_token(latent), self.state_token(self.normalised(state))]
        positions = list(self.token_position.weight.unsqueeze(1))
        for name, image in {"top": top, "wrist": wrist}.items():
            features = self.backbone(self.pixels[name](image))
            position = self.image_position(features).to(dtype=features.dtype)
            tokens.extend(list(self.project(features).flatten(2).permute(2, 0, 1)))
            positions.extend(list(position.flatten(2).permute(2, 0, 1)))
        x, position = torch.stack(tokens), torch.stack(positions)
        for layer in self.encoder:
            x = layer(x, position)
        y = torch.zeros(self.chunk, x.shape[1], self.dim, dtype=x.dtype)
        for layer in self.decoder:
            y = layer(y, self.queries.weight.unsqueeze(1), x, position)
        actions = self.denormalised(self.head(self.decoder_norm(y).transpose(0, 1)))
        return (actions[:, 0], actions) if self.first else actions

    def explain(self, *inputs):
        return self(*inputs)[0] if self.first else self(*inputs)[:, 0]

    def inputs(self, generator):
        inputs = super().inputs(generator)
        if self.outside:
            mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in IMAGENET)
            inputs = {k: (v - mean) / std if k in self.images else v for k, v in inputs.items()}
        return inputs

    def card(self):
        card = super().card()
        for name in self.images if self.outside else ():
            card[name] |= {"mean": IMAGENET[0], "std": IMAGENET[1]}
        return card


class TransformerPolicy(Architecture):
    """Patches and a state token through transformer blocks; class token or mean of the tokens."""

    dim = 16

    def __init__(self, pre=True, gelu="none", attention="sdpa", pool="class", kind="uint8-nchw", heads=2, depth=2):
        super().__init__({"image": Pixels(kind, 3, [0.5] * 3, [0.5] * 3)}, (24, 24))
        self.pool = pool
        self.patches, self.state_token = nn.Conv2d(3, self.dim, 8, 8), nn.Linear(self.n, self.dim)
        tokens = 9 + 1 + (pool == "class")
        self.token = nn.Parameter(torch.randn(1, 1, self.dim) * 0.5) if pool == "class" else None
        self.register_buffer("table", sinusoid_table(tokens, self.dim)[None])
        self.position = nn.Parameter(torch.randn(1, tokens, self.dim) * 0.3) if pool == "class" else None
        self.blocks = nn.Sequential(*[TransformerBlock(self.dim, heads, pre, gelu, attention) for _ in range(depth)])
        self.norm = nn.LayerNorm(self.dim) if pre else nn.Identity()
        self.head = nn.Linear(self.dim, self.joints)
        self.finished()

    def forward(self, image, state):
        x = self.patches(self.pixels["image"](image)).flatten(2).transpose(1, 2)
        x = torch.cat([x, self.state_token(self.normalised(state)).unsqueeze(1)], 1)
        if self.pool == "class":
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        else:
            x = x + self.table
        x = self.norm(self.blocks(x))
        return self.denormalised(self.head(x[:, 0] if self.pool == "class" else x.mean(1)))


class Recurrent(Architecture):
    """CNN features and the state through an LSTM or GRU whose memory is carried from tick to tick."""

    hidden, layers = 12, 1

    def __init__(self, cell="lstm", frames=None, layers=1, images=True, kind="uint8-nchw"):
        self.kind, self.layers = cell, layers
        self.frames = frames
        images = {"image": Pixels(kind, 1)} if images else {}
        super().__init__(images, (28, 24), SIZES)
        n = self.n
        if images:
            self.encoder = small_encoder(1, 12, *self.size)
            n += 12
        make = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.cell = make(n, self.hidden, layers, batch_first=True)
        self.head = nn.Sequential(nn.Linear(self.hidden, 16), nn.ReLU(), nn.Linear(16, self.joints))
        self.memory = ("h", "c") if cell == "lstm" else ("h",)
        self.outputs = ("torque", *(f"{name}_out" for name in self.memory))
        self.finished()
        for parameter in self.cell.parameters():
            nn.init.uniform_(parameter, -0.6, 0.6)

    def forward(self, *inputs):
        *observed, state = inputs[: -len(self.memory)]
        memory = inputs[-len(self.memory) :]
        x = self.normalised(state)
        if observed:
            images = self.pixels["image"](observed[0])
            b = images.shape[0]
            features = self.encoder(images.flatten(0, 1)).reshape(b, self.frames, -1) if self.frames else self.encoder(images)
            x = torch.cat([features, x], -1)
        x = x if self.frames else x.unsqueeze(1)
        y, after = self.cell(x, memory if self.kind == "lstm" else memory[0])
        return (self.denormalised(self.head(y[:, -1])), *(after if self.kind == "lstm" else (after,)))

    def inputs(self, generator):
        memory = {m: torch.randn(self.layers, 1, self.hidden, generator=generator) * 0.5 for m in self.memory}
        return {**super().inputs(generator), **memory}

    def card(self):
        names = {"h": "hidden_state", "c": "cell_state"}
        return {**super().card(), **{m: whole(names[m], self.layers * self.hidden) for m in self.memory}}

    @property
    def carried(self):
        return {m: f"{m}_out" for m in self.memory}


class CellPolicy(Architecture):
    """One step of nn.GRUCell or nn.LSTMCell on the state and the previous action."""

    hidden = 12
    kind = "gru"

    def __init__(self, cell="gru"):
        super().__init__({}, None, SIZES)
        self.kind = cell
        self.cell = {"gru": nn.GRUCell, "lstm": nn.LSTMCell}[cell](self.n + self.joints, self.hidden)
        self.head = nn.Linear(self.hidden, self.joints)
        self.memory = ("h", "c") if cell == "lstm" else ("h",)
        self.outputs = ("torque", *(f"{name}_out" for name in self.memory))
        self.finished()
        for parameter in self.cell.parameters():
            nn.init.uniform_(parameter, -0.6, 0.6)

    def forward(self, state, action, *memory):
        x = torch.cat([self.normalised(state), action], -1)
        after = self.cell(x, memory if self.kind == "lstm" else memory[0])
        after = after if self.kind == "lstm" else (after,)
        return (self.denormalised(self.head(after[0])), *after)

    def inputs(self, generator):
        random = lambda n: torch.randn(1, n, generator=generator) * 0.5
        return {**super().inputs(generator), "action": random(self.joints), **{m: random(self.hidden) for m in self.memory}}

    def card(self):
        names = {"h": "hidden_state", "c": "cell_state"}
        return {**super().card(), "action": whole("previous_action", self.joints),
                **{m: whole(names[m], self.hidden) for m in self.memory}}

    carried = Recurrent.carried


class DiffusionStep(Architecture):
    """One denoising step: a FiLM-conditioned U-Net on a noisy action chunk, conditioned on image, state and time step.

    `inside`: the policy cuts the torque out of the chunk, else the card says which step is the torque.
    """

    horizon = 8

    def __init__(self, up="transposed", inside=True, encoder="resnet"):
        super().__init__({"image": Pixels("uint8-nchw", 3)}, (40, 32) if encoder == "resnet" else (28, 24))
        self.inside = inside
        self.outputs = ("torque", "actions") if inside else ("actions",)
        self.torque = {"output": "torque"} if inside else {"output": "actions", "step": 0}
        self.encoder = (ResNetEncoder(*self.size, 10, widths=(4, 6, 8), blocks=1) if encoder == "resnet" else
                        small_encoder(3, 10, *self.size))
        self.unet = FilmUnet1d(self.joints, 10 + self.n, up=up)
        self.finished()

    def forward(self, image, state, noisy_actions, timestep):
        condition = torch.cat([self.encoder(self.pixels["image"](image)), self.normalised(state)], -1)
        actions = self.denormalised(self.unet(noisy_actions, timestep, condition))
        return (actions[:, 0], actions) if self.inside else actions

    def explain(self, *inputs):
        return self(*inputs)[0] if self.inside else self(*inputs)[:, 0]

    def inputs(self, generator):
        noise = torch.randn(1, self.horizon, self.joints, generator=generator)
        step = torch.randint(1, 100, (1,), generator=generator)
        return {**super().inputs(generator), "noisy_actions": noise, "timestep": step}

    def card(self):
        return {**super().card(), "noisy_actions": whole("noisy_actions", self.horizon * self.joints),
                "timestep": whole("timestep", 1)}


class LanguagePolicy(Architecture):
    """Token embeddings, a FiLM-conditioned CNN, the previous action. `masked`: mean over the tokens that count."""

    tokens, vocabulary, dim = 6, 30, 8

    def __init__(self, masked=False, recurrent=False, kind="uint8-nhwc"):
        super().__init__({"image": Pixels(kind, 3)}, (28, 24))
        self.masked = masked
        self.embedding = nn.Embedding(self.vocabulary, self.dim)
        self.sentence = nn.GRU(self.dim, self.dim, batch_first=True) if recurrent else nn.Linear(self.dim, self.dim)
        self.recurrent = recurrent
        self.conv1, self.film1 = nn.Conv2d(3, 6, 5, 2), Film(self.dim, 6)
        self.conv2, self.film2 = nn.Conv2d(6, 8, 3, 2), Film(self.dim, 8)
        self.head = nn.Sequential(nn.Linear(8 + self.dim + self.n + self.joints, 24), nn.ReLU(),
                                  nn.Linear(24, self.joints))
        self.finished()

    def forward(self, image, state, previous_action, tokens, mask=None):
        words = self.embedding(tokens)
        if self.recurrent:
            text = self.sentence(words)[1][0]
        elif self.masked:
            weight = mask.to(words.dtype).unsqueeze(-1)
            text = torch.tanh(self.sentence((words * weight).sum(1) / weight.sum(1)))
        else:
            text = torch.tanh(self.sentence(words.mean(1)))
        x = F.relu(self.film1(self.conv1(self.pixels["image"](image)), text))
        x = F.relu(self.film2(self.conv2(x), text)).mean((2, 3))
        return self.denormalised(self.head(torch.cat([x, text, self.normalised(state), previous_action], -1)))

    def inputs(self, generator):
        inputs = {**super().inputs(generator), "previous_action": torch.randn(1, self.joints, generator=generator) * 0.5,
                  "tokens": torch.randint(1, self.vocabulary, (1, self.tokens), generator=generator)}
        if self.masked:
            inputs["mask"] = (torch.arange(self.tokens) < 4).long()[None]
        return inputs

    def card(self):
        card = {**super().card(), "previous_action": whole("previous_action", self.joints),
                "tokens": whole("language", self.tokens)}
        return {**card, "mask": whole("language_mask", self.tokens)} if self.masked else card


class Gaussian(Architecture):
    """Actor of SAC and PPO: heads for mean and log standard deviation, torque = tanh(mean) · limit + offset."""

    def __init__(self, visual=True, activation=nn.ReLU, limit=(5.0, 4.0, 3.0), offset=None):
        super().__init__({"image": Pixels("float-nhwc", 3)} if visual else {}, (28, 24), SIZES)
        self.outputs = ("torque", "log_std")
        n = self.n
        if visual:
            self.encoder = small_encoder(3, 12, *self.size)
            n += 12
        self.body = nn.Sequential(nn.Linear(n, 24), activation(), nn.Linear(24, 24), activation())
        self.mean_head, self.std_head = nn.Linear(24, self.joints), nn.Linear(24, self.joints)
        self.register_buffer("limit", torch.tensor(limit))
        self.register_buffer("offset", offset and torch.tensor(offset))
        self.direction = [1 if x > 0 else -1 for x in limit]
        self.finished()

    def latent(self, *inputs):
        x = self.normalised(inputs[-1])
        if len(inputs) > 1:
            x = torch.cat([self.encoder(self.pixels["image"](inputs[0])), x], -1)
        return self.body(x)

    def forward(self, *inputs):
        x = self.latent(*inputs)
        torque = torch.tanh(self.mean_head(x)) * self.limit
        return torque if self.offset is None else torque + self.offset, torch.clamp(self.std_head(x), -5, 2)


class FrameStack(Architecture):
    """A window of images [1, T, C, H, W], each through the same encoder, or [1, T·C, H, W] through one."""

    def __init__(self, stacked=False, frames=3, activation=nn.ReLU):
        self.frames, self.stacked = frames, stacked
        super().__init__({"image": Pixels("uint8-nchw", 1 if stacked else 3)}, (28, 24))
        self.encoder = small_encoder(frames if stacked else 3, 10, *self.size)
        n = 10 if stacked else 10 * frames
        self.head = nn.Sequential(nn.Linear(n + self.n * frames, 24), activation(), nn.Linear(24, self.joints))
        self.finished()

    def forward(self, image, state):
        x = self.pixels["image"](image)
        b = x.shape[0]
        features = self.encoder(x if self.stacked else x.flatten(0, 1)).reshape(b, -1)
        return self.denormalised(self.head(torch.cat([features, self.normalised(state).flatten(1)], -1)))

    def inputs(self, generator):
        inputs = super().inputs(generator)
        return {**inputs, "image": inputs["image"].flatten(1, 2)} if self.stacked else inputs

    def card(self):
        card = super().card()
        return {**card, "image": {**card["image"], "layout": "NCHW", "frames": self.frames}} if self.stacked else card


class FreeLunch(Architecture):
    """Sparse FLS (Nikulin et al. 2019, Fig. 1f): features multiplied by SoftPlus of two convolutions of them."""

    def __init__(self):
        super().__init__({"image": Pixels("uint8-nchw", 3)}, (36, 32), {}, False)
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, 6, 8, 4), nn.Conv2d(6, 8, 4, 2), nn.Conv2d(8, 8, 2)
        self.hidden, self.places = nn.Conv2d(8, 10, 3, padding=1), nn.Conv2d(10, 1, 3, padding=1)
        self.fc, self.head = nn.Linear(8 * 2 * 1, 16), nn.Linear(16, self.joints)
        self.outputs = ("torque", "attention")
        self.finished()

    def forward(self, image):
        x = self.pixels["image"](image)
        for layer in (self.conv1, self.conv2, self.conv3):
            x = F.relu(layer(x))
        attention = F.softplus(self.places(F.relu(self.hidden(x))))
        x = F.relu(self.fc((x * attention).flatten(1)))
        return self.denormalised(self.head(x)), attention


class QueryAgent(Architecture):
    """The agent of Mott et al. (2019), small: keys and values of a convolutional LSTM, queries from an LSTM's state."""

    memory, keys, queries, frequencies, core = 6, 2, 2, 2, 8

    def __init__(self):
        size, self.places = (28, 20), (7, 5)
        told = {"previous_reward": 1, "previous_action": 3}
        super().__init__({"image": Pixels("uint8-nchw", 3)}, size, told, False)
        basis, (h, w) = self.frequencies**2, self.places
        y, x = torch.meshgrid(torch.arange(1, h + 1), torch.arange(1, w + 1), indexing="ij")
        wave = lambda u, at, extent: torch.cos(torch.pi * u * at / extent)
        each = range(1, self.frequencies + 1)
        self.register_buffer("basis", torch.stack([wave(u, y, h) * wave(v, x, w) for u in each for v in each], -1)
                             .reshape(1, h * w, basis))
        key, value = self.keys + basis, self.memory - self.keys + basis
        self.key = key
        self.conv = nn.Conv2d(3, 6, 4, 4)
        self.gates = nn.Conv2d(6 + self.memory, 4 * self.memory, 3, padding=1)
        self.query1, self.query2 = nn.Linear(self.core, 10), nn.Linear(10, self.queries * key)
        self.answer1 = nn.Linear(self.queries * (value + key) + 4, 12)
        self.answer2 = nn.Linear(12, 8)
        self.lstm = nn.Linear(8 + self.core, 4 * self.core)
        self.head = nn.Linear(self.core, self.joints)
        self.outputs = ("torque", *self.carried.values(), "attention")
        self.finished()

    def step(self, cell, sums, axis=1):
        gates, candidate = sums.split([3 * sums.shape[axis] // 4, sums.shape[axis] // 4], axis)
        i, f, o = torch.sigmoid(gates).chunk(3, axis)
        cell = f * cell + i * torch.tanh(candidate)
        return o * torch.tanh(cell), cell

    def forward(self, image, state, vision_hidden, vision_cell, core_hidden, core_cell):
        x = F.relu(self.conv(self.pixels["image"](image)))
        vision_hidden, vision_cell = self.step(vision_cell, self.gates(torch.cat([x, vision_hidden], 1)))
        both = vision_hidden.flatten(2).transpose(1, 2)
        k, v = both.split([self.keys, self.memory - self.keys], 2)
        k, v = torch.cat([k, self.basis], 2), torch.cat([v, self.basis], 2)
        q = self.query2(F.relu(self.query1(core_hidden))).reshape(1, self.queries, self.key)
        answers = F.scaled_dot_product_attention(q, k, v, scale=1.0)
        told = torch.cat([answers.flatten(1), q.flatten(1), state], 1)
        x = self.answer2(F.relu(self.answer1(told)))
        core_hidden, core_cell = self.step(core_cell, self.lstm(torch.cat([x, core_hidden], 1)))
        # The maps are an output alone, and nothing that is explained.
        attention = torch.softmax(q.detach() @ k.detach().transpose(1, 2), -1).reshape(1, self.queries, *self.places)
        torque = self.denormalised(self.head(core_hidden))
        return torque, vision_hidden, vision_cell, core_hidden, core_cell, attention

    def inputs(self, generator):
        random = lambda *shape: torch.randn(1, *shape, generator=generator) * 0.5
        kept = {"vision_hidden": random(self.memory, *self.places), "vision_cell": random(self.memory, *self.places),
                "core_hidden": random(self.core), "core_cell": random(self.core)}
        return {"image": self.images["image"].sample(generator, *self.size), "state": random(self.n), **kept}

    def card(self):
        size = self.memory * self.places[0] * self.places[1]
        sizes = {"vision_hidden": size, "vision_cell": size, "core_hidden": self.core, "core_cell": self.core}
        return {**super().card(), **{name: whole(name, size) for name, size in sizes.items()}}

    @property
    def carried(self):
        return {name: f"{name}_out" for name in ("vision_hidden", "vision_cell", "core_hidden", "core_cell")}


# name: (maker, exporter, opset)
ARCHITECTURES = {
    "resnet-group-ts17": (lambda: ResNetPolicy(), "torchscript", 17),
    "resnet-group-dynamo18": (lambda: ResNetPolicy(kind="uint8-nhwc", form="robomimic"), "dynamo", 18),
    "resnet-group-dynamo21": (lambda: ResNetPolicy(imagenet=True, form="gps"), "dynamo", 21),
    "resnet-batch-ts13": (lambda: ResNetPolicy("batch", form="marginal", imagenet=True), "torchscript", 13),
    "resnet-frozen-dynamo20": (lambda: ResNetPolicy("frozen"), "dynamo", 20),
    "resnet-instance-ts18": (lambda: ResNetPolicy("instance"), "torchscript", 18),
    "act-ts17": (lambda: Act(), "torchscript", 17),
    "act-dynamo18": (lambda: Act(), "dynamo", 18),
    "act-outside-ts14": (lambda: Act(normalised_outside=True, first=False), "torchscript", 14),
    "act-outside-dynamo23": (lambda: Act(normalised_outside=True, first=False), "dynamo", 23),
    "transformer-pre-class-ts17": (lambda: TransformerPolicy(attention="multihead"), "torchscript", 17),
    "transformer-pre-class-ts14": (lambda: TransformerPolicy(kind="uint8-nhwc"), "torchscript", 14),
    "transformer-pre-mean-dynamo20": (lambda: TransformerPolicy(pool="mean", gelu="tanh"), "dynamo", 20),
    "transformer-post-mean-dynamo18": (lambda: TransformerPolicy(False, "tanh", "multihead", "mean"), "dynamo", 18),
    "transformer-post-mean-ts15": (lambda: TransformerPolicy(False, "tanh", "multihead", "mean"), "torchscript", 15),
    "transformer-pre-class-dynamo23": (lambda: TransformerPolicy(), "dynamo", 23),
    "lstm-ts17": (lambda: Recurrent(), "torchscript", 17),
    "lstm-dynamo18": (lambda: Recurrent(), "dynamo", 18),
    "lstm-window-ts14": (lambda: Recurrent(frames=3, layers=2, images=False), "torchscript", 14),
    "lstm-window-images-dynamo21": (lambda: Recurrent(frames=3), "dynamo", 21),
    "gru-ts13": (lambda: Recurrent("gru"), "torchscript", 13),
    "gru-dynamo18": (lambda: Recurrent("gru"), "dynamo", 18),
    "gru-window-images-ts17": (lambda: Recurrent("gru", frames=3), "torchscript", 17),
    "gru-cell-ts17": (lambda: CellPolicy(), "torchscript", 17),
    "gru-cell-dynamo18": (lambda: CellPolicy(), "dynamo", 18),
    "lstm-cell-dynamo20": (lambda: CellPolicy("lstm"), "dynamo", 20),
    "diffusion-ts17": (lambda: DiffusionStep(), "torchscript", 17),
    "diffusion-dynamo18": (lambda: DiffusionStep(inside=False, encoder="small"), "dynamo", 18),
    "diffusion-upsample-ts18": (lambda: DiffusionStep("nearest", inside=False, encoder="small"), "torchscript", 18),
    "diffusion-upsample-dynamo21": (lambda: DiffusionStep("nearest", encoder="small"), "dynamo", 21),
    "language-ts17": (lambda: LanguagePolicy(), "torchscript", 17),
    "language-dynamo18": (lambda: LanguagePolicy(), "dynamo", 18),
    "language-masked-dynamo21": (lambda: LanguagePolicy(masked=True), "dynamo", 21),
    "language-gru-ts13": (lambda: LanguagePolicy(recurrent=True), "torchscript", 13),
    "gaussian-ts17": (lambda: Gaussian(), "torchscript", 17),
    "gaussian-dynamo18": (lambda: Gaussian(activation=nn.ELU), "dynamo", 18),
    "gaussian-mlp-ts13": (lambda: Gaussian(False, nn.SiLU), "torchscript", 13),
    "gaussian-mlp-dynamo21": (lambda: Gaussian(False, lambda: nn.LeakyReLU(0.2)), "dynamo", 21),
    "gaussian-offset-ts17": (lambda: Gaussian(False, nn.SiLU, (-4.0, 1.0, 3.0), (5.0, -2.0, 0.5)), "torchscript", 17),
    "frames-ts17": (lambda: FrameStack(activation=nn.Softplus), "torchscript", 17),
    "frames-dynamo18": (lambda: FrameStack(activation=nn.Mish), "dynamo", 18),
    "frames-stacked-ts13": (lambda: FrameStack(stacked=True), "torchscript", 13),
    "sparse-fls-ts17": (lambda: FreeLunch(), "torchscript", 17),
    "query-agent-ts17": (lambda: QueryAgent(), "torchscript", 17),
    "frames-stacked-dynamo21": (lambda: FrameStack(stacked=True, activation=nn.Mish), "dynamo", 21),
}
