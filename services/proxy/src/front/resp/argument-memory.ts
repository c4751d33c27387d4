/** The bound on what commands of all connections keep of their arguments. */
export class ArgumentMemory {
  readonly #maxBytes: number;
  #admittedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes memory for a large argument, if there is some. What was admitted is given back with {@link release}. */
  admit(bytes: number): boolean {
    if (this.#admittedBytes + bytes > this.#maxBytes) return false;
    this.#admittedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#admittedBytes -= bytes;
  }
}
