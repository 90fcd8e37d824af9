import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { McapStreamReader } from "@mcap/core";
import { loadDecompressHandlers } from "@mcap/support";
import { afterEach, expect, it } from "vitest";
import type {
  DiagnosticArrayMessage,
  ExplanationMessage,
  JointStateMessage,
  SimulationMessage,
  StringMessage,
} from "#src/messages/types.js";
import { caller, connectTo } from "../../foxglove/live-client.js";
import { until } from "../../until.js";
import { Simulation, simulate, writePolicy } from "../simulation.js";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

/** A page's view of a simulation, by the Foxglove project's client. */
async function page(...argv: string[]) {
  const simulation = new Simulation("--port", "0", ...argv);
  cleanUp.push(() => simulation.child.kill());
  const address = await until(() => /ws:\/\/\S+/.exec(simulation.stdout)?.[0]);
  const client = await connectTo(address);
  cleanUp.push(() => client.socket.terminate());
  const readers = new Map(
    client.channels.map((channel) => [channel.topic, new MessageReader(parse(channel.schema, { ros2: true }))]),
  );
  const topics = new Map<number, string>();
  const subscribe = (topic: string) => void topics.set(client.subscribe(topic), topic);
  const messages = <T>(topic: string): T[] =>
    client.messages
      .filter(({ subscriptionId }) => topics.get(subscriptionId) === topic)
      .map(
        ({ data }) =>
          readers.get(topic)!.readMessage(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) as T,
      );
  const values = new Map<string, unknown>();
  client.client.on("parameterValues", ({ parameters }) => {
    for (const { name, value } of parameters) values.set(name, value);
  });
  await until(() => client.services.length > 0);
  const request = caller(client);
  const call = (name: string, fields: object) => request<Record<string, unknown>>(`/torquelens/${name}`, fields);
  const set = (parameters: Record<string, string | number | boolean>) =>
    client.client.setParameters(Object.entries(parameters).map(([name, value]) => ({ name, value })));
  client.client.subscribeParameterUpdates([]);
  client.client.getParameters([]);
  await until(() => values.size > 0);
  return { simulation, statuses: client.statuses, subscribe, messages, values, call, set };
}

/** Messages of a recording, by readers of other projects. */
async function recorded<T>(path: string, topic: string): Promise<T[]> {
  const stream = new McapStreamReader({ decompressHandlers: await loadDecompressHandlers() });
  stream.append(await readFile(path));
  const readers = new Map<number, MessageReader>();
  const schemas = new Map<number, string>();
  const found: T[] = [];
  for (let record = stream.nextRecord(); record; record = stream.nextRecord()) {
    if (record.type === "Schema") schemas.set(record.id, new TextDecoder().decode(record.data));
    if (record.type === "Channel" && record.topic === topic)
      readers.set(record.id, new MessageReader(parse(schemas.get(record.schemaId)!, { ros2: true })));
    if (record.type === "Message" && readers.has(record.channelId))
      found.push(readers.get(record.channelId)!.readMessage(record.data) as T);
  }
  return found;
}

type Stamped = Pick<ExplanationMessage, "header">;

const torquesOf = (explanations: ExplanationMessage[]) =>
  explanations.map(({ torques }) => torques.map(({ torque }) => torque));
const posesOf = (states: JointStateMessage[]) => states.map(({ position, velocity }) => [position, velocity]);

