import { tmpdir } from "node:os";
import type { Choices } from "../choices.js";
import { runAlone } from "./runner.js";

/** Values that no option is made for; none of them asks for long work. */
const VALUES = [
  "",
  " ",
  "NaN",
  "Infinity",
  "-1",
  "0",
  "0x10",
  "1e400",
  "1e300",
  "1e-300",
  "1.5",
  "5 ",
  "９",
  "zork",
  "null",
  "__proto__",
  "constructor",
  "/",
  ".",
  "/dev/full",
  "nowhere/at/all",
  "a=b",
  "=",
  "image=",
  "joint_position=1e999",
  "joint_position=0x10,1",
  "a,b",
  ",",
  "1e300,2",
  "flag:",
  "tick:-1",
  "tick:0x10",
  "time:1e300",
  "time:1e9",
  "topic:",
  "end:1",
  "lrp-gamma:gamma=1e999",
  "lrp-gamma:gamma=",
  "composite.yaml",
  "policy.onnx",
  "camera.png",
  "x".repeat(5000),
  "\u0007\u202e",
  "--",
];

const known = new Map<string, Promise<readonly string[]>>();

/** Options of a command that take a value, as its help lists them. */
async function flagsOf(command: string): Promise<readonly string[]> {
  const { stdout } = await runAlone([command, "--help"], tmpdir());
  return Array.from(stdout.matchAll(/^ +(?:-\w, )?(--[\w-]+) <.*/gm), ([, flag]) => flag!);
}

/** An option of a command with an odd value. */
export async function oddOption(command: string, c: Choices): Promise<string[]> {
  if (!known.has(command)) known.set(command, flagsOf(command));
  const flags = await known.get(command)!;
  const value = c.pick(VALUES);
  return flags.length > 0 && c.below(20) > 0 ? [c.pick(flags), value] : [value];
}
