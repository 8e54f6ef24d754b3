// An ordered list of things that come and go: append and remove in O(log n), resume a listing behind any
// element. Listings of 100,000 tasks page through it without scanning from the start.

export interface Ordered {
  /** Rises with creation; unique in a world. */
  readonly order: number;
}

export class Roster<T extends Ordered> {
  #items: (T | undefined)[] = [];
  #orders: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Elements must be added in the order of their creation. */
  add(item: T): void {
    this.#items.push(item);
    this.#orders.push(item.order);
    this.#size += 1;
  }

  remove(item: T): void {
    const index = this.#indexFrom(item.order);
    if (this.#items[index] !== item) return;
    this.#items[index] = undefined;
    this.#size -= 1;
    if (this.#items.length > 32 && this.#size * 2 < this.#items.length) this.#compact();
  }

  /** Elements created after the given order, oldest first. Removing while iterating is allowed. */
  *after(order: number): Generator<T> {
    let last = order;
    for (let index = this.#indexFrom(last + 1); index < this.#items.length; index += 1) {
      const item = this.#items[index];
      if (item === undefined) continue;
      last = item.order;
      yield item;
      if (this.#orders[index] !== last) index = this.#indexFrom(last + 1) - 1;
    }
  }

  [Symbol.iterator](): Generator<T> {
    return this.after(-1);
  }

  /** The first index whose order is at least the given one. */
  #indexFrom(order: number): number {
    let low = 0;
    let high = this.#orders.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#orders[middle] as number) < order) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compact(): void {
    this.#items = this.#items.filter((item) => item !== undefined);
    this.#orders = this.#items.map((item) => (item as T).order);
  }
}