it("what a client changed is saved and played back by sim --perturb with the same torques", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sim-live-"));
  cleanUp.push(() => rm(folder, { recursive: true }));
  const policy = await writePolicy(folder);
  const settings = ["--policy", policy, "--seed", "5", "--condition", "second"];
  const { simulation, subscribe, messages, call } = await page(...settings, "--speed", "0");
  const explanations = "/torquelens/explanation";
  const states = "/torquelens/simulation";
  const joints = "/joint_states";
  await call("pause", { data: true });
  for (const topic of [explanations, states, joints]) subscribe(topic);
  // From here on everything is seen: the first episode begins again.
  expect(await call("reset", {})).toMatchObject({ success: true });
  const rows: unknown[] = [];
  const perturb = async (perturbation: string) => {
    const { success, message, applied } = await call("perturb", { perturbation });
    expect([success, message]).toEqual([true, `applied ${applied}`]);
    rows.push(JSON.parse(applied as string));
  };
  for (let i = 0; i < 4; i++) await call("step", {});
  await perturb("{target: [0.1, -0.1]}");
  await call("step", {});
  await perturb('{"wrench": [0.02, -0.03, 0, 0, 0, 0], "light": 0.6}');
  await call("step", {});
  await call("pause", { data: false });
  await until(() => messages<SimulationMessage>(states).some(({ episode }) => episode > 0));
  await perturb("{occlude: [0, 0, 10, 10], torque_noise: 0.1}");
  const last = rows.at(-1) as { episode: number; tick: number };
  await until(() => messages<SimulationMessage>(states).some(({ episode }) => episode > last.episode));
  simulation.child.kill("SIGINT");
  expect(await simulation.ended).toEqual([0, null]);

  // A step from before the reset may come first, and the end may cut the messages of the last step.
  const first = messages<SimulationMessage>(states).findLast(
    ({ episode, episode_tick: tick }) => episode + tick === 0,
  )!;
  const since = <T extends Stamped>(topic: string): T[] => {
    const all = messages<T>(topic);
    return all.slice(all.findLastIndex(({ header }) => isDeepStrictEqual(header.stamp, first.header.stamp)));
  };
  const steps = Math.min(since(explanations).length, since(joints).length);
  const saved = join(folder, "saved.json");
  await writeFile(saved, JSON.stringify(rows));
  const bag = join(folder, "again.mcap");
  const playBack = async (...more: string[]) => {
    await simulate(...settings, ...more, "--ticks", String(steps), "--record", bag);
    return { torques: torquesOf(await recorded(bag, explanations)), joints: posesOf(await recorded(bag, joints)) };
  };
  const seen = {
    torques: torquesOf(since<ExplanationMessage>(explanations).slice(0, steps)),
    joints: posesOf(since<JointStateMessage>(joints).slice(0, steps)),
  };
  expect(await playBack("--perturb", saved)).toEqual(seen);
  expect(await playBack()).not.toEqual(seen);
}, 600_000);

it("task, method, joint and looks change while it runs, on the same socket", async () => {
  const { simulation, statuses, subscribe, messages, values, call, set } = await page();
  for (const topic of ["/torquelens/explanation", "/torquelens/simulation", "/robot_description", "/diagnostics"])
    subscribe(topic);
  const newest = () => messages<ExplanationMessage>("/torquelens/explanation").at(-1);
  await until(newest);
  set({ method: "gradient", heatmap_joint: "elbow" });
  await until(() => newest()!.method === "gradient" && newest()!.heatmap_joint === "elbow");
  set({ task: "peg" });
  await until(() => newest()!.torques.length === 7);
  await until(() => values.get("task") === "peg");
  expect(newest()).toMatchObject({ method: "gradient", heatmap_joint: "" });
  expect(Object.fromEntries(values)).toMatchObject({
    policy: "peg",
    heatmap_joint: "",
    conditions: ["near", "far", "left_far", "left_near"],
    joints: newest()!.torques.map(({ joint }) => joint),
  });
  await until(() => messages("/robot_description").length === 2);
  const robots = messages<StringMessage>("/robot_description").map(({ data }) => /<robot name="(\w+)"/.exec(data)![1]);
  expect(robots).toEqual(["reacher", "peg"]);
  const stamps = messages<ExplanationMessage>("/torquelens/explanation").map(({ header, tick }) => [
    BigInt(header.stamp.sec) * 1_000_000_000n + BigInt(header.stamp.nanosec),
    tick,
  ]);
  for (const [i, [stamp, tick]] of stamps.slice(1).entries())
    expect([stamp! - stamps[i]![0]!, tick! - stamps[i]![1]!]).toEqual([50_000_000n, 1n]);
  const begin = await until(() =>
    messages<SimulationMessage>("/torquelens/simulation").find(({ task }) => task === "peg"),
  );
  expect(begin).toMatchObject({ episode: 0, episode_tick: 0, episode_ticks: 100 });

  set({ policy: "reacher" });
  set({ policy: "/etc/passwd" });
  set({ method: "nothing" });
  set({ paused: true });
  await until(() => statuses.length === 4);
  expect(statuses[0]).toMatch(
    /reacher\.onnx: the policy commands shoulder, elbow; task peg has the joints shoulder_pan/,
  );
  expect(statuses[1]).toBe(
    'policy: expected reacher | peg | door | baxter | red-fetch-green | breakout | highway | tabletop | tabletop-unseen, found "/etc/passwd"',
  );
  expect(statuses[2]).toMatch(/^method: method nothing is unknown; known are dtd, /);
  expect(statuses[3]).toBe("paused: can only be read");
  const report = await until(() => messages<DiagnosticArrayMessage>("/diagnostics").at(-1));
  expect(report.status.map(({ name }) => name)).toEqual(
    ["simulation", "rate", "latency", "inputs", "input faults", "relevance", "policy health", "publishing"].map(
      (n) => `torquelens_sim: ${n}`,
    ),
  );
  // A task that is changed to during a pause shows its first step.
  await call("pause", { data: true });
  set({ task: "door" });
  const state = () => messages<SimulationMessage>("/torquelens/simulation").at(-1)!;
  await until(() => state().task === "door" && values.get("task") === "door");
  expect(state()).toMatchObject({ episode: 0, episode_tick: 0, paused: true });
  expect(values.get("paused")).toBe(true);
  expect(simulation.stderr).toBe("");
}, 600_000);

