/** Cases in which `npm run fuzz` found a fault, shrunk. */
export const KEPT: readonly { readonly kind: string; readonly found: string; readonly case: unknown }[] = [];
