const BLOCK_SIZE = 512;

/**
 * Items in an order that tells all of them apart. Kept in blocks, so that adding and removing move at most one block's items
 * however long the list is.
 */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #blocks: T[][] = [];
  #size = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** How many items there are. */
  get size(): number {
    return this.#size;
  }

  /** The first item in the order, if there is one. */
  get first(): T | undefined {
    return this.#blocks[0]?.[0];
  }

  /** Adds an item; one that compares as equal to it must not be there yet. */
  add(item: T): void {
    const index = Math.min(this.#blockOf(item), this.#blocks.length - 1);
    const block = this.#blocks[index];
    this.#size += 1;
    if (!block) {
      this.#blocks.push([item]);
      return;
    }
    block.splice(this.#placeIn(block, item), 0, item);
    if (block.length > BLOCK_SIZE) this.#blocks.splice(index + 1, 0, block.splice(BLOCK_SIZE / 2));
  }

  /** Removes the item that compares as equal to this one, if it is there. */
  remove(item: T): void {
    const index = this.#blockOf(item);
    const block = this.#blocks[index];
    if (!block) return;
    const place = this.#placeIn(block, item);
    const found = block[place];
    if (found === undefined || this.#compare(found, item) !== 0) return;
    block.splice(place, 1);
    this.#size -= 1;
    if (block.length === 0) this.#blocks.splice(index, 1);
  }

  /** The items in order; the list must not change meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (const block of this.#blocks) yield* block;
  }

  /** The items in the opposite order; the list must not change meanwhile. */
  *backwards(): Generator<T> {
    for (let index = this.#blocks.length - 1; index >= 0; index -= 1) {
      const block = this.#blocks[index] ?? [];
      for (let place = block.length - 1; place >= 0; place -= 1) yield block[place] as T;
    }
  }

  /** The items before this one, nearest first; the list must not change meanwhile. */
  *before(item: T): Generator<T> {
    const start = this.#blockOf(item);
    for (let index = Math.min(start, this.#blocks.length - 1); index >= 0; index -= 1) {
      const block = this.#blocks[index] ?? [];
      const end = index === start ? this.#placeIn(block, item) : block.length;
      for (let place = end - 1; place >= 0; place -= 1) yield block[place] as T;
    }
  }

  /** The first block whose last item is not before this one; their number if there is none. */
  #blockOf(item: T): number {
    return search(this.#blocks.length, (index) => this.#compare((this.#blocks[index] as T[]).at(-1) as T, item) >= 0);
  }

  #placeIn(block: readonly T[], item: T): number {
    return search(block.length, (index) => this.#compare(block[index] as T, item) >= 0);
  }
}

/** The first index for which the test holds, given that it then holds for all after it. */
function search(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
