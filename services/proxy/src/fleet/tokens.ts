/**
 * The tokens with which links prove that they belong to a session that this proxy opened. One token per session, made
 * of 16 random bytes, good for one hello on each kind of link, until it expires or the session is over. Bound to node,
 * session and epoch; compared in constant time. Nothing else authenticates an instance.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '@sion/components';
import type { LinkKind } from '@sion/wire';

const tokenBytes = 16;

interface LiveToken {
  readonly session: number;
  readonly bytes: Uint8Array;
  readonly expiresAtMs: number;
  readonly used: Set<LinkKind>;
}

/** What a hello claims. */
export interface Claim {
  readonly node: number;
  readonly epoch: number;
  readonly session: number;
  readonly link: LinkKind;
  /** Hexadecimal. */
  readonly token: string;
}

/** The codes are those of the link protocol's refusal. */
export type Verdict = 'accepted' | 'epoch' | 'session' | 'token';

/** The live tokens of all nodes, at most one each. */
export class Tokens {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #epoch: number;
  readonly #live = new Map<number, LiveToken>();

  constructor(parts: { readonly clock: Clock; readonly random: Random; readonly epoch: number }) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#epoch = parts.epoch;
  }

  /** A fresh token for a session of a node, as hexadecimal text; the node's earlier one is void. */
  issue(node: number, session: number, lifeMs: number): string {
    const bytes = this.#random.bytes(tokenBytes);
    this.#live.set(node, { session, bytes, expiresAtMs: this.#clock.monotonicMs() + lifeMs, used: new Set() });
    return Buffer.from(bytes).toString('hex');
  }

  /** Voids a node's token. */
  revoke(node: number): void {
    this.#live.delete(node);
  }

  /** Judges a hello; `accepted` uses the token up for that kind of link. */
  redeem(claim: Claim): Verdict {
    if (claim.epoch !== this.#epoch) return 'epoch';
    const live = this.#live.get(claim.node);
    if (live === undefined || live.session !== claim.session) return 'session';
    if (this.#clock.monotonicMs() > live.expiresAtMs || live.used.has(claim.link)) return 'token';
    if (!equalBytes(Buffer.from(claim.token, 'hex'), live.bytes)) return 'token';
    live.used.add(claim.link);
    return 'accepted';
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
