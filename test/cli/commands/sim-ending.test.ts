import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import wsProtocol, { type Channel } from "@foxglove/ws-protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { scanMcap } from "#src/bag/mcap-scan.js";
import { recoverRecording } from "#src/bag/recover.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import { decode } from "../../messages/decode.js";
import { refusal, torquelens } from "../run.js";
import { parsed, Simulation, writePolicy } from "../simulation.js";

let folder: string;
let policy: string;
let recording: string;
const running: Simulation[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-ending-"));
  policy = await writePolicy(folder);
  recording = join(folder, "out.mcap");
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
  await rm(folder, { recursive: true });
});

function start(...argv: string[]): Simulation {
  const simulation = new Simulation("--policy", policy, ...argv);
  running.push(simulation);
  return simulation;
}

/** Messages of each topic in a recording, and whether it was finished. */
async function inspect(path: string): Promise<{ counts: Record<string, number>; finished: boolean }> {
  const topics = new Map<number, string>();
  const counts: Record<string, number> = {};
  let finished = false;
  for await (const record of scanMcap(path)) {
    if (record.type === "Channel") topics.set(record.id, record.topic);
    if (record.type === "DataEnd") finished = true;
    if (record.type !== "Message") continue;
    const topic = topics.get(record.channelId)!;
    counts[topic] = (counts[topic] ?? 0) + 1;
  }
  return { counts, finished };
}

/** Recordings in the folder, finished or not. */
const recordings = async () => (await readdir(folder)).filter((name) => name.startsWith("out.mcap"));

/**
 * What a recording without a second method holds: what is shown live but for images that another topic holds in a smaller
 * form.
 */
const recorded = (topics: readonly string[]): string[] =>
  topics
    .filter((topic) => !["/torquelens/heatmap", "/torquelens/overlay"].includes(topic))
    .filter((topic) => !topic.startsWith("/torquelens/compare/"));

/** The topics of a run that is shown live, and its first explanation, as another's client sees them. */
async function watch(
  url: string,
): Promise<{ topics: string[]; explanation: ExplanationMessage; closed: Promise<unknown> }> {
  const socket = new WebSocket(url, [wsProtocol.FoxgloveClient.SUPPORTED_SUBPROTOCOL]);
  const client = new wsProtocol.FoxgloveClient({
    ws: socket as unknown as ConstructorParameters<typeof wsProtocol.FoxgloveClient>[0]["ws"],
  });
  const closed = once(socket, "close");
  const channels = await new Promise<Channel[]>((resolve) => client.on("advertise", resolve));
  const { id, schema } = channels.find(({ topic }) => topic === "/torquelens/explanation")!;
  const message = new Promise<ArrayBufferView>((resolve) => client.on("message", ({ data }) => resolve(data)));
  client.subscribe(id);
  return {
    topics: channels.map(({ topic }) => topic),
    explanation: decode<ExplanationMessage>(schema, await message),
    closed,
  };
}

describe("torquelens sim", () => {
  it("shows itself live while it runs; Ctrl-C, twice, ends it and finishes the recording", async () => {
    const simulation = start("--port", "0", "--record", recording);
    await simulation.until(({ lines }) => lines.some((line) => line.startsWith("episode ")));
    const url = /^live +(ws:\/\/127\.0\.0\.1:\d+) /m.exec(simulation.stdout)![1]!;
    const { topics, explanation, closed } = await watch(url);
    expect(topics).toEqual(
      expect.arrayContaining([
        "/torquelens/overlay/compressed",
        "/torquelens/markers",
        "/camera/camera_info",
        "/torquelens/heatmap/camera_info",
      ]),
    );
    expect(explanation.torques.map(({ joint }) => joint)).toEqual(["shoulder", "elbow"]);
    expect(await recordings()).toEqual(["out.mcap.part"]);

    simulation.child.kill("SIGINT");
    simulation.child.kill("SIGINT");
    expect(await simulation.ended).toEqual([0, null]);
    expect(simulation.stderr).toBe("");
    await closed;
    const ticks = Number(/^(\d+) ticks;/m.exec(simulation.stdout)![1]);
    expect(ticks).toBeGreaterThan(0);
    expect(simulation.lines.at(-1)).toBe(`recorded ${recording}`);
    expect(await recordings()).toEqual(["out.mcap"]);
    expect(await inspect(recording)).toEqual({
      finished: true,
      counts: {
        ...Object.fromEntries(recorded(topics).map((topic) => [topic, ticks])),
        "/robot_description": 1,
        // One for every episode that ended.
        "/outcome": simulation.lines.filter((line) => /^episode .* (success|failed)/.test(line)).length,
        // One for every whole second of 20 ticks.
        "/diagnostics": Math.floor((ticks - 1) / 20),
      },
    });
  });

  it("ends at SIGTERM though the next tick is hours away", async () => {
    const simulation = start("--json", "--no-live", "--speed", "1e-6");
    await simulation.until(({ lines }) => lines.length > 0);
    simulation.child.kill("SIGTERM");
    expect(await simulation.ended).toEqual([0, null]);
    expect(parsed(simulation.stdout).summary.ticks).toBe(1);
  });

  it("finishes the recording when the reader of its output has seen enough", async () => {
    const simulation = start("--json", "--no-live", "--speed", "0", "--record", recording);
    await simulation.until(({ lines }) => lines.length >= 2);
    simulation.child.stdout.destroy();
    expect(await simulation.ended).toEqual([0, null]);
    expect(simulation.stderr).toBe("");
    expect(await recordings()).toEqual(["out.mcap"]);
    expect(await inspect(recording)).toMatchObject({ finished: true });
  });

  it("leaves a recording that can be recovered when it is killed", async () => {
    const simulation = start("--json", "--no-live", "--speed", "0", "--record", recording);
    await simulation.until(({ lines }) => lines.length >= 40);
    simulation.child.kill("SIGKILL");
    await simulation.ended;
    expect(await recordings()).toEqual(["out.mcap.part"]);
    const { counts, finished } = await inspect(`${recording}.part`);
    expect(finished).toBe(false);
    const explanations = counts["/torquelens/explanation"]!;
    expect(explanations).toBeGreaterThan(20);
    const messages = Object.values(counts).reduce((a, count) => a + count);
    expect(await recoverRecording(`${recording}.part`, recording)).toBe(messages);
    expect(await inspect(recording)).toEqual({ counts, finished: true });
  });

  it("tells in one line that the port is in use, and leaves an older recording alone", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await writeFile(recording, "old");
    const result = await torquelens("sim", "--policy", policy, "--port", `${port}`, "--record", recording);
    server.close();
    expect(result).toMatchObject(
      refusal(
        `port ${port} on 127.0.0.1 is in use: choose another port or stop the program that uses it ` +
          "(--port N picks another port, --port 0 a free one; --no-live runs without)",
      ),
    );
    expect(await recordings()).toEqual(["out.mcap"]);
    expect(await readFile(recording, "utf8")).toBe("old");
  });
});
