import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { McapIndexedReader, TempBuffer } from "@mcap/core";
import { loadDecompressHandlers } from "@mcap/support";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { samples, writeDb3, writeMcap } from "../../bag/recordings.js";
import { type Answer, ask } from "../../web/ask.js";
import { refusal, torquelens } from "../run.js";

const program = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));
const NO_EXPLANATIONS = "it holds no explanations; --policy FILE.onnx explains it";

const policy = fileURLToPath(new URL("../../../models/reacher.onnx", import.meta.url));

let folder: string;
const at = (name: string): string => join(folder, name);
const running: Viewing[] = [];

/** `torquelens view` in a process of its own, with a folder of its own for temporary files. */
class Viewing {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  stdout = "";
  stderr = "";

  constructor(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const port = argv.includes("--page-port") ? [] : ["--page-port", "0"];
    this.child = spawn(process.execPath, [program, "view", ...argv, ...port], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: at("tmp"), ...env },
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    running.push(this);
  }

  /** Address of the page, once it is served. */
  async url(): Promise<string> {
    const gone = this.ended.then(() => {
      throw new Error(`view ended too early: ${this.stderr}`);
    });
    const line = () => /^page {5}(\S+)/m.exec(this.stdout)?.[1];
    while (line() === undefined) await Promise.race([once(this.child.stdout, "data"), gone]);
    gone.catch(() => undefined);
    return line()!;
  }

  async session(): Promise<{ mode: string; name: string; recordings: { name: string; url: string; bytes: number }[] }> {
    return JSON.parse(`${(await ask(await this.url(), "/session.json")).body}`);
  }

  async recording(index = 0): Promise<Answer> {
    return ask(await this.url(), `/recordings/${index}.mcap`);
  }
}

/** Topics of a served file with the number of their messages, read by another's reader and by the file's index. */
async function countsOf({ body }: Answer): Promise<Record<string, number>> {
  const readable = new TempBuffer(body);
  const reader = await McapIndexedReader.Initialize({ readable, decompressHandlers: await loadDecompressHandlers() });
  const counts: Record<string, number> = {};
  for await (const { channelId } of reader.readMessages()) {
    const { topic } = reader.channelsById.get(channelId)!;
    counts[topic] = (counts[topic] ?? 0) + 1;
  }
  return counts;
}

