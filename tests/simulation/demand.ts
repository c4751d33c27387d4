/** What a simulated client asks for: which keys, which values, how durable, until when. Everything is drawn from the seed. */
import type { Durability } from '@sion/proxy';
import { type ObjectCall, payloadOf, SeededRandom } from '@sion/workload';
import type { World } from './world.ts';

/** Of all writes, where there are any of them; the others are acknowledged by the store. */
const shareOf: Readonly<Record<Exclude<Durability, 'store'>, number>> = { journal: 0.3, memory: 0.2 };

/**
 * The bytes of a token: of a counter its digits, otherwise the payload whose size the token tells; those of twins, `…~twin`,
 * are the same.
 */
export function bytesOf(key: string, token: string): Uint8Array {
  if (!token.includes(':')) return Buffer.from(token);
  const size = Number(token.slice(token.indexOf(':') + 1));
  return payloadOf(key, token.slice(Math.max(0, token.indexOf('~'))), size);
}

export class Demand {
  readonly random: SeededRandom;
  readonly #world: World;
  readonly #name: string;
  readonly #keys: readonly string[];
  #writes = 0;

  constructor(world: World, name: string, keys: readonly string[]) {
    this.#world = world;
    this.#name = name;
    this.#keys = keys;
    this.random = new SeededRandom(`${world.seed} ${name}`);
  }

  /** The first keys are asked for most: their shares fall as in Zipf's law. And for a while all ask for the same one. */
  drawKey(): string {
    if (this.random.integer(2) === 0) {
      const turn = Math.floor(this.#world.time.nowMs / 20_000);
      return this.#keys[(turn * 11) % this.#keys.length] ?? 'k0';
    }
    const share = this.random.double() ** 2;
    return this.#keys[Math.floor(share * this.#keys.length)] ?? 'k0';
  }

  /** By its clock it is `nowMs`. */
  drawWrite(key: string, nowMs: number): ObjectCall {
    const seen = this.#world.history.lastToken(key);
    const conditions = [undefined, undefined, undefined, 'absent', 'present', seen && { token: seen }] as const;
    const onlyIf = conditions[this.random.integer(conditions.length)];
    const expiry = this.random.integer(5) === 0 ? this.drawExpiry(nowMs) : {};
    return { kind: 'write', token: this.drawToken(), ...expiry, ...(onlyIf ? { onlyIf } : {}) };
  }

  drawToken(): string {
    const { random } = this;
    const sizes = [0, 1, 255, 256, 257, 1000, 2048, 2049, 8000, 16_384, 16_385, 41_000, random.integer(100_000)];
    this.#writes++;
    const name = `${this.#name}-${this.#writes}`;
    if (random.integer(4) === 0) return `${name}~twin:${random.integer(2) === 0 ? 300 : 8000}`;
    return `${name}:${sizes[random.integer(sizes.length)] ?? 0}`;
  }

  drawExpiry(nowMs: number): { expiresAtMs?: number } {
    if (this.random.integer(3) === 0) return {};
    return { expiresAtMs: nowMs + 1 + this.random.integer(120_000) };
  }

  /** How durable a change is to be before it is acknowledged. Where disks stay behind, a journal is no promise. */
  drawDurability(): Durability {
    const { diskMoves, isCache } = this.#world.weather.climate;
    const drawn = this.random.double();
    if (drawn < shareOf.journal) return diskMoves ? 'journal' : 'store';
    return drawn < shareOf.journal + shareOf.memory && isCache ? 'memory' : 'store';
  }
}
