/**
 * Takes what a read brings and judges it against what it may be. Short answers are kept and judged at their end, outside the
 * time that is measured; long ones are compared as they come, with every value that was possible by then.
 */
import { Payload, PayloadVerifier } from '@sion/workload';
import type { ReadRange } from '../target.ts';
import type { KnownValue } from './value-book.ts';

/** `miss`: no value, although none was deleted. `stale`: an older value. `wrong`: bytes that were never written. */
export type ReadVerdict = 'right' | 'absent' | 'miss' | 'stale' | 'wrong';

/** Longer answers are compared as they come. */
const maxKeptBytes = 64 * 2 ** 20;

export class ReadCheck {
  readonly #key: string;
  readonly #range: ReadRange | undefined;
  readonly #candidates: () => readonly KnownValue[];
  #kept: Uint8Array[] = [];
  #verifiers: PayloadVerifier[] | undefined;
  #bytes = 0;

  /** `candidates` gives what is possible at the time of the call. */
  constructor(key: string, range: ReadRange | undefined, candidates: () => readonly KnownValue[]) {
    this.#key = key;
    this.#range = range;
    this.#candidates = candidates;
  }

  /** So far. */
  get bytes(): number {
    return this.#bytes;
  }

  readonly take = (piece: Uint8Array): void => {
    this.#bytes += piece.length;
    if (this.#verifiers !== undefined) {
      for (const verifier of this.#verifiers) verifier.add(piece);
      return;
    }
    this.#kept.push(piece);
    if (this.#bytes <= maxKeptBytes) return;
    this.#verifiers = this.#candidates().flatMap((value) => this.#verifierOf(value) ?? []);
    for (const kept of this.#kept) for (const verifier of this.#verifiers) verifier.add(kept);
    this.#kept = [];
  };

  /** To be called once, when the read has ended; `past` is what was right before. */
  judge(found: boolean, past: readonly KnownValue[]): ReadVerdict {
    const candidates = this.#candidates();
    if (!found) return candidates.some(({ sizeBytes }) => sizeBytes === undefined) ? 'absent' : 'miss';
    if (this.#verifiers !== undefined) {
      return this.#verifiers.some((verifier) => verifier.finish() === undefined) ? 'right' : 'wrong';
    }
    if (candidates.some((value) => this.#matches(value))) return 'right';
    return past.some((value) => this.#matches(value)) ? 'stale' : 'wrong';
  }

  #matches(value: KnownValue): boolean {
    const verifier = this.#verifierOf(value);
    if (verifier === undefined) return false;
    for (const piece of this.#kept) {
      verifier.add(piece);
      if (verifier.wrong !== undefined) return false;
    }
    return verifier.finish() === undefined;
  }

  #verifierOf({ version, sizeBytes }: KnownValue): PayloadVerifier | undefined {
    if (sizeBytes === undefined) return undefined;
    const payload = new Payload({ key: this.#key, version, sizeBytes });
    const start = Math.min(this.#range?.start ?? 0, sizeBytes);
    return new PayloadVerifier(payload, start, Math.min(this.#range?.end ?? sizeBytes, sizeBytes));
  }
}
