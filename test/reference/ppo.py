"""Losses and gradients of proximal policy optimisation by PyTorch: test/data/ppo.json. python ppo.py [--out FILE]

Small networks of three convolutions on bytes, with the parameters' names and shapes of ours: those of worlds, and that of an
arm, whose soft-argmax and configuration go standardised into two hidden layers. The loss is written as in Stable-Baselines3's PPO.train with torch.distributions for probabilities and entropies, all in float64.
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


# Of an arm: channels and kernels of the convolutions, numbers beside the image, hidden layers.
ARM = {"channels": [4, 3, 2], "kernels": [5, 3, 3], "configuration": 4, "hidden": [6, 5]}


def rounded(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=torch.float64) * scale * 1024).round() / 1024


def linear_layers(layers):
    return {
        f"{name}.{part}": rounded(*shape, scale=scale)
        for name, (inputs, outputs) in layers.items()
        for part, shape, scale in (("weight", (inputs, outputs), 0.6), ("bias", (outputs,), 0.2))
    }


def arm_parameters():
    channels = [3, *ARM["channels"]]
    values = {
        f"conv{i + 1}.weight": rounded(channels[i + 1], channels[i], kernel, kernel, scale=0.4 if i < 2 else 1.5)
        for i, kernel in enumerate(ARM["kernels"])
    }
    first, last = ARM["hidden"]
    inputs = 2 * channels[-1] + ARM["configuration"]
    values |= linear_layers({"fc1": (inputs, first), "fc2": (first, last), "fc3": (last, OUTPUTS), "value": (last, 1)})
    return values | {"policy.deviation": rounded(OUTPUTS, scale=0.3)}


def parameters(convolutions, continuous):
    values, channels, size = {}, CHANNELS, SIZE
    for i, c in enumerate(convolutions, 1):
        values[f"conv{i}.weight"] = rounded(c["filters"], channels, c["kernel"], c["kernel"], scale=0.4)
        values[f"conv{i}.bias"] = rounded(c["filters"], scale=0.1)
        channels, size = c["filters"], (size - c["kernel"]) // c["stride"] + 1
    values |= linear_layers(
        {"hidden": (channels * size * size, HIDDEN), "policy": (HIDDEN, OUTPUTS), "value": (HIDDEN, 1)}
    )
    if continuous:
        values["policy.deviation"] = rounded(OUTPUTS, scale=0.3)
    return values


def forward(p, convolutions, image):
    x = image / 255
    for i, c in enumerate(convolutions, 1):
        x = F.relu(F.conv2d(x, p[f"conv{i}.weight"], p[f"conv{i}.bias"], stride=c["stride"]))
    hidden = F.relu(x.flatten(1) @ p["hidden.weight"] + p["hidden.bias"])
    return hidden @ p["policy.weight"] + p["policy.bias"], (hidden @ p["value.weight"] + p["value.bias"]).squeeze(1)


def arm_forward(p, image, configuration, mean, scale):
    x = F.relu(F.conv2d(image / 255, p["conv1.weight"], stride=2))
    x = F.conv2d(F.relu(F.conv2d(x, p["conv2.weight"], padding="same")), p["conv3.weight"], padding="same")
    probability = x.flatten(2).softmax(2).view_as(x)
    axis = torch.linspace(-1, 1, x.shape[3], dtype=torch.float64)
    points = torch.stack([(probability.sum(2) * axis).sum(2), (probability.sum(3) * axis).sum(2)], 2).flatten(1)
    x = (torch.cat([points, configuration], 1) - mean) * scale
    linear = lambda x, name: x @ p[f"{name}.weight"] + p[f"{name}.bias"]
    hidden = F.relu(linear(F.relu(linear(x, "fc1")), "fc2"))
    return linear(hidden, "fc3"), linear(hidden, "value").squeeze(1)


def distribution(p, policy):
    if "policy.deviation" not in p:
        return Categorical(logits=policy)
    return Independent(Normal(policy, p["policy.deviation"].exp()), 1)


def world_case(name, convolutions, continuous, value_clip):
    values = parameters(convolutions, continuous)
    image = torch.randint(0, 256, (BATCH, CHANNELS, SIZE, SIZE)).double()
    found = case(name, values, lambda p: forward(p, convolutions, image), continuous, value_clip)
    return found | {"convolutions": convolutions, "image": image.flatten().int().tolist()}


def arm_case(name, value_clip):
    image = torch.randint(0, 256, (BATCH, 3, SIZE, SIZE)).double()
    configuration = rounded(BATCH, ARM["configuration"])
    inputs = 2 * ARM["channels"][-1] + ARM["configuration"]
    mean, scale = rounded(inputs, scale=0.2), rounded(inputs).abs() + 0.5
    outputs = lambda p: arm_forward(p, image, configuration, mean, scale)
    found = case(name, arm_parameters(), outputs, True, value_clip)
    numbers = {"configuration": configuration, "mean": mean, "scale": scale}
    return found | {"image": image.flatten().int().tolist()} | {k: flat(v) for k, v in numbers.items()}


# Twelve digits: more than float32 has, and all of the inputs, which are multiples of 1/1024.
def flat(t):
    return [float(f"{x:.12g}") for x in t.detach().flatten().tolist()]


def case(name, values, outputs, continuous, value_clip):
    p = {k: v.requires_grad_(True) for k, v in values.items()}
    advantages, returns = rounded(BATCH), rounded(BATCH)
    with torch.no_grad():
        policy, value = outputs(p)
        actions = distribution(p, policy).sample()
        if continuous:
            actions = (actions * 1024).round() / 1024
        taken = distribution(p, policy).log_prob(actions)
        # Some ratios inside of the range, some on either side of it.
        old = ((taken + torch.tensor([0.0, 0.1, -0.1, 0.5, -0.5, 0.4])) * 1024).round() / 1024
        old_values = ((value + torch.tensor([0.0, 0.05, -0.05, 0.4, -0.4, 0.3])) * 1024).round() / 1024
    policy, values = outputs(p)
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
    return {
        "name": name, "continuous": continuous, "value_clip": value_clip,
        "parameters": {k: flat(v) for k, v in p.items()},
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
        world_case(f"{network}, {'normal' if continuous else 'categorical'}, {'clipped' if clip else 'unclipped'} values",
             convolutions, continuous, clip)
        for network, convolutions in NETWORKS.items()
        for continuous in (False, True)
        for clip in (None, 0.2)
    ]
    arms = [arm_case(f"an arm, {'clipped' if clip else 'unclipped'} values", clip) for clip in (None, 0.2)]
    shape = {"batch": BATCH, "channels": CHANNELS, "size": SIZE, "hidden": HIDDEN, "outputs": OUTPUTS}
    content = {"torch": torch.__version__.split("+")[0], **shape, "clip": CLIP, "weights": WEIGHTS, "arm": ARM, "cases": cases, "arms": arms}
    with open(parser.parse_args().out, "w") as file:
        file.write("{\n" + ",\n".join(
            f"{json.dumps(k)}: " + ("[\n" + ",\n".join(json.dumps(c) for c in v) + "\n]" if k in ("cases", "arms") else json.dumps(v))
            for k, v in content.items()) + "\n}\n")


main()
