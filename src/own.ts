// Keys that come from files and options can be `constructor` or `__proto__`, which every object inherits.

/** What a record itself has under a key. `record[key]` would also give what it inherits. */
export const own = <Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined =>
  record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;

/** Sets a record's own key. `record[key] = value` would set the prototype under `__proto__`. */
export function put<Value>(record: Record<string, Value>, key: string, value: Value): void {
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
}
