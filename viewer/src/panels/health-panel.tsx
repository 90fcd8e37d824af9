import type { Model } from "../model/model.js";
import { quantity } from "../ui/numbers.js";
import { wordsFor } from "../ui/outputs.js";
import { flagText, isGrave } from "../ui/words.js";

const LEVELS = ["ok", "warning", "error", "stale"] as const;

/** How far this tick is to be trusted, and whether the run keeps its time. */
export function HealthPanel({ model }: { model: Model }) {
  const explanation = model.explanation.value;
  const diagnostics = model.diagnostics.value?.status ?? [];
  const words = wordsFor(explanation);
  const level = ["everything", "shares without heatmaps", `${words.plural} alone`][explanation?.level ?? 0];
  return (
    <section class="panel health" aria-label="Health">
      <h2>Health</h2>
      {explanation && (
        <dl>
          <dt>Latency</dt>
          <dd>{quantity(explanation.latency_ms, "ms")}</dd>
          <dt>Computed</dt>
          <dd>{level}</dd>
          <dt>Residual</dt>
          <dd title={`how far the relevance is from adding up to the ${words.plural}`}>
            {Number.isFinite(explanation.conservation_residual)
              ? `${(100 * explanation.conservation_residual).toPrecision(2)} %`
              : "–"}
          </dd>
          {(explanation.omitted ?? 0) > 0 && (
            <>
              <dt>Left out</dt>
              <dd title={`the part of the ${words.plural} whose relevance was not followed to the pixels`}>
                {`${(100 * explanation.omitted!).toPrecision(2)} %`}
              </dd>
            </>
          )}
        </dl>
      )}
      <ul class="states">
        {explanation?.flags.map((flag) => (
          <li key={flag} class={isGrave(flag) ? "error" : "warning"}>
            {flagText(flag, words)}
          </li>
        ))}
        {diagnostics.map(({ name, level, message }) => (
          <li key={name} class={LEVELS[level] ?? "stale"}>{`${name}: ${message}`}</li>
        ))}
        {explanation?.flags.length === 0 && diagnostics.length === 0 && <li class="ok">nothing to beware of</li>}
      </ul>
    </section>
  );
}
