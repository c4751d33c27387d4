/**
 * Keeps the proxy's ownership of its prefix: takes the lease (waiting out a silent predecessor), renews it, proves it, and
 * gives it back. The decisions are `@sion/core`'s `lease.ts`; this module reads, writes and waits.
 *
 * Must never: say that the lease is held when its own clocks cannot prove it, or renew a record that another has changed.
 */
import { type Clock, delay, type Log, type ProcessIdentity, type Store, type Timer } from '@sion/components';
import { decideLease, decodeLease, encodeLease, type LeaseRecord, leaseName, leaseValidUntilMs } from '@sion/core';
import { asSionError, SionError } from '@sion/wire';

export interface LeaseKeeperOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly identity: ProcessIdentity;
  readonly log: Log;
  readonly ttlMs: number;
  /** How often it is renewed; several renewals may fail before the lease lapses. */
  readonly renewalMs: number;
  /** Called once when another owner has taken the lease: this proxy must stop. */
  readonly onLost: (reason: SionError) => void;
}

/** How soon a failed renewal is tried again. */
const retryMs = 1000;

interface SeenLease {
  readonly record: LeaseRecord | undefined;
  readonly etag: string | undefined;
}

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #record: LeaseRecord;
  #etag: string;
  #validUntilMonotonicMs: number;
  #validUntilWallMs: number;
  #expiryFloorMs: number;
  #timer: Timer | undefined;
  #renewing: Promise<void> | undefined;
  #over = false;
  /** The last renewal failed. */
  #failing = false;
  /** Said to have lapsed. */
  #lapsed = false;
  /** True when the predecessor gave the lease back in an orderly stop, and nobody held it in between. */
  readonly predecessorReleased: boolean;

  constructor(options: LeaseKeeperOptions, record: LeaseRecord, etag: string, begun: Begun, released: boolean) {
    this.#options = options;
    this.#record = record;
    this.#etag = etag;
    this.#validUntilMonotonicMs = leaseValidUntilMs(begun.monotonicMs, record.ttlMs);
    this.#validUntilWallMs = leaseValidUntilMs(begun.wallMs, record.ttlMs);
    this.#expiryFloorMs = record.expiryFloorMs;
    this.predecessorReleased = released;
    this.#schedule();
  }

  /**
   * Takes the lease, or rejects with `closed` when another proxy holds it. Waits at most one lease time for a predecessor
   * that went without a word; `onWaiting` is told once.
   */
  static async acquire(options: LeaseKeeperOptions, onWaiting: (ms: number) => void = () => {}): Promise<LeaseKeeper> {
    const { clock, store, identity } = options;
    let seen = await readLease(store);
    let sinceMs = clock.monotonicMs();
    let changed = false;
    let told = false;
    for (;;) {
      const decision = decideLease({
        record: seen.record,
        ownerLiveness: seen.record === undefined ? 'unknown' : identity.liveness(seen.record.owner),
        unchangedMs: clock.monotonicMs() - sinceMs,
        changed,
      });
      if (decision.kind === 'refuse') throw heldBy(decision.owner, decision.epoch);
      if (decision.kind === 'take') {
        await store.claim();
        const again = await readLease(store);
        if (again.etag === seen.etag) return await takeLease(options, seen, decision.epoch);
        seen = again;
        sinceMs = clock.monotonicMs();
        changed = true;
        continue;
      }
      if (!told) onWaiting(decision.remainingMs);
      told = true;
      await delay(clock, Math.min(decision.remainingMs, options.renewalMs / 2));
      const next = await readLease(store);
      if (next.etag !== seen.etag) {
        changed = next.record !== undefined && !next.record.released;
        seen = next;
        sinceMs = clock.monotonicMs();
      }
    }
  }

  get epoch(): number {
    return this.#record.epoch;
  }

  /** True while both of this machine's clocks prove the lease; a suspended machine's monotonic clock may stand still. */
  isHeld(): boolean {
    if (this.#over) return false;
    const { clock } = this.#options;
    return clock.monotonicMs() < this.#validUntilMonotonicMs && clock.wallMs() < this.#validUntilWallMs;
  }

  /** Throws `closed` unless the lease is held at this moment. */
  assertHeld(): void {
    if (this.isHeld()) return;
    throw new SionError(
      'closed',
      'this proxy cannot prove its lease on the store at present; retry, or connect to the proxy that holds it',
    );
  }

  /** The clock that expiry is judged by: never earlier than any time that expiry was judged by before. */
  expiryNowMs(): number {
    this.#expiryFloorMs = Math.max(this.#expiryFloorMs, this.#options.clock.wallMs());
    return this.#expiryFloorMs;
  }

  /** Gives the lease back, so that the next owner need not wait. Never rejects. */
  async release(): Promise<void> {
    this.#timer?.cancel();
    await this.#renewing;
    // A renewal that was under way has set the next timer.
    this.#timer?.cancel();
    if (this.#over) return;
    this.#over = true;
    const record: LeaseRecord = { ...this.#next(), released: true };
    const { store, log } = this.#options;
    try {
      await store.put(leaseName, encodeLease(record), {}, { kind: 'match', etag: this.#etag });
    } catch (thrown) {
      log.warn('lease-not-released', { reason: asSionError(thrown).message });
    }
  }

  #next(): LeaseRecord {
    return { ...this.#record, expiryFloorMs: this.expiryNowMs(), renewal: this.#record.renewal + 1 };
  }

  #schedule(): void {
    const { clock, renewalMs } = this.#options;
    const waitMs = this.#failing ? Math.min(renewalMs, retryMs) : renewalMs;
    this.#timer = clock.after(waitMs, () => {
      this.#renewing = this.#renew().finally(() => {
        this.#renewing = undefined;
        if (!this.#over) this.#schedule();
      });
    });
  }

  async #renew(): Promise<void> {
    const { clock, store } = this.#options;
    const begun = beginNow(clock);
    const record = this.#next();
    try {
      const outcome = await store.put(leaseName, encodeLease(record), {}, { kind: 'match', etag: this.#etag });
      if (outcome.kind === 'written') this.#extend(record, outcome.etag, begun);
      else await this.#resolveConflict();
    } catch (thrown) {
      const error = asSionError(thrown);
      if (error.code === 'closed') this.#lose(error);
      else this.#noteFailure(error);
    }
  }

  /** Says once that renewals fail, and once that the lease is gone with it: they are tried every second. */
  #noteFailure(error: SionError): void {
    const { log } = this.#options;
    const fields = { code: error.code, reason: error.message };
    if (!this.#failing) log.warn('lease-renewal-failed', fields);
    this.#failing = true;
    if (this.#lapsed || this.isHeld()) return;
    this.#lapsed = true;
    log.error('lease-lapsed', { ...fields, until: 'the store answers again and nobody else has taken it' });
  }

  /** After a failed condition: an earlier renewal of our own, whose result was unknown, or another owner. */
  async #resolveConflict(): Promise<void> {
    const { store, identity } = this.#options;
    const seen = await readLease(store);
    if (seen.etag !== undefined && seen.record?.owner === identity.self && seen.record.epoch === this.epoch) {
      this.#record = seen.record;
      this.#etag = seen.etag;
      return;
    }
    this.#lose(heldBy(seen.record?.owner ?? 'an unknown owner', seen.record?.epoch ?? 0));
  }

  #extend(record: LeaseRecord, etag: string, begun: Begun): void {
    this.#record = record;
    this.#etag = etag;
    this.#validUntilMonotonicMs = leaseValidUntilMs(begun.monotonicMs, record.ttlMs);
    this.#validUntilWallMs = leaseValidUntilMs(begun.wallMs, record.ttlMs);
    if (this.#failing) this.#options.log.info('lease-renewed-again', { lapsed: this.#lapsed });
    this.#failing = false;
    this.#lapsed = false;
  }

  #lose(reason: SionError): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#options.onLost(reason);
  }
}

