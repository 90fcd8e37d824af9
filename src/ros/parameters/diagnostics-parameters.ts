import { THRESHOLDS, type Thresholds } from "../../health/thresholds.js";
import type { Spec } from "../../parameters/spec.js";

type Name = `diagnostics.${keyof Thresholds}`;
type Row = Extract<Spec, { type: "double" }> & { readonly option: keyof Thresholds };

/** A parameter for each threshold of the diagnostics. */
export const DIAGNOSTICS_PARAMETERS = Object.fromEntries(
  Object.entries(THRESHOLDS).map(([name, { default: value, range, text }]) => [
    `diagnostics.${name}`,
    { option: name, type: "double", range, default: value, description: `${text}.`, changeable: "always" },
  ]),
) as Readonly<Record<Name, Row>>;
