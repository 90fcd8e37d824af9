import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { parseLabels } from "#src/gaze/labels.js";
import { readTrial, trialsIn } from "#src/gaze/trial.js";
import { MADE_UP, TRIALS } from "./made-up.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-gaze-"));
});
afterAll(() => rm(folder, { recursive: true }));

const HEADER = "frame_id,episode_id,score,duration(ms),unclipped_reward,action,gaze_positions";

describe("parseLabels", () => {
  it("reads a line a frame, whose gaze is an open list", () => {
    const text = `${HEADER}\r\nA_1,0,0,50,0,3,1.5,2,-3,400\r\nA_2,null,null,null,null,null,null\r\n\r\n`;
    expect(parseLabels(text, "trial.txt")).toEqual([
      { frame: "A_1", episode: "0", gaze: [1.5, 2, -3, 400] },
      { frame: "A_2", episode: "", gaze: [] },
    ]);
  });

  it.each([
    [
      "another header",
      "frame,gaze\nA_1,1,2",
      'line 1: expected the columns frame_id,episode_id,score,duration,unclipped_reward,action,gaze_positions, found "frame,gaze"',
    ],
    ["too few columns", `${HEADER}\nA_1,0,0`, "line 2: found 3 columns, expected 7 or more"],
    ["half a point", `${HEADER}\nA_1,0,0,1,0,0,3`, "line 2: gaze_positions: expected pairs of numbers, or null"],
    ["words", `${HEADER}\nA_1,0,0,1,0,0,here,there`, "line 2: gaze_positions: expected pairs of numbers, or null"],
    ["no frame", `${HEADER}\n`, "no frame is listed, expected a line for each"],
  ])("refuses %s", (_, text, problem) => {
    expect(() => parseLabels(text, "trial.txt")).toThrow(new InputError(`trial.txt: ${problem}`));
  });
});

describe("readTrial", () => {
  it("reads frames from the archive, and the same from a folder that it was unpacked into", async () => {
    const packed = await readTrial(MADE_UP);
    expect(packed.labels).toHaveLength(19);
    const copy = join(folder, "1_copy.txt");
    await cp(MADE_UP, copy);
    await mkdir(join(folder, "1_copy", "deeper"), { recursive: true });
    for (const { frame } of packed.labels)
      await writeFile(join(folder, "1_copy", "deeper", `${frame}.png`), await packed.frames(frame));
    const loose = await readTrial(copy);
    expect(loose.labels).toEqual(packed.labels);
    for (const { frame } of packed.labels)
      expect(Buffer.compare(await loose.frames(frame), await packed.frames(frame))).toBe(0);
  });

  it("says what is missing or damaged", async () => {
    const alone = join(folder, "2_alone.txt");
    await cp(MADE_UP, alone);
    const base = alone.slice(0, -4);
    await expect(readTrial(alone)).rejects.toThrow(
      new InputError(`${alone}: its frames are missing, expected ${base}.tar.bz2 or the folder ${base}`),
    );
    await writeFile(`${base}.tar.bz2`, "no archive");
    await expect(readTrial(alone)).rejects.toThrow(`${base}.tar.bz2: damaged, or no tar archive packed by bzip2`);
    await expect(readTrial(join(folder, "frames.tar.bz2"))).rejects.toThrow(
      "frames.tar.bz2: expected a trial's file of labels, ending in .txt",
    );
    const { frames } = await readTrial(MADE_UP);
    await expect(frames("MADE-UP_1_20")).rejects.toThrow(
      "1_MADE-UP_Nov-30-12-00-00.tar.bz2: no picture MADE-UP_1_20.png, which the labels name",
    );
  });
});

describe("trialsIn", () => {
  it("finds a game's trials by the list, however it writes their names", async () => {
    expect(await trialsIn(TRIALS, "MadeUp")).toEqual([MADE_UP]);
    await writeFile(join(folder, "meta_data.csv"), "TrialNumber,Game,NumberOfFrames\n7,Mspacman,1\n17,Enduro,1\n,,\n");
    await writeFile(join(folder, "17_a.txt"), "");
    await writeFile(join(folder, "7_b.txt"), "");
    expect(await trialsIn(folder, "ms_pacman")).toEqual([join(folder, "7_b.txt")]);
  });

  it("says which games there are, and which file is missing", async () => {
    await expect(trialsIn(TRIALS, "pong")).rejects.toThrow(
      new InputError(`--game pong: not in ${TRIALS}/meta_data.csv, expected one of freeway, made_up`),
    );
    await expect(trialsIn(TRIALS, "freeway")).rejects.toThrow("trial 2 has no file 2_….txt beside it");
    await writeFile(join(folder, "meta_data.csv"), "number,name\n1,pong\n");
    await expect(trialsIn(folder, "pong")).rejects.toThrow("line 1: expected columns TrialNumber and Game");
  });
});
