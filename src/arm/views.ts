/**
 * Typed-array views into WASM memory, cached. When the memory grows, every view is detached and has length 0; then it is
 * fetched again.
 */
export class Views<Arrays> {
  readonly #owner: object;
  readonly #cache = new Map<keyof Arrays, Arrays[keyof Arrays] & { readonly length: number }>();

  constructor(owner: object) {
    this.#owner = owner;
  }

  /** The view of one array. Do not keep it across calls that may allocate WASM memory. */
  get<Name extends keyof Arrays>(name: Name): Arrays[Name] {
    const cached = this.#cache.get(name);
    if (cached !== undefined && cached.length > 0) return cached as Arrays[Name];
    const fresh = (this.#owner as Arrays)[name] as Arrays[Name] & { readonly length: number };
    this.#cache.set(name, fresh);
    return fresh;
  }
}
