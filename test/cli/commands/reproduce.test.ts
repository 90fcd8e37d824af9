import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { refusal, torquelens } from "../run.js";

describe("torquelens reproduce: bad input", () => {
  it("an unknown task: the known ones are listed", async () => {
    const result = await torquelens("reproduce", "kim-choi", "--task", "juggling", "-o", join(tmpdir(), "never"));
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^torquelens: no task named "juggling"; expected reacher(, \w+)*\n$/);
  });

  it("an unknown paper: the known one is named", async () => {
    const result = await torquelens("reproduce", "levine");
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("Allowed choices are kim-choi");
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
});
