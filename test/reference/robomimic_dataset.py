"""A small data set in the HDF5 of robomimic: `python robomimic_dataset.py test/data/robomimic.hdf5` (needs h5py and numpy).

Written by h5py as robomimic 0.3 writes its own: `data/demo_K` with actions, rewards, dones, states and `obs/…`, pictures in
gzip, the environment's arguments as JSON. Numbers are k, episode and frame, so that the tests can say what they expect.
"""

import json
import sys

import h5py
import numpy as np

LENGTHS = {0: 5, 2: 4, 10: 3}
HEIGHT, WIDTH = 6, 8


def demonstration(group, episode, length):
    k = np.arange(length)
    group.attrs["num_samples"] = length
    group.create_dataset("actions", data=np.stack([0.1 * k, -0.1 * k, 0 * k + episode], 1))
    group.create_dataset("dones", data=(k == length - 1).astype(np.int64))
    group.create_dataset("rewards", data=((k == length - 1) & (episode != 2)).astype(np.float64))
    group.create_dataset("states", data=np.zeros((length, 9)))
    pictures = np.zeros((length, HEIGHT, WIDTH, 3), np.uint8)
    pictures[..., 0] = 20 * k[:, None, None] + 5
    pictures[..., 1] = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    pictures[..., 2] = episode
    obs = {
        "agentview_image": pictures,
        "robot0_eye_in_hand_image": pictures[:, ::-1],
        "robot0_joint_pos": np.stack([0.1 * k + j for j in range(7)], 1),
        "robot0_joint_vel": np.stack([0.01 * k - j for j in range(7)], 1),
        "robot0_eef_pos": np.stack([0.5 + 0.1 * k, 0 * k, 1 + 0 * k], 1).astype(np.float32),
        "robot0_gripper_qpos": np.stack([0.02 * k, -0.02 * k], 1),
    }
    for side in ("obs", "next_obs"):
        for name, values in obs.items():
            options = {"compression": "gzip", "chunks": (1, *values.shape[1:])} if values.ndim == 4 else {}
            group.create_dataset(f"{side}/{name}", data=values, **options)


def main(path):
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps(
            {"env_name": "Lift", "type": 1, "env_kwargs": {"control_freq": 20, "robots": ["Panda"]}}
        )
        data.attrs["total"] = sum(LENGTHS.values())
        for episode, length in LENGTHS.items():
            demonstration(data.create_group(f"demo_{episode}"), episode, length)
        file.create_dataset("mask/train", data=np.array([b"demo_0", b"demo_10"]))


if __name__ == "__main__":
    main(sys.argv[1])
