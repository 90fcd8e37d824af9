import { loadProfile } from "../../health/profile.js";
import type { Thresholds } from "../../health/thresholds.js";
import type { DisplayOptions } from "../../messages/display.js";
import { DISPLAY_PARAMETERS } from "../../parameters/display-parameters.js";
import { optionsFrom } from "../../parameters/option-table.js";
import type { Value } from "../../parameters/spec.js";
import { SUBJECT_PARAMETERS, subjectFrom } from "../../parameters/subject.js";
import { givenModalities } from "../../sensing/given-values.js";
import type { SyncOptions } from "../../sensing/sync-options.js";
import { DIAGNOSTICS_PARAMETERS } from "../parameters/diagnostics-parameters.js";
import { SYNC_PARAMETERS } from "../parameters/sync-parameters.js";
import { VALUES_PREFIX, valuesFrom } from "../parameters/values-parameters.js";
import type { ExplainSession } from "./explain-session.js";
import { type PatternFacts, secondMethod } from "./parts.js";

type Effect = () => void | Promise<void>;

/**
 * Puts changed parameters into effect on a running session. Where one is refused, the changes before it are undone.
 * @throws InputError with the reason
 */
export async function applyChanges(
  changes: ReadonlyMap<string, Value>,
  around: PatternFacts,
  session: ExplainSession | undefined,
): Promise<void> {
  const before = (name: string) => around.parameters.value(name)!;
  const after = (name: string) => changes.get(name) ?? before(name);
  const effects = effectsOf(after, around, session, changes);
  const undo = effectsOf(before, around, session, changes);
  const done: Effect[] = [];
  try {
    for (const [names, effect] of effects) {
      if (!names.some((name) => changes.has(name))) continue;
      done.unshift(undo.find(([same]) => same[0] === names[0])![1]);
      await effect();
    }
  } catch (error) {
    // The first one threw and changed nothing.
    for (const effect of done.slice(1)) await effect();
    throw error;
  }
}

/** What each parameter changes in a running node; those that may be refused or take long come last. */
function effectsOf(
  value: (name: string) => Value,
  around: PatternFacts,
  session: ExplainSession | undefined,
  changes: ReadonlyMap<string, Value>,
): [names: readonly string[], effect: Effect][] {
  const { clock, methodOf } = around;
  const ofClock: [readonly string[], Effect] = [["use_sim_time"], () => clock.simulate(value("use_sim_time") === true)];
  const method = () => methodOf(value("method") as string);
  const second = () => secondMethod(around, value("compare_method") as string);
  if (!session)
    return [
      ofClock,
      [["compare_method"], async () => void (await second())],
      [["method"], async () => void (await method())],
    ];
  const { policy, explainer, observer, encoder, comparedEncoder, comparison, monitor } = session.parts;
  const ofClockAndMonitor: [readonly string[], Effect] = [
    ["use_sim_time"],
    () => {
      clock.simulate(value("use_sim_time") === true);
      monitor.restart();
    },
  ];
  const values = valuesFrom(givenModalities(policy), value);
  const [sync, display, thresholds] = [SYNC_PARAMETERS, DISPLAY_PARAMETERS, DIAGNOSTICS_PARAMETERS];
  return [
    ofClockAndMonitor,
    [["level"], () => explainer.setLevel(value("level") as Parameters<typeof explainer.setLevel>[0])],
    [
      Object.keys(display),
      () => {
        for (const each of [encoder, comparedEncoder]) each.setDisplay(optionsFrom<DisplayOptions>(display, value));
      },
    ],
    [Object.keys(sync), () => observer.configure(optionsFrom<SyncOptions>(sync, value))],
    ...values.map(([name, elements]): [readonly string[], Effect] => [
      [`${VALUES_PREFIX}${name}`],
      () => observer.given.set(name, elements),
    ]),
    [["instruction"], () => observer.tell((value("instruction") as string) || undefined)],
    [Object.keys(thresholds), () => monitor.setThresholds(optionsFrom<Thresholds>(thresholds, value))],
    [
      ["profile"],
      async () => {
        const path = value("profile") as string;
        monitor.setProfile(path === "" ? undefined : await loadProfile(path));
      },
    ],
    [["compare_method"], async () => comparison.set(await second())],
    [
      ["method", ...SUBJECT_PARAMETERS],
      async () => {
        const subject = subjectFrom((name) => value(name) as string);
        await explainer.change(subject, changes.has("method") ? await method() : undefined);
      },
    ],
  ];
}
