import { percent } from "../numbers/format.js";
import type { Detector } from "./detector.js";
import { ago } from "./moment.js";
import { missed, missedPairs, repeatsOf } from "./told-reference.js";

/** Actions that are the same again, without good runs to compare with. */
const REPEATS = 12;

/** What goes wrong with what a policy is told: its words, and what it did before. */
export const TOLD_DETECTORS = {
  words_unknown: {
    about: "words",
    words: "the policy does not know words that it was told",
    hint: "say it in words of the policy's vocabulary, which its card lists",
    find: (moment) => {
      const { unknown = [], instruction = "" } = ago(moment, 0)!.told ?? {};
      if (unknown.length === 0) return undefined;
      return { subject: "", score: unknown.length, text: `“${instruction}”: unknown: ${unknown.join(", ")}` };
    },
  },
  words_changed: {
    about: "words",
    words: "the instruction changes during the run",
    hint: "check what publishes the instruction: a policy that remembers has heard another one before",
    find: (moment) => {
      const [now, before] = [0, 1].map((count) => ago(moment, count)?.told?.instruction);
      if (now === undefined || before === undefined || now === before) return undefined;
      return { subject: "", score: 2, text: `“${before}”, then “${now}”` };
    },
  },
  words_unfamiliar: {
    about: "words",
    words: "words stand beside each other as in no good run",
    hint: "check where the instruction comes from, such as speech recognition: words may be lost or in another order",
    needsReference: true,
    find: (moment) => {
      const { told } = ago(moment, 0)!;
      const reference = moment.reference?.told;
      if (!told || !reference) return undefined;
      const strange = missedPairs(told.instruction, reference);
      const [size, least] = [missed(strange), 1.2 * reference.missed + 1];
      if (size < least) return undefined;
      const text = `“${told.instruction}”: no good run has ${strange.map(({ pair }) => `“${pair.trim()}”`).join(", ")}`;
      return { subject: "", score: size / least, text };
    },
  },
  words_unheeded: {
    about: "words",
    words: "the words count less after something was done than in good runs",
    hint: "compare what the policy was told with what it does next: it may go on without listening",
    needsReference: true,
    hold: 1,
    find: (moment) => {
      const reference = moment.reference?.told;
      const [told, before] = [ago(moment, 0)!.told, ago(moment, 1)?.told];
      if (!reference || !told || !before || !reference.acting.has(before.chosen)) return undefined;
      const least = 0.5 * reference.heeded;
      if (!(told.heeded < least)) return undefined;
      const text = `after “${before.chosen}” the words have ${percent(told.heeded)}, at least ${percent(reference.heeded)} in the mean of a good run`;
      return { subject: "", score: Math.min(10, least / Math.max(told.heeded, 1e-6)), text };
    },
  },
  other_previous_action: {
    about: "action",
    words: "the previous action that the policy is told of is not the one it took",
    hint: "check what feeds the previous action back: another node, a delay, or the order of the actions",
    find: (moment) => {
      const [now, before] = [ago(moment, 0)!.told, ago(moment, 1)?.told];
      if (now?.previous === undefined || before === undefined || now.previous === before.chosen) return undefined;
      return { subject: "", score: 3, text: `told that it did “${now.previous}”, it did “${before.chosen}”` };
    },
  },
  repeating: {
    about: "action",
    words: "the policy repeats itself",
    hint: "look at what it waits for: an action that does nothing, or an image that does not change",
    find: (moment) => {
      const { ticks, reference } = moment;
      const usual = reference?.told?.repeats;
      const chosen = ticks.flatMap(({ told }) => (told ? [told.chosen] : []));
      const [again, least] = [repeatsOf(chosen), usual === undefined ? REPEATS : 1.5 * usual + 2];
      if (again < least) return undefined;
      return {
        subject: "",
        score: again / least,
        since: again - 1,
        text: `the last ${again} actions are the same again, up to “${chosen.at(-1)}”${usual === undefined ? "" : `, at most ${usual} in good runs`}`,
      };
    },
  },
} as const satisfies Readonly<Record<string, Detector>>;
