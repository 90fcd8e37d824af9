import { detectorNamed } from "../detectors/table.js";
import type { ExplanationFlag } from "../explain/explanation.js";
import { percent } from "../numbers/format.js";
import { nearestRank } from "../numbers/quantile.js";
import { wordsOf } from "../outputs/kinds.js";
import { own, put } from "../own.js";
import type { Facts } from "./facts.js";
import { above, below, type Complaint, type Finding, finding } from "./finding.js";
import { type Check, grown, ratio, type Snapshot, type Tick } from "./snapshot.js";

/** Rates are not judged before so long, seconds. */
const SETTLING = 1;

/** Every status that a node reports. */
export const CHECKS: readonly Check[] = [
  { name: "rate", find: rate },
  { name: "latency", find: latency },
  { name: "inputs", find: inputs },
  { name: "input faults", find: inputFaults },
  { name: "relevance", find: relevance },
  { name: "policy health", find: ({ policy }) => policy },
  { name: "publishing", find: publishing },
];

const hertz = (value: number): string => `${value.toFixed(1)} Hz`;
const ms = (value: number): string => (Number.isNaN(value) ? "unknown" : value.toFixed(2));

/**
 * Explanations a second of the node's clock, without the camera's pauses: neither a paused simulation nor one that runs
 * slowly is the node's fault.
 */
function rate(snapshot: Snapshot): Finding {
  const { facts, ticks, explained, seconds, countedSeconds, total, thresholds } = snapshot;
  const ran = grown(snapshot, ({ clock }) => clock.seconds);
  const judged = Math.max(0, ran - grown(snapshot, ({ pauses }) => pauses.total));
  const actual = ratio(explained, judged);
  const images = ratio(
    grown(snapshot, ({ inputs }) => inputs.matched + inputs.syncMisses + inputs.tooOld),
    judged,
  );
  const values = {
    "Events in window": ticks.length,
    "Events since startup": total,
    "Duration of window (s)": seconds.toFixed(1),
    "Actual frequency (Hz)": actual.toFixed(2),
    "Target frequency (Hz)": facts.expectedRate.toFixed(2),
    "Image frequency (Hz)": images.toFixed(2),
    "Pauses of the images (s)": facts.pauses.total.toFixed(1),
  };
  if (total === 0) return { severity: "stale", message: "nothing explained yet", values };
  if (countedSeconds < SETTLING) return { severity: "ok", message: "starting", values };
  if (standsStill(snapshot)) return { severity: "ok", message: STILL, values };
  const { current } = facts.pauses;
  if (current > 0) return { severity: "stale", message: `no images for ${current.toFixed(1)} s`, values };
  if (judged < SETTLING) return { severity: "ok", message: "starting again after a pause of the images", values };
  const { rate_warn, rate_error } = thresholds;
  const message = `${hertz(actual)} of ${hertz(facts.expectedRate)}, images come at ${hertz(images)}`;
  return finding([below(actual / facts.expectedRate, rate_warn, rate_error, message)], hertz(actual), values);
}

const STILL = "/clock stands still: the simulation is paused";

/** True where simulated time has not passed since the window began. */
const standsStill = (snapshot: Snapshot): boolean =>
  snapshot.facts.clock.isSimulated &&
  snapshot.facts.clock.seconds > 0 &&
  snapshot.countedSeconds >= SETTLING &&
  grown(snapshot, ({ clock }) => clock.seconds) === 0;

/** Simulated time before its first message. */
const noClock = ({ facts: { clock } }: Snapshot): Complaint | undefined =>
  clock.isSimulated && clock.seconds === 0
    ? { severity: "stale", message: "/clock: no message yet, and use_sim_time is true" }
    : undefined;

function latency({ ticks, facts, thresholds }: Snapshot): Finding {
  const { deadlineMs, wantedLevel } = facts;
  const times = ticks.map(({ latencyMs }) => latencyMs);
  const ages = ticks.map(({ ageMs }) => ageMs).filter((age) => !Number.isNaN(age));
  const [p50, p99] = [nearestRank(times, 0.5), nearestRank(times, 0.99)];
  const misses = count(ticks, "deadline_missed");
  const levels = { full: 0, shares: 0, skip: 0 };
  for (const { level } of ticks) levels[level]++;
  const level = ticks.at(-1)?.level;
  const values = {
    "Latency p50 (ms)": ms(p50),
    "Latency p99 (ms)": ms(p99),
    "Deadline (ms)": deadlineMs.toFixed(2),
    "Deadline misses": misses,
    "Image to publication p50 (ms)": ms(nearestRank(ages, 0.5)),
    "Image to publication p99 (ms)": ms(nearestRank(ages, 0.99)),
    Level: level ?? "none",
    ...Object.fromEntries(Object.entries(levels).map(([name, n]) => [`Explanations at level ${name}`, n])),
  };
  if (ticks.length === 0) return { severity: "stale", message: "nothing explained", values };
  const missed = ratio(misses, ticks.length);
  const { misses_warn, misses_error } = thresholds;
  const complaints: (Complaint | undefined)[] = [
    some(missed, (part) =>
      above(part, misses_warn, misses_error, `${percent(part)} took longer than ${deadlineMs.toFixed(1)} ms`),
    ),
    RANK[level!] > RANK[wantedLevel]
      ? { severity: "warn", message: `level ${level} instead of ${wantedLevel}: not enough time` }
      : undefined,
  ];
  return finding(complaints, `p99 ${ms(p99)} ms`, values);
}

