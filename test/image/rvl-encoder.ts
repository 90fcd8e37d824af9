/** RVL by its definition, as a string of hexadecimal digits turned around in words of four bytes. */
export function encodeRvl(words: readonly number[]): Uint8Array {
  let digits = "";
  const number = (value: number) => {
    const groups = value.toString(8).split("").reverse();
    digits += groups.map((octal, i) => (Number(octal) + (i < groups.length - 1 ? 8 : 0)).toString(16)).join("");
  };
  let previous = 0;
  for (let at = 0; at < words.length; ) {
    const zeros = words.slice(at).findIndex((word) => word !== 0);
    const start = zeros < 0 ? words.length : at + zeros;
    const others = words.slice(start).indexOf(0);
    const end = others < 0 ? words.length : start + others;
    number(start - at);
    number(end - start);
    for (const word of words.slice(start, end)) {
      const change = word - previous;
      number(change < 0 ? -2 * change - 1 : 2 * change);
      previous = word;
    }
    at = end;
  }
  const whole = digits.padEnd(Math.ceil(digits.length / 8) * 8, "0");
  return Uint8Array.from(Buffer.from(whole, "hex").swap32());
}
