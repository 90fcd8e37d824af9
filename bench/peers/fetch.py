"""Steps a second of 16 environments of minigrid's Fetch with whole-room pictures, stepped in turn by random actions.

Prints steps, seconds, and seconds of processor time as JSON. Needs minigrid.
"""

import json
import time

import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from minigrid.envs.fetch import FetchEnv
from minigrid.wrappers import ImgObsWrapper, RGBImgObsWrapper

COUNT, WARM_UP, STEPS = 16, 50, 500


def main():
    envs = SyncVectorEnv(
        [lambda: ImgObsWrapper(RGBImgObsWrapper(FetchEnv(highlight=False)))] * COUNT,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    envs.reset(seed=0)
    actions = np.random.default_rng(0).integers(0, 4, (WARM_UP + STEPS, COUNT))
    for step in range(WARM_UP):
        envs.step(actions[step])
    wall, cpu = time.perf_counter(), time.process_time()
    for step in range(STEPS):
        envs.step(actions[WARM_UP + step])
    print(json.dumps([STEPS * COUNT, time.perf_counter() - wall, time.process_time() - cpu]))


main()
