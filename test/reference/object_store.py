"""Explains recordings from an S3-compatible server into a data set there, and reads that with pyarrow and Polars.

    pip install "moto[s3,server]" pyarrow polars
    python test/reference/object_store.py

Starts moto's server on a free port of the loopback address, records two runs, explains them once from disk to disk and
once from the server to the server, and compares the tables. Exit code 0 where they are the same.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import polars
import pyarrow.dataset
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ["node", str(ROOT / "bin/torquelens.js")]
POLICY = str(ROOT / "models/reacher.onnx")
COUNT = 30


def torquelens(*argv: str) -> str:
    done = subprocess.run([*PROGRAM, *argv], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"torquelens {' '.join(argv)}: {done.stderr}")
    return done.stdout


def table(folder: Path, name: str):
    return pyarrow.dataset.dataset(folder / name, format="parquet", partitioning="hive").to_table()


def main() -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }
    client = boto3.client("s3")
    client.create_bucket(Bucket="lab-data")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bags = [folder / f"arm-{i}.mcap" for i in (1, 2)]
        for i, bag in enumerate(bags):
            options = ["--policy", POLICY, "--no-live", "--speed", "0", "--ticks", str(COUNT), "--seed", str(i)]
            torquelens("sim", *options, "--record", str(bag))
            client.upload_file(str(bag), "lab-data", f"recordings/{bag.name}")
        common = ["--policy", POLICY, "--robot", r"/(arm-\d)/", "--json"]
        torquelens("batch", *map(str, bags), "-o", str(folder / "local"), *common)
        there = [f"s3://lab-data/recordings/{bag.name}" for bag in bags]
        found = json.loads(torquelens("batch", *there, "-o", "s3://lab-data/out", *common))
        assert (found["explained"], found["failed"]) == (2, []), found
        again = json.loads(torquelens("batch", *there, "-o", "s3://lab-data/out", *common))
        assert (again["explained"], again["already"]) == (0, 2), again
        assert "2 runs of 2 robots" in torquelens("report", "--dataset", "s3://lab-data/out")
        for item in client.list_objects_v2(Bucket="lab-data", Prefix="out/")["Contents"]:
            target = folder / "copy" / item["Key"].removeprefix("out/")
            target.parent.mkdir(parents=True, exist_ok=True)
            client.download_file("lab-data", item["Key"], str(target))
        for which, rows in (("ticks", 2 * 2 * COUNT), ("runs", 2)):
            local, copy = (table(folder / place, which).drop_columns(["bag"]) for place in ("local", "copy"))
            keys = [(key, "ascending") for key in ("robot", "t_ns", *(["joint"] if which == "ticks" else []))]
            assert local.num_rows == rows
            left, right = local.sort_by(keys).to_pandas(), copy.sort_by(keys).to_pandas()
            assert left.equals(right), which
            frame = polars.scan_parquet(folder / "copy" / which / "**/*.parquet", hive_partitioning=True).collect()
            assert frame.height == rows and set(frame["robot"]) == {"arm-1", "arm-2"}
    server.stop()
    print(f"the same rows from s3:// as from disk; pyarrow {pyarrow.__version__}, Polars {polars.__version__}")


if __name__ == "__main__":
    main()