const temporaries = () => readdir(at("tmp"));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-view-test-"));
  await mkdir(at("tmp"));
  const argv = ["--policy", policy, "--no-live", "--speed", "0", "--ticks", "12", "--record", at("explained.mcap")];
  expect(await torquelens("sim", ...argv)).toMatchObject({ code: 0 });
  await writeMcap(at("plain.mcap"), samples(30));
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe("torquelens view", () => {
  it("serves an explained recording and a plain one as they are, until Ctrl-C", async () => {
    const viewing = new Viewing([at("explained.mcap"), at("plain.mcap")]);
    const files = await Promise.all(["explained.mcap", "plain.mcap"].map((name) => readFile(at(name))));
    expect(await viewing.session()).toEqual({
      mode: "recordings",
      name: "explained.mcap, plain.mcap",
      readOnly: true,
      recordings: [
        {
          name: "explained.mcap",
          url: "/recordings/0.mcap",
          bytes: files[0]!.length,
          moments: "/recordings/0.moments.json",
        },
        { name: "plain.mcap", url: "/recordings/1.mcap", bytes: files[1]!.length },
      ],
    });
    for (const [index, file] of files.entries()) expect((await viewing.recording(index)).body.equals(file)).toBe(true);
    expect(viewing.stderr).toBe(`warning: ${at("plain.mcap")}: ${NO_EXPLANATIONS}\n`);
    expect(await temporaries()).toEqual([]);
    viewing.child.kill("SIGINT");
    expect(await viewing.ended).toEqual([0, null]);
    expect(viewing.stdout).toMatch(/^page {5}http:\/\/127\.0\.0\.1:\d+.*\nCtrl-C stops\.\n$/);
  });

  it.each([
    [
      "a .db3 in a rosbag2 folder",
      async () => {
        await mkdir(at("db3"));
        writeDb3(at("db3/db3_0.db3"), samples(30), 4);
        return at("db3");
      },
      { "/text": 10, "/joint_states": 20 },
    ],
    [
      "a folder of two MCAP files",
      async () => {
        await mkdir(at("split"));
        await writeMcap(at("split/split_0.mcap"), samples(30));
        await writeMcap(at("split/split_1.mcap"), samples(12, 1_800_000_000_000_000_000n));
        return at("split");
      },
      { "/text": 14, "/joint_states": 28 },
    ],
    [
      "an MCAP file whose end is missing",
      async () => {
        await copyFile(at("plain.mcap"), at("cut.mcap"));
        const { length } = await readFile(at("cut.mcap"));
        await truncate(at("cut.mcap"), Math.floor(length * 0.6));
        return at("cut.mcap");
      },
      undefined,
    ],
  ])("converts %s to a temporary file, which goes at the end", async (_, make, counts) => {
    const path = await make();
    const viewing = new Viewing([path]);
    const served = await countsOf(await viewing.recording());
    if (counts) expect(served).toEqual(counts);
    else expect(served["/joint_states"]).toBeGreaterThan(4);
    expect((await temporaries()).length).toBe(1);
    viewing.child.kill("SIGTERM");
    expect(await viewing.ended).toEqual([0, null]);
    expect(await temporaries()).toEqual([]);
  });

  it("serves the only MCAP file of a folder as it is", async () => {
    await mkdir(at("single"));
    await copyFile(at("explained.mcap"), at("single/single_0.mcap"));
    const viewing = new Viewing([at("single")]);
    expect((await viewing.recording()).body.equals(await readFile(at("explained.mcap")))).toBe(true);
    expect((await viewing.session()).recordings[0]!.name).toBe("single");
  });

  it("explains recordings first with --policy, into temporary files", async () => {
    const viewing = new Viewing([at("explained.mcap"), "--policy", policy, "--method", "lrp-epsilon", "--jobs", "1"]);
    const counts = await countsOf(await viewing.recording());
    expect(counts).toMatchObject({ "/torquelens/explanation": 12, "/camera/image": 12, "/joint_states": 12 });
    expect(viewing.stderr).toContain("explained 12 of 12 images");
    expect((await temporaries()).length).toBe(1);
    viewing.child.kill("SIGINT");
    expect(await viewing.ended).toEqual([0, null]);
    expect(await temporaries()).toEqual([]);
  });

  it("leaves nothing behind when it is stopped while it explains", async () => {
    const viewing = new Viewing([at("explained.mcap"), "--policy", policy, "--jobs", "1"]);
    while ((await temporaries()).length === 0) await wait(5);
    viewing.child.kill("SIGINT");
    expect(await viewing.ended).toEqual([0, null]);
    expect(viewing.stderr).not.toMatch(/^torquelens:/m);
    expect(await temporaries()).toEqual([]);
  });

  it("tells recordings of one name apart by their folders", async () => {
    await mkdir(at("other"));
    await copyFile(at("explained.mcap"), at("other/explained.mcap"));
    const viewing = new Viewing([at("explained.mcap"), at("other/explained.mcap")]);
    const { recordings } = await viewing.session();
    expect(recordings.map(({ name }) => name)).toEqual([at("explained.mcap"), at("other/explained.mcap")]);
  });

  it("needs the token that is given", async () => {
    const viewing = new Viewing([at("explained.mcap"), "--token", "robot-seven"]);
    const url = await viewing.url();
    expect(url).toMatch(/\/\?token=robot-seven$/);
    expect((await ask(url, "/session.json")).status).toBe(401);
    expect((await ask(url, "/session.json?token=robot-seven")).status).toBe(200);
  });

  it.runIf(process.platform === "linux")("opens the browser, and says so where it cannot", async () => {
    await mkdir(at("bin"));
    await writeFile(at("bin/xdg-open"), `#!/bin/sh\necho "$1" > "${at("opened")}"\nexit 3\n`);
    await chmod(at("bin/xdg-open"), 0o755);
    const argv = [at("explained.mcap"), "--open", "--token", "robot-seven"];
    const viewing = new Viewing(argv, { PATH: `${at("bin")}:${process.env.PATH}` });
    const url = await viewing.url();
    while (!viewing.stderr.includes("\n")) await wait(5);
    expect(viewing.stderr).toBe(`warning: --open: xdg-open ended with 3; open ${url} in a browser\n`);
    expect(await readFile(at("opened"), "utf8")).toBe(`${url}\n`);
    const nothing = new Viewing([at("explained.mcap"), "--open"], { PATH: at("nowhere") });
    const other = await nothing.url();
    while (!nothing.stderr.includes("\n")) await wait(5);
    expect(nothing.stderr).toBe(`warning: --open: xdg-open is not there; open ${other} in a browser\n`);
  });
});

describe("refuses", () => {
  const view = (...argv: string[]) => torquelens("view", ...argv, "--page-port", "0");

  it("what is no recording, in one line", async () => {
    await writeFile(at("empty.mcap"), "");
    await writeFile(at("notes.txt"), "notes of a run, which are no recording");
    await writeFile(at("old.bag"), "#ROSBAG V2.0\n");
    await mkdir(at("nothing"));
    const expected = "expected a bag (.mcap, .db3 or a rosbag2 folder)";
    for (const [name, why] of [
      ["empty.mcap", `an empty file, ${expected}`],
      ["notes.txt", `neither MCAP nor SQLite, ${expected}`],
      ["missing.mcap", "cannot read the bag (no such file)"],
      ["nothing", "a folder without .mcap or .db3 files, expected a bag"],
    ] as const)
      expect(await view(at("explained.mcap"), at(name))).toMatchObject(refusal(`${at(name)}: ${why}`));
    expect((await view(at("old.bag"))).stderr).toMatch(/^torquelens: .*old\.bag: a ROS 1 bag, expected MCAP or SQLite/);
  });

  it("options that do not fit", async () => {
    expect(await view()).toMatchObject({ code: 2 });
    const run = at("explained.mcap");
    expect(await view(run, "--card", "card.yaml")).toMatchObject(refusal("--card: expected --policy with it"));
    expect(await view(run, "--contrast", "elbow")).toMatchObject(refusal("--contrast: expected --policy with it"));
    expect(await view(run, "--every", "1")).toMatchObject(refusal("--every: expected --policy with it"));
    expect(await view(run, "--token", "short")).toMatchObject(
      refusal("token: expected 8 to 128 letters, digits, - or _"),
    );
    expect((await view(run, "--policy", at("missing.onnx"))).code).toBe(2);
  });

  it("a port in use, with the option that picks another", async () => {
    const viewing = new Viewing([at("explained.mcap")]);
    const { port } = new URL(await viewing.url());
    expect(await torquelens("view", at("explained.mcap"), "--page-port", port)).toMatchObject(
      refusal(
        `page port ${port} on 127.0.0.1 is in use: choose another port or stop the program that uses it` +
          " (--page-port N picks another port, --page-port 0 a free one)",
      ),
    );
  });
});
