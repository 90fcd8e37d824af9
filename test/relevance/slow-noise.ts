/** The uniform numbers of random masks, as `slowNormals`. */
export function slowUniforms(size: number, seed: number, stream: number, step: number): Float64Array {
  const key = mix(mix(mix(seed) + stream) + step);
  return Float64Array.from({ length: size }, (_, i) => ((mix(mix(i) + key) >>> 9) + 0.5) / 2 ** 23);
}

/** The noise of SmoothGrad as 32-bit integer arithmetic in JavaScript: what the graph's is checked against. */
export function slowNormals(size: number, seed: number, stream: number, step: number): Float64Array {
  const key = mix(mix(mix(seed) + stream) + step);
  const pairs = Math.ceil(size / 2);
  const uniform = (i: number) => ((mix(mix(i) + key) >>> 9) + 0.5) / 2 ** 23;
  return Float64Array.from({ length: size }, (_, i) => {
    const k = i % pairs;
    const radius = Math.sqrt(-2 * Math.log(uniform(k)));
    const angle = 2 * Math.PI * uniform(k + pairs);
    return radius * (i < pairs ? Math.cos(angle) : Math.sin(angle));
  });
}

function mix(given: number): number {
  let x = given >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
