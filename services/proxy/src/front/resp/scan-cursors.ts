/**
 * SCAN's cursors: numbers that stand for places in a listing of the store. A place is text of any length, a cursor must
 * be a number; so a table has both. It is bounded: the places that were not used for the longest time are forgotten, and
 * their cursors with them. The same place gets the same number, so that a client that asks again takes no further room.
 */
import { createHash } from 'node:crypto';
import type { Key } from '../../objects/objects.ts';

/** Where a listing goes on. */
export interface ScanPlace {
  /** Of the keys that are listed. */
  readonly prefix: Key;
  /** As the page before gave it. */
  readonly after: string;
}

/** Numbers are below 2^48: exact in every client, also in those that read them as floats. */
const numberBytes = 6;

/** See the module. */
export class ScanCursors {
  readonly #maxPlaces: number;
  /** By number, the longest unused first. */
  readonly #places = new Map<number, ScanPlace>();

  constructor(maxPlaces: number) {
    this.#maxPlaces = maxPlaces;
  }

  /** The number that stands for a place from now on; never 0, which is the beginning. */
  numberOf(place: ScanPlace): number {
    let number = hashOf(place);
    // Two places with one hash: the later one takes the next number.
    for (let other = this.#places.get(number); other !== undefined; other = this.#places.get(number)) {
      if (other.after === place.after && other.prefix === place.prefix) break;
      number += 1;
    }
    this.#use(number, place);
    return number;
  }

  /** The place of a number that was given; undefined when it never was, or was forgotten. */
  placeOf(number: number): ScanPlace | undefined {
    const place = this.#places.get(number);
    if (place !== undefined) this.#use(number, place);
    return place;
  }

  #use(number: number, place: ScanPlace): void {
    this.#places.delete(number);
    this.#places.set(number, place);
    if (this.#places.size <= this.#maxPlaces) return;
    const [oldest] = this.#places.keys();
    if (oldest !== undefined) this.#places.delete(oldest);
  }
}

function hashOf({ prefix, after }: ScanPlace): number {
  const hash = createHash('sha256').update(`${prefix.length} ${prefix}${after}`, 'latin1').digest();
  return Math.max(1, hash.readUIntBE(0, numberBytes));
}
