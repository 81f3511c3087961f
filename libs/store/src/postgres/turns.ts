/** Lets this process do one work after the other in a namespace: those that would wait for each other's locks must not take up connections. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Does the work when all that came before it in the namespace is over. */
  async take<T>(namespace: string, work: () => Promise<T>): Promise<T> {
    const own = (this.#last.get(namespace) ?? Promise.resolve()).then(work, work);
    this.#last.set(namespace, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(namespace) === own) this.#last.delete(namespace);
    }
  }
}
