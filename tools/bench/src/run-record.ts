const STALLED_AFTER_MS = 60_000;
const NAMED_JOBS = 5;

/** Which jobs have begun, how often, and when: what shows that each ran exactly once. */
export class RunRecord {
  readonly #times: Uint8Array;
  readonly #begunAt: Float64Array;
  #distinct = 0;
  #strange = 0;
  #waiting: { readonly jobs: number; readonly done: () => void } | null = null;

  /** For jobs of the numbers below `capacity`. */
  constructor(capacity: number) {
    this.#times = new Uint8Array(capacity);
    this.#begunAt = new Float64Array(capacity);
  }

  /** A job began at a time of the monotonic clock. */
  began(number: number, atMs: number): void {
    const times = this.#times[number];
    if (times === undefined) {
      this.#strange += 1;
      return;
    }
    this.#times[number] = Math.min(times + 1, 255);
    if (times > 0) return;
    this.#begunAt[number] = atMs;
    this.#distinct += 1;
    if (this.#waiting && this.#distinct >= this.#waiting.jobs) this.#waiting.done();
  }

  /** Resolves once so many different jobs have begun; rejects when none has for a minute. */
  async waitFor(jobs: number): Promise<void> {
    if (this.#distinct >= jobs) return;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    let before = this.#distinct;
    const watch = setInterval(() => {
      if (this.#distinct === before) reject(new Error(`stalled: only ${before} of ${jobs} jobs have begun`));
      before = this.#distinct;
    }, STALLED_AFTER_MS);
    this.#waiting = { jobs, done: () => resolve(undefined) };
    try {
      await promise;
    } finally {
      clearInterval(watch);
      this.#waiting = null;
    }
  }

  /** When the jobs from a number on began. */
  begunAt(from: number, count: number): Float64Array {
    return this.#begunAt.slice(from, from + count);
  }

  /** What is wrong with how often the first jobs ran; none: each ran once, and no other did. */
  problems(jobs: number): readonly string[] {
    const ran = [...this.#times.subarray(0, jobs).entries()];
    const missing = ran.filter(([, times]) => times === 0).map(([number]) => number);
    const doubled = ran.filter(([, times]) => times > 1).map(([number]) => number);
    const beyond = this.#times.subarray(jobs).filter((times) => times > 0).length + this.#strange;
    return [
      ...(missing.length > 0 ? [`${missing.length} jobs never ran: ${some(missing)}`] : []),
      ...(doubled.length > 0 ? [`${doubled.length} jobs ran more than once: ${some(doubled)}`] : []),
      ...(beyond > 0 ? [`${beyond} jobs ran that nobody created`] : []),
    ];
  }
}

function some(numbers: readonly number[]): string {
  return numbers.slice(0, NAMED_JOBS).join(', ') + (numbers.length > NAMED_JOBS ? ', …' : '');
}
