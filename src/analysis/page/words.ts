import { significant } from "../../numbers/format.js";
import { type Html, html } from "../../page/html.js";
import { partsOfLargest, wordShade } from "../../text/word-shade.js";
import { counts, type Run, secondsAt, wordsAt } from "../run.js";

/** Lines of words of a run, at moments evenly over it. */
const LINES = 8;

/** Words of an instruction, coloured by signed relevance. */
export interface WordLine {
  /** What stands before them, such as the moment. */
  readonly head: string;
  readonly tokens: readonly string[];
  readonly relevance: ArrayLike<number>;
}

/** The mean over the ticks that count of each sentence's words, and the words at moments evenly over the run. */
export function wordLinesOf(run: Run): WordLine[] {
  const { words } = run;
  if (!words) return [];
  const ticks = Array.from({ length: run.ticks }, (_, i) => i).filter(
    (i) => counts(run, i) && wordsAt(run, i)!.relevance.length > 0,
  );
  const means = words.sentences.flatMap(({ tokens }, sentence): WordLine[] => {
    const own = ticks.filter((i) => words.sentence[i] === sentence);
    if (own.length === 0) return [];
    const relevance = tokens.map(
      (_, k) => own.reduce((sum, i) => sum + wordsAt(run, i)!.relevance[k]!, 0) / own.length,
    );
    return [{ head: "mean", tokens, relevance }];
  });
  const shown = new Set(
    Array.from({ length: LINES }, (_, k) => ticks[Math.round((k * (ticks.length - 1)) / (LINES - 1))]),
  );
  const moments = [...shown].flatMap((i): WordLine[] =>
    i === undefined ? [] : [{ head: `${secondsAt(run, i).toFixed(1)} s`, ...wordsAt(run, i)! }],
  );
  return [...means, ...moments];
}

/** The lines as a list; nothing for a policy without language. */
export function wordsSection(lines: readonly WordLine[]): Html | string {
  if (lines.length === 0) return "";
  return html`<div class="words">${lines.map(({ head, tokens, relevance }) => {
    const parts = partsOfLargest(relevance);
    return html`<p><b>${head}</b>${tokens.map(
      (token, k) =>
        html` <span style="background:${wordShade(parts[k]!)}" title="${significant(relevance[k]!)}">${token}</span>`,
    )}</p>`;
  })}</div>
<p class="note">What the policy was told: red words speak for what it does, blue ones against it, each line over its largest. A method without a sign has red words alone.</p>`;
}
