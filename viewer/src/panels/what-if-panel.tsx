import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { nanoseconds } from "#src/messages/stamp.js";
import type { RunOfWhatIf, Served, WhatIfAnswer } from "#src/web/answers.js";
import type { Model } from "../model/model.js";
import { fetchWhatIf } from "../session.js";
import { quantity } from "../ui/numbers.js";
import { itemFor } from "../ui/outputs.js";
import { Choice } from "./choice.js";

const WORDS = { mean: "its mean over the run", zero: "zeros", blurred: "it, blurred" } as const;

/** What is taken of another run: its value where the joints are as they are here. */
const wordsOfRun = ({ recording, run }: RunOfWhatIf): string =>
  `run ${run} of ${recording ?? "this recording"}, in the same phase`;

/** What the policy would have commanded at the moment that is shown, with one of its inputs replaced. */
export function WhatIfPanel({ model, ways }: { model: Model; ways: NonNullable<Served["whatIf"]> }) {
  const names = Object.keys(ways.of);
  const runs = ways.runs.map(({ by }) => by);
  const words = { ...WORDS, ...Object.fromEntries(ways.runs.map((one) => [one.by, wordsOfRun(one)])) };
  const modality = useSignal(names[0]!);
  const by = useSignal("mean");
  const found = useSignal<WhatIfAnswer | undefined>(undefined);
  const problem = useSignal("");
  const shown = model.explanation.value;
  const at = shown && nanoseconds(shown.header.stamp);
  const wanted = useRef("");
  const replacement = `${modality.value}=${by.value}`;
  // An answer belongs to one moment and one replacement.
  const key = `${at} ${replacement}`;
  useEffect(() => {
    wanted.current = key;
    found.value = undefined;
    problem.value = "";
  }, [key]);
  const ask = async () => {
    if (at === undefined) return;
    try {
      const answer = await fetchWhatIf(ways.url, at, replacement);
      if (wanted.current === key) found.value = answer;
    } catch (error) {
      if (wanted.current === key) problem.value = (error as Error).message;
    }
  };
  return (
    <section class="panel what-if" aria-label="What if">
      <h2>
        What if <em>an input had been another at this moment</em>
      </h2>
      <div class="row">
        <Choice
          name="Replace"
          value={modality.value}
          values={names}
          isDisabled={false}
          choose={(name) => {
            modality.value = name;
            if (![...ways.of[name]!, ...runs].includes(by.value)) by.value = "mean";
          }}
        />
        <Choice
          name="by"
          value={by.value}
          values={[...ways.of[modality.value]!, ...runs]}
          words={words}
          isDisabled={false}
          choose={(way) => {
            by.value = way;
          }}
        />
        <button type="button" disabled={at === undefined} onClick={ask}>
          Run the policy
        </button>
      </div>
      {problem.value && <p class="fault">{problem.value}</p>}
      {found.value && (
        <table>
          <thead>
            <tr>
              <th scope="col">{itemFor(shown)}</th>
              <th scope="col">{`${found.value.symbol} now`}</th>
              <th scope="col">{`Δ${found.value.symbol}`}</th>
            </tr>
          </thead>
          <tbody>
            {found.value.outputs.map(({ name, unit, now, change }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{quantity(now ?? Number.NaN, unit)}</td>
                <td class="number">{quantity(change ?? Number.NaN, unit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
