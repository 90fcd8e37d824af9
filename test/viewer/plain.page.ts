import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { McapSink } from "#src/bag/mcap-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { type Sample, samples, writeDb3, writeMcap } from "../bag/recordings.js";
import { sampleExplanation } from "../messages/sample.js";
import { until } from "../until.js";
import { drop, launch, pixelsOf, violations, visit } from "./browser.js";
import { URDF } from "./feed.js";
import { Serving } from "./program.js";

const TICKS = 40;

/** What a robot alone records: cameras, joint states, poses and its description. */
async function ofRobot(rename: (topic: string) => string = (topic) => topic): Promise<Sample[]> {
  const encoder = new ChannelEncoder({ robotDescription: URDF });
  const own = encoder.channels.filter(({ origin }) => origin === "source");
  const messages: Sample[] = [];
  for (let tick = 0; tick < TICKS; tick++) {
    const explanation = sampleExplanation(tick, 32, 24);
    for (const channel of own) {
      const isFirst = channel.latched && tick === 0;
      const data = isFirst ? encoder.encodeLatched(channel) : await encoder.encode(channel, explanation);
      const { topic, type } = channel;
      const logTime = explanation.observation.stamp;
      if (data) messages.push({ topic: rename(topic), type, logTime, data: data.slice() });
    }
  }
  return messages;
}

describe("a recording without explanations", () => {
  let browser: Browser;
  let folder: string;
  const path = (...names: string[]) => join(folder, ...names);
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-plain-"));
    const messages = await ofRobot();
    await writeMcap(path("plain.mcap"), messages, { compression: "zstd" });
    await mkdir(path("bag"));
    writeDb3(path("bag", "bag_0.db3"), messages, 4);
    await writeFile(
      path("bag", "metadata.yaml"),
      "rosbag2_bagfile_information:\n  version: 5\n  storage_identifier: sqlite3\n  relative_file_paths: [bag_0.db3]\n",
    );
    const renamed = await ofRobot((topic) => (topic === "/camera/image" ? "/front/color" : `/left/arm${topic}`));
    await writeMcap(path("a cell's.mcap"), renamed);
    await writeMcap(
      path("texts.mcap"),
      samples(30).filter(({ topic }) => topic === "/text"),
    );
    const sink = await McapSink.create(path("explained.mcap"), { encoder: new ChannelEncoder() });
    for (let tick = 0; tick < TICKS; tick++) await sink.write(sampleExplanation(tick, 32, 24));
    await sink.close();
    browser = await launch();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  const visited = async (url: string) => {
    const watched = await visit(browser, url);
    ends.push(() => watched.page.context().close());
    return watched;
  };
  async function viewed(name: string) {
    const serving = await Serving.start("view", path(name), "--page-port", "0");
    ends.push(() => serving.stop());
    return visited(serving.url);
  }
  const stateOf = (page: Page, joint: string) =>
    page.getByRole("row", { name: joint }).getByRole("cell").allInnerTexts();

  /** Shows pictures, joint states and how to get explanations; `name` as a shell takes it. */
  async function shows(page: Page, name: string, { topic = "/joint_states", camera = "image" } = {}): Promise<void> {
    await page.getByRole("heading", { name: `Joint states ${topic}` }).waitFor();
    await until(async () => (await stateOf(page, "shoulder"))[0] === "0.100");
    expect(await stateOf(page, "elbow")).toEqual(["−0.200", "−2.50", "–"]);
    const first = await pixelsOf(page, camera);
    await page.getByRole("slider", { name: "Time" }).fill("1");
    await until(async () => (await stateOf(page, "shoulder"))[0] === "20.1");
    await until(async () => (await pixelsOf(page, camera)) !== first);
    await page.getByText("holds none, so there are no torques, shares and heatmaps to show").waitFor();
    const commands = await page.getByRole("region", { name: "Joint states" }).locator("code").allInnerTexts();
    expect(commands).toEqual([
      `torquelens view ${name} --policy POLICY.onnx`,
      `torquelens replay ${name} --policy POLICY.onnx -o explained.mcap`,
    ]);
    // Nothing waits for what never comes.
    expect(await page.getByText(/Waiting for|at this tick/).count()).toBe(0);
    expect(await page.getByRole("button", { name: "Save PNG" }).count()).toBe(0);
  }

  test.each(["plain.mcap", "bag"])("is shown as it is, and says how to explain it: %s", async (name) => {
    const { page, complaints } = await viewed(name);
    await shows(page, name);
    expect(await page.getByText("No robot description has come yet.").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("may have other names for its topics, and spaces in its own", async () => {
    const { page, complaints } = await viewed("a cell's.mcap");
    await shows(page, "'a cell'\\''s.mcap'", { topic: "/left/arm/joint_states", camera: "front/color" });
    await until(async () => (await page.getByText("No robot description has come yet.").count()) === 0);
    expect(complaints).toEqual([]);
  });

  test("may hold nothing that the page shows", async () => {
    const { page, complaints } = await viewed("texts.mcap");
    await page.getByText("There is no camera among the topics, so there are no images.").waitFor();
    await page.getByText("There are no joint states in this recording.").waitFor();
    expect(complaints).toEqual([]);
  });

  test("is dropped onto the page, then one with explanations, one that is none, and one of another format", async () => {
    const { page, complaints } = await viewed("texts.mcap");
    await drop(page, path("plain.mcap"));
    await shows(page, "plain.mcap");
    await drop(page, path("explained.mcap"));
    await page.getByRole("region", { name: "Why these torques" }).getByRole("button", { name: "elbow" }).waitFor();
    expect(await page.getByRole("region", { name: "Joint states" }).count()).toBe(0);
    await writeFile(path("empty.mcap"), "");
    for (const [file, text] of [
      ["empty.mcap", /empty\.mcap: not an MCAP file .*Run torquelens view empty\.mcap, which also reads other/],
      [join("bag", "bag_0.db3"), /bag_0\.db3: not an MCAP file .*Run torquelens view bag_0\.db3, which also reads/],
    ] as const) {
      await drop(page, path(file));
      await page.getByRole("alert").filter({ hasText: text }).waitFor();
      await page.getByRole("region", { name: "Why these torques" }).waitFor();
    }
    await drop(page, path("plain.mcap"));
    await shows(page, "plain.mcap");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
