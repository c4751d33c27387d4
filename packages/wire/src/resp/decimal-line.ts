/**
 * The line behind `*` or `$`: one decimal, read however it is cut, without keeping a byte of it; strict as Redis's
 * `string2ll`.
 */

const carriageReturn = 0x0d;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
/** More digits than any count or length needs, few enough for exact numbers. */
const maxDigits = 15;

/** See the module. `reset`, then `read` until it has `ended`. */
export class DecimalLine {
  /** Bytes seen, without the line end. */
  length = 0;
  ended = false;
  #negative = false;
  #digits = 0;
  #magnitude = 0;
  #valid = true;

  reset(): void {
    this.length = 0;
    this.ended = false;
    this.#negative = false;
    this.#digits = 0;
    this.#magnitude = 0;
    this.#valid = true;
  }

  /** The number; undefined when the line held anything else, or more digits than a count can have. */
  get value(): number | undefined {
    if (!this.#valid || this.#digits === 0) return undefined;
    if (this.#magnitude === 0 && this.#negative) return undefined;
    return this.#negative ? -this.#magnitude : this.#magnitude;
  }

  /** Reads up to the carriage return; gives the position behind what it read. */
  read(chunk: Buffer, start: number): number {
    let at = start;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte === carriageReturn) {
        this.ended = true;
        return at + 1;
      }
      this.#add(byte);
    }
    return at;
  }

  #add(byte: number): void {
    this.length += 1;
    if (byte >= zero && byte <= nine) {
      if (this.#digits > 0 && this.#magnitude === 0) this.#valid = false;
      this.#digits += 1;
      if (this.#digits > maxDigits) this.#valid = false;
      else this.#magnitude = this.#magnitude * 10 + byte - zero;
    } else if (byte === minus && this.length === 1) {
      this.#negative = true;
    } else {
      this.#valid = false;
    }
  }
}
