import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, symlink } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { engineAddress } from "#src/fleet/engine/address.js";
import { Batches, newBatch } from "#src/fleet/engine/batches.js";
import { prefixOf } from "#src/fleet/engine/connection.js";
import { runEmbedded } from "#src/fleet/engine/embedded.js";
import type { Job } from "#src/fleet/job/job.js";
import { refusal, torquelens } from "../../cli/run.js";
import { until } from "../../until.js";
import { Fleet, filesIn, recordingsIn, version } from "./fleet.js";
import { RedisServer } from "./server.js";

const PASSWORD = "only-the-lab-knows";
const program = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));
let fleet: Fleet;
let redis: RedisServer;

beforeAll(async () => {
  fleet = await Fleet.create(2);
  redis = await RedisServer.start("--requirepass", PASSWORD);
});
afterEach(() => {
  delete process.env.TORQUELENS_REDIS_PASSWORD;
  return fleet.rest();
});
afterAll(async () => {
  await redis.stop();
  await fleet.close();
});

const withPassword = () => {
  const { name, options } = redis.address();
  return { name, options: { ...options, password: PASSWORD } };
};

describe("a server with a password", () => {
  it("refuses who does not know it, in one line", async () => {
    const asks = `${redis.url}: it asks for a user or password; expected them in TORQUELENS_REDIS_USERNAME and TORQUELENS_REDIS_PASSWORD`;
    expect(await torquelens("batch", "status", "--engine", redis.url)).toMatchObject(refusal(asks));
    process.env.TORQUELENS_REDIS_PASSWORD = "a guess";
    const { stderr } = await torquelens("worker", redis.url, "--root", fleet.folder);
    expect(stderr).toBe(`torquelens: ${asks}\n`);
    const { host } = new URL(redis.url);
    const told = await torquelens("batch", "status", "--engine", `redis://:${PASSWORD}@${host}`);
    expect(told.code).toBe(2);
    expect(told.stderr).not.toContain(PASSWORD);
  });

  it("lets in who has it in the environment, and no process list, log or child shows it", async () => {
    const env = { ...process.env, TORQUELENS_REDIS_PASSWORD: PASSWORD };
    const argv = ["worker", redis.url, "--root", fleet.folder, "--concurrency", "1", "--grace", "0"];
    const worker = spawn(process.execPath, [program, ...argv], { env, stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void worker.kill("SIGKILL"));
    const printed = Promise.all([text(worker.stdout), text(worker.stderr)]);
    const { output, jobs } = await fleet.batch();
    const batches = await Batches.open(engineAddress(redis.url, env)!, version, () => {});
    const id = newBatch();
    await batches.add(jobs, { id, output, already: 0 });
    await until(async () => (await batches.state(id))?.left === 0);
    await batches.close();
    const [child] = (await readFile(`/proc/${worker.pid}/task/${worker.pid}/children`, "utf8")).split(" ");
    for (const pid of [worker.pid, child])
      expect(await readFile(`/proc/${pid}/cmdline`, "utf8")).not.toContain(PASSWORD);
    expect(await readFile(`/proc/${child}/environ`, "utf8")).not.toContain(PASSWORD);
    worker.kill("SIGTERM");
    expect((await once(worker, "exit"))[0]).toBe(0);
    expect((await printed).join("")).toContain("run-1.mcap: 4 ticks in ");
    expect((await printed).join("")).not.toContain(PASSWORD);
    expect(await recordingsIn(output)).toEqual(fleet.bags);
  });
});

describe("a worker", () => {
  it("does nothing for a hostile job, and says why in a line", async () => {
    const { jobs } = await fleet.batch(fleet.bags.slice(0, 1));
    const queue = new Queue("jobs", { connection: withPassword().options, prefix: prefixOf(version) });
    await symlink("/tmp", fleet.at("link"));
    const outside = `outside of ${fleet.folder}, all that this worker may read and write (--root)`;
    const [job] = jobs;
    const hostile: readonly [data: object, reason: string][] = [
      [{ ...job, recording: { ...job!.recording, uri: "/etc/passwd" } }, `/etc/passwd: ${outside}`],
      [{ ...job, output: "/etc/cron.d" }, `/etc/cron.d: ${outside}`],
      [{ ...job, output: fleet.at("link") }, `${fleet.at("link")}: ${outside}`],
      [{ ...job, output: `${fleet.folder}/../out` }, `${fleet.folder}/../out: ${outside}`],
      [{ ...job, settings: { ...job!.settings, msgPath: ["/etc"] } }, `/etc: ${outside}`],
      [{ ...job, shell: "id" }, 'the job\'s data do not fit: job: Unrecognized key: "shell"'],
      [{}, expect.stringContaining("the job's data do not fit: ")],
    ];
    const added = await queue.addBulk(hostile.map(([data]) => ({ name: "explain", data, opts: { attempts: 3 } })));
    const lines: string[] = [];
    await fleet.worker(withPassword(), lines);
    for (const [i, one] of added.entries()) {
      await until(() => one.isFailed());
      expect((await queue.getJob(one.id!))!.failedReason).toEqual(hostile[i]![1]);
    }
    expect(lines).toHaveLength(hostile.length);
    await queue.close();
  });

  it("gives its job back when it is told to stop and has no time", async () => {
    const batches = await Batches.open(withPassword(), version, () => {});
    const { output, jobs } = await fleet.batch();
    const id = newBatch();
    await batches.add(jobs, { id, output, already: 0 });
    const env = { ...process.env, TORQUELENS_REDIS_PASSWORD: PASSWORD };
    const argv = ["worker", redis.url, "--root", fleet.folder, "--concurrency", "1", "--grace", "0"];
    const worker = spawn(process.execPath, [program, ...argv], { env, stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void worker.kill("SIGKILL"));
    const printed = Promise.all([text(worker.stdout), text(worker.stderr)]);
    const queue = new Queue("jobs", { connection: withPassword().options, prefix: prefixOf(version) });
    await until(async () => (await queue.getActiveCount()) > 0);
    worker.kill("SIGTERM");
    expect((await once(worker, "exit"))[0]).toBe(0);
    expect((await printed)[0]).toContain(`${fleet.bags[0]}: given back\n`);
    expect(await queue.getActiveCount()).toBe(0);
    await fleet.worker(withPassword());
    await until(async () => (await batches.state(id))?.left === 0);
    expect(await recordingsIn(output)).toEqual(fleet.bags);
    expect((await batches.tally(id)).explained).toBe(2);
    await queue.close();
    await batches.close();
  });

  it("needs roots, and a server", async () => {
    expect(await torquelens("worker", redis.url)).toMatchObject(
      refusal("--root: expected the folders that jobs may name, one at least"),
    );
    expect(await torquelens("worker", "--root", fleet.folder)).toMatchObject(
      refusal("no engine: expected the URL of a Redis server, or one in TORQUELENS_ENGINE"),
    );
    const gone = await RedisServer.start();
    await gone.stop();
    expect(await torquelens("worker", gone.url, "--root", fleet.folder)).toMatchObject(
      refusal(`${gone.url}: nothing answers there, expected a Redis server`),
    );
  });
});

describe("a disk that fills", () => {
  const place = () => fleet.at("small");
  const isMounted = () => {
    spawnSync("mkdir", ["-p", place()]);
    return spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place()]).status === 0;
  };

  it("leaves no half-written file, says so, and the jobs are done once there is room", async (context) => {
    // Only root may make a small disk.
    if (!isMounted()) return context.skip("no small disk: mount is not allowed here");
    try {
      const { output, jobs } = await fleet.batch(fleet.bags, `${place()}/out`);
      const run = (some: readonly Job[]) =>
        runEmbedded(some, { executor: fleet.executor, concurrency: 1, signal: new AbortController().signal });
      expect(await run(jobs.slice(0, 1))).toMatchObject({ explained: 1, deadLetters: [] });
      spawnSync("dd", ["if=/dev/zero", `of=${place()}/filler`, "bs=1024"]);
      const { deadLetters } = await run(jobs.slice(1));
      expect(deadLetters).toEqual([
        {
          job: fleet.bags[1],
          reason: expect.stringMatching(/: cannot write it \(no space left on the device\), expected room for it$/),
        },
      ]);
      // It was tried three times, as a full disk may have room again.
      expect(fleet.executor.begun).toEqual([fleet.bags[0], fleet.bags[1], fleet.bags[1], fleet.bags[1]]);
      expect(Object.keys(await filesIn(output))).toHaveLength(2);
      spawnSync("rm", [`${place()}/filler`]);
      expect(await run(jobs.slice(1))).toMatchObject({ explained: 1, deadLetters: [] });
      expect(await recordingsIn(output)).toEqual(fleet.bags);
    } finally {
      spawnSync("umount", [place()]);
    }
    return undefined;
  });
});
