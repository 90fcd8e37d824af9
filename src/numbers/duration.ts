const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const padded = (value: number): string => String(value).padStart(2, "0");

/** A time in words to two or three digits, e.g. "45 s", "4 min 05 s", "17 min", "2 h 05 min", "3 d 4 h"; "–" where it is no time. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  const [s, min, h] = [1, MINUTE, HOUR].map((unit) => Math.round(seconds / unit)) as [number, number, number];
  if (s < MINUTE) return `${s} s`;
  if (s < 10 * MINUTE) return `${Math.floor(s / 60)} min ${padded(s % 60)} s`;
  if (min < 60) return `${min} min`;
  if (min < DAY / MINUTE) return `${Math.floor(min / 60)} h ${padded(min % 60)} min`;
  return `${Math.floor(h / 24)} d ${h % 24} h`;
}
