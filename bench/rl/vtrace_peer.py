"""A learner in PyTorch as TorchBeast's: steps of trajectories learned a second.

    vtrace_peer.py '{"updates": 10, "threads": 2, "vtrace": {...}, "network": {...}, "picture": [3, 64, 64], "actions": 4, "gates": "joint"}'

The network is the one that asks queries, or where `network` has no queries convolutions and a hidden layer. One update is what TorchBeast's learner does with a batch: the network over T + 1 steps, V-trace targets without
gradients, the summed losses, backward, the gradient shortened to a norm, RMSProp. The convolutions run on all steps at
once, as there; only the two LSTMs go step by step. `gates` says how a step of the convolutional LSTM is computed: by eight
convolutions, as in the agent's published code, or by one that joins input, hidden state and gates. Prints one line of JSON.
"""

import json
import math
import os
import sys
import time

setup = json.loads(sys.argv[1])
os.environ["OMP_NUM_THREADS"] = str(setup["threads"])

import torch
from torch import nn
from torch.nn import functional as F


class Agent(nn.Module):
    def __init__(self, n, picture, actions):
        super().__init__()
        (channels, h, w), self.n = picture, n
        layers = []
        for c in n["convolutions"]:
            padding = tuple(c.get("padding", (0, 0)))
            layers += [nn.Conv2d(channels, c["filters"], c["kernel"], c["stride"], padding), nn.ReLU()]
            channels = c["filters"]
            h = (h + 2 * padding[0] - c["kernel"]) // c["stride"] + 1
            w = (w + 2 * padding[1] - c["kernel"]) // c["stride"] + 1
        self.vision = nn.Sequential(*layers)
        kernel = n["memoryKernel"]
        convolution = lambda inputs, outputs, bias: nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
        if setup["gates"] == "joint":
            self.memory = convolution(channels + n["memory"], 4 * n["memory"], True)
        else:
            self.inputs = nn.ModuleList(convolution(channels, n["memory"], True) for _ in range(4))
            self.hidden = nn.ModuleList(convolution(n["memory"], n["memory"], False) for _ in range(4))
        us, vs = n["frequencies"]
        y, x = torch.arange(1, h + 1) * (math.pi / h), torch.arange(1, w + 1) * (math.pi / w)
        u, v = torch.arange(1, us + 1), torch.arange(1, vs + 1)
        basis = torch.einsum("yu,xv->yxuv", torch.cos(y[:, None] * u), torch.cos(x[:, None] * v))
        self.register_buffer("basis", basis.reshape(h * w, us * vs))
        key, value = n["keys"] + us * vs, n["memory"] - n["keys"] + us * vs
        sizes, query = [n["core"], *n["queryHidden"], n["queries"] * key], []
        for a, b in zip(sizes, sizes[1:]):
            query += [nn.Linear(a, b), nn.ReLU()]
        self.query = nn.Sequential(*query[:-1])
        hidden, out = n["answer"]
        self.answer = nn.Sequential(
            nn.Linear(n["queries"] * (key + value) + 1 + actions, hidden), nn.ReLU(), nn.Linear(hidden, out)
        )
        self.core = nn.LSTMCell(out, n["core"])
        self.policy, self.value = nn.Linear(n["core"], actions), nn.Linear(n["core"], 1)
        self.states = [(n["memory"], h, w)] * 2 + [(n["core"],)] * 2

    def forward(self, image, action, reward, keeps, state):
        steps, batch = image.shape[:2]
        maps = self.vision(image.flatten(0, 1).float() / 255).unflatten(0, (steps, batch))
        h, c, ch, cc = state
        seen = []
        for x, keep in zip(maps, keeps):
            keep = keep.view(batch, 1, 1, 1)
            h, c = h * keep, c * keep
            if setup["gates"] == "joint":
                i, f, o, g = self.memory(torch.cat([x, h], 1)).chunk(4, 1)
            else:
                i, f, o, g = (a(x) + b(h) for a, b in zip(self.inputs, self.hidden))
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            seen.append(h)
        places = torch.stack(seen).flatten(3).transpose(2, 3)
        basis = self.basis.expand(steps, batch, *self.basis.shape)
        k, v = places.split([self.n["keys"], self.n["memory"] - self.n["keys"]], 3)
        k, v = torch.cat([k, basis], 3).transpose(2, 3), torch.cat([v, basis], 3)
        told = torch.cat([reward.clamp(-1, 1), action], 2)
        outputs = []
        for key, value, given, keep in zip(k, v, told, keeps):
            ch, cc = ch * keep[:, None], cc * keep[:, None]
            q = self.query(ch).unflatten(1, (self.n["queries"], -1))
            answers = (q @ key).softmax(2) @ value
            ch, cc = self.core(self.answer(torch.cat([answers.flatten(1), q.flatten(1), given], 1)), (ch, cc))
            outputs.append(ch)
        out = torch.stack(outputs)
        return self.policy(out), self.value(out).squeeze(2)


