import { copyFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepared } from "#src/cli/commands/reproduction/jain.js";
import { shippedPolicy } from "#src/package-files.js";
import { cardFile } from "#src/policy/policy.js";
import { writeStudents } from "../../reproduction/xing/students.js";
import { writeWorldPolicy } from "../../train/distillation/world-policy.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";

describe("torquelens reproduce: bad input", () => {
  it("an unknown task: the known ones are listed", async () => {
    const result = await torquelens("reproduce", "kim-choi", "--task", "juggling", "-o", join(tmpdir(), "never"));
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^torquelens: no task named "juggling"; expected reacher(, \w+)*\n$/);
  });

  it("an unknown paper: the known ones are named", async () => {
    const result = await inOwnProcess("reproduce", "levine");
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("Allowed choices are jain, kim-choi, xing");
  });

  it("a folder that cannot be made", async () => {
    const folder = await mkdtemp(join(tmpdir(), "reproduce-"));
    try {
      const file = join(folder, "file");
      await writeFile(file, "");
      const result = await torquelens("reproduce", "kim-choi", "-o", file);
      expect(result).toMatchObject(refusal(`${file}: cannot make the folder (EEXIST)`));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("a world that is unknown, or without a policy", async () => {
    const unknown = await torquelens("reproduce", "xing", "--task", "reacher", "-o", join(tmpdir(), "never"));
    expect(unknown).toMatchObject(refusal('no world named "reacher"; expected red-fetch-green, breakout, highway'));
  });

  describe("students", () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "reproduce-"));
    });
    afterEach(() => rm(folder, { recursive: true }));
    const withStudents = () =>
      torquelens("reproduce", "xing", "--task", "red-fetch-green", "--students", folder, "-o", join(folder, "never"));

    it("of a paper that has none", async () => {
      const result = await torquelens("reproduce", "kim-choi", "--students", folder, "-o", join(folder, "never"));
      expect(result).toMatchObject(refusal("--students: is for xing; kim-choi has no distilled policies"));
    });

    it("of jain neither, and no other task", async () => {
      const of = (...more: string[]) => torquelens("reproduce", "jain", ...more, "-o", join(folder, "never"));
      expect(await of("--students", folder)).toMatchObject(
        refusal("--students: is for xing; jain has no distilled policies"),
      );
      expect(await of("--task", "reacher")).toMatchObject(
        refusal('no task named "reacher" in jain; expected tabletop'),
      );
    });

    it("a folder without any", async () => {
      expect(await withStudents()).toMatchObject(
        refusal(
          `--students ${folder}: holds no student; expected red-fetch-green-digr.onnx or red-fetch-green-written.onnx or red-fetch-green-distilled.onnx`,
        ),
      );
    });

    it("one of another world", async () => {
      const other = await writeWorldPolicy(folder, "breakout");
      const student = join(folder, "red-fetch-green-digr.onnx");
      await rename(other, student);
      expect(await withStudents()).toMatchObject(
        refusal(`${student}: the image is 84×84; that of world red-fetch-green is 64×64`),
      );
    });

    it("one of another teacher, or of none", async () => {
      const sha256 = await writeStudents(folder, ["digr"], "0123456789abcdef");
      const student = join(folder, "red-fetch-green-digr.onnx");
      const expected = `expected a student of ${shippedPolicy("red-fetch-green")} (${sha256.slice(0, 8)}…)`;
      expect(await withStudents()).toMatchObject(
        refusal(`${student}: its teacher is another (01234567…), ${expected}`),
      );
      await rm(join(folder, "red-fetch-green-digr.yaml"));
      await copyFile(shippedPolicy("red-fetch-green"), student);
      await copyFile(cardFile(shippedPolicy("red-fetch-green")), join(folder, "red-fetch-green-digr.yaml"));
      expect(await withStudents()).toMatchObject(refusal(`${student}: its card names no teacher, ${expected}`));
    });
  });
});

it("jain: page, figures and tables of the four architectures", { timeout: 120_000 }, async () => {
  const extent = { trained: 1, random: 1, regions: 1, trials: 1, seeds: 1 };
  const { run, work } = await prepared({ task: [], seed: 3 }, extent);
  let last = 0;
  const watch = (done: number): void => {
    last = done;
  };
  const { page, files, summary } = await run({ watch });
  expect(last).toBe(work);
  expect(page).toContain("HiTUT");
  expect([...files.keys()]).toEqual(expect.arrayContaining(["fig2-shares.svg", "shares.csv", "verdicts.csv"]));
  expect(files.get("shares.csv")).toMatch(/^hitut,random,0,likely,l2,language,/m);
  expect(summary[0]).toMatch(/^tabletop: \d+ of \d+ of the paper’s statements hold\.$/);
});
