import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import type {
  ConnectionGraphUpdate,
  FetchAssetResponse,
  ParameterValues,
  ServiceCallFailure,
} from "@foxglove/ws-protocol";
import { afterEach, describe, expect, it } from "vitest";
import type { Controls, ServiceControl } from "#src/foxglove/controls.js";
import { type FoxgloveOptions, FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { packagePath } from "#src/package-files.js";
import { Parameters } from "#src/parameters/parameters.js";
import type { Table } from "#src/parameters/spec.js";
import { sampleExplanation } from "../messages/sample.js";
import { until } from "../until.js";
import { call, connectTo, readResponse, roundTrip } from "./live-client.js";

const TABLE = {
  opacity: { type: "double", range: [0, 1], default: 1, description: "Opacity.", changeable: "always" },
  colormap: {
    type: "string",
    choices: ["inferno", "turbo"],
    default: "inferno",
    description: "Map.",
    changeable: "always",
  },
  paused: { type: "bool", default: false, description: "Paused.", changeable: "always" },
  goal: { type: "double_array", default: [1, 2.5], description: "Goal.", changeable: "always" },
  tasks: { type: "string_array", default: ["a", "b"], description: "Tasks.", changeable: "start" },
} as const satisfies Table;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function serve(controls: Controls, options: Partial<FoxgloveOptions> = {}): Promise<FoxgloveSink> {
  const sink = await FoxgloveSink.listen({ encoder: new ChannelEncoder(), port: 0, controls, ...options });
  cleanUp.push(() => sink.close());
  return sink;
}

/** A client that has had the services too, and what it is sent beside messages. */
async function connect(sink: FoxgloveSink) {
  const client = await connectTo(sink.url);
  const values: ParameterValues[] = [];
  const failures: ServiceCallFailure[] = [];
  const responses: { callId: number; serviceId: number; encoding: string; data: Uint8Array }[] = [];
  const graphs: ConnectionGraphUpdate[] = [];
  const assets: FetchAssetResponse[] = [];
  client.client.on("parameterValues", (message) => values.push(message));
  client.client.on("serviceCallFailure", (message) => failures.push(message));
  client.client.on("serviceCallResponse", ({ data, ...rest }) =>
    responses.push({ ...rest, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }),
  );
  client.client.on("connectionGraphUpdate", (message) => graphs.push(message));
  client.client.on("fetchAssetResponse", (message) => assets.push(message));
  cleanUp.push(() => client.socket.terminate());
  await roundTrip(client);
  return { ...client, values, failures, responses, graphs, assets };
}

const byName = ({ parameters }: ParameterValues) =>
  Object.fromEntries(parameters.map(({ name, value }) => [name, value]));

describe("parameters of the live socket", () => {
  it("are read, watched and set by clients, and numbers that need not be whole say so", async () => {
    const parameters = new Parameters(TABLE);
    const sink = await serve({ parameters });
    const [setting, watching] = [await connect(sink), await connect(sink)];
    expect((await setting.serverInfo).capabilities).toEqual([
      "time",
      "parameters",
      "parametersSubscribe",
      "connectionGraph",
      "assets",
    ]);
    setting.client.getParameters([], "all");
    setting.client.getParameters(["goal", "nowhere"], "some");
    await until(() => setting.values.length === 2);
    expect(setting.values[0]).toEqual({
      op: "parameterValues",
      id: "all",
      parameters: [
        { name: "opacity", value: 1, type: "float64" },
        { name: "colormap", value: "inferno" },
        { name: "paused", value: false },
        { name: "goal", value: [1, 2.5], type: "float64_array" },
        { name: "tasks", value: ["a", "b"] },
      ],
    });
    expect(byName(setting.values[1]!)).toEqual({ goal: [1, 2.5] });
    await until(() => setting.statuses.length === 1);
    expect(setting.statuses).toEqual(['getParameters: no parameter "nowhere"']);

    watching.client.subscribeParameterUpdates(["opacity"]);
    await roundTrip(watching);
    setting.client.setParameters(
      [
        { name: "opacity", value: 0.25 },
        { name: "colormap", value: "turbo" },
      ],
      "set",
    );
    await until(() => setting.values.length === 3 && watching.values.length === 1);
    expect(setting.values[2]).toMatchObject({ id: "set" });
    expect(byName(setting.values[2]!)).toEqual({ opacity: 0.25, colormap: "turbo" });
    expect(watching.values[0]).toEqual({
      op: "parameterValues",
      parameters: [{ name: "opacity", value: 0.25, type: "float64" }],
    });
    expect([parameters.get("opacity"), parameters.get("colormap")]).toEqual([0.25, "turbo"]);

    await parameters.set(new Map([["opacity", 0.5]]));
    await until(() => watching.values.length === 2);
    watching.client.unsubscribeParameterUpdates([]);
    await roundTrip(watching);
    await parameters.set(new Map([["opacity", 0.75]]));
    setting.client.getParameters(["opacity"], "last");
    await until(() => setting.values.length === 4);
    expect(byName(setting.values[3]!)).toEqual({ opacity: 0.75 });
    expect(watching.values).toHaveLength(2);
  });

  it("stay as they are where a value is wrong, which is told with the old value", async () => {
    const parameters = new Parameters(TABLE);
    const sink = await serve({ parameters });
    const client = await connect(sink);
    const wrong: [string, unknown, string][] = [
      ["opacity", 2, "opacity: expected a number from 0 to 1, found 2"],
      ["colormap", "red", 'colormap: expected inferno | turbo, found "red"'],
      ["paused", "yes", 'paused: expected true or false, found "yes"'],
      ["goal", [1, "2"], 'goal: expected a list of numbers, found [1,"2"]'],
      ["tasks", ["c"], "tasks: can be set only at start"],
      ["opacty", 0.5, "opacty: no such parameter; did you mean opacity?"],
      ["goal", undefined, "goal: a parameter of this node cannot be removed"],
    ];
    for (const [name, value] of wrong) client.client.setParameters([{ name, value: value as number }]);
    await until(() => client.statuses.length === wrong.length);
    expect(client.statuses).toEqual(wrong.map(([, , line]) => line));
    await until(() => client.values.length === wrong.length);
    expect(byName(client.values[0]!)).toEqual({ opacity: 1 });
    expect(byName(client.values[5]!)).toEqual({});
    expect(Object.keys(TABLE).map((name) => parameters.value(name))).toEqual(
      Object.values(TABLE).map((spec) => spec.default),
    );
  });

  it("wait for at most eight changes of a client at once", async () => {
    const parameters = new Parameters(TABLE);
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    parameters.apply = () => gate;
    const sink = await serve({ parameters });
    const client = await connect(sink);
    for (let i = 0; i < 10; i++) client.client.setParameters([{ name: "opacity", value: i / 20 }], `${i}`);
    await until(() => client.values.length === 2);
    expect(client.statuses).toEqual(Array(2).fill("setParameters: 8 changes are under way, wait for them"));
    expect(client.values.map(({ id }) => id)).toEqual(["8", "9"]);
    go();
    await until(() => client.values.length === 10);
    expect(parameters.get("opacity")).toBe(7 / 20);
  });
});

const SET_BOOL: ServiceControl = {
  name: "/torquelens/pause",
  type: "std_srvs/srv/SetBool",
  answer: ({ data }) => ({ success: true, message: data ? "paused" : "running" }),
};

describe("services of the live socket", () => {
  it("are called with the advertised schemas, and tell why they fail", async () => {
    const asked: unknown[] = [];
    const services: ServiceControl[] = [
      SET_BOOL,
      {
        name: "/torquelens/step",
        type: "std_srvs/srv/Trigger",
        answer: async () => ({ success: false, message: "é" }),
      },
      {
        name: "/torquelens/set_method",
        type: "torquelens/srv/SetMethod",
        answer: (request) => {
          asked.push(request);
          throw new Error("no method named x");
        },
      },
    ];
    const client = await connect(await serve({ services }));
    expect(await client.serverInfo).toMatchObject({
      capabilities: ["time", "services", "connectionGraph", "assets"],
      supportedEncodings: ["cdr"],
    });
    expect(client.services.map(({ id, name, type }) => [id, name, type])).toEqual([
      [1, "/torquelens/pause", "std_srvs/srv/SetBool"],
      [2, "/torquelens/step", "std_srvs/srv/Trigger"],
      [3, "/torquelens/set_method", "torquelens/srv/SetMethod"],
    ]);
    expect(client.services[0]!.request).toEqual({
      encoding: "cdr",
      schemaName: "std_srvs/srv/SetBool_Request",
      schemaEncoding: "ros2msg",
      schema: "bool data\n",
    });
    call(client, "/torquelens/pause", { data: true }, 7);
    call(client, "/torquelens/step", {}, 8);
    call(client, "/torquelens/set_method", { method: "x" }, 9);
    await until(() => client.responses.length === 2 && client.failures.length === 1);
    expect(client.responses.map(({ serviceId, callId, encoding }) => [serviceId, callId, encoding])).toEqual([
      [1, 7, "cdr"],
      [2, 8, "cdr"],
    ]);
    expect(readResponse(client, "/torquelens/pause", client.responses[0]!.data)).toEqual({
      success: true,
      message: "paused",
    });
    expect(readResponse(client, "/torquelens/step", client.responses[1]!.data)).toEqual({
      success: false,
      message: "é",
    });
    expect(client.failures[0]).toEqual({
      op: "serviceCallFailure",
      serviceId: 3,
      callId: 9,
      message: "/torquelens/set_method: no method named x",
    });
    expect(asked).toEqual([{ method: "x" }]);
  });

  it("refuse what is no request", async () => {
    const client = await connect(await serve({ services: [SET_BOOL] }));
    const send = (serviceId: number, encoding: string, ...data: number[]) =>
      client.client.sendServiceCallRequest({ serviceId, callId: 1, encoding, data: Buffer.from(data) });
    send(9, "cdr", 0, 1, 0, 0, 1);
    send(1, "json", 0, 1, 0, 0, 1);
    send(1, "cdr");
    send(1, "cdr", 0, 1, 0, 0);
    await until(() => client.failures.length === 4);
    expect(client.failures.map(({ message }) => message)).toEqual([
      "no service 9",
      'encoding "json": expected cdr',
      "/torquelens/pause: the request is no std_srvs/srv/SetBool_Request in CDR",
      "/torquelens/pause: the request is no std_srvs/srv/SetBool_Request in CDR",
    ]);
  });

  it("answer at most eight calls of a client at once, and the others later", async () => {
    const waiting: (() => void)[] = [];
    const slow: ServiceControl = {
      ...SET_BOOL,
      answer: () => new Promise((resolve) => waiting.push(() => resolve({ success: true, message: "" }))),
    };
    const sink = await serve({ services: [slow] });
    const [client, other] = [await connect(sink), await connect(sink)];
    for (let i = 0; i < 9; i++) call(client, slow.name, { data: true }, i);
    await until(() => client.failures.length === 1);
    expect(client.failures[0]).toMatchObject({ callId: 8, message: "8 calls wait for an answer already" });
    call(other, slow.name, { data: true }, 0);
    await until(() => waiting.length === 9);
    other.socket.terminate();
    for (const answer of waiting.splice(0)) answer();
    await until(() => client.responses.length === 8);
    call(client, slow.name, { data: true }, 9);
    await until(() => waiting.length === 1);
  });
});

describe("a read-only server", () => {
  it("answers questions and refuses changes in words, and goes on", async () => {
    const parameters = new Parameters(TABLE);
    const client = await connect(await serve({ parameters, services: [SET_BOOL] }, { readOnly: true }));
    for (let i = 0; i < 30; i++) client.client.setParameters([{ name: "opacity", value: 0.1 }], "set");
    call(client, SET_BOOL.name, { data: true }, 3);
    client.client.getParameters(["opacity"], "get");
    await until(() => client.values.length === 31 && client.failures.length === 1);
    const line = "this server is read-only: clients may look but change nothing";
    expect(new Set(client.statuses)).toEqual(new Set([`setParameters: ${line}`]));
    expect(client.failures[0]).toMatchObject({ callId: 3, message: line });
    expect(new Set(client.values.map((values) => byName(values).opacity))).toEqual(new Set([1]));
    expect(parameters.get("opacity")).toBe(1);
  });
});

describe("operations that a server does not offer", () => {
  it("are refused by their names", async () => {
    const client = await connect(await serve({}));
    client.client.advertise({ topic: "/cmd", encoding: "cdr", schemaName: "std_msgs/msg/String" });
    client.client.sendMessage(1, Buffer.of(1, 2));
    client.client.unadvertise(1);
    client.client.getParameters([]);
    client.client.setParameters([{ name: "opacity", value: 1 }]);
    client.client.subscribeParameterUpdates([]);
    client.client.unsubscribeParameterUpdates([]);
    client.client.sendServiceCallRequest({ serviceId: 1, callId: 1, encoding: "cdr", data: Buffer.of(0) });
    client.socket.send('{"op":"playbackControl"}');
    await until(() => client.statuses.length === 9);
    const publishing = "clients cannot publish to this server, it has no clientPublish";
    expect(client.statuses.slice(0, 8)).toEqual([
      `advertise: ${publishing}`,
      `message data: ${publishing}`,
      `unadvertise: ${publishing}`,
      "getParameters: this server has no parameters",
      "setParameters: this server has no parameters",
      "subscribeParameterUpdates: this server has no parameters",
      "unsubscribeParameterUpdates: this server has no parameters",
      "service call: this server has no services",
    ]);
    expect(client.statuses[8]).toMatch(/^operation "playbackControl": expected one of subscribe, unsubscribe, /);
  });
});

describe("the connection graph", () => {
  it("names topics, services and subscribers, and follows them", async () => {
    const sink = await serve({ services: [SET_BOOL] });
    const [watching, other] = [await connect(sink), await connect(sink)];
    watching.subscribe("/joint_states");
    watching.client.subscribeConnectionGraph();
    await until(() => watching.graphs.length === 1);
    const [whole] = watching.graphs;
    expect(whole!.publishedTopics).toEqual(
      watching.channels.map(({ topic }) => ({ name: topic, publisherIds: ["torquelens"] })),
    );
    expect(whole!.subscribedTopics).toEqual([{ name: "/joint_states", subscriberIds: ["client 1"] }]);
    expect(whole!.advertisedServices).toEqual([{ name: "/torquelens/pause", providerIds: ["torquelens"] }]);
    const subscription = other.subscribe("/joint_states");
    await until(() => watching.graphs.length === 2);
    expect(watching.graphs[1]).toEqual({
      op: "connectionGraphUpdate",
      publishedTopics: [],
      subscribedTopics: [{ name: "/joint_states", subscriberIds: ["client 1", "client 2"] }],
      advertisedServices: [],
      removedTopics: [],
      removedServices: [],
    });
    other.client.unsubscribe(subscription);
    other.subscribe("/tf");
    await until(() => watching.graphs.length === 3);
    expect(watching.graphs[2]!.subscribedTopics).toEqual([
      { name: "/joint_states", subscriberIds: ["client 1"] },
      { name: "/tf", subscriberIds: ["client 2"] },
    ]);
    other.socket.terminate();
    await until(() => watching.graphs.length === 4);
    expect(watching.graphs[3]!.subscribedTopics).toEqual([{ name: "/tf", subscriberIds: [] }]);
    watching.client.unsubscribeConnectionGraph();
    watching.subscribe("/tf");
    await roundTrip(watching);
    expect(watching.graphs).toHaveLength(4);
  });
});

describe("assets", () => {
  it("are files of the package and meshes of the robot description, nothing else", async () => {
    const mesh = packagePath("docs/images/reacher.png");
    const robot = `<robot name="r"><link name="base"><visual><geometry><mesh filename="file://${mesh}"/></geometry></visual></link></robot>`;
    const encoder = new ChannelEncoder({ robotDescription: robot, jointElements: {} });
    const client = await connect(await serve({}, { encoder }));
    const ask = async (uri: string) => {
      const { length } = client.assets;
      client.client.fetchAsset(uri, length);
      await until(() => client.assets.length > length);
      return client.assets[length]!;
    };
    const found = await ask("package://torquelens/urdf/reacher.urdf");
    if (found.status !== 0) throw new Error(found.error);
    const { buffer, byteOffset, byteLength } = found.data;
    expect(found.requestId).toBe(0);
    expect(Buffer.from(buffer, byteOffset, byteLength)).toEqual(readFileSync(packagePath("urdf/reacher.urdf")));
    const picture = await ask(`file://${mesh}`);
    if (picture.status !== 0) throw new Error(picture.error);
    expect(picture.data.byteLength).toBe(readFileSync(mesh).length);
    for (const uri of [
      "package://torquelens/package.json",
      "package://torquelens/urdf/../package.json",
      "package://torquelens/urdf/../../../../../../../etc/passwd",
      "package://torquelens/urdf",
      "package://torquelens/models/",
      "package://torquelens/models/none.xml",
      "package://other/meshes/a.stl",
      "file:///etc/passwd",
      `file://${packagePath("package.json")}`,
      "http://127.0.0.1/a.stl",
      "",
    ]) {
      expect(await ask(uri)).toMatchObject({ status: 1, error: `${JSON.stringify(uri)}: no asset of this server` });
    }
  });
});

describe("time", () => {
  it("goes to clients before they subscribe, also to late ones", async () => {
    const sink = await serve({});
    const early = await connect(sink);
    const explanation = sampleExplanation(3);
    sink.write(explanation);
    await until(() => early.times.length === 1);
    const late = await connect(sink);
    await until(() => late.times.length === 1);
    expect([...early.times, ...late.times]).toEqual(Array(2).fill(explanation.observation.stamp));
  });
});

describe("a robot that changes", () => {
  it("is sent again to those who have its description", async () => {
    const urdf = (name: string) => `<robot name="${name}"><link name="base"/></robot>`;
    const encoder = new ChannelEncoder({ robotDescription: urdf("one"), jointElements: {} });
    const sink = await serve({}, { encoder });
    const [has, comes] = [await connect(sink), await connect(sink)];
    has.subscribe("/robot_description");
    await until(() => has.messages.length === 1);
    encoder.changeRobot(urdf("two"), {});
    sink.robotChanged();
    await until(() => has.messages.length === 2);
    comes.subscribe("/robot_description");
    await until(() => comes.messages.length === 1);
    const text = ({ data }: { data: DataView | ArrayBufferView }) =>
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
    expect(text(has.messages[0]!)).toContain(urdf("one"));
    expect(text(has.messages[1]!)).toContain(urdf("two"));
    expect(text(comes.messages[0]!)).toContain(urdf("two"));
  });
});
