import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type WebSocket as Client, WebSocketServer } from "ws";
import { McapSink } from "#src/bag/mcap-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { pageFolder } from "#src/package-files.js";
import { Door } from "#src/web/door.js";
import { listen } from "#src/web/listening.js";
import { Site } from "#src/web/site.js";
import { sampleExplanation } from "../messages/sample.js";
import { until } from "../until.js";
import { ELSEWHERE, launch, violations, visit } from "./browser.js";
import { Feed, URDF } from "./feed.js";
import { Serving } from "./program.js";

let browser: Browser;
const ends: (() => Promise<unknown>)[] = [];
const ended = <T extends { stop(): Promise<void> }>(started: T): T => {
  ends.push(() => started.stop());
  return started;
};
const visited = async (url: string) => {
  const watched = await visit(browser, url);
  ends.push(() => watched.page.context().close());
  return watched;
};
const rowOf = (page: Page, joint: string) => page.getByRole("button", { name: joint, exact: true });

beforeAll(async () => {
  browser = await launch();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => browser.close());

describe("a run", () => {
  test("without camera shows torques, and says that there is none", async () => {
    const feed = ended(
      await Feed.start({ cameras: [], robotDescription: URDF }, (sample) => ({
        ...sample,
        observation: { ...sample.observation, images: {} },
        heatmaps: {},
        featurePoints: {},
      })),
    );
    const { page, complaints } = await visited(feed.url);
    await page.getByText("There is no camera among the topics").waitFor();
    await rowOf(page, "elbow").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("with twenty cameras draws those on screen, and the others when they come into sight", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `camera${String(i).padStart(2, "0")}`);
    const each = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value]));
    const feed = ended(
      await Feed.start({ cameras: names, robotDescription: URDF }, (sample) => ({
        ...sample,
        observation: { ...sample.observation, images: each(sample.observation.images.image!) },
        heatmaps: each(sample.heatmaps.image!),
        featurePoints: {},
        convention: { ...sample.convention, reference: { ...sample.convention.reference, ...each("range") } },
        modalities: [...names, ...sample.modalities.slice(1)],
        shares: new Float32Array(23).fill(1 / 23),
        torqueShares: new Float32Array(46).fill(1 / 23),
      })),
    );
    const { page, complaints } = await visited(feed.url);
    const canvas = (name: string) => page.locator(`section[aria-label="Camera ${name}"] canvas`).first();
    const picture = (name: string) => canvas(name).evaluate((shown) => (shown as HTMLCanvasElement).toDataURL());
    const goesOn = async (name: string) => {
      const before = await picture(name);
      await until(async () => (await picture(name)) !== before);
    };
    await rowOf(page, "elbow").waitFor();
    await goesOn("camera00");
    await until(async () => (await page.locator("section.camera").count()) === 20);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.evaluate(() => scrollTo(0, 0));
    await goesOn("camera00");
    const rest = await picture("camera19");
    for (let i = 0; i < 5; i++) await goesOn("camera00");
    expect(await picture("camera19")).toBe(rest);
    await canvas("camera19").scrollIntoViewIfNeeded();
    await goesOn("camera19");
    expect(complaints).toEqual([]);
  });

  test("with a joint that the robot description lacks names it", async () => {
    const feed = ended(
      await Feed.start({ robotDescription: URDF }, (sample) => ({ ...sample, joints: ["shoulder", "constructor"] })),
    );
    const { page, complaints } = await visited(feed.url);
    await page.getByText("The robot description lacks joints of the policy: constructor.").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test.each([
    ["it is not XML", "<robot><link"],
    ["it begins with <html>, expected <robot>", "<html/>"],
    ["it has no link", '<robot name="r"/>'],
    [
      'its joint j has the child link "nowhere", which it lacks',
      '<robot name="r"><link name="a"/><joint name="j" type="revolute"><parent link="a"/><child link="nowhere"/></joint></robot>',
    ],
  ])("with a robot description that cannot be shown says so: %s", async (reason, robotDescription) => {
    const feed = ended(await Feed.start({ robotDescription }));
    const { page, complaints } = await visited(feed.url);
    await page.getByText(`The robot description cannot be shown: ${reason}`).waitFor();
    await rowOf(page, "elbow").waitFor();
    expect(complaints).toEqual([]);
  });

  test("shows hostile names as text", async () => {
    const hostile = '<img src=x onerror="document.title=1">\u202Eelbow\u0007\u200B';
    const feed = ended(
      await Feed.start({ robotDescription: URDF }, (sample) => ({
        ...sample,
        joints: ["shoulder", hostile],
        method: hostile,
        modalities: sample.modalities.map((name, m) => (m === 1 ? hostile : name)),
        relevance: { ...sample.relevance, [hostile]: sample.relevance.joint_position! },
        torqueRelevance: { ...sample.torqueRelevance, [hostile]: sample.torqueRelevance.joint_position! },
      })),
    );
    const { page, complaints } = await visited(feed.url);
    const shown = '<img src=x onerror="document.title=1">\\u202eelbow\\u0007\\u200b';
    await rowOf(page, shown).click();
    await page.locator(".u-legend").getByText(shown).waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.evaluate(() => document.body.outerHTML)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save SVG" }).click(),
    ]);
    const svg = await (await saved.createReadStream()).toArray();
    expect(Buffer.concat(svg).toString()).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]|<img/u);
    expect(complaints).toEqual([]);
  });
});