interface Begun {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

function beginNow(clock: Clock): Begun {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
}

async function takeLease(options: LeaseKeeperOptions, seen: SeenLease, epoch: number): Promise<LeaseKeeper> {
  const { clock, store, identity, ttlMs } = options;
  const begun = beginNow(clock);
  const record: LeaseRecord = {
    v: 1,
    epoch,
    owner: identity.self,
    ttlMs,
    released: false,
    expiryFloorMs: Math.max(seen.record?.expiryFloorMs ?? 0, clock.wallMs()),
    renewal: 0,
  };
  const condition = seen.etag === undefined ? { kind: 'absent' as const } : { kind: 'match' as const, etag: seen.etag };
  const outcome = await store.put(leaseName, encodeLease(record), {}, condition);
  if (outcome.kind === 'conflict') throw heldBy('another proxy that was faster', epoch);
  return new LeaseKeeper(options, record, outcome.etag, begun, seen.record?.released ?? true);
}

async function readLease(store: Store): Promise<SeenLease> {
  const outcome = await store.get(leaseName);
  if (outcome.kind !== 'hit') return { record: undefined, etag: undefined };
  const pieces: Uint8Array[] = [];
  for await (const piece of outcome.body) pieces.push(piece);
  const record = decodeLease(Buffer.concat(pieces));
  if (record !== undefined) return { record, etag: outcome.object.etag };
  throw new SionError(
    'corrupt',
    `the lease object ${leaseName} in the store cannot be read as a lease; if no proxy uses this store, delete it`,
  );
}

function heldBy(owner: string, epoch: number): SionError {
  return new SionError(
    'closed',
    `the store is owned by another proxy (${owner}, epoch ${epoch}); stop that one first, or use another data folder`,
  );
}
