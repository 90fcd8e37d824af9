import { percent, plural } from "../../numbers/format.js";
import { wordsOf } from "../../outputs/kinds.js";
import { draw } from "../../page/draw.js";
import { figure, type Html, html, table } from "../../page/html.js";
import type { Run } from "../run.js";
import type { Alignment, Survey } from "../survey.js";
import type { Phases } from "../why/phases.js";
import { bars } from "./bars.js";
import { curves } from "./curves.js";
import { overTime } from "./over-time.js";
import { torqueTable } from "./parts.js";
import { phaseCurves } from "./phases.js";

/** A chart of the report. The page shows the charts of these tables in their order. */
export interface Chart<T> {
  /** Vega-Lite specification. */
  spec(subject: T): object;
  caption(subject: T): string;
}

/** Of two sets side by side. */
export const COMPARISON_CHARTS: readonly Chart<readonly Survey[]>[] = [
  {
    spec: (sets) =>
      bars(
        sets.map(({ name, identity }) => ({ name, modalities: identity.modalities })),
        (set, m) => sets[set]!.shares()[m]!,
      ),
    caption: () => "Mean share of each modality in both sets; whiskers: standard deviation between runs.",
  },
];

/** Of two sets whose runs are aligned by phase. */
export const PHASE_CHARTS: readonly Chart<Phases>[] = [
  {
    spec: phaseCurves,
    caption: ({ sets: [good, failed] }) =>
      `Shares by phase of the motion: mean of ${plural(good!.curves.curves, "run")} (${good!.name}) and of ${plural(failed!.curves.curves, "run")} (${failed!.name}), bands: ± one standard deviation between runs. The phase of a run of ${good!.name} is the part of the time in which it comes to rest; one of ${failed!.name} is in the phase of the run of ${good!.name} that goes most like it, where that had the same joint positions (dynamic time warping). A run that never comes to a phase does not count there.`,
  },
];

/** Of a set; each under its title and above its tables. */
export const SET_CHARTS: readonly (Chart<Survey> & { readonly title: string; tables(set: Survey): Html })[] = [
  {
    title: "Shares",
    spec: (set) => bars([{ name: set.name, modalities: set.identity.modalities }], (_, m) => set.shares()[m]!),
    caption: ({ runs }) =>
      `Mean share of each modality; whiskers: ${runs.length > 1 ? `standard deviation between the ${runs.length} runs` : "standard deviation over ticks"}.`,
    tables: (set) => html`${table(
      ["modality", "mean", "std"],
      set.shares().map(({ mean, std }, m) => [set.identity.modalities[m]!, percent(mean), percent(std)]),
    )}
<h3>What each ${wordsOf(set.identity.outputs).noun} was based on</h3>
${torqueTable(set.torques(), set.identity)}`,
  },
  {
    title: "Over the episode",
    spec: ({ episode, identity }) => curves(episode, identity.modalities, "% of the episode"),
    caption: ({ runs }) =>
      `Shares over per cent of the episode: mean of ${plural(runs.length, "run")}${runs.length > 1 ? ", band: ± one standard deviation between runs" : ""}.`,
    tables: ({ episode, identity }) =>
      table(
        ["modality", ...QUARTERS.map((at) => `at ${at} %`)],
        identity.modalities.map((modality, m) => [modality, ...QUARTERS.map((at) => percent(episode.at(at, m).mean))]),
      ),
  },
];

const QUARTERS = [0, 25, 50, 75, 100];

/** Of an event that happens in a set at least once. */
export const EVENT_CHARTS: readonly Chart<Alignment & { readonly modalities: readonly string[] }>[] = [
  {
    spec: ({ curves: aligned, modalities }) => curves(aligned, modalities, "time from the event, s", 0),
    caption: ({ event, curves: { curves: count } }) =>
      `Shares around ${event.text}: mean of ${plural(count, "event")}, band: ± one standard deviation.`,
  },
];

/** Of a run. */
export const RUN_CHARTS: readonly Chart<Run>[] = [
  {
    spec: (run) => overTime(run),
    caption: ({ identity }) =>
      `Shares over time of all ${wordsOf(identity.outputs).plural}, weighted by importance; pale where ticks do not count.`,
  },
];

/** Of a torque, or another output, of a run. */
export const TORQUE_CHARTS: readonly Chart<{ readonly run: Run; readonly joint: number }>[] = [
  {
    spec: ({ run, joint }) => overTime(run, joint),
    caption: ({ run, joint }) => run.identity.joints[joint]!,
  },
];

/** Draws a subject's charts as figures with their captions. */
export async function figures<T>(charts: readonly Chart<T>[], subject: T): Promise<Html[]> {
  const drawn: Html[] = [];
  for (const chart of charts) drawn.push(figure(await draw(chart.spec(subject)), chart.caption(subject)));
  return drawn;
}
