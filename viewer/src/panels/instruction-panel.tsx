import { partsOfLargest, wordShade } from "#src/text/word-shade.js";
import { instructionOf } from "../model/instruction.js";
import type { Model } from "../model/model.js";
import { allOf } from "../ui/outputs.js";

/** What the policy is told, each word in the colour of its relevance for what is shown: red for it, blue against it. */
export function InstructionPanel({ model }: { model: Model }) {
  const explanation = model.explanation.value;
  const told = explanation && instructionOf(explanation, model.joint.value);
  if (!told) return null;
  const parts = partsOfLargest(told.relevance);
  const of = model.joint.value || allOf(explanation);
  return (
    <section class="panel instruction" aria-label="Instruction">
      <h2>Instruction</h2>
      <p>
        {told.tokens.map((token, k) => (
          <span key={k}>
            {k > 0 && " "}
            <span
              class={told.unknown.includes(token) ? "word unknown" : "word"}
              style={{ background: wordShade(parts[k] ?? 0) }}
              title={told.relevance.length > 0 ? `relevance ${told.relevance[k]!.toPrecision(3)}` : undefined}
            >
              {token}
            </span>
          </span>
        ))}
      </p>
      {told.relevance.length > 0 && <p class="note">{`Red words speak for ${of}, blue ones against.`}</p>}
      {told.unknown.length > 0 && <p class="note">{`Not known to the policy: ${told.unknown.join(", ")}.`}</p>}
    </section>
  );
}
