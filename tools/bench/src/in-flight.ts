/** Runs `run` for 0 to `count - 1`, so many at once; rejects with the first failure. */
export async function inFlight(count: number, atOnce: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}
