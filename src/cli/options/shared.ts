import { type Command, Option } from "commander";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { SUBJECT, type SubjectOptions } from "../../parameters/subject.js";
import { CONVENTIONS } from "../../policy/conventions.js";
import { CONTRAST_METHOD } from "../../relevance/contract/contrast.js";
import { PRECISIONS } from "../../relevance/precision/precision.js";
import { DEVICES } from "../../runtime/device.js";
import { anyNumber, type Range, rangeText, wholeNumber } from "../input/numbers.js";
import { shapeIn } from "../input/shape.js";

// Options of several commands. None loads what it chooses from: `--help` stays quick.

/** What a command takes as a policy. */
export const POLICY = "ONNX file, model.json of TensorFlow.js, or the folder of a LeRobot policy";

/** An option that may be given several times. */
export const repeatable = (flags: string, about: string): Option =>
  new Option(flags, about)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], "none");

/** An option with a whole number in a range, which its help tells. */
export const wholeOption = (flags: string, about: string, range: Range): Option =>
  new Option(flags, `${about}; ${rangeText(range)}`).argParser(wholeNumber(range));

/** An option with a number in a range, which its help tells. */
export const numberOption = (flags: string, about: string, range: Range): Option =>
  new Option(flags, `${about}; ${rangeText(range)}`).argParser(anyNumber(range));

/** Threads of inference: as many as the largest machines have. */
export const THREADS: Range = [1, 256];
/** Times in recordings: 30 years. */
export const SECONDS: Range = [0, 1e9];
/** A seed has 32 bits. */
export const SEEDS: Range = [0, 2 ** 32 - 1];

export const cardOption = (): Option =>
  new Option("--card <file>", "policy card (default: the YAML file beside the policy, or the card in its metadata)");

/** Shapes of inputs by their names; each option adds one. */
export const shapeOption = (): Option =>
  new Option(
    "--shape <input=shape>",
    "extents of an input whose axes the file leaves open, or exported for a batch, as in image=1x3x240x320; repeat for each",
  ).argParser((text: string, before: GivenShapes | undefined) => new Map([...(before ?? []), shapeIn(text)]));

export const methodOption = (about = "how to explain"): Option =>
  new Option(
    "--method <method>",
    `${about}: a method with its options, as in lrp-gamma:gamma=0.5 (torquelens methods lists them), or the YAML file of a composite`,
  ).default("dtd");

/** The options of what heatmaps explain and how, of commands with heatmaps. */
export const subjectOptions = (command: Command): Command =>
  command
    .addOption(methodOption().default(undefined))
    .option(SUBJECT.heatmapOf.option, SUBJECT.heatmapOf.about)
    .option(SUBJECT.contrast.option, `${SUBJECT.contrast.about} (default method: ${CONTRAST_METHOD})`)
    .option(SUBJECT.against.option, SUBJECT.against.about);

/** Options with the method that they name, or the default. */
export const withMethod = <T extends MethodChoice>(options: T): T & { readonly method: string } => ({
  ...options,
  method: options.method ?? (isContrast(options) ? CONTRAST_METHOD : "dtd"),
});

interface MethodChoice extends SubjectOptions {
  readonly method?: string;
}

const isContrast = ({ contrast, against }: SubjectOptions) => contrast !== undefined || against !== undefined;

export const precisionOption = (when = ""): Option =>
  new Option(
    "--precision <name>",
    `${when}float32, or fast: large convolutions of the relevance pass in 8-bit integers`,
  )
    .choices(PRECISIONS)
    .default("exact");

export const omitOption = (): Option =>
  numberOption(
    "--omit <part>",
    "leave out up to this part of an image's relevance where that is faster; 0 computes all (default: 0.0005 in large networks)",
    [0, 0.5],
  );

export const deviceOption = (): Option =>
  new Option("--device <name>", "where to run inference; auto uses cuda if it works; falls back to the CPU")
    .choices(DEVICES)
    .default("cpu");

export const instructionOption = (): Option =>
  new Option("--instruction <text>", "what a policy with language is told, in words, in place of what its source says");

export const conventionOption = (): Option =>
  new Option(
    "--convention <name>",
    `measure relevance from another zero point than the card's: ${CONVENTIONS.map(({ name }) => name).join(", ")}`,
  );

export const msgPathOption = (): Option =>
  repeatable("--msg-path <dir>", "folder of .msg files, for recordings without message definitions; may be repeated");

export const engineOption = (): Option =>
  new Option(
    "--engine <url>",
    "Redis server of a fleet's workers: redis://HOST:PORT, rediss:// with TLS (default: that of TORQUELENS_ENGINE, if any)",
  );

// Of the commands that serve the page.

export const pagePortOption = (): Option =>
  wholeOption(
    "--page-port <n>",
    "port of the page, where 0 picks a free one (default: 8080, or a free one if it is in use)",
    [0, 65535],
  );

export const hostOption = (about: string): Option => new Option("--host <address>", about).default("127.0.0.1");

export const tokenOption = (): Option =>
  new Option("--token <word>", "let in only who knows this word (default: a random one if others reach the address)");

export const openOption = (): Option => new Option("--open", "open the page in the browser");
