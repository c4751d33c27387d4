/** Serialises what is done to one name, in order of arrival; different names do not wait for each other. */
export class NameLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when all earlier work of this name has settled. */
  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    const result = before === undefined ? work() : before.then(work);
    const tail = result.then(
      () => {},
      () => {},
    );
    this.#tails.set(name, tail);
    void tail.then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    return result;
  }

  /** Settles when all work that was started before has settled. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }
}
