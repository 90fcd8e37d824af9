"""Two small data sets in the files of LeRobot: `python lerobot_datasets.py test/data/lerobot`.

Written by pyarrow as LeRobot 0.3 (version 2.1: a file an episode, videos) and 0.4 to 0.6 (version 3.0: many episodes a
file, pictures) write theirs: columns, types, compression and folders. The video is a stand-in: the tests have a program
named ffmpeg of their own. Numbers are k, episode and frame, so that the tests can say what they expect.
"""

import io
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

FPS = 10
LENGTHS = [5, 4]
JOINTS = ["shoulder.pos", "elbow.pos", "gripper.pos"]
HEIGHT, WIDTH = 8, 8


def picture(episode: int, frame: int) -> bytes:
    image = Image.new("RGB", (WIDTH, HEIGHT), (40 * episode + 20, 10 * frame + 5, 200))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def features(camera: str) -> dict:
    vector = {"dtype": "float32", "shape": [3], "names": JOINTS}
    return {
        "observation.state": vector,
        "action": vector,
        "observation.images.top": {
            "dtype": camera,
            "shape": [HEIGHT, WIDTH, 3],
            "names": ["height", "width", "channels"],
        },
        "next.success": {"dtype": "bool", "shape": [1], "names": None},
        **{
            name: {"dtype": kind, "shape": [1], "names": None}
            for name, kind in [
                ("timestamp", "float32"),
                ("frame_index", "int64"),
                ("episode_index", "int64"),
                ("index", "int64"),
                ("task_index", "int64"),
            ]
        },
    }


def rows(episode: int, with_pictures: bool) -> list[dict]:
    first = sum(LENGTHS[:episode])
    return [
        {
            "observation.state": [0.1 * frame, -0.5 + episode, 0.02 * frame],
            "action": [0.1 * frame + 0.05, -0.5 + episode, 0.02 * frame + 0.01],
            **(
                {"observation.images.top": {"bytes": picture(episode, frame), "path": f"frame-{frame:06d}.png"}}
                if with_pictures
                else {}
            ),
            "next.success": episode == 1 and frame == LENGTHS[episode] - 1,
            "timestamp": frame / FPS,
            "frame_index": frame,
            "episode_index": episode,
            "index": first + frame,
            "task_index": 0,
        }
        for frame in range(LENGTHS[episode])
    ]


def table(data: list[dict]) -> pa.Table:
    vector = pa.list_(pa.float32(), 3)
    types = {"observation.state": vector, "action": vector, "timestamp": pa.float32()}
    types["observation.images.top"] = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    names = list(data[0])
    return pa.table({name: pa.array([row[name] for row in data], type=types.get(name)) for name in names})


def write(path: Path, data: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(data, path, compression="snappy", use_dictionary=True)


def info(root: Path, version: str, camera: str, data_path: str, video_path: str | None) -> None:
    (root / "meta").mkdir(parents=True, exist_ok=True)
    content = {
        "codebase_version": version,
        "robot_type": "so101_follower",
        "total_episodes": len(LENGTHS),
        "total_frames": sum(LENGTHS),
        "chunks_size": 1000,
        "fps": FPS,
        "data_path": data_path,
        "video_path": video_path,
        "features": features(camera),
    }
    (root / "meta" / "info.json").write_text(json.dumps(content, indent=1) + "\n")


def version_2(root: Path) -> None:
    data = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
    video = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
    info(root, "v2.1", "video", data, video)
    lines = []
    for episode, length in enumerate(LENGTHS):
        write(root / data.format(episode_chunk=0, episode_index=episode), table(rows(episode, False)))
        file = root / video.format(episode_chunk=0, video_key="observation.images.top", episode_index=episode)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"episode {episode}\n")
        lines.append(json.dumps({"episode_index": episode, "tasks": ["reach"], "length": length}))
    (root / "meta" / "episodes.jsonl").write_text("\n".join(lines) + "\n")


def version_3(root: Path) -> None:
    data = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    info(root, "v3.0", "image", data, None)
    write(root / data.format(chunk_index=0, file_index=0), table([row for e in range(len(LENGTHS)) for row in rows(e, True)]))
    first = 0
    entries = []
    for episode, length in enumerate(LENGTHS):
        entries.append(
            {
                "episode_index": episode,
                "tasks": ["reach"],
                "length": length,
                "data/chunk_index": 0,
                "data/file_index": 0,
                "dataset_from_index": first,
                "dataset_to_index": first + length,
            }
        )
        first += length
    write(root / "meta" / "episodes" / "chunk-000" / "file-000.parquet", pa.Table.from_pylist(entries))


if __name__ == "__main__":
    out = Path(sys.argv[1])
    version_2(out / "v2.1")
    version_3(out / "v3.0")
