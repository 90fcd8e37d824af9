import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadPolicy } from "#src/policy/policy.js";
import { writeListeningPolicy } from "../../language/listening-policy.js";
import { torquelens } from "../run.js";

let folder: string;
let policy: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-instruction-"));
  policy = await writeListeningPolicy(at("listening.onnx"));
  const grey = { create: { width: 64, height: 64, channels: 3 as const, background: "#808080" } };
  await sharp(grey).png().toFile(at("grey.png"));
  await writeFile(at("state.json"), JSON.stringify({ previous_action: Array(9).fill(0) }));
});
afterAll(() => rm(folder, { recursive: true }));

const lines = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const sim = (...argv: string[]) =>
  torquelens("sim", "--task", "tabletop", "--policy", policy, "--no-live", "--speed", "0", "--json", ...argv);

const METHOD = ["--method", "gradient-x-input"];

describe("an instruction", () => {
  it("is the world's in a simulation, is recorded, and heard again in a replay", async () => {
    const run = await sim("--ticks", "3", ...METHOD, "--record", at("run.mcap"));
    expect([run.code, run.stderr]).toEqual([0, ""]);
    const seen = lines(run.stdout).slice(0, -1);
    expect(seen).toHaveLength(3);
    for (const { instruction, shares } of seen) {
      const { text, tokens, unknown } = instruction;
      expect(tokens.map(({ token }: { token: string }) => token)).toEqual([
        "<begin>",
        ...text
          .toLowerCase()
          .split(/[^a-z]+/)
          .filter((word: string) => word !== ""),
        "<end>",
      ]);
      expect(unknown).toEqual([]);
      expect(tokens.some(({ relevance }: { relevance: number }) => relevance !== 0)).toBe(true);
      expect(shares.language).toBeGreaterThan(0);
    }
    const again = await torquelens(
      "replay",
      at("run.mcap"),
      "--policy",
      policy,
      "-o",
      at("again.mcap"),
      "--json",
      ...METHOD,
    );
    expect(again.code).toBe(0);
    const heard = lines(again.stdout).slice(0, -1);
    expect(heard.map(({ instruction }) => instruction)).toEqual(seen.map(({ instruction }) => instruction));
    const other = ["-o", at("other.mcap"), "--instruction", "open the drawer", "--json", ...METHOD];
    const told = await torquelens("replay", at("run.mcap"), "--policy", policy, ...other);
    expect(told.code).toBe(0);
    for (const { instruction } of lines(told.stdout).slice(0, -1)) expect(instruction.text).toBe("open the drawer");
  });

  it("is in reports and tables, each word with its relevance", async () => {
    await sim("--episodes", "1", ...METHOD, "--record", at("told.mcap"));
    const argv = [at("told.mcap"), "-o", at("report.html"), "--csv", at("ticks.csv")];
    const { code, stderr } = await torquelens("report", ...argv);
    expect([code, stderr.includes("torquelens:")]).toEqual([0, false]);
    const page = await readFile(at("report.html"), "utf8");
    const said = [
      ...page.matchAll(
        /<span style="background:(?:rgba\(\d+, \d+, \d+, [\d.]+\)|transparent)" title="[^"]*">([^<]+)<\/span>/g,
      ),
    ];
    expect(said.map(([, word]) => word)).toContain("&#60;begin&#62;");
    const [head, first] = (await readFile(at("ticks.csv"), "utf8")).split("\n");
    expect(head).toContain("instruction,instruction_tokens,instruction_relevance");
    expect(first).toMatch(/"\[""<begin>"",/);
  });

  it("is given for a single observation, and shown word by word", async () => {
    const argv = ["explain", policy, "--image", at("grey.png"), "--state", at("state.json"), ...METHOD];
    const { code, stdout, stderr } = await torquelens(...argv, "--instruction", "Put the azure block into the bowl!");
    expect(code).toBe(0);
    expect(stderr).toContain('--instruction: "azure": the policy does not know, and reads its mark for unknown words');
    expect(stdout).toContain("told: Put the azure block into the bowl!");
    expect(stdout).toMatch(/^ *azure \(unknown\) +-?[\d.e-]+ +█*$/m);
    expect(stdout).toMatch(/^ *flags +.*unknown_words/m);
    const json = await torquelens(...argv, "--json", "--instruction", "open the drawer");
    const { instruction, shares } = JSON.parse(json.stdout);
    const silent = await torquelens(...argv, "--json", "--instruction", "");
    expect(JSON.parse(silent.stdout).instruction.tokens).toHaveLength(2);
    expect(instruction.tokens).toHaveLength(5);
    expect(shares).not.toEqual(JSON.parse(silent.stdout).shares);
  });

  it("that does not fit is refused in one line", async () => {
    const long = Array(23).fill("red").join(" ");
    const cases: [argv: string[], why: string][] = [[["--instruction", long], "25 tokens; the policy takes 24"]];
    for (const [argv, why] of cases) {
      const { code, stderr } = await sim("--ticks", "1", ...argv);
      expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
      expect(stderr).toContain(why);
    }
    const missing = await torquelens("explain", policy, "--image", at("grey.png"));
    expect(missing.stderr).toContain('the observation says nothing; expected --instruction "…"');
    const deaf = await torquelens("sim", "--no-live", "--ticks", "1", "--instruction", "go");
    expect(deaf.stderr).toMatch(/--instruction: .*reacher\.yaml has no language, expected none/);
  });

  it("and where the policy acts are in its inspection", async () => {
    const { stdout } = await torquelens("inspect", policy);
    expect(stdout).toMatch(/told in words +39 words as language, unknown ones as <unknown>/);
    expect(stdout).toMatch(/acts where +mask: the largest of 16×16 cells/);
  });

  it("a mask of another size, or none, meets the world", async () => {
    const small = await writeListeningPolicy(at("small.onnx"), { mask: 8 });
    const refused = await torquelens("sim", "--task", "tabletop", "--policy", small, "--no-live", "--ticks", "1");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      `torquelens: ${small}: the mask mask is 8×8; world tabletop takes 16×16\n`,
    ]);
    const without = await writeListeningPolicy(at("without.onnx"), { isWithMask: false });
    const run = await torquelens(
      "sim",
      "--task",
      "tabletop",
      "--policy",
      without,
      "--no-live",
      "--speed",
      "0",
      "--ticks",
      "2",
    );
    expect(run.code).toBe(0);
  });
});

