"""A small made-up trial in the format of Atari-HEAD, and what a policy and its maps are on it: test/data/gaze.

    python3 -m venv /tmp/gaze && /tmp/gaze/bin/pip install numpy scipy opencv-python-headless
    /tmp/gaze/bin/python gaze.py [FOLDER]

Nothing of it was played or looked at by anybody. The images are made as by the wrappers of OpenAI's Baselines, with
OpenCV: maximum of two frames, grey, 84 x 84 by INTER_AREA; maps are stretched by INTER_LINEAR; the measures are
those of fixation_measures.py.
"""

import base64
import io
import json
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
from fixation_measures import divergence, nss, shuffled

WIDTH, HEIGHT, SIZE, SKIP = 160, 210, 84, 4
NAME = "1_MADE-UP_Nov-30-12-00-00"
EPISODES = [13, 6]
rng = np.random.default_rng(5)

target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "data" / "gaze"
target.mkdir(parents=True, exist_ok=True)


def picture(number):
    """Two bars, and a ball that is drawn in every second frame alone."""
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    frame[20:40] = (200, 72, 72)
    frame[190:194, 30 + 4 * number : 46 + 4 * number] = (66, 158, 130)
    if number % 2 == 0:
        frame[60 + 5 * number : 68 + 5 * number, 20 + 6 * number : 26 + 6 * number] = (236, 236, 100)
    return frame


frames, labels, rows = [], [], []
for episode, length in enumerate(EPISODES):
    for _ in range(length):
        number = len(frames)
        frames.append(picture(number))
        count = [0, 1, 3, 5][number % 4]
        gaze = np.round(rng.normal((20 + 6 * number, 60 + 5 * number), 6, (count, 2)), 2)
        if number == 6:
            gaze[0] = (-30.25, 95.75)
        labels.append((episode, gaze))
        points = ",".join(f"{value:g}" for value in gaze.ravel()) or "null"
        score = "null" if number == 0 else str(number)
        rows.append(f"MADE-UP_1_{number + 1},{episode},{score},50,0,{number % 4},{points}")

header = "frame_id,episode_id,score,duration(ms),unclipped_reward,action,gaze_positions"
(target / f"{NAME}.txt").write_text("\n".join([header, *rows]) + "\n")
with tarfile.open(target / f"{NAME}.tar.bz2", "w:bz2") as archive:
    for number, frame in enumerate(frames):
        _, png = cv2.imencode(".png", frame[..., ::-1])
        info = tarfile.TarInfo(f"{NAME}/MADE-UP_1_{number + 1}.png")
        info.size = len(png)
        archive.addfile(info, io.BytesIO(png.tobytes()))
(target / "meta_data.csv").write_text(
    "GameName,trial_id,subject_id,load_trial,highest_score,total_frame\n"
    f"made_up,1,nobody,0,19,{len(frames)}\nfreeway,2,nobody,0,0,0\n"
)


def image(places):
    shown = np.maximum.reduce([frames[place] for place in places])
    return cv2.resize(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def fixations(places):
    counts = np.zeros((HEIGHT, WIDTH), int)
    for place in places:
        for x, y in labels[place][1]:
            column, row = round(x), round(y)
            if 0 <= column < WIDTH and 0 <= row < HEIGHT:
                counts[row, column] += 1
    return counts


def map_of(step):
    cells = (np.arange(SIZE * SIZE, dtype=np.int64) * 7919 + step * 104729) % 1000
    return (cells / 1000 + 0.01).astype(np.float32).reshape(SIZE, SIZE)


def steps(window):
    found, begin = [], 0
    for length in EPISODES:
        shown = []
        for at in range(0, length, SKIP):
            shown.append([begin] if at == 0 else [begin + at - 1, begin + at])
            found.append({"first": at == 0, "shown": shown[-1], "seen": sum(shown[-window:], [])})
        begin += length
    return found


def measured(window):
    all_steps = steps(window)
    looked = [fixations(step["seen"]) for step in all_steps]
    rows = []
    for number, (step, own) in enumerate(zip(all_steps, looked)):
        saliency = cv2.resize(map_of(number), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR).astype(float)
        others = sum(looked) - own
        where = np.flatnonzero(own)
        empty = own.sum() == 0
        rows.append(
            {
                **step,
                "fixations": [[int(pixel), int(own.ravel()[pixel])] for pixel in where],
                "nss": None if empty else nss(saliency, own),
                "kl": None if empty else divergence(saliency, own),
                "sauc": None if empty else shuffled(saliency, own, others),
            }
        )
    return rows


golden = {
    "torquelens_reference": "gaze",
    "images": [base64.b64encode(image(step["shown"]).tobytes()).decode() for step in steps(1)],
    "windows": {str(window): measured(window) for window in (1, 2, 4)},
}
(target / "golden.json").write_text(json.dumps(golden) + "\n")
