"""Episodes of Red-Fetch-Green as the minigrid package plays them: `fetch.py > ../data/fetch.json`.

FetchEnv with a layout of three balls, its whole grid drawn by RGBImgObsWrapper (tiles of 8 pixels, no highlight).
"""

import hashlib
import json
import random
import struct
from importlib.metadata import version

from minigrid.core.grid import Grid
from minigrid.core.world_object import Ball
from minigrid.envs.fetch import FetchEnv
from minigrid.wrappers import RGBImgObsWrapper

SIZE = 8
LIMIT = 320
BALLS = ("green", "blue", "yellow")
KINDS = {("wall", "grey"): 1} | {("ball", colour): 2 + i for i, colour in enumerate(BALLS)}
RANDOM, PATIENT = 200, 12


class RedFetchGreen(FetchEnv):
    def __init__(self, layout):
        self.layout = layout
        super().__init__(size=SIZE, max_steps=LIMIT, highlight=False)

    def _gen_grid(self, width, height):
        self.grid = Grid(width, height)
        self.grid.wall_rect(0, 0, width, height)
        for colour in BALLS:
            self.put_obj(Ball(colour), *place(self.layout[colour]))
        self.agent_pos = place(self.layout["agent"])
        self.agent_dir = self.layout["direction"]
        self.targetType, self.targetColor, self.mission = "ball", "green", "get a green ball"


def place(cell):
    return cell % SIZE, cell // SIZE


def state(env):
    """Agent's cell, direction, then the kind of every cell's content, row by row."""
    x, y = env.agent_pos
    cells = (env.grid.get(i, j) for j in range(SIZE) for i in range(SIZE))
    return bytes([y * SIZE + x, env.agent_dir, *(KINDS[c.type, c.color] if c else 0 for c in cells)])


def layout_of(dice):
    inside = [y * SIZE + x for y in range(1, SIZE - 1) for x in range(1, SIZE - 1)]
    return dict(zip(("agent", *BALLS), dice.sample(inside, 4), strict=True)) | {"direction": dice.randrange(4)}


def play(layout, choose):
    """An episode: actions, and hashes of all states with results, and of all images."""
    env = RGBImgObsWrapper(RedFetchGreen(layout))
    image = env.reset()[0]["image"]
    states, images = hashlib.sha256(state(env.unwrapped)), hashlib.sha256(image.tobytes())
    actions = ""
    while True:
        action = choose(env.unwrapped)
        observation, reward, terminated, truncated, _ = env.step(action)
        actions += str(action)
        states.update(state(env.unwrapped) + struct.pack("<d??", reward, terminated, truncated))
        images.update(observation["image"].tobytes())
        if terminated or truncated:
            break
    return {
        "layout": layout,
        "actions": actions,
        "reward": float(reward),
        "terminated": terminated,
        "truncated": truncated,
        "states": states.hexdigest()[:32],
        "images": images.hexdigest()[:32],
    }


def main():
    dice = random.Random(3)
    episodes = [play(layout_of(dice), lambda env: dice.randrange(4)) for _ in range(RANDOM)]
    # Without pick-ups until the last step: episodes that reach the limit.
    for _ in range(PATIENT):
        episodes.append(play(layout_of(dice), lambda env: 3 if env.step_count == LIMIT - 1 else dice.randrange(3)))
    # A green ball in front at the last step: done, and at the limit.
    layout = {"agent": 9, "direction": 0, "green": 10, "blue": 20, "yellow": 30}
    episodes.append(play(layout, lambda env: 3 if env.step_count == LIMIT - 1 else 2))
    head = {"package": f"minigrid {version('minigrid')}", "limit": LIMIT}
    rows = ",\n".join(json.dumps(episode) for episode in episodes)
    print(json.dumps(head)[:-1] + ', "episodes": [\n' + rows + "\n]}")


main()
