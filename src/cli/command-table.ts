import type { Command } from "commander";

interface CommandEntry {
  /** Options and arguments that the command takes, as the list of `--help` shows them after its name. */
  readonly takes: string;
  readonly summary: string;
  /** Loads the command's file of options, which loads its work only when the command runs. */
  load(): Promise<CommandOptions>;
}

interface CommandOptions {
  /** Declares a command's arguments, options and action. */
  declareOptions(command: Command): void;
}

/** The commands by name, in the order of `--help`. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  sim: {
    takes: "[options]",
    summary: "simulate an arm or a world and its policy, explain every torque or action, show it live, record it",
    load: () => import("./options/sim.js"),
  },
  explain: {
    takes: "[options] <policy>",
    summary: "explain what a policy commands for one observation read from files",
    load: () => import("./options/explain.js"),
  },
  compile: {
    takes: "[options] <policy>",
    summary: "write a policy and its relevance pass as one ONNX file",
    load: () => import("./options/compile.js"),
  },
  convert: {
    takes: "[options] <model>",
    summary: "write a TensorFlow.js model as one ONNX file",
    load: () => import("./options/convert.js"),
  },
  inspect: {
    takes: "[options] <policy>",
    summary: "show a policy's operators, tensors, modalities, the rule of each node, and what is not supported",
    load: () => import("./options/inspect.js"),
  },
  doctor: {
    takes: "[options] <policy> [bag]",
    summary: "check a policy before a robot is near: file, card, inputs of a recording, speed, memory",
    load: () => import("./options/doctor.js"),
  },
  methods: {
    takes: "[options]",
    summary: "list the methods that explain, with their options and sources",
    load: () => import("./options/methods.js"),
  },
  replay: {
    takes: "[options] <bags...>",
    summary: "explain a recording: write its explanations and its messages to a new bag",
    load: () => import("./options/replay.js"),
  },
  batch: {
    takes: "[options] [command] [bags...]",
    summary: "explain many recordings into a data set: Parquet tables to query",
    load: () => import("./options/batch.js"),
  },
  worker: {
    takes: "[options] [engine]",
    summary: "explain recordings for batches on a Redis server, one of many machines",
    load: () => import("./options/worker.js"),
  },
  view: {
    takes: "[options] <bags...>",
    summary: "show recordings in the browser",
    load: () => import("./options/view.js"),
  },
  video: {
    takes: "[options] <bag>",
    summary: "write a video of a recording's heatmaps, or of the policy's own attention",
    load: () => import("./options/video.js"),
  },
  report: {
    takes: "[options] [bags...]",
    summary: "report what the commands of recorded runs were based on: charts, film strips, findings, tables",
    load: () => import("./options/report.js"),
  },
  whatif: {
    takes: "[options] <bag>",
    summary: "change what the policy saw at a moment of a recording, and show what it would command then",
    load: () => import("./options/whatif.js"),
  },
  profile: {
    takes: "[options] <bags...>",
    summary: "summarise the shares in explained recordings, to compare a running policy with",
    load: () => import("./options/profile.js"),
  },
  faithfulness: {
    takes: "[options] <policy>",
    summary:
      "measure whether the policy depends on what each method's heatmap shows: deletion, insertion, ROAD, sensitivity-n",
    load: () => import("./options/faithfulness.js"),
  },
  gaze: {
    takes: "[options] <policy> <trials...>",
    summary: "measure how well a policy's attention and heatmaps tell where people looked, on trials of Atari-HEAD",
    load: () => import("./options/gaze.js"),
  },
  attack: {
    takes: "[options] <policy>",
    summary: "find the smallest change of the image that flips an action or moves a torque by a part of its limit",
    load: () => import("./options/attack.js"),
  },
  train: {
    takes: "[options]",
    summary: "train a policy for a simulated task; the same seed gives the same file",
    load: () => import("./options/train.js"),
  },
  distil: {
    takes: "[options] <policy>",
    summary: "distil a policy into one whose gradient shows what matters (DIGR); the same seed gives the same file",
    load: () => import("./options/distil.js"),
  },
  reproduce: {
    takes: "[options] <paper>",
    summary: "make a paper's figures from the shipped policies and compare them with the paper",
    load: () => import("./options/reproduce.js"),
  },
  node: {
    takes: "[arguments...]",
    summary: "run the ROS 2 node that explains a policy beside a running arm",
    load: () => import("./options/node.js"),
  },
  "sim-node": {
    takes: "[arguments...]",
    summary: "run the simulator as a ROS 2 node: camera, joint states, tf and clock as topics",
    load: () => import("./options/sim-node.js"),
  },
  bench: {
    takes: "[options]",
    summary: "measure the latency of relevance and shares, as ratios to the policy alone",
    load: () => import("./options/bench.js"),
  },
};