it("heatmaps explain one joint rather than the others while a client asks for it", async () => {
  const { simulation, statuses, subscribe, messages, values, call, set } = await page();
  subscribe("/torquelens/explanation");
  const newest = () => messages<ExplanationMessage>("/torquelens/explanation").at(-1);
  await until(newest);
  expect(values.get("contrast_joint")).toBe("");
  set({ contrast_joint: "elbow" });
  set({ contrast_joint: "wrist" });
  set({ method: "gradient-x-input", contrast_joint: "elbow" });
  await until(() => newest()!.contrast_joint === "elbow");
  expect(newest()).toMatchObject({ method: "gradient-x-input", heatmap_joint: "" });
  set({ heatmap_joint: "shoulder" });
  await until(() => statuses.length === 3);
  expect(statuses).toEqual([
    expect.stringMatching(/contrast of elbow: method dtd does not tell outputs apart/),
    expect.stringMatching(/^contrast_joint: .*wrist/),
    expect.stringMatching(/heatmap of joint shoulder and contrast of joint elbow: expected one of the two/),
  ]);
  await call("set_torque", { joint: "shoulder" });
  await until(() => newest()!.heatmap_joint === "shoulder");
  expect([newest()!.contrast_joint, values.get("contrast_joint")]).toEqual(["", ""]);
  set({ method: "lrp-gamma:soft-argmax=gradient", heatmap_joint: "", contrast_joint: "shoulder" });
  await until(() => newest()!.contrast_joint === "shoulder");
  for (const { contrast_joint: contrast, method } of messages<ExplanationMessage>("/torquelens/explanation"))
    if (contrast !== "") expect(method).not.toBe("dtd");
  set({ task: "peg" });
  await until(() => newest()!.torques.length === 7);
  expect(newest()!.contrast_joint).toBe("");
  expect(simulation.stderr).toBe("");
}, 600_000);

it("a second method explains the same ticks while a client asks for it, also on another task", async () => {
  const { simulation, statuses, subscribe, messages, values, set } = await page();
  const topics = ["/torquelens/explanation", "/torquelens/compare/explanation", "/torquelens/compare/heatmap"];
  for (const topic of topics) subscribe(topic);
  const newest = (topic: string) => messages<ExplanationMessage>(topic).at(-1);
  const [first, second, heatmap] = topics as [string, string, string];
  await until(() => newest(first));
  expect([values.get("compare_method"), newest(second)]).toEqual(["", undefined]);
  set({ compare_method: "lrp-gamma:gamma=0.5", heatmap_joint: "elbow" });
  await until(() => newest(heatmap) && newest(second)?.heatmap_joint === "elbow");
  expect(newest(second)!.method).toBe("lrp-gamma:gamma=0.5");
  set({ compare_method: "nothing" });
  await until(() => statuses.length === 1);
  expect(statuses[0]).toMatch(/^compare_method: method nothing is unknown; known are dtd, /);
  set({ task: "peg" });
  await until(() => newest(second)!.torques.length === 7);
  set({ compare_method: "" });
  await until(() => values.get("compare_method") === "");
  const explanations = new Map(messages<ExplanationMessage>(first).map((message) => [message.tick, message]));
  const compared = messages<ExplanationMessage>(second);
  for (const { tick, header, torques, flags } of compared) {
    const same = explanations.get(tick)!;
    expect(header).toEqual(same.header);
    expect(torques.map(({ torque }) => torque)).toEqual(same.torques.map(({ torque }) => torque));
    expect(flags).not.toContain("torque_differs");
  }
  const last = compared.at(-1)!.tick;
  await until(() => newest(first)!.tick > last + 5n);
  expect(newest(second)!.tick).toBeLessThan(newest(first)!.tick);
  expect(simulation.stderr).toBe("");
}, 600_000);

it("a recorded run keeps its task, and its recording holds state and diagnostics", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sim-live-"));
  cleanUp.push(() => rm(folder, { recursive: true }));
  const policy = await writePolicy(folder);
  const bag = join(folder, "run.mcap");
  const { simulation, statuses, set, subscribe, messages } = await page(
    "--policy",
    policy,
    "--speed",
    "0",
    "--record",
    bag,
  );
  set({ task: "door" });
  await until(() => statuses.length === 1);
  expect(statuses).toEqual(["task and policy stay as they are: this run is recorded (--record)"]);
  subscribe("/diagnostics");
  await until(() => messages("/diagnostics").length > 0);
  simulation.child.kill("SIGINT");
  await simulation.ended;
  const bytes = (await readFile(bag)).toString("latin1");
  for (const topic of ["/torquelens/simulation", "/diagnostics"]) expect(bytes).toContain(topic);
}, 600_000);
