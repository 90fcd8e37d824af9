import { wordsOf } from "#src/outputs/kinds.js";
import type { Course } from "../model/course.js";
import { percent, quantity } from "../ui/numbers.js";
import type { Span } from "./course-panel.js";

/** Means of shares and torques over a span. */
export function SpanMeans({ course, span }: { course: Course; span: Span }) {
  const [time, ...columns] = course.history.between(span.from, span.to);
  const { modalities, joints, outputs } = course;
  const shares = modalities.map((name, m) => `${name} ${percent(mean(columns[m]!))}`);
  const torques = joints.map(
    (name, j) => `${name} ${quantity(mean(columns[modalities.length + j]!), unitText(outputs[j]!.unit))}`,
  );
  return (
    <p class="means" role="status">
      {`${span.from.toFixed(2)} s to ${span.to.toFixed(2)} s, ${time!.length} ticks. Mean shares: ${shares.join(", ")}. Mean ${wordsOf(outputs).plural}: ${torques.join(", ")}.`}
    </p>
  );
}

const unitText = (unit: string): string => (unit === "1" ? "" : unit);

/** Of the values that are numbers. */
function mean(values: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values)
    if (Number.isFinite(value)) {
      sum += value;
      count++;
    }
  return sum / count;
}
