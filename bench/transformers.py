"""Policies with attention at full size, random weights, by PyTorch and torchvision: `python bench/transformers.py OUT`.

OUT/act.onnx: LeRobot's ACT (two cameras of 64 × 96, ResNet-18, four encoder layers and one decoder layer of width 512, a
chunk of 100). OUT/vit.onnx: a ViT-S/16 of 224 × 224. Each with its card. `npm run bench:methods` times them.
"""

import sys
from pathlib import Path

import torch
import torchvision
from torch import nn

WIDTH, HEADS, HIDDEN, CHUNK, JOINTS = 512, 8, 3200, 100, 6


class Layer(nn.Module):
    def __init__(self, cross):
        super().__init__()
        attention = lambda: nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.own = attention()
        self.cross = attention() if cross else None
        self.wide, self.narrow = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3 if cross else 2))

    def forward(self, x, place, memory=None, memory_place=None):
        key = x + place
        x = self.norms[0](x + self.own(key, key, x, need_weights=False)[0])
        if self.cross:
            seen = self.cross(x + place, memory + memory_place, memory, need_weights=False)[0]
            x = self.norms[1](x + seen)
        return self.norms[-1](x + self.narrow(torch.relu(self.wide(x))))


class Act(nn.Module):
    inputs = {"left": (1, 3, 64, 96), "right": (1, 3, 64, 96), "state": (1, JOINTS)}

    def __init__(self):
        super().__init__()
        resnet = torchvision.models.resnet18(norm_layer=torchvision.ops.FrozenBatchNorm2d)
        self.backbone = nn.Sequential(*list(resnet.children())[:-2])
        self.project = nn.Conv2d(512, WIDTH, 1)
        self.state = nn.Linear(JOINTS, WIDTH)
        self.latent = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.place = nn.Parameter(torch.randn(1, 2 + 2 * 2 * 3, WIDTH))
        self.query = nn.Parameter(torch.randn(1, CHUNK, WIDTH))
        self.encoder = nn.ModuleList(Layer(False) for _ in range(4))
        self.decoder = Layer(True)
        self.head = nn.Linear(WIDTH, JOINTS)

    def forward(self, left, right, state):
        maps = [self.project(self.backbone(image)).flatten(2).transpose(1, 2) for image in (left, right)]
        x = torch.cat([self.latent, self.state(state)[:, None], *maps], 1)
        for layer in self.encoder:
            x = layer(x, self.place)
        return self.head(self.decoder(torch.zeros_like(self.query), self.query, x, self.place))[:, 0]


class Vit(nn.Module):
    inputs = {"front": (1, 3, 224, 224)}

    def __init__(self):
        super().__init__()
        self.net = torchvision.models.VisionTransformer(224, 16, 12, 6, 384, 1536, num_classes=JOINTS)
        nn.init.normal_(self.net.heads.head.weight, std=0.05)

    def forward(self, front):
        return self.net(front)


def card(name, inputs):
    lines = [f"  {key}: {{ modality: {key}, layout: NCHW, range: [0, 1], encoding: rgb8 }}" for key, shape in inputs.items() if len(shape) == 4]
    lines += [f"  {key}:\n    - {{ modality: joint_position, start: 0, size: {shape[1]} }}" for key, shape in inputs.items() if len(shape) == 2]
    joints = ", ".join(f"joint_{i + 1}" for i in range(JOINTS))
    return "\n".join(
        [
            "torquelens_card: 1",
            f"name: {name}",
            "control_period: 0.05",
            f"joints: [{joints}]",
            "torque: { output: torque, limits: 10 }",
            "inputs:",
            *lines,
            "",
        ]
    )


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.backends.mha.set_fastpath_enabled(False)
    for name, network in {"act": Act, "vit": Vit}.items():
        torch.manual_seed(0)
        policy = network().eval()
        example = tuple(torch.rand(shape) for shape in policy.inputs.values())
        with torch.no_grad():
            torch.onnx.export(
                policy, example, str(out / f"{name}.onnx"), dynamo=False, opset_version=17,
                input_names=list(policy.inputs), output_names=["torque"],
            )
        (out / f"{name}.yaml").write_text(card(name, policy.inputs))


if __name__ == "__main__":
    main()
