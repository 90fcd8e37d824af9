/** Where a robot names no limits. */
const USUAL = 10;

/** The largest effort limit of a robot description, N·m or N. */
export function largestEffort(urdf: string): number {
  const limits = new DOMParser().parseFromString(urdf, "application/xml").querySelectorAll("joint > limit");
  const efforts = [...limits].map((limit) => Number(limit.getAttribute("effort"))).filter((effort) => effort > 0);
  return efforts.length > 0 ? Math.max(...efforts.filter(Number.isFinite), 0) || USUAL : USUAL;
}
