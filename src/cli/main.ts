/** Runs the command line; returns the exit code: 0 done, 1 failed, 2 bad usage or input. */
export async function main(_argv: readonly string[]): Promise<number> {
  return 2;
}
