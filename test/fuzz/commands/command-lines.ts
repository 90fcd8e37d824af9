/** A command line over the scene's files, the files that it reads, and those that it is to write. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

const POLICY = ["policy.onnx", "policy.yaml"];
const SEEN = ["--image", "camera.png", "--state", "state.json"];

const line = (argv: string, reads: readonly string[] = [], writes: readonly string[] = []): CommandLine => ({
  argv: argv.split(" "),
  reads,
  writes,
});

const replay = (bag: string, inner = bag): CommandLine =>
  line(
    `replay ${bag} --policy policy.onnx --card arm.xml.yaml --jobs 1 -o out.mcap`,
    [inner, inner, inner, ...POLICY.slice(0, 1), "arm.xml.yaml", "arm.xml", ...(inner === bag ? [] : [bag])],
    ["out.mcap"],
  );

/** Every command that reads something. */
export const COMMAND_LINES: readonly CommandLine[] = [
  line("inspect policy.onnx", POLICY),
  line("inspect policy.onnx --json", POLICY),
  line("inspect policy.onnx --template", POLICY.slice(0, 1)),
  line("inspect policy.onnx --method composite.yaml", ["composite.yaml"]),
  line(
    `explain policy.onnx ${SEEN.join(" ")} --out out`,
    [...POLICY, "camera.png", "state.json"],
    ["out/explanation.json"],
  ),
  line(`explain policy.onnx --image camera.jpg --state state.json --json`, ["camera.jpg", "state.json"]),
  line(`explain policy.onnx ${SEEN.join(" ")} --card arm.xml.yaml`, ["arm.xml.yaml", "arm.xml", "arm.xml"]),
  line(`explain policy.onnx ${SEEN.join(" ")} --card arm.urdf.yaml`, ["arm.urdf.yaml", "arm.urdf", "arm.urdf"]),
  line("compile policy.onnx -o out.onnx", POLICY, ["out.onnx"]),
  replay("run.mcap"),
  replay("run.db3"),
  replay("split", "split/split_0.mcap"),
  replay("split", "split/metadata.yaml"),
  line(
    "report explained.mcap -o out.html --csv out.csv --parquet out.parquet",
    ["explained.mcap"],
    ["out.html", "out.csv", "out.parquet"],
  ),
  line("report explained.db3 --json --event time:0.05", ["explained.db3"]),
  line("report explained.mcap --against explained.db3 -o out.html", ["explained.mcap", "explained.db3"], ["out.html"]),
  line("report run.mcap --json --msg-path msgs", ["run.mcap", "msgs", "msgs/arm_msgs/msg/Grip.msg"]),
  line("profile explained.mcap -o out.yaml", ["explained.mcap"], ["out.yaml"]),
  line("profile explained.db3", ["explained.db3"]),
  line(
    "sim --policy policy.onnx --ticks 3 --speed 0 --no-live --perturb perturb.yaml --record out.mcap",
    [...POLICY, "perturb.yaml", "perturb.yaml"],
    ["out.mcap"],
  ),
  line("methods --json"),
  line("bench --network zork"),
  line("train --task reacher -o out.txt"),
  line("reproduce kim-choi --task zork"),
];
