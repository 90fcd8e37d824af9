import type { Spec, Table } from "../../parameters/spec.js";
import type { ValueModality } from "../../policy/modalities.js";
import { misfitOf } from "../../sensing/given-values.js";
import type { Overrides } from "./overrides.js";

/** Prefix of `values.MODALITY`: values that no sensor gives (quantity `other`), until a message replaces them. */
export const VALUES_PREFIX = "values.";
const SHARED = { type: "double_array", default: [], changeable: "always" } as const;

/** Rows for the given ones. Only given ones: the modalities depend on the policy, which is loaded later. */
export function givenValuesTable({ values }: Overrides): Table {
  const description = "Values of a modality that no sensor gives.";
  const names = [...values.keys()].filter((name) => name.startsWith(VALUES_PREFIX));
  return Object.fromEntries(names.map((name): [string, Spec] => [name, { ...SHARED, description }]));
}

/** Rows for a policy's modalities. */
export function valuesTable(modalities: readonly ValueModality[]): Table {
  return Object.fromEntries(
    modalities.map((modality): [string, Spec] => {
      const { name, elements, unit } = modality;
      const what = `${elements.join(", ")}${unit === "" ? "" : ` in ${unit}`}`;
      const description = `Values of ${name} (${what}), until a message on values/${name} replaces them; empty: only from that topic.`;
      const problem = (values: readonly number[]) => (values.length === 0 ? undefined : misfitOf(modality, values));
      return [`${VALUES_PREFIX}${name}`, { ...SHARED, description, problem }];
    }),
  );
}

/** Elements by modality from the parameters; undefined where a parameter is empty. */
export function valuesFrom(
  modalities: readonly ValueModality[],
  value: (name: string) => unknown,
): [modality: string, values: readonly number[] | undefined][] {
  return modalities.map(({ name }) => {
    const values = value(`${VALUES_PREFIX}${name}`) as readonly number[];
    return [name, values.length > 0 ? values : undefined];
  });
}
