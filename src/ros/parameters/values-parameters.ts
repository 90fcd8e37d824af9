import type { ValueModality } from "../../policy/modalities.js";
import { misfitOf } from "../../sensing/given-values.js";
import type { Overrides } from "./overrides.js";
import type { Spec, Table } from "./parameter-spec.js";

/** Parameters `values.MODALITY` hold what no sensor gives (quantity `other`), until a message says otherwise. */
export const VALUES_PREFIX = "values.";
const SHARED = { type: "double_array", default: [], changeable: "always" } as const;

/** Those that were given: which modalities there are is known only once there is a policy. */
export function givenValuesTable({ values }: Overrides): Table {
  const description = "Values of a modality that no sensor gives.";
  const names = [...values.keys()].filter((name) => name.startsWith(VALUES_PREFIX));
  return Object.fromEntries(names.map((name): [string, Spec] => [name, { ...SHARED, description }]));
}

/** Those of a policy's modalities. */
export function valuesTable(modalities: readonly ValueModality[]): Table {
  return Object.fromEntries(
    modalities.map((modality): [string, Spec] => {
      const { name, elements, unit } = modality;
      const what = `${elements.join(", ")}${unit === "" ? "" : ` in ${unit}`}`;
      const description = `Values of ${name} (${what}), until values/${name} says otherwise; empty: only what that topic says.`;
      const problem = (values: readonly number[]) => (values.length === 0 ? undefined : misfitOf(modality, values));
      return [`${VALUES_PREFIX}${name}`, { ...SHARED, description, problem }];
    }),
  );
}

/** What the parameters say of modalities: elements by modality, undefined where nothing. */
export function valuesFrom(
  modalities: readonly ValueModality[],
  value: (name: string) => unknown,
): [modality: string, values: readonly number[] | undefined][] {
  return modalities.map(({ name }) => {
    const values = value(`${VALUES_PREFIX}${name}`) as readonly number[];
    return [name, values.length > 0 ? values : undefined];
  });
}