const RANK = { full: 0, shares: 1, skip: 2 } as const;

function inputs(snapshot: Snapshot): Finding {
  const { facts, thresholds } = snapshot;
  const { drops_warn, drops_error, sync_warn, sync_error } = thresholds;
  const matched = grown(snapshot, (f) => f.inputs.matched);
  const missed = grown(snapshot, (f) => f.inputs.syncMisses);
  const unmatched = ratio(missed, matched + missed);
  const replaced = ratio(
    grown(snapshot, (f) => f.replaced),
    matched,
  );
  const values: Record<string, number | string> = {
    "Images matched": facts.inputs.matched,
    "Synchronisation misses": facts.inputs.syncMisses,
    "Images too old": facts.inputs.tooOld,
    "Observations replaced by newer": facts.replaced,
    "Clock jumps": facts.inputs.clockJumps,
  };
  for (const [topic, { received, dropped, mixed, missing, publishers }] of Object.entries(facts.inputs.topics)) {
    put(values, `${topic}: received`, received);
    if (missing !== undefined) put(values, `${topic}: missing by stamps (estimate)`, missing);
    if (mixed !== undefined) put(values, `${topic}: mixed with another publisher's`, mixed);
    if (publishers !== undefined) put(values, `${topic}: publishers`, publishers.join(", "));
    for (const [reason, total] of Object.entries(dropped)) put(values, `${topic}: ${reason}`, total ?? 0);
  }
  const complaints = [
    noClock(snapshot),
    ...(standsStill(snapshot)
      ? [{ severity: "warn", message: STILL } as const]
      : facts.continuous.map((topic) => silent(snapshot, topic))),
    ...Object.keys(facts.inputs.topics).flatMap((topic) => [
      severalPublish(snapshot, topic),
      missing(snapshot, topic),
      ...refused(snapshot, topic),
    ]),
    // Without a message on one of the topics nothing can match, and that is told above.
    facts.continuous.some((topic) => isUnheard(facts, topic))
      ? undefined
      : some(unmatched, (part) =>
          above(part, sync_warn, sync_error, `${percent(part)} of images not matched with joint states`),
        ),
    some(replaced, (part) =>
      above(part, drops_warn, drops_error, `${percent(part)} of observations replaced before they were explained`),
    ),
  ];
  return finding(complaints, "messages arrive and match", values);
}

/** What the policy saw, by the detectors: those that compare with good runs too, where these are known. */
function inputFaults({ faults, ticks }: Snapshot): Finding {
  const newest = new Map(faults.flat().map((alarm) => [alarm.detector, alarm]));
  const values: Record<string, number> = {};
  for (const name of newest.keys())
    put(
      values,
      `Explanations with ${name}`,
      faults.filter((alarms) => alarms.some(({ detector }) => detector === name)).length,
    );
  if (ticks.length === 0) return { severity: "stale", message: "nothing explained", values };
  const complaints = Array.from(newest.values(), ({ detector, text }) => ({
    severity: "warn" as const,
    message: `${detectorNamed(detector).words} (${text})`,
  }));
  return finding(complaints, "no fault in images, joint states and stamps", values);
}

const isUnheard = ({ inputs }: Facts, topic: string): boolean => (own(inputs.topics, topic)?.received ?? 0) === 0;

function silent(snapshot: Snapshot, topic: string): Complaint | undefined {
  const { facts, countedSeconds } = snapshot;
  if (isUnheard(facts, topic)) return { severity: "stale", message: `${topic}: no message yet` };
  if (countedSeconds < SETTLING || grown(snapshot, (f) => own(f.inputs.topics, topic)?.received) > 0) return undefined;
  return { severity: "error", message: `${topic}: no more messages` };
}

