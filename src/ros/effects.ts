import { loadProfile } from "../health/profile.js";
import { givenModalities } from "../sensing/given-values.js";
import type { ExplainSession, Surroundings } from "./explain-session.js";
import { displayOf, syncOf, thresholdsFrom } from "./parameters/explain-parameters.js";
import type { Value } from "./parameters/parameter-spec.js";
import { VALUES_PREFIX, valuesFrom } from "./parameters/values-parameters.js";

type Effect = () => void | Promise<void>;

const DISPLAY = ["colormap", "opacity", "negative", "heatmap_scale", "heatmap_rate", "jpeg_quality"];
const SYNC = ["sync_policy", "sync_slop", "max_age", "max_future", "episode_gap", "clock_jump"];

/**
 * Puts changed parameters into effect on a running session. Where one cannot be, those before it are taken back.
 * @throws InputError saying why
 */
export async function applyChanges(
  changes: ReadonlyMap<string, Value>,
  around: Surroundings,
  session: ExplainSession | undefined,
): Promise<void> {
  const before = (name: string) => around.parameters.value(name)!;
  const after = (name: string) => changes.get(name) ?? before(name);
  const effects = effectsOf(after, around, session);
  const undo = effectsOf(before, around, session);
  const done: Effect[] = [];
  try {
    for (const [names, effect] of effects) {
      if (!names.some((name) => changes.has(name))) continue;
      done.unshift(undo.find(([same]) => same[0] === names[0])![1]);
      await effect();
    }
  } catch (error) {
    // The first is the one that threw: it changed nothing.
    for (const effect of done.slice(1)) await effect();
    throw error;
  }
}

/** What parameters do while a node runs, those that may be refused or take long last. */
function effectsOf(
  value: (name: string) => Value,
  { clock, methodOf }: Surroundings,
  session: ExplainSession | undefined,
): [names: readonly string[], effect: Effect][] {
  const ofClock: [readonly string[], Effect] = [["use_sim_time"], () => clock.simulate(value("use_sim_time") === true)];
  const method = () => methodOf(value("method") as string);
  if (!session) return [ofClock, [["method"], async () => void (await method())]];
  const { policy, explainer, observer, encoder, monitor } = session.parts;
  const said = valuesFrom(givenModalities(policy), value);
  const thresholds = thresholdsFrom(value);
  return [
    ofClock,
    [["level"], () => explainer.setLevel(value("level") as Parameters<typeof explainer.setLevel>[0])],
    [DISPLAY, () => encoder.setDisplay(displayOf(value))],
    [SYNC, () => observer.configure(syncOf(value))],
    ...said.map(([name, values]): [readonly string[], Effect] => [
      [`${VALUES_PREFIX}${name}`],
      () => observer.given.set(name, values),
    ]),
    [Object.keys(thresholds).map((name) => `diagnostics.${name}`), () => monitor.setThresholds(thresholds)],
    [["heatmap_joint"], () => explainer.setHeatmapOf((value("heatmap_joint") as string) || undefined)],
    [
      ["profile"],
      async () => {
        const path = value("profile") as string;
        monitor.setProfile(path === "" ? undefined : await loadProfile(path));
      },
    ],
    [["method"], async () => explainer.setMethod(await method())],
  ];
}