class Plain(nn.Module):
    """Convolutions and a hidden layer, each followed by a ReLU: no state."""

    states = []

    def __init__(self, n, picture, actions):
        super().__init__()
        (channels, h, w), layers = picture, []
        for c in n["convolutions"]:
            layers += [nn.Conv2d(channels, c["filters"], c["kernel"], c["stride"]), nn.ReLU()]
            channels, h, w = c["filters"], (h - c["kernel"]) // c["stride"] + 1, (w - c["kernel"]) // c["stride"] + 1
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * h * w, n["hidden"]), nn.ReLU())
        self.policy, self.value = nn.Linear(n["hidden"], actions), nn.Linear(n["hidden"], 1)

    def forward(self, image, *_):
        out = self.layers(image.flatten(0, 1).float() / 255).unflatten(0, image.shape[:2])
        return self.policy(out), self.value(out).squeeze(2)


def targets(log_ratio, rewards, discounts, values, last, rho, trace):
    with torch.no_grad():
        ratio = log_ratio.exp()
        weight = ratio.clamp(max=rho)
        after = torch.cat([values[1:], last[None]])
        delta = weight * (rewards + discounts * after - values)
        found, rest = [], torch.zeros_like(last)
        for d, factor in zip(delta.flip(0), (discounts * ratio.clamp(max=trace)).flip(0)):
            rest = d + factor * rest
            found.append(rest)
        v = values + torch.stack(found[::-1])
        return v, weight * (rewards + discounts * torch.cat([v[1:], last[None]]) - values)


def main():
    torch.set_num_threads(setup["threads"])
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    s, actions = setup["vtrace"], setup["actions"]
    asks = "queries" in setup["network"]
    agent = (Agent if asks else Plain)(setup["network"], setup["picture"], actions)
    steps, batch = s["unroll"], s["worlds"]
    rows = steps + 1
    image = torch.randint(0, 256, (rows, batch, *setup["picture"]), dtype=torch.uint8)
    previous = F.one_hot(torch.randint(0, actions, (rows, batch)), actions).float()
    reward, keeps = torch.zeros(rows, batch, 1), torch.ones(rows, batch)
    taken = torch.randint(0, actions, (steps, batch))
    behaviour = torch.full((steps, batch), -math.log(actions))
    rewards = torch.rand(steps, batch)
    state = [torch.zeros(batch, *size) for size in agent.states]
    optimiser = torch.optim.RMSprop(agent.parameters(), lr=s["rate"], eps=s["epsilon"], alpha=s["decay"])

    def update():
        policy, values = agent(image, previous, reward, keeps, state)
        log = policy[:-1].log_softmax(2)
        chosen = log.gather(2, taken[..., None]).squeeze(2)
        discounts = keeps[1:] * s["gamma"]
        v, advantages = targets(chosen - behaviour, rewards, discounts, values[:-1], values[-1], s["rho"], s["trace"])
        entropy = -(log.exp() * log).sum()
        loss = -(advantages * chosen).sum() + s["value"] * 0.5 * ((v - values[:-1]) ** 2).sum() - s["entropy"] * entropy
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(agent.parameters(), s["gradientNorm"])
        optimiser.step()
        return loss.item()

    for _ in range(2):
        update()
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in range(setup["updates"]):
        update()
    done = setup["updates"] * steps * batch
    # PyTorch's LSTM has a second bias that is added to the first.
    parameters = sum(p.numel() for p in agent.parameters()) - (agent.core.bias_hh.numel() if asks else 0)
    print(json.dumps({
        "rate": done / (time.perf_counter() - begin),
        "cpuRate": done / (time.process_time() - cpu),
        "parameters": parameters,
    }))


main()
