/**
 * Typed-array views into WASM memory, fetched once and fetched again after the memory grew:
 * growth detaches every view, which then has length 0.
 */
export class Views<Arrays> {
  readonly #owner: object;
  readonly #cache = new Map<keyof Arrays, Arrays[keyof Arrays] & { readonly length: number }>();

  constructor(owner: object) {
    this.#owner = owner;
  }

  /** The live view of one array. Do not keep it across anything that may allocate WASM memory. */
  get<Name extends keyof Arrays>(name: Name): Arrays[Name] {
    const cached = this.#cache.get(name);
    if (cached !== undefined && cached.length > 0) return cached as Arrays[Name];
    const fresh = (this.#owner as Arrays)[name] as Arrays[Name] & { readonly length: number };
    this.#cache.set(name, fresh);
    return fresh;
  }
}
