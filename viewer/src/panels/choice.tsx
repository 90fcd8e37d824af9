interface ChoiceProps {
  readonly name: string;
  /** Nothing is shown where it is undefined. */
  readonly value: string | undefined;
  readonly values: readonly string[];
  /** Words for values that say little. */
  readonly words?: Readonly<Record<string, string>>;
  readonly isDisabled: boolean;
  readonly choose: (value: string) => void;
}

/** One of several texts; the value itself is always among them. */
export function Choice({ name, value, values, words = {}, isDisabled, choose }: ChoiceProps) {
  if (value === undefined) return null;
  return (
    <label>
      {name}
      <select value={value} disabled={isDisabled} onChange={(event) => choose(event.currentTarget.value)}>
        {[...new Set([value, ...values])].map((each) => (
          <option key={each} value={each}>
            {Object.hasOwn(words, each) ? words[each] : each}
          </option>
        ))}
      </select>
    </label>
  );
}