function missing(snapshot: Snapshot, topic: string): Complaint | undefined {
  const { drops_warn, drops_error } = snapshot.thresholds;
  const lost = grown(snapshot, (f) => own(f.inputs.topics, topic)?.missing);
  const received = grown(snapshot, (f) => own(f.inputs.topics, topic)?.received);
  return some(ratio(lost, received + lost), (part) =>
    above(part, drops_warn, drops_error, `${topic}: ${percent(part)} of images never came, by their stamps`),
  );
}

function severalPublish(snapshot: Snapshot, topic: string): Complaint | undefined {
  const { publishers } = own(snapshot.facts.inputs.topics, topic)!;
  const isMixed = grown(snapshot, (f) => own(f.inputs.topics, topic)?.mixed) > 0;
  if (!isMixed && publishers === undefined) return undefined;
  const by = publishers === undefined ? "several publishers" : publishers.join(", ");
  return { severity: "warn", message: `${topic}: ${isMixed ? "mixed messages" : "messages"} of ${by}, expected one` };
}

function refused(snapshot: Snapshot, topic: string): (Complaint | undefined)[] {
  const { facts, thresholds } = snapshot;
  const received = grown(snapshot, (f) => own(f.inputs.topics, topic)?.received);
  return Object.keys(own(facts.inputs.topics, topic)!.dropped).map((reason) => {
    if (SYNCHRONISING.has(reason)) return undefined;
    const dropped = grown(snapshot, (f) => own(own(f.inputs.topics, topic)?.dropped, reason));
    return some(ratio(dropped, received), (part) =>
      above(part, thresholds.drops_warn, thresholds.drops_error, `${topic}: ${percent(part)} refused (${reason})`),
    );
  });
}

/** Reported as synchronisation misses already. */
const SYNCHRONISING: ReadonlySet<string> = new Set(["unmatched"]);

function relevance({ ticks, failures, thresholds }: Snapshot): Finding {
  const residuals = ticks.map(({ conservationResidual }) => conservationResidual).filter((x) => !Number.isNaN(x));
  const astray = count(ticks, "not_conserving");
  const part = ratio(astray, ticks.length);
  const notFinite = count(ticks, "not_finite");
  const values = {
    Method: ticks.at(-1)?.method ?? "none",
    "Conservation residual p50": residuals.length > 0 ? nearestRank(residuals, 0.5).toExponential(1) : "unknown",
    "Conservation residual max": residuals.length > 0 ? Math.max(...residuals).toExponential(1) : "unknown",
    "Explanations that do not conserve": astray,
    "Explanations that are not finite": notFinite,
    "Idle explanations": count(ticks, "idle"),
    "Explanations without importance": count(ticks, "importance_unknown"),
    "Observations not explained": failures.length,
  };
  const { residual_warn, residual_error } = thresholds;
  const [newest] = failures.slice(-1);
  const complaints: (Complaint | undefined)[] = [
    newest === undefined ? undefined : { severity: "error", message: `not explained: ${newest}` },
    notFinite === 0
      ? undefined
      : {
          severity: "error",
          message: `relevance is NaN or infinite in ${percent(ratio(notFinite, ticks.length) ?? 0)} of explanations`,
        },
    some(part, () =>
      above(part, residual_warn, residual_error, `relevance does not add up in ${percent(part)} of explanations`),
    ),
  ];
  if (ticks.length === 0 && newest === undefined) return { severity: "stale", message: "nothing explained", values };
  return finding(complaints, `relevance adds up to the ${wordsOf(ticks.at(-1)?.outputs ?? []).plural}`, values);
}

function publishing(snapshot: Snapshot): Finding {
  const values: Record<string, number> = {};
  const complaints: (Complaint | undefined)[] = [];
  for (const [topic, { published, failed, subscribers }] of Object.entries(snapshot.facts.outputs)) {
    put(values, `${topic}: published`, published);
    put(values, `${topic}: subscribers`, subscribers);
    const now = grown(snapshot, (f) => own(f.outputs, topic)?.failed);
    if (failed > 0) put(values, `${topic}: failed`, failed);
    if (now > 0) complaints.push({ severity: "error", message: `${topic}: ${now} messages could not be published` });
  }
  return finding(complaints, "publishing", values);
}

/** No complaint about a part of 0: a threshold of 0 means "any". */
function some(part: number, complain: (part: number) => Complaint | undefined): Complaint | undefined {
  return part > 0 ? complain(part) : undefined;
}

function count(ticks: readonly Tick[], flag: ExplanationFlag): number {
  return ticks.filter(({ flags }) => flags.includes(flag)).length;
}
