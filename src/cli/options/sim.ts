import { type Command, Option } from "commander";
import { LIMITS } from "../../limits.js";
import { simulatedNames } from "../../sim/names.js";
import type { SimOptions } from "../commands/sim.js";
import { rangeText, targetKind, zeroOrNumber } from "../input/numbers.js";
import {
  cardOption,
  deviceOption,
  hostOption,
  instructionOption,
  numberOption,
  omitOption,
  openOption,
  pagePortOption,
  precisionOption,
  repeatable,
  SEEDS,
  shapeOption,
  subjectOptions,
  THREADS,
  tokenOption,
  wholeOption,
  withMethod,
} from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .addOption(new Option("--task <name>", "task or world to simulate").choices(simulatedNames).default("reacher"))
    .option("--policy <file>", "ONNX policy (default: the task's shipped policy)")
    .addOption(cardOption())
    .addOption(shapeOption());
  subjectOptions(command)
    .option("--compare <method>", "explain every tick with this method too, on /torquelens/compare/…")
    .addOption(wholeOption("--ticks <n>", "stop after this many control steps", [1, 10_000_000]))
    .addOption(wholeOption("--episodes <n>", "stop after this many episodes", [1, LIMITS.steps]))
    .addOption(
      numberOption(
        "--rest <s>",
        "begin the next episode once the task has been done for so many seconds (default: 0.5 if neither --ticks, " +
          "--episodes nor --perturb is given, else after the episode's full length)",
        [0, 3600],
      ),
    )
    .addOption(
      new Option("--speed <x>", `1 is real time, 0 is as fast as possible; 0, or ${rangeText(LIMITS.speed)}`)
        .argParser(zeroOrNumber(LIMITS.speed))
        .default(1),
    )
    .addOption(wholeOption("--seed <n>", "seed of initial states, targets and noise", SEEDS).default(0))
    .option("--perturb <file>", "YAML or JSON list of changes during the run")
    .addOption(
      new Option(
        "--targets <kind>",
        "goals: four (the task's conditions in turn), random, or so many fixed ones in turn",
      )
        .argParser(targetKind)
        .default("four"),
    )
    .addOption(
      new Option("--starts <kind>", "where the arm starts: usual (as the task has it), or near one pose")
        .choices(["usual", "near"])
        .default("usual"),
    )
    .option("--condition <name>", "start every episode in this condition of the task")
    .option(
      "--ablate <what>",
      "replace the camera image: image=frozen (another target's), image=first (the first frame) or image=black",
    )
    .option("--record <file>", "record everything that is shown live to an MCAP file")
    .option(
      "--good-runs <bag>",
      "recording of runs that went well: with it, /diagnostics also tells what is unlike them",
    )
    .option("--no-live", "serve neither live data nor the page")
    .option("--no-page", "do not serve the page, only the live socket")
    .addOption(pagePortOption())
    .addOption(hostOption("address to serve the page and live data on"))
    .addOption(tokenOption())
    .addOption(openOption())
    .option("--read-only", "let the page and other viewers look, but change nothing")
    .addOption(
      repeatable(
        "--allow-origin <origin>",
        "web pages that may connect, beside this machine's; * is all; may be repeated",
      ),
    )
    .addOption(
      wholeOption("--port <n>", "port of live data for other viewers, where 0 picks a free one", [0, 65535]).default(
        8765,
      ),
    )
    .addOption(wholeOption("--threads <n>", "inference threads", THREADS).default(2))
    .addOption(instructionOption())
    .addOption(deviceOption())
    .addOption(precisionOption())
    .addOption(omitOption())
    .option("--json", "print one JSON object per tick, then one with the summary")
    .action(async (options: SimOptions) => (await import("../commands/sim.js")).sim(withMethod(options)));
}
