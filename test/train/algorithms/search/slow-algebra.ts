/** x of A x = b by elimination, A row-major: an oracle for what factorises. */
export function solve(matrix: readonly number[], right: readonly number[]): number[] {
  const n = right.length;
  const rows = right.map((value, i) => [...matrix.slice(i * n, (i + 1) * n), value]);
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i; r < n; r++) if (Math.abs(rows[r]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = r;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    const head = rows[i]![i]!;
    rows[i] = rows[i]!.map((value) => value / head);
    rows.forEach((row, r) => {
      const factor = row[i]!;
      if (r !== i) rows[r] = row.map((value, c) => value - factor * rows[i]![c]!);
    });
  }
  return rows.map((row) => row[n]!);
}
