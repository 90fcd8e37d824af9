import { describe, expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import type { Facts } from "#src/health/facts.js";
import { Monitor } from "#src/health/monitor.js";
import type { Profile } from "#src/health/profile.js";
import { encoderOf } from "#src/messages/cdr.js";
import { messageType } from "#src/messages/definitions.js";
import { toDiagnostics } from "#src/messages/robot.js";
import type { DiagnosticStatusMessage } from "#src/messages/types.js";
import { decode } from "../messages/decode.js";
import { sampleExplanation } from "../messages/sample.js";

const [OK, WARN, ERROR, STALE] = [0, 1, 2, 3];
const PERIOD = 50;
const GOOD: Explanation = { ...sampleExplanation(), flags: [] };

type Counts = { -readonly [key in keyof Facts]: Facts[key] };

/** A run of so many seconds at 20 Hz with a report each; `change` spoils ticks and facts. */
class Run {
  ms = 0;
  /** Seconds of the node's clock in a second. */
  speed = 1;
  #ticks = 0;
  readonly monitor: Monitor;
  readonly facts: Counts = {
    active: true,
    expectedRate: 1000 / PERIOD,
    deadlineMs: 40,
    wantedLevel: "full",
    clock: { seconds: 100, isSimulated: false },
    pauses: { total: 0, current: 0 },
    inputs: { topics: {}, matched: 0, syncMisses: 0, tooOld: 0, clockJumps: 0 },
    continuous: ["image", "joint_states"],
    replaced: 0,
    outputs: {},
  };

  constructor(profile?: Profile) {
    const options = { name: "explain", hardwareId: "reacher", now: () => this.ms };
    this.monitor = new Monitor(profile ? { ...options, profile } : options);
  }

  seconds(
    count: number,
    explain: (tick: number) => Explanation | undefined = () => GOOD,
    counts: (tick: number, facts: Counts) => void = () => {},
  ): DiagnosticStatusMessage[] {
    let statuses: DiagnosticStatusMessage[] = [];
    for (let second = 0; second < count; second++) {
      for (let i = 0; i < 1000 / PERIOD; i++) {
        this.ms += PERIOD;
        const { seconds, isSimulated } = this.facts.clock;
        this.facts.clock = { seconds: seconds + (this.speed * PERIOD) / 1000, isSimulated };
        const tick = this.#ticks++;
        const { topics, matched } = this.facts.inputs;
        const more = (name: string) => ({
          ...topics[name]!,
          received: (topics[name]?.received ?? 0) + 1,
          dropped: topics[name]?.dropped ?? {},
        });
        this.facts.inputs = {
          ...this.facts.inputs,
          matched: matched + 1,
          topics: { ...topics, image: more("image"), joint_states: more("joint_states") },
        };
        counts(tick, this.facts);
        const explanation = explain(tick);
        if (explanation) this.monitor.explained(explanation, 12);
      }
      statuses = this.monitor.report({ ...this.facts });
    }
    return statuses;
  }
}

function status(statuses: readonly DiagnosticStatusMessage[], name: string) {
  const found = statuses.find((candidate) => candidate.name === `explain: ${name}`)!;
  return { ...found, values: Object.fromEntries(found.values.map(({ key, value }) => [key, value])) };
}

const flagged = (...flags: Explanation["flags"]): Explanation => ({ ...GOOD, flags });

/** Every n-th tick is the other one. */
const every = (n: number, other: Explanation) => (tick: number) => (tick % n === 0 ? other : GOOD);

describe("Monitor", () => {
  it("is content with a run as it should be, and names node and policy", () => {
    const statuses = new Run().seconds(6);
    expect(statuses.map(({ name, level, hardware_id }) => [name, level, hardware_id])).toEqual(
      ["rate", "latency", "inputs", "input faults", "relevance", "policy health", "publishing"].map((name) => [
        `explain: ${name}`,
        OK,
        "reacher",
      ]),
    );
    expect(status(statuses, "rate").values).toMatchObject({
      "Actual frequency (Hz)": "20.00",
      "Image frequency (Hz)": "20.00",
      "Target frequency (Hz)": "20.00",
      "Events since startup": "120",
    });
    expect(status(statuses, "latency").values).toMatchObject({
      "Latency p50 (ms)": "3.50",
      "Latency p99 (ms)": "3.50",
      "Image to publication p99 (ms)": "12.00",
      "Deadline misses": "0",
      Level: "full",
    });
    expect(status(statuses, "relevance").values).toMatchObject({ "Conservation residual max": "1.0e-6" });
  });

  it("reports as diagnostic_msgs/DiagnosticArray", () => {
    const statuses = new Run().seconds(2);
    const type = "diagnostic_msgs/msg/DiagnosticArray";
    const bytes = encoderOf(type)(toDiagnostics(1_500_000_000n, statuses));
    expect(decode(messageType(type).schema, bytes)).toEqual({
      header: { stamp: { sec: 1, nanosec: 500_000_000 }, frame_id: "" },
      status: statuses,
    });
  });

  it("is stale before anything came, and quiet while inactive", () => {
    const run = new Run();
    const early = run.monitor.report(run.facts);
    expect(status(early, "rate").level).toBe(STALE);
    expect(status(early, "policy health").level).toBe(STALE);
    expect(status(early, "inputs")).toMatchObject({
      level: STALE,
      message: expect.stringContaining("image: no message yet"),
    });
    run.facts.active = false;
    for (const { level, message } of run.monitor.report(run.facts)) expect([level, message]).toEqual([OK, "inactive"]);
  });

  it.each([
    [1, OK],
    [2, WARN],
    [3, ERROR],
  ])("rate: one explanation in %i ticks", (n, level) => {
    const statuses = new Run().seconds(6, (tick) => (tick % n === 0 ? GOOD : undefined));
    expect(status(statuses, "rate").level).toBe(level);
  });

  it("rate: a run that stops is an error, and images that go on are told", () => {
    const run = new Run();
    run.seconds(3);
    expect(
      status(
        run.seconds(6, () => undefined),
        "rate",
      ),
    ).toMatchObject({
      level: ERROR,
      message: "0.0 Hz of 20.0 Hz, images come at 20.0 Hz",
    });
  });

  it("rate: of a simulation that runs at half speed is that of its own time", () => {
    const run = new Run();
    run.facts.clock = { seconds: 0, isSimulated: true };
    run.speed = 0.5;
    const half = (tick: number) => (tick % 2 === 0 ? GOOD : undefined);
    expect(status(run.seconds(6, half), "rate")).toMatchObject({
      level: OK,
      values: { "Actual frequency (Hz)": "20.00" },
    });
    const third = (tick: number) => (tick % 3 === 0 ? GOOD : undefined);
    expect(status(run.seconds(6, third), "rate").level).toBe(WARN);
  });

  /** Reports of a run that pauses for some seconds: each with what the check `name` says. */
  function aroundPause(isSimulated: boolean, pauseMs: number, name = "rate") {
    const run = new Run();
    run.facts.clock = { seconds: 50, isSimulated };
    const said: { ms: number; level: number; message: string }[] = [];
    const [from, to] = [8300, 8300 + pauseMs];
    let silence = 0;
    for (let ms = 0; ms < to + 9000; ms += PERIOD) {
      run.ms = ms;
      const pauses = ms >= from && ms < to;
      if (!(pauses && isSimulated)) {
        run.facts.clock = { seconds: run.facts.clock.seconds + PERIOD / 1000, isSimulated };
      }
      const { inputs } = run.facts;
      if (pauses) silence = isSimulated ? 0 : (ms - from) / 1000;
      else {
        const received = { received: inputs.matched + 1, dropped: {} };
        const topics = { image: received, joint_states: received };
        run.facts.inputs = { ...inputs, matched: inputs.matched + 1, topics };
        run.monitor.explained(GOOD, 12);
      }
      run.facts.pauses = silence > 1 ? { total: silence, current: pauses ? silence : 0 } : { total: 0, current: 0 };
      if (ms % 1000 !== 0) continue;
      const { level, message } = status(run.monitor.report({ ...run.facts }), name);
      said.push({ ms, level, message });
    }
    return said.filter(({ ms }) => ms > 2000);
  }

  it.each([2000, 4000, 20_000])("rate: a simulation paused for %i ms is not the node's fault", (pauseMs) => {
    const said = aroundPause(true, pauseMs);
    expect(said.map(({ level }) => level)).toEqual(said.map(() => OK));
    const still = said.filter(({ message }) => message === "/clock stands still: the simulation is paused");
    expect(still.length > 0).toBe(pauseMs > 5000);
    expect(said.at(-1)!.message).toBe("20.0 Hz");
  });

  it("inputs: a paused simulation is told as that, and not as topics that fell silent", () => {
    const said = aroundPause(true, 20_000, "inputs").filter(({ level }) => level !== OK);
    const message = "/clock stands still: the simulation is paused";
    expect(said.length).toBeGreaterThan(10);
    expect(new Set(said.map((one) => `${one.level} ${one.message}`))).toEqual(new Set([`${WARN} ${message}`]));
  });

  it.each([3000, 20_000])("rate: a camera that pauses for %i ms is told as that", (pauseMs) => {
    const said = aroundPause(false, pauseMs);
    const during = said.filter(({ level }) => level === STALE);
    expect(during.length).toBeGreaterThan(0);
    for (const { ms, message } of during) {
      expect(message).toBe(`no images for ${((ms - 8300) / 1000).toFixed(1)} s`);
      expect(ms).toBeLessThan(8300 + pauseMs);
    }
    // The pause counts as one from its second on; afterwards nothing is blamed on it.
    const rest = said.filter(({ ms, level }) => level !== STALE && (ms < 8300 || ms > 9300));
    expect(rest.map(({ level }) => level)).toEqual(rest.map(() => OK));
  });

  it("inputs: images that never came, by their stamps, are told as an estimate", () => {
    const run = new Run();
    const losing = (n: number) =>
      run.seconds(
        6,
        () => GOOD,
        (tick, { inputs: { topics } }) => {
          const missing = (topics.image as { missing?: number }).missing ?? 0;
          if (tick % n === 0) Object.assign(topics.image!, { missing: missing + 1 });
        },
      );
    expect(status(losing(100), "inputs")).toMatchObject({
      level: OK,
      values: { "image: missing by stamps (estimate)": "2" },
    });
    expect(status(losing(10), "inputs")).toMatchObject({
      level: WARN,
      message: "image: 9.1 % of images never came, by their stamps",
    });
  });

  it.each([
    [200, OK],
    [50, WARN],
    [5, ERROR],
  ])("latency: one deadline missed in %i ticks", (n, level) => {
    const statuses = new Run().seconds(6, every(n, { ...flagged("deadline_missed"), latencyMs: 55 }));
    expect(status(statuses, "latency").level).toBe(level);
  });

  it("latency: warns of a level below the one asked for", () => {
    const shares: Explanation = { ...GOOD, level: "shares", heatmaps: {}, conservationResidual: Number.NaN };
    const run = new Run();
    expect(
      status(
        run.seconds(2, () => shares),
        "latency",
      ),
    ).toMatchObject({
      level: WARN,
      message: expect.stringContaining("level shares instead of full"),
    });
    run.facts.wantedLevel = "shares";
    expect(
      status(
        run.seconds(2, () => shares),
        "latency",
      ).level,
    ).toBe(OK);
  });

  it.each([
    [100, OK],
    [10, WARN],
    [1, ERROR],
  ])("inputs: one image refused in %i", (n, level) => {
    const statuses = new Run().seconds(
      6,
      () => GOOD,
      (tick, { inputs: { topics } }) => {
        const dropped = topics.image!.dropped as Record<string, number>;
        Object.assign(topics.image!, { dropped: { encoding: (dropped.encoding ?? 0) + Number(tick % n === 0) } });
      },
    );
    expect(status(statuses, "inputs").level).toBe(level);
    if (level !== OK) expect(status(statuses, "inputs").message).toMatch(/^image: \d+\.\d % refused \(encoding\)$/);
  });

  it.each([
    [100, OK],
    [10, WARN],
    [1, ERROR],
  ])("inputs: one synchronisation miss in %i images", (n, level) => {
    const statuses = new Run().seconds(
      6,
      () => GOOD,
      (tick, facts) => {
        const { inputs } = facts;
        if (tick % n === 0) facts.inputs = { ...inputs, syncMisses: inputs.syncMisses + 1 };
      },
    );
    expect(status(statuses, "inputs").level).toBe(level);
  });

  it("inputs: refused messages are told where nothing was ever explained", () => {
    const run = new Run();
    const statuses = run.seconds(
      3,
      () => undefined,
      (tick, { inputs: { topics } }) => Object.assign(topics.image!, { dropped: { size: tick + 1 } }),
    );
    expect(status(statuses, "rate")).toMatchObject({ level: STALE, message: "nothing explained yet" });
    expect(status(statuses, "inputs")).toMatchObject({ level: ERROR, message: "image: 100.0 % refused (size)" });
    // Once all is well, what was refused before counts no longer.
    expect(status(run.seconds(2), "inputs")).toMatchObject({ level: OK, values: { "image: size": "60" } });
  });

  it.each([
    [true, STALE, "joint_states: no message yet"],
    [false, ERROR, "100.0 % of images not matched with joint states"],
  ])("inputs: images that never match, joint states unheard: %s", (unheard, level, message) => {
    const statuses = new Run().seconds(
      3,
      () => undefined,
      (tick, facts) => {
        const { joint_states: states, ...topics } = facts.inputs.topics;
        const heard = unheard ? topics : { ...topics, joint_states: states! };
        facts.inputs = { ...facts.inputs, matched: 0, syncMisses: tick + 1, topics: heard };
      },
    );
    expect(status(statuses, "inputs")).toMatchObject({ level, message });
  });

  it("inputs: simulated time without a message on /clock is told as that", () => {
    const run = new Run();
    run.speed = 0;
    run.facts.clock = { seconds: 0, isSimulated: true };
    const statuses = run.seconds(
      3,
      () => undefined,
      (tick, { inputs: { topics } }) => Object.assign(topics.image!, { dropped: { in_future: tick + 1 } }),
    );
    expect(status(statuses, "inputs")).toMatchObject({
      level: STALE,
      message: "/clock: no message yet, and use_sim_time is true; image: 100.0 % refused (in_future)",
    });
  });

  it("inputs: a topic that stops is named", () => {
    const run = new Run();
    run.seconds(2);
    const { received } = run.facts.inputs.topics.joint_states!;
    const statuses = run.seconds(
      6,
      () => GOOD,
      (_, { inputs: { topics } }) => Object.assign(topics.joint_states!, { received }),
    );
    expect(status(statuses, "inputs")).toMatchObject({
      level: ERROR,
      message: "joint_states: no more messages",
    });
  });

  it.each([
    [100, WARN],
    [2, ERROR],
  ])("relevance: one tick in %i does not conserve", (n, level) => {
    const statuses = new Run().seconds(6, every(n, flagged("not_conserving")));
    expect(status(statuses, "relevance").level).toBe(level);
  });

  it("relevance: an observation that cannot be explained is an error with its reason, until it is long past", () => {
    const run = new Run();
    run.seconds(1);
    run.monitor.failed("the torque of elbow is NaN");
    expect(status(run.seconds(1), "relevance")).toMatchObject({
      level: ERROR,
      message: "not explained: the torque of elbow is NaN",
    });
    expect(status(run.seconds(6), "relevance").level).toBe(OK);
  });

  it("publishing: a topic that cannot be published is named", () => {
    const run = new Run();
    run.facts.outputs = { "~/overlay": { published: 3, failed: 0, subscribers: 1 } };
    run.seconds(1);
    run.facts.outputs = { "~/overlay": { published: 3, failed: 2, subscribers: 1 } };
    expect(status(run.seconds(1), "publishing")).toMatchObject({
      level: ERROR,
      message: "~/overlay: 2 messages could not be published",
      values: { "~/overlay: published": "3", "~/overlay: subscribers": "1", "~/overlay: failed": "2" },
    });
  });

  it("takes other thresholds, and refuses bad ones", () => {
    const run = new Run();
    run.monitor.setThresholds({ rate_error: 0, rate_warn: 0.1 });
    expect(
      status(
        run.seconds(6, (tick) => (tick % 4 === 0 ? GOOD : undefined)),
        "rate",
      ).level,
    ).toBe(OK);
    expect(() => run.monitor.setThresholds({ rate_warn: 2 })).toThrow(
      "threshold rate_warn: found 2, expected a number from 0 to 1",
    );
    expect(() => run.monitor.setThresholds({ rate: 1 } as object)).toThrow(
      "threshold rate: expected one of rate_warn,",
    );
  });

  it("begins anew after a pause", () => {
    const run = new Run();
    run.seconds(6, every(1, flagged("deadline_missed")));
    run.facts.active = false;
    run.monitor.report(run.facts);
    run.facts.active = true;
    expect(status(run.seconds(2), "latency").level).toBe(OK);
  });
});

describe("policy health", () => {
  const sharing = (image: number, ...flags: Explanation["flags"]): Explanation => ({
    ...GOOD,
    flags,
    shares: Float32Array.of(image, 1 - image, 0, 0),
    ratios: { image, position: 1 - image, velocity: 0, configuration: 1 - image },
  });
  const health = (run: Run, explanation: Explanation, seconds = 10) =>
    status(
      run.seconds(seconds, () => explanation),
      "policy health",
    );

  it("warns where the image share stays near zero", () => {
    expect(health(new Run(), sharing(0.02)).level).toBe(OK);
    expect(health(new Run(), sharing(0.004))).toMatchObject({
      level: WARN,
      message: "the policy ignores its images: mean image share 0.4 %",
      values: { "Mean share of image": "0.004" },
    });
  });

  it("does not judge by idle ticks", () => {
    expect(health(new Run(), sharing(0, "idle"))).toMatchObject({ level: STALE });
    const run = new Run();
    health(run, sharing(0.5), 1);
    expect(health(run, sharing(0, "idle"))).toMatchObject({ level: OK, values: { "Mean share of image": "0.500" } });
  });

  it("names a camera that the policy ignores", () => {
    const image = GOOD.observation.images.image!;
    const modalities = ["front", "wrist", "joint_position"];
    const observation = { ...GOOD.observation, images: { front: image, wrist: image } };
    const two = (front: number, wrist: number): Explanation => ({
      ...GOOD,
      modalities,
      observation,
      shares: Float32Array.of(front, wrist, 1 - front - wrist),
    });
    expect(health(new Run(), two(0.4, 0.1)).level).toBe(OK);
    expect(health(new Run(), two(0.5, 0.005))).toMatchObject({
      level: WARN,
      message: "the policy ignores the camera wrist: 1.0 % of all cameras' relevance",
    });
  });

  const quantiles = { q01: 0.4, q05: 0.42, q50: 0.5, q95: 0.58, q99: 0.6 };
  const profile: Profile = { torquelens_profile: 1, recordings: [], ticks: 100, shares: { image: quantiles } };

  it.each([
    [0.5, OK],
    [0.64, OK],
    [0.66, WARN],
    [0.81, ERROR],
    [0.36, OK],
    [0.34, WARN],
    [0.19, ERROR],
  ])("compares a median image share of %f with a profile of 0.40 to 0.60", (share, level) => {
    expect(health(new Run(profile), sharing(share)).level).toBe(level);
  });

  it("says which share is outside, and by what", () => {
    expect(health(new Run(profile), sharing(0.7))).toMatchObject({
      message: "share of image is 0.70, in the profile 0.40 to 0.60",
      values: { "Median share of image": "0.700 (profile 0.400 to 0.600)" },
    });
  });

  it("compares groups where the profile has no modalities", () => {
    const { shares, ...rest } = profile;
    const grouped: Profile = { ...rest, ratios: { position: quantiles } };
    expect(health(new Run(grouped), sharing(0.5)).level).toBe(OK);
    expect(health(new Run(grouped), sharing(0.95)).message).toContain("share of position is 0.05");
    expect(shares).toBeDefined();
  });

  it("warns of a profile of another policy, or another method", () => {
    expect(health(new Run({ ...profile, policy_sha256: "cd".repeat(32) }), sharing(0.5))).toMatchObject({
      level: WARN,
      message: "the profile was recorded with another policy (cdcdcdcdcdcd…)",
    });
    expect(health(new Run({ ...profile, method: "rap" }), sharing(0.5))).toMatchObject({
      level: WARN,
      message: "the profile was recorded with the method rap, this is dtd",
    });
  });
});

it("speaks of what is explained", () => {
  const outputs = [
    { kind: "end_effector_delta", unit: "m", reference: "zero" },
    { kind: "end_effector_delta", unit: "rad", reference: "zero" },
  ] as const;
  const messages = new Run()
    .seconds(1, (tick) => (tick === 0 ? { ...GOOD, outputs } : undefined))
    .map(({ message }) => message);
  expect(messages).toContain("relevance adds up to the changes of pose");
  expect(messages).toContain("idle: too few changes of pose to judge the policy");
});
