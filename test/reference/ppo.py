"""Losses and gradients of proximal policy optimisation by PyTorch: test/data/ppo.json. python ppo.py [--out FILE]

A small network of three convolutions on bytes, with the parameters' names and shapes of ours; the loss is written as in
Stable-Baselines3's PPO.train with torch.distributions for probabilities and entropies, all in float64.
"""

import argparse
import json
import os

os.environ.update(OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")

import torch
from torch.distributions import Categorical, Independent, Normal
from torch.nn import functional as F

BATCH, CHANNELS, SIZE, HIDDEN, OUTPUTS = 6, 2, 12, 5, 3
WEIGHTS = {"entropy": 0.02, "value": 0.5}
CLIP = 0.2
# Rounded, so that the file holds every number exactly.
NETWORKS = {
    "tiled": [{"filters": 4, "kernel": 3, "stride": 3}, {"filters": 3, "kernel": 3, "stride": 1}, {"filters": 5, "kernel": 2, "stride": 2}],
    "overlapping": [{"filters": 4, "kernel": 4, "stride": 2}, {"filters": 3, "kernel": 3, "stride": 1}, {"filters": 3, "kernel": 2, "stride": 1}],
}


def rounded(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=torch.float64) * scale * 1024).round() / 1024


def parameters(convolutions, continuous):
    values, channels, size = {}, CHANNELS, SIZE
    for i, c in enumerate(convolutions, 1):
        values[f"conv{i}.weight"] = rounded(c["filters"], channels, c["kernel"], c["kernel"], scale=0.4)
        values[f"conv{i}.bias"] = rounded(c["filters"], scale=0.1)
        channels, size = c["filters"], (size - c["kernel"]) // c["stride"] + 1
    for name, (inputs, outputs) in {
        "hidden": (channels * size * size, HIDDEN), "policy": (HIDDEN, OUTPUTS), "value": (HIDDEN, 1)
    }.items():
        values[f"{name}.weight"] = rounded(inputs, outputs, scale=0.6)
        values[f"{name}.bias"] = rounded(outputs, scale=0.2)
    if continuous:
        values["policy.deviation"] = rounded(OUTPUTS, scale=0.3)
    return values


def forward(p, convolutions, image):
    x = image / 255
    for i, c in enumerate(convolutions, 1):
        x = F.relu(F.conv2d(x, p[f"conv{i}.weight"], p[f"conv{i}.bias"], stride=c["stride"]))
    hidden = F.relu(x.flatten(1) @ p["hidden.weight"] + p["hidden.bias"])
    return hidden @ p["policy.weight"] + p["policy.bias"], (hidden @ p["value.weight"] + p["value.bias"]).squeeze(1)


def distribution(p, policy):
    if "policy.deviation" not in p:
        return Categorical(logits=policy)
    return Independent(Normal(policy, p["policy.deviation"].exp()), 1)


def case(name, convolutions, continuous, value_clip):
    p = {k: v.requires_grad_(True) for k, v in parameters(convolutions, continuous).items()}
    image = torch.randint(0, 256, (BATCH, CHANNELS, SIZE, SIZE)).double()
    advantages, returns = rounded(BATCH), rounded(BATCH)
    with torch.no_grad():
        policy, value = forward(p, convolutions, image)
        actions = distribution(p, policy).sample()
        if continuous:
            actions = (actions * 1024).round() / 1024
        taken = distribution(p, policy).log_prob(actions)
        # Some ratios inside of the range, some on either side of it.
        old = ((taken + torch.tensor([0.0, 0.1, -0.1, 0.5, -0.5, 0.4])) * 1024).round() / 1024
        old_values = ((value + torch.tensor([0.0, 0.05, -0.05, 0.4, -0.4, 0.3])) * 1024).round() / 1024
    policy, values = forward(p, convolutions, image)
    normalised = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    dist = distribution(p, policy)
    log_prob = dist.log_prob(actions)
    ratio = torch.exp(log_prob - old)
    first = normalised * ratio
    second = normalised * torch.clamp(ratio, 1 - CLIP, 1 + CLIP)
    surrogate = -torch.min(first, second).mean()
    predicted = values
    if value_clip is not None:
        predicted = old_values + torch.clamp(values - old_values, -value_clip, value_clip)
    error = F.mse_loss(returns, predicted)
    entropy = dist.entropy().mean()
    loss = surrogate + WEIGHTS["value"] * error - WEIGHTS["entropy"] * entropy
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(list(p.values()), float("inf"))
    scalars = {
        "loss": loss, "surrogate": surrogate, "error": error, "entropy": entropy,
        "kl": ((ratio - 1) - (log_prob - old)).mean(), "clipped": ((ratio - 1).abs() > CLIP).double().mean(),
    }
    # Twelve digits: more than float32 has, and all of the inputs, which are multiples of 1/1024.
    flat = lambda t: [float(f"{x:.12g}") for x in t.detach().flatten().tolist()]
    return {
        "name": name, "continuous": continuous, "convolutions": convolutions, "value_clip": value_clip,
        "parameters": {k: flat(v) for k, v in p.items()},
        "image": image.flatten().int().tolist(),
        "actions": flat(actions if continuous else F.one_hot(actions, OUTPUTS).double()),
        "log_probabilities": flat(old), "advantages": flat(advantages), "normalised": flat(normalised),
        "returns": flat(returns), "values": flat(old_values),
        "scalars": {k: v.item() for k, v in scalars.items()},
        "norm": norm.item(),
        "gradients": {k: flat(v.grad) for k, v in p.items()},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(__file__), "../data/ppo.json"))
    torch.manual_seed(18)
    cases = [
        case(f"{network}, {'normal' if continuous else 'categorical'}, {'clipped' if clip else 'unclipped'} values",
             convolutions, continuous, clip)
        for network, convolutions in NETWORKS.items()
        for continuous in (False, True)
        for clip in (None, 0.2)
    ]
    shape = {"batch": BATCH, "channels": CHANNELS, "size": SIZE, "hidden": HIDDEN, "outputs": OUTPUTS}
    content = {"torch": torch.__version__.split("+")[0], **shape, "clip": CLIP, "weights": WEIGHTS, "cases": cases}
    with open(parser.parse_args().out, "w") as file:
        file.write("{\n" + ",\n".join(
            f"{json.dumps(k)}: " + ("[\n" + ",\n".join(json.dumps(c) for c in v) + "\n]" if k == "cases" else json.dumps(v))
            for k, v in content.items()) + "\n}\n")


main()
