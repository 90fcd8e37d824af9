"""What LeRobot writes beside a policy, and what its processors make of numbers: `python lerobot_policy.py OUT`.

Needs lerobot 0.4.4 (or a later one with the same files). Writes config.json, both processors with their statistics, and
expected.json: a state and an image before and after the preprocessor, actions before and after the postprocessor.
"""

import json
import sys
from pathlib import Path

import torch
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.act.configuration_act import ACTConfig
from lerobot.policies.act.processor_act import make_act_pre_post_processors

IMAGE = "observation.images.top"
STATE = "observation.state"


def statistics(mean, std):
    mean, std = torch.tensor(mean), torch.tensor(std)
    return {"mean": mean, "std": std, "min": -torch.ones(6), "max": torch.ones(6), "count": torch.tensor([9])}


out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
config = ACTConfig(
    device="cpu",
    chunk_size=4,
    n_action_steps=4,
    push_to_hub=False,
    pretrained_backbone_weights=None,
    input_features={
        IMAGE: PolicyFeature(FeatureType.VISUAL, (3, 8, 8)),
        STATE: PolicyFeature(FeatureType.STATE, (6,)),
    },
    output_features={"action": PolicyFeature(FeatureType.ACTION, (6,))},
)
colours = {
    "mean": torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1),
    "std": torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1),
    "min": torch.zeros(3, 1, 1),
    "max": torch.ones(3, 1, 1),
}
joints = statistics([0.1, -0.4, 1.2, 0, 0.3, 0.5], [0.5, 0.6, 0.7, 0.8, 0.9, 0.2])
before, after = make_act_pre_post_processors(config, {IMAGE: colours, STATE: joints, "action": joints})
config._save_pretrained(out)
before.save_pretrained(out)
after.save_pretrained(out)

state = torch.tensor([[0.2, -0.1, 0.4, 0.3, -0.2, 0.6]])
given = before({IMAGE: torch.full((1, 3, 8, 8), 0.5), STATE: state})
action = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]])
expected = {
    "state": [state[0].tolist(), given[STATE][0].tolist()],
    "pixel": [[0.5] * 3, given[IMAGE][0, :, 0, 0].tolist()],
    "action": [action[0].tolist(), after(action)[0].tolist()],
}
(out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
