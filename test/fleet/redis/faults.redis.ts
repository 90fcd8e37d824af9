import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { Batches, newBatch } from "#src/fleet/engine/batches.js";
import { prefixOf } from "#src/fleet/engine/connection.js";
import type { Job } from "#src/fleet/job/job.js";
import { torquelens } from "../../cli/run.js";
import { until } from "../../until.js";
import { policy } from "../recordings.js";
import { Fleet, filesIn, recordingsIn, version } from "./fleet.js";
import { Network, RedisServer } from "./server.js";

const program = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));
let fleet: Fleet;
let redis: RedisServer;
let batches: Batches;

beforeAll(async () => {
  fleet = await Fleet.create(8);
  redis = await RedisServer.start();
  batches = await Batches.open(redis.address(), version, () => {});
});
afterEach(() => fleet.rest());
afterAll(async () => {
  await batches.close();
  await redis.stop();
  await fleet.close();
});

async function added(jobs: readonly Job[], output: string): Promise<string> {
  const id = newBatch();
  await batches.add(jobs, { id, output, already: 0 });
  return id;
}

/** Waits until no job of a batch is left. */
const ended = (id: string) =>
  until(async () => {
    const state = await batches.state(id);
    return state?.left === 0 && state;
  });

/** Waits until a worker is at a job. */
const busy = async (): Promise<void> => {
  const queue = new Queue("jobs", { connection: redis.address().options, prefix: prefixOf(version) });
  await until(async () => (await queue.getActiveCount()) > 0);
  await queue.close();
};