describe("a server that is not torquelens", () => {
  /** Serves the page, with a socket that answers as it likes. */
  async function foreign(greet: (client: Client) => void, protocol: string | false): Promise<string> {
    const session = { mode: "live", name: "foreign", readOnly: true } as const;
    const site = new Site(
      { folder: pageFolder(), session, recordings: [] },
      new Door({ host: "127.0.0.1", allowedOrigins: [] }),
    );
    const server: Server = createServer(site.answer);
    const sockets = new WebSocketServer({ server, handleProtocols: () => protocol });
    sockets.on("connection", greet);
    const port = await listen(server, "127.0.0.1", 0);
    ends.push(async () => {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${port}/`;
  }

  test.each([
    ["text", "hello"],
    ["JSON of another protocol", '{"jsonrpc":"2.0","method":"hello"}'],
    ["a list", "[]"],
    ["null", "null"],
    ["binary data", Buffer.from([1, 2, 3])],
    ["an empty message", Buffer.alloc(0)],
    ["an operation before the greeting", '{"op":"advertise","channels":[]}'],
  ])("sends %s", async (_name, message) => {
    const url = await foreign((client) => client.send(message), "foxglove.sdk.v1");
    const { page, complaints } = await visited(url);
    await page.getByText("the server speaks another protocol than this page. Open the address").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test.each([
    ["channels that are none", '{"op":"advertise","channels":7}'],
    [
      "a schema that is none",
      '{"op":"advertise","channels":[{"id":1,"topic":"/tf","schemaName":"x","schema":"?!","encoding":"cdr"}]}',
    ],
    ["a message that is cut off", Buffer.from([1, 0])],
  ])("greets, then sends %s", async (_name, message) => {
    const greeting = JSON.stringify({ op: "serverInfo", name: "x", capabilities: [], sessionId: "1" });
    const url = await foreign((client) => {
      client.send(greeting);
      client.send(message);
    }, "foxglove.sdk.v1");
    const { page, complaints } = await visited(url);
    await page.getByText("a message of the server cannot be read").waitFor();
    expect(complaints).toEqual([]);
  });

  test("says that the connection is too slow for every image, until it no longer is", async () => {
    const greeting = { op: "serverInfo", name: "x", capabilities: [], sessionId: "1" };
    const message = "this connection is too slow for every image: it gets the newest ones and misses those between";
    const clients: Client[] = [];
    const url = await foreign((client) => {
      clients.push(client);
      client.send(JSON.stringify(greeting));
      client.send(JSON.stringify({ op: "status", level: 1, id: "slow", message }));
    }, "foxglove.sdk.v1");
    const { page, complaints } = await visited(url);
    await page.getByText(`foreign: live; ${message}`).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    clients[0]!.send(JSON.stringify({ op: "removeStatus", statusIds: ["slow"] }));
    await page.getByText("foreign: live", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("agrees to no protocol of the page", async () => {
    const url = await foreign(() => {}, false);
    const { page } = await visited(url);
    await page.getByText("no answer, or not that of torquelens").waitFor();
  });

  test("has no session", async () => {
    const feed = ended(await Feed.start({}));
    const page = await (await browser.newContext()).newPage();
    ends.push(() => page.context().close());
    await page.route("**/session.json", (route) => route.fulfill({ body: "<html>router login</html>" }));
    await page.goto(feed.url);
    await page
      .getByRole("alert")
      .filter({ hasText: "not torquelens. Open the address that torquelens printed" })
      .waitFor();
    expect(await violations(page)).toEqual([]);
  });
});

describe("who may come in", () => {
  test("a page of another origin can neither read nor steer", async () => {
    const feed = ended(await Feed.start({}));
    const other = createServer((_request, response) => response.setHeader("Content-Type", "text/html").end("other"));
    const origin = `http://${ELSEWHERE}:${await listen(other, "127.0.0.1", 0)}`;
    ends.push(async () => {
      other.closeAllConnections();
      other.close();
    });
    const page = await (await browser.newContext()).newPage();
    ends.push(() => page.context().close());
    const attempt = (url: string) =>
      page.evaluate(async (url) => {
        const socket = new WebSocket(url.replace("http", "ws"), ["foxglove.sdk.v1"]);
        const opened = new Promise((resolve) => {
          socket.onopen = () => resolve("open");
          socket.onerror = () => resolve("refused");
        });
        const read = fetch(`${url}/session.json`).then(
          () => "read",
          () => "refused",
        );
        return Promise.all([opened, read]);
      }, url);
    await page.goto(`${origin}/`);
    expect(await attempt(feed.url)).toEqual(["refused", "refused"]);
    expect(feed.notices.join()).toContain(`a page of ${origin} may not connect`);
    await page.goto(feed.url);
    expect(await attempt(feed.url)).toEqual(["open", "read"]);
  });

  test("a wrong token is told what to do, the right one opens the page", async () => {
    const serving = ended(
      await Serving.start("sim", "--host", "127.0.0.1", "--token", "a-right-token", "--port", "0", "--page-port", "0"),
    );
    const page = await (await browser.newContext()).newPage();
    ends.push(() => page.context().close());
    const { origin } = new URL(serving.url);
    for (const address of [`${origin}/?token=a-wrong-token`, `${origin}/`]) {
      const response = await page.goto(address);
      expect(response?.status()).toBe(401);
      await page.getByText("token expected: use the address that the server printed").waitFor();
    }
    await page.goto(serving.url);
    await rowOf(page, "elbow").waitFor();
  });
});

describe("a recording", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-page-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function recorded(name: string, change: (sample: ReturnType<typeof sampleExplanation>) => typeof sample) {
    const path = join(folder, name);
    const sink = await McapSink.create(path, { encoder: new ChannelEncoder({ robotDescription: URDF }) });
    for (let tick = 0; tick < 20; tick++) await sink.write(change(sampleExplanation(tick, 32, 24)));
    await sink.close();
    return ended(await Serving.start("view", path, "--page-port", "0"));
  }

  test("with relevance that is no number says so, and shows the rest", async () => {
    const nothing = (size: number) => new Float32Array(size).fill(Number.NaN);
    const serving = await recorded("nan.mcap", (sample) => ({
      ...sample,
      heatmaps: { image: { width: 32, height: 24, data: nothing(32 * 24) } },
      shares: nothing(4),
      torqueShares: nothing(8),
      conservationResidual: Number.NaN,
      flags: ["not_finite"],
    }));
    const { page, complaints } = await visited(serving.url);
    await rowOf(page, "elbow").waitFor();
    await page.getByText("relevance is not a number; do not trust this tick").waitFor();
    expect(complaints).toEqual([]);
  });
});
