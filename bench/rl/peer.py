"""Stable-Baselines3's PPO on Red-Fetch-Green: environment steps a second from rollout to learned minibatches.

    peer.py '{"steps": 20480, "threads": 2, "vector": "dummy", "ppo": {...}, "network": {...}}'

The world is MiniGrid's own engine with the rules of its Fetch task: one green, one blue and one yellow ball at random
places of an 8×8 room, left, right, forward and pickup, the picture of the whole room at 8 pixels a tile. Prints one
line of JSON.
"""

import json
import sys
import time

import gymnasium
from minigrid.core.grid import Grid
from minigrid.core.mission import MissionSpace
from minigrid.core.world_object import Ball
from minigrid.minigrid_env import MiniGridEnv
from minigrid.wrappers import ImgObsWrapper, RGBImgObsWrapper


class RedFetchGreen(MiniGridEnv):
    def __init__(self):
        mission = MissionSpace(mission_func=lambda: "fetch the green ball")
        super().__init__(mission_space=mission, grid_size=8, max_steps=320, highlight=False)
        self.action_space = gymnasium.spaces.Discrete(4)

    def _gen_grid(self, width, height):
        self.grid = Grid(width, height)
        self.grid.wall_rect(0, 0, width, height)
        for colour in ("green", "blue", "yellow"):
            self.place_obj(Ball(colour))
        self.place_agent()
        self.mission = "fetch the green ball"

    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        if self.carrying:
            reward = self._reward() if self.carrying.color == "green" else 0
            terminated = True
        return observation, reward, terminated, truncated, info


def make():
    return ImgObsWrapper(RGBImgObsWrapper(RedFetchGreen(), tile_size=8))


def main():
    # Here, so that the worlds' processes need not load it.
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

    class Trunk(BaseFeaturesExtractor):
        """Convolutions and the hidden layer, each followed by a ReLU."""

        def __init__(self, space, convolutions, hidden):
            super().__init__(space, hidden)
            channels, height, _ = space.shape
            layers = []
            for c in convolutions:
                layers += [torch.nn.Conv2d(channels, c["filters"], c["kernel"], c["stride"]), torch.nn.ReLU()]
                channels, height = c["filters"], (height - c["kernel"]) // c["stride"] + 1
            layers += [torch.nn.Flatten(), torch.nn.Linear(channels * height**2, hidden), torch.nn.ReLU()]
            self.layers = torch.nn.Sequential(*layers)

        def forward(self, x):
            return self.layers(x)

    class Clock(BaseCallback):
        """Times the training between the starts of the second rollout and of the last one."""

        def __init__(self):
            super().__init__()
            self.starts = []

        def _on_rollout_start(self):
            self.starts.append((time.perf_counter(), time.process_time(), self.num_timesteps))

        def _on_step(self):
            return True

    setup = json.loads(sys.argv[1])
    ppo = setup["ppo"]
    torch.set_num_threads(setup["threads"])
    vector = {"dummy": DummyVecEnv, "processes": SubprocVecEnv}[setup["vector"]]
    worlds = vector([make] * ppo["worlds"])
    rollout = ppo["worlds"] * ppo["rolloutSteps"]
    model = PPO(
        "CnnPolicy",
        worlds,
        learning_rate=ppo["rate"],
        n_steps=ppo["rolloutSteps"],
        batch_size=rollout // ppo["minibatches"],
        n_epochs=ppo["epochs"],
        gamma=ppo["gamma"],
        gae_lambda=ppo["lambda"],
        clip_range=ppo["clip"],
        ent_coef=ppo["entropy"],
        vf_coef=ppo["value"],
        max_grad_norm=ppo["gradientNorm"],
        policy_kwargs={"features_extractor_class": Trunk, "features_extractor_kwargs": setup["network"], "net_arch": []},
        device="cpu",
        seed=0,
    )
    clock = Clock()
    model.learn(setup["steps"], callback=clock)
    clock.starts.append((time.perf_counter(), time.process_time(), model.num_timesteps))
    (begin, cpu_begin, first), (end, cpu_end, last) = clock.starts[1], clock.starts[-1]
    parameters = sum(p.numel() for p in model.policy.parameters())
    steps = last - first
    # Processor time of the processes of SubprocVecEnv is not in process_time.
    cpu_rate = steps / (cpu_end - cpu_begin) if setup["vector"] == "dummy" else None
    print(json.dumps({"rate": steps / (end - begin), "cpuRate": cpu_rate, "parameters": parameters}))
    worlds.close()


if __name__ == "__main__":
    main()
