/** diagnostic_msgs/DiagnosticStatus levels. */
export const SEVERITIES = { ok: 0, warn: 1, error: 2, stale: 3 } as const;
export type Severity = keyof typeof SEVERITIES;

/** Result of a check: severity, a line to read, and the numbers behind it. */
export interface Finding {
  readonly severity: Severity;
  readonly message: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** One fault. */
export interface Complaint {
  readonly severity: Severity;
  readonly message: string;
}

/** Joins complaints as diagnostic_updater does: the worst severity and all messages. */
export function finding(
  complaints: readonly (Complaint | undefined)[],
  fine: string,
  values: Finding["values"],
): Finding {
  const found = complaints.filter((complaint) => complaint !== undefined);
  const [worst] = [...found].sort((a, b) => SEVERITIES[b.severity] - SEVERITIES[a.severity]);
  if (!worst) return { severity: "ok", message: fine, values };
  return { severity: worst.severity, message: found.map(({ message }) => message).join("; "), values };
}

/** A complaint where a value reaches one of two thresholds; undefined where it reaches neither or is NaN. */
export function above(value: number, warn: number, error: number, message: string): Complaint | undefined {
  if (value >= error) return { severity: "error", message };
  return value >= warn ? { severity: "warn", message } : undefined;
}

/** A complaint where a value is below one of two thresholds. */
export function below(value: number, warn: number, error: number, message: string): Complaint | undefined {
  if (value < error) return { severity: "error", message };
  return value < warn ? { severity: "warn", message } : undefined;
}
