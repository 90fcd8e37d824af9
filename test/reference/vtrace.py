"""Golden outputs, losses and gradients of V-trace on the attention agent of Mott et al. (2019), by PyTorch: test/data/vtrace.json.

    python vtrace.py [--out FILE]

A small agent written with PyTorch's own layers: nn.Conv2d, nn.LSTMCell, nn.MultiheadAttention is not used, the attention
is written out. A convolutional LSTM step keeps separate convolutions for each gate, of input and hidden state apart. All
in float64. V-trace targets are the sums of equation 1 of Espeholt et al. (2018), written out, not their recursion.
"""

import argparse
import json
import math
import os

os.environ.update(OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")

import torch
from torch import nn
from torch.nn import functional as F

ACTIONS, CHANNELS, HEIGHT, WIDTH = 3, 2, 13, 10
STEPS, BATCH = 5, 3
NETWORK = {
    "convolutions": [
        {"filters": 3, "kernel": 4, "stride": 2, "padding": [1, 2]},
        {"filters": 4, "kernel": 3, "stride": 1, "padding": [2, 1]},
    ],
    "memory": 5, "memoryKernel": 3, "keys": 2, "frequencies": [2, 3], "queries": 2,
    "queryHidden": [6, 7], "answer": [9, 4], "core": 5,
}
SETTINGS = {"unroll": STEPS, "gamma": 0.9, "rho": 1.0, "trace": 1.0, "entropy": 0.03, "value": 0.5}
OTHER = {"unroll": STEPS, "gamma": 0.95, "rho": 1.3, "trace": 0.8, "entropy": 0.01, "value": 0.7}
torch.set_default_dtype(torch.float64)


# Multiples of 1/1024, so that the file holds every number exactly.
def rounded(t):
    return (t * 1024).round() / 1024


class Memory(nn.Module):
    def __init__(self, inputs, size, kernel):
        super().__init__()
        self.x = nn.ModuleDict({g: nn.Conv2d(inputs, size, kernel, padding=kernel // 2) for g in "ifog"})
        self.h = nn.ModuleDict({g: nn.Conv2d(size, size, kernel, padding=kernel // 2, bias=False) for g in "ifog"})

    def forward(self, x, h, c):
        i, f, o, g = (self.x[k](x) + self.h[k](h) for k in "ifog")
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        n, self.convs, channels = NETWORK, nn.ModuleList(), CHANNELS
        h, w = HEIGHT, WIDTH
        for c in n["convolutions"]:
            self.convs.append(nn.Conv2d(channels, c["filters"], c["kernel"], c["stride"], tuple(c["padding"])))
            channels = c["filters"]
            h = (h + 2 * c["padding"][0] - c["kernel"]) // c["stride"] + 1
            w = (w + 2 * c["padding"][1] - c["kernel"]) // c["stride"] + 1
        self.places = (h, w)
        self.memory = Memory(channels, n["memory"], n["memoryKernel"])
        u, v = n["frequencies"]
        basis = torch.empty(h, w, u, v)
        for y in range(h):
            for x in range(w):
                for a in range(u):
                    for b in range(v):
                        basis[y, x, a, b] = math.cos(math.pi * (a + 1) * (y + 1) / h) * math.cos(math.pi * (b + 1) * (x + 1) / w)
        self.basis = basis.reshape(h, w, u * v)
        self.key, self.value_size = n["keys"] + u * v, n["memory"] - n["keys"] + u * v
        sizes = [n["core"], *n["queryHidden"], n["queries"] * self.key]
        self.query = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.answer1 = nn.Linear(n["queries"] * (self.key + self.value_size) + 1 + ACTIONS, n["answer"][0])
        self.answer2 = nn.Linear(*n["answer"])
        self.core = nn.LSTMCell(n["answer"][1], n["core"])
        self.policy, self.value = nn.Linear(n["core"], ACTIONS), nn.Linear(n["core"], 1)

    def step(self, image, action, reward, keep, state):
        vh, vc, h, c = (s * keep.view(-1, *[1] * (s.dim() - 1)) for s in state)
        x = image / 255
        for conv in self.convs:
            x = F.relu(conv(x))
        vh, vc = self.memory(x, vh, vc)
        # Channels last, as the text has it: [B, h, w, C].
        seen = vh.permute(0, 2, 3, 1)
        basis = self.basis.expand(seen.shape[0], *self.basis.shape)
        keys = torch.cat([seen[..., : NETWORK["keys"]], basis], 3)
        values = torch.cat([seen[..., NETWORK["keys"] :], basis], 3)
        q = h
        for i, layer in enumerate(self.query):
            q = layer(F.relu(q) if i > 0 else q)
        q = q.view(-1, NETWORK["queries"], self.key)
        scores = torch.einsum("bhwk,bqk->bqhw", keys, q)
        maps = scores.flatten(2).softmax(2).view_as(scores)
        answers = torch.einsum("bqhw,bhwv->bqv", maps, values)
        told = torch.cat([answers.flatten(1), q.flatten(1), reward.clamp(-1, 1), action], 1)
        h, c = self.core(self.answer2(F.relu(self.answer1(told))), (h, c))
        return self.policy(h), self.value(h).squeeze(1), maps, (vh, vc, h, c)

    def initial(self):
        sizes = [(NETWORK["memory"], *self.places)] * 2 + [(NETWORK["core"],)] * 2
        return [rounded(torch.randn(BATCH, *s) * 0.5) for s in sizes]


def lead(agent):
    """Parameters by our names, shapes and order: gates i, f, o, g in one tensor, linear weights [inputs, outputs]."""
    p = {}
    for i, conv in enumerate(agent.convs, 1):
        p[f"conv{i}.weight"], p[f"conv{i}.bias"] = conv.weight, conv.bias
    m = agent.memory
    p["memory.weight"] = torch.cat([torch.cat([m.x[g].weight, m.h[g].weight], 1) for g in "ifog"], 0)
    p["memory.bias"] = torch.cat([m.x[g].bias for g in "ifog"])
    for i, layer in enumerate(agent.query, 1):
        p[f"query{i}.weight"], p[f"query{i}.bias"] = layer.weight.T, layer.bias
    for name in ("answer1", "answer2", "policy", "value"):
        layer = getattr(agent, name)
        p[f"{name}.weight"], p[f"{name}.bias"] = layer.weight.T, layer.bias
    # PyTorch's order is i, f, g, o.
    order = lambda t: torch.cat([t.chunk(4)[k] for k in (0, 1, 3, 2)])
    p["core.weight"] = torch.cat([order(agent.core.weight_ih), order(agent.core.weight_hh)], 1).T
    p["core.bias"] = order(agent.core.bias_ih)
    return p


def gradients(agent):
    for parameter in agent.parameters():
        parameter.data, parameter.held = parameter.grad, parameter.data
    found = {k: v.detach().clone() for k, v in lead(agent).items()}
    for parameter in agent.parameters():
        parameter.data = parameter.held
    return found


def definition(log_ratio, rewards, discounts, values, last, rho, trace):
    """Equation 1, each target a sum of products of its own; and the advantages of section 4.2."""
    steps, batch = rewards.shape
    targets, advantages = torch.empty_like(values), torch.empty_like(values)
    value = lambda t, b: last[b].item() if t == steps else values[t, b].item()
    for b in range(batch):
        ratio = [math.exp(log_ratio[t, b].item()) for t in range(steps)]
        for s in range(steps):
            total = value(s, b)
            for t in range(s, steps):
                product = 1.0
                for i in range(s, t):
                    product *= discounts[i, b].item() * min(trace, ratio[i])
                delta = rewards[t, b].item() + discounts[t, b].item() * value(t + 1, b) - value(t, b)
                total += product * min(rho, ratio[t]) * delta
            targets[s, b] = total
        for s in range(steps):
            after = last[b].item() if s == steps - 1 else targets[s + 1, b].item()
            advantages[s, b] = min(rho, ratio[s]) * (rewards[s, b].item() + discounts[s, b].item() * after - value(s, b))
    return targets, advantages


def flat(t):
    return [float(f"{x:.12g}") for x in t.detach().flatten().tolist()]


def case(name, seed, settings):
    torch.manual_seed(seed)
    agent = Agent()
    for key, parameter in agent.named_parameters():
        scale = 2.0 if "query" in key else 1.3
        parameter.data = rounded(parameter.data * scale)
    agent.core.bias_hh.data.zero_()
    rows = STEPS + 1
    image = torch.randint(0, 256, (rows, BATCH, CHANNELS, HEIGHT, WIDTH)).double()
    keeps = torch.ones(rows, BATCH)
    keeps[2, 0] = keeps[4, 1] = keeps[5, 2] = 0
    action = F.one_hot(torch.randint(0, ACTIONS, (rows, BATCH)), ACTIONS).double() * keeps[..., None]
    reward = rounded(torch.randn(rows, BATCH, 1) * 1.5) * keeps[..., None]
    taken = torch.randint(0, ACTIONS, (STEPS, BATCH))
    rewards = rounded(torch.randn(STEPS, BATCH))
    goes_on = keeps[1:].clone()
    start = agent.initial()

    state, policies, values, maps = start, [], [], []
    for t in range(rows):
        policy, value, attention, state = agent.step(image[t], action[t], reward[t], keeps[t], state)
        policies.append(policy), values.append(value), maps.append(attention)
    policy, value, last = torch.stack(policies[:-1]), torch.stack(values[:-1]), values[-1]
    distribution = torch.distributions.Categorical(logits=policy)
    log = distribution.log_prob(taken)
    # Ratios below, between and above the limits.
    shift = torch.tensor([-0.7, -0.2, 0.0, 0.2, 0.5]).repeat(4)[: STEPS * BATCH].view(STEPS, BATCH)
    behaviour = rounded(log.detach() + shift)
    ratio = log - behaviour
    discounts = goes_on * settings["gamma"]
    targets, advantages = definition(ratio, rewards, discounts, value, last, settings["rho"], settings["trace"])
    entropy = distribution.entropy()
    loss = (-advantages * log).sum() + settings["value"] * 0.5 * ((targets - value) ** 2).sum() - settings["entropy"] * entropy.sum()
    loss.backward()
    count = STEPS * BATCH
    scalars = {
        "loss": loss / count, "surrogate": (-advantages * log).mean(), "error": ((targets - value) ** 2).mean(),
        "entropy": entropy.mean(), "kl": (ratio.exp() - 1 - ratio).mean(),
        "clipped": (ratio.exp() > settings["rho"]).double().mean(),
    }
    names = ("vision_hidden", "vision_cell", "core_hidden", "core_cell")
    # One step alone, for the network that acts.
    acted = agent.step(image[0], action[0], reward[0], torch.ones(BATCH), start)
    found = {
        "name": name, "settings": settings, "parameters": {k: flat(v) for k, v in lead(agent).items()},
        "image": image.flatten().int().tolist(), "previous_action": flat(action), "previous_reward": flat(reward),
        "keeps": flat(keeps), "carried": {k: flat(v) for k, v in zip(names, start)},
        "actions": flat(F.one_hot(taken, ACTIONS).double()), "rewards": flat(rewards), "goesOn": flat(goes_on),
        "logProbability": flat(behaviour), "scalars": {k: v.item() for k, v in scalars.items()},
        "targets": flat(targets), "advantages": flat(advantages), "logRatio": flat(ratio), "values": flat(value), "last": flat(last),
        "act": {"policy": flat(acted[0]), "value": flat(acted[1]), "attention": flat(acted[2]), "next": {k: flat(v) for k, v in zip(names, acted[3])}},
    }
    return found | {"gradients": {k: flat(v) for k, v in gradients(agent).items()}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(__file__), "../data/vtrace.json"))
    cases = [case("the paper's weights", 3, SETTINGS), case("other weights", 4, OTHER)]
    shape = {"actions": ACTIONS, "channels": CHANNELS, "height": HEIGHT, "width": WIDTH, "steps": STEPS, "batch": BATCH, "network": NETWORK}
    content = {"torch": torch.__version__.split("+")[0], **shape, "cases": cases}
    with open(parser.parse_args().out, "w") as file:
        file.write("{\n" + ",\n".join(
            f"{json.dumps(k)}: " + ("[\n" + ",\n".join(json.dumps(c) for c in v) + "\n]" if k == "cases" else json.dumps(v))
            for k, v in content.items()) + "\n}\n")


main()