describe("a card's language", () => {
  const words = ["<pad>", "open", "the", "drawer"];
  it.each([
    ["a mark that is no word", { end: "</s>" }, 'language.end: found "</s>", expected a word of the vocabulary'],
    [
      "capitals",
      { vocabulary: [...words, "Red"], begin: undefined, end: undefined, unknown: undefined },
      'language.vocabulary[4]: found "Red", expected lower case',
    ],
    [
      "a word twice",
      { vocabulary: [...words, "the"], begin: undefined, end: undefined, unknown: undefined },
      'found "the" again (first at 2)',
    ],
    [
      "no such modality",
      { tokens: "words" },
      'language.tokens: found "words", expected a modality of one time (language, previous_action)',
    ],
    [
      "a mask of another size",
      { mask: "previous_action" },
      "language.mask: previous_action has 9 elements, expected 24, one per token",
    ],
    [
      "no words at all",
      { vocabulary: undefined, begin: undefined, end: undefined, unknown: undefined, padding: undefined },
      "language: found neither vocabulary nor tokenizer",
    ],
    [
      "a tokenizer that is missing",
      {
        vocabulary: undefined,
        begin: undefined,
        end: undefined,
        unknown: undefined,
        padding: undefined,
        tokenizer: "none.json",
      },
      "none.json: cannot read the tokenizer (no such file)",
    ],
  ])("is refused for %s", async (name, language, why) => {
    const path = await writeListeningPolicy(at(`${name.replaceAll(" ", "-")}.onnx`), { language });
    await expect(loadPolicy(path)).rejects.toThrow(why);
  });

  it("is refused where the embedding has fewer rows than the vocabulary words", async () => {
    const path = await writeListeningPolicy(at("few.onnx"), { rows: 30 });
    await expect(loadPolicy(path)).rejects.toThrow(
      "language.vocabulary: found 39 words, expected at most 30, the rows of the embedding",
    );
    // More rows are common: vocabularies are filled up to round numbers.
    expect((await loadPolicy(await writeListeningPolicy(at("many.onnx"), { rows: 64 }))).language?.modality).toBe(
      "language",
    );
  });

  it("can be a HuggingFace tokenizer beside it", async () => {
    const reference = JSON.parse(
      await readFile(new URL("../../data/tokenizers/words.json", import.meta.url), "utf8"),
    ) as { tokenizer: object; expected: { text: string; ids: number[] }[] };
    await writeFile(at("tokenizer.json"), JSON.stringify(reference.tokenizer));
    const language = {
      vocabulary: undefined,
      begin: undefined,
      end: undefined,
      unknown: undefined,
      padding: undefined,
    };
    const path = await writeListeningPolicy(at("hf.onnx"), { language: { ...language, tokenizer: "tokenizer.json" } });
    const loaded = await loadPolicy(path);
    expect(loaded.tokenizerFiles).toEqual([at("tokenizer.json")]);
    for (const { text, ids } of reference.expected) {
      const filled = Array.from({ length: 24 }, (_, i) => ids[i] ?? 0);
      expect([...loaded.language!.told(text).values.language!]).toEqual(filled);
    }
  });
});
