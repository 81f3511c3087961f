/** Something that arrives piece by piece, for specs that wait for the next piece instead of for a while. */
export class Inbox<T> {
  readonly #waiting: { readonly wanted: (item: T) => boolean; readonly resolve: (item: T) => void }[] = [];
  #items: T[] = [];

  /** Puts in a piece. */
  put(item: T): void {
    const index = this.#waiting.findIndex(({ wanted }) => wanted(item));
    if (index < 0) this.#items.push(item);
    else this.#waiting.splice(index, 1)[0]?.resolve(item);
  }

  /** Takes out the first piece that is wanted, as soon as there is one. */
  take(wanted: (item: T) => boolean = () => true): Promise<T> {
    const index = this.#items.findIndex(wanted);
    if (index >= 0) return Promise.resolve(this.#items.splice(index, 1)[0] as T);
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  /** What has arrived and was not taken out. */
  get items(): readonly T[] {
    return this.#items;
  }
}