describe("a batch on a Redis server", () => {
  it("goes on when a worker is killed in the middle of a job, and its processes go with it", async () => {
    const { output, jobs } = await fleet.batch(fleet.bags.slice(0, 3));
    const argv = ["worker", redis.url, "--root", fleet.folder, "--concurrency", "1", "--lock", "1"];
    const victim = spawn(process.execPath, [program, ...argv], { stdio: "ignore" });
    onTestFinished(() => void victim.kill("SIGKILL"));
    const id = await added(jobs, output);
    await busy();
    const children = await until(async () => {
      const text = await readFile(`/proc/${victim.pid}/task/${victim.pid}/children`, "utf8");
      return text.trim() === "" ? undefined : text.trim().split(" ");
    });
    victim.kill("SIGKILL");
    await once(victim, "exit");
    const lines: string[] = [];
    await fleet.worker(redis.address(), lines);
    expect(await ended(id)).toMatchObject({ done: 3, failed: 0 });
    expect(await recordingsIn(output)).toEqual(fleet.bags.slice(0, 3));
    expect(lines).toContain(`job ${id}-0: its worker is not heard of any more; it waits for another one`);
    await until(() => children.every((pid) => !existsSync(`/proc/${pid}`)));
  });

  it("goes on after the server was killed and comes back with its data", async () => {
    const { output, jobs } = await fleet.batch();
    const lines: string[] = [];
    fleet.executor.before = async () => {
      if (fleet.executor.begun.length !== 3) return;
      await redis.kill();
      await redis.up();
    };
    await fleet.worker(redis.address(), lines);
    const id = await added(jobs, output);
    expect(await ended(id)).toMatchObject({ done: 8, failed: 0 });
    expect(await recordingsIn(output)).toEqual(fleet.bags);
    expect(lines.filter((line) => line.includes("is lost"))).toEqual([
      `${redis.url}: the connection is lost; tries again`,
    ]);
    expect(lines).toContain(`${redis.url}: connected again`);
  });

  it("hands the rest over again after the server has lost its data", async () => {
    const output = fleet.at("lost");
    fleet.executor.before = async () => {
      if (fleet.executor.begun.length !== 3) return;
      await redis.kill();
      await redis.forget();
      await redis.up();
    };
    await fleet.worker(redis.address());
    const argv = ["--policy", policy, "-o", output, "--level", "shares", "--engine", redis.url];
    expect(await torquelens("batch", ...fleet.bags, ...argv)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/ has lost batch [0-9a-f]+: \d+ jobs? handed over again\n/),
    });
    expect(await recordingsIn(output)).toEqual(fleet.bags);
  });

  it("goes on after the network was cut for longer than a worker may be silent", async () => {
    const { output, jobs } = await fleet.batch();
    const network = await Network.before(redis.port);
    const lines: string[] = [];
    fleet.executor.before = async () => {
      if (fleet.executor.begun.length !== 2) return;
      network.cut();
      // The lock of one second is over when the server has let it go.
      const client = new Redis(redis.port);
      await until(async () => (await client.exists(`${prefixOf(version)}:jobs:${id}-1:lock`)) === 0);
      client.disconnect();
      network.mend();
    };
    const id = await added(jobs, output);
    await fleet.worker(redis.address(network.port), lines);
    expect(await ended(id)).toMatchObject({ done: 8, failed: 0 });
    expect(await recordingsIn(output)).toEqual(fleet.bags);
    expect(lines.filter((line) => line.includes("is lost"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("connected again"))).toHaveLength(1);
    await fleet.rest();
    await network.close();
  });

  it("keeps a recording that always fails as a dead letter with its reason, and does the others", async () => {
    const broken = fleet.at("broken.mcap");
    await writeFile(broken, "no recording");
    const { output, jobs } = await fleet.batch([broken, ...fleet.bags.slice(0, 3)]);
    const id = await added(jobs, output);
    await fleet.worker(redis.address());
    expect(await ended(id)).toMatchObject({ done: 3, failed: 1 });
    const expected = `${broken}: neither MCAP nor SQLite, expected a bag (.mcap, .db3 or a rosbag2 folder)`;
    expect((await batches.tally(id)).deadLetters).toEqual([{ job: broken, reason: expected }]);
    expect(await torquelens("batch", "status", id, "--engine", redis.url)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(expected),
    });
    expect(fleet.executor.begun.filter((bag) => bag === broken)).toHaveLength(1);
    // It can be tried again.
    expect(await batches.retry(id)).toBe(1);
    await until(() => fleet.executor.begun.filter((bag) => bag === broken).length === 2);
    expect(await ended(id)).toMatchObject({ done: 3, failed: 1 });
  });

  it("makes each file once for two batches at once", async () => {
    const { output, jobs } = await fleet.batch();
    await Promise.all([fleet.worker(redis.address()), fleet.worker(redis.address())]);
    const ids = await Promise.all([added(jobs, output), added(jobs, output)]);
    for (const id of ids) expect(await ended(id)).toMatchObject({ done: 8, failed: 0 });
    expect(await recordingsIn(output)).toEqual(fleet.bags);
    const tallies = await Promise.all(ids.map((id) => batches.tally(id)));
    expect(tallies.map(({ explained, already }) => explained + already)).toEqual([8, 8]);
    expect(tallies.reduce((sum, { ticks }) => sum + ticks, 0)).toBe(32);
  });

  it("is whole although the clock jumps by an hour, both ways", async () => {
    const { output, jobs } = await fleet.batch();
    let shift = 0;
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + shift);
    fleet.executor.before = async () => {
      shift = fleet.executor.begun.length % 2 === 0 ? 3_600_000 : -3_600_000;
    };
    const id = await added(jobs, output);
    await fleet.worker(redis.address());
    expect(await ended(id)).toMatchObject({ done: 8, failed: 0 });
    clock.mockRestore();
    expect(await recordingsIn(output)).toEqual(fleet.bags);
  });

  it("is left alone by a worker of another version, which says so", async () => {
    const { output, jobs } = await fleet.batch(fleet.bags.slice(0, 2));
    const id = await added(jobs, output);
    const lines: string[] = [];
    await fleet.worker(redis.address(), lines, { version: "9.9.9" });
    expect(lines).toEqual([
      `2 jobs of torquelens ${version} wait as well: this worker is 9.9.9, may answer otherwise, and leaves them`,
    ]);
    // Nor does it do a job of another version that somebody has put into its queue.
    const queue = new Queue("jobs", { connection: redis.address().options, prefix: prefixOf("9.9.9") });
    const foreign = await queue.add("explain", jobs[0]);
    await until(() => foreign.isFailed());
    expect((await queue.getJob(foreign.id!))!.failedReason).toBe(
      `the job was made by torquelens ${version}; this worker is 9.9.9, which may answer otherwise`,
    );
    await queue.close();
    expect(await batches.state(id)).toMatchObject({ left: 2 });
    expect(await batches.cancel(id)).toBe(2);
    expect(fleet.executor.begun).toEqual([]);
  });

  it("is done once each by a hundred workers that join at once", async () => {
    const { output, jobs } = await fleet.batch();
    const id = await added(jobs, output);
    await Promise.all(Array.from({ length: 100 }, () => fleet.worker(redis.address(), [], { lock: 60 })));
    expect(await ended(id)).toMatchObject({ done: 8, failed: 0 });
    expect([...fleet.executor.begun].sort()).toEqual(fleet.bags);
    expect(await recordingsIn(output)).toEqual(fleet.bags);
    expect(Object.keys(await filesIn(output))).toHaveLength(16);
  });
});
