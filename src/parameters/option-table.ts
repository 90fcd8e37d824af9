import type { Spec } from "./spec.js";

/** Parameters that each set one option of a component. */
export type OptionTable<Options> = Readonly<
  Record<
    string,
    Spec & {
      readonly option: keyof Options;
      /** The value that stands for the option's own default. */
      readonly unset?: number;
    }
  >
>;

/** The options that the parameters of a table set. */
export function optionsFrom<Options>(table: OptionTable<Options>, get: (name: string) => unknown): Options {
  const entries = Object.entries(table).map(([name, { option, unset }]) => {
    const value = get(name);
    return [option, value === unset ? undefined : value];
  });
  return Object.fromEntries(entries);
}
