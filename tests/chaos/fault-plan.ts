/**
 * What is done to the fleet, and when: a plan that follows from its seed alone. Kinds are dealt from shuffled decks, so
 * that each has its turn; between two of them there is mostly time to see the fleet recover, and sometimes there is none.
 *
 * The supervisor gives up a part that dies five times in a row within ten seconds of its start. That is its promise to
 * people and not what is tried here: the same part is not killed again before it has had time to live.
 */
import { SeededRandom } from '@sion/workload';

export const faultKinds = [
  'reclaim-one',
  'reclaim-several',
  'reclaim-all',
  'kill-instance',
  'pause-instance',
  'kill-proxy',
  'pause-proxy',
  'pause-proxy-beyond-lease',
  'kill-emulator',
  'pause-emulator',
  'kill-proxy-and-emulator',
  'kill-everything',
  'cut-links',
  'stall-links',
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface PlannedFault {
  /** Since the load began. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** How long a pause or a stall lasts; 0 of what happens in a moment. */
  readonly durationMs: number;
  /** How many instances, where that is to be said. */
  readonly count: number;
  /** Decides which of those that there are. */
  readonly choice: number;
}

export interface PlanOptions {
  readonly seed: string;
  readonly durationMs: number;
  readonly leaseTtlMs: number;
}

/** Before the first one, so that memory holds something. */
const firstMs = 4_000;
/** Before the end, so that the last one is seen to be over. */
const lastMs = 5_000;
const minLifeMs = 13_000;

/** Which of the supervised parts it ends, or may end. */
const killed: Readonly<Partial<Record<FaultKind, readonly ('proxy' | 'emulator')[]>>> = {
  'kill-proxy': ['proxy'],
  'pause-proxy-beyond-lease': ['proxy'],
  'kill-emulator': ['emulator'],
  'kill-proxy-and-emulator': ['proxy', 'emulator'],
  'kill-everything': ['proxy', 'emulator'],
};

export function planFaults({ seed, durationMs, leaseTtlMs }: PlanOptions): readonly PlannedFault[] {
  const random = new SeededRandom(`chaos plan ${seed}`);
  const plan: PlannedFault[] = [];
  const diedMs = { proxy: Number.NEGATIVE_INFINITY, emulator: Number.NEGATIVE_INFINITY };
  let deck: FaultKind[] = [];
  for (let atMs = firstMs; ; ) {
    const mayDie = (kind: FaultKind) => (killed[kind] ?? []).every((part) => atMs - diedMs[part] >= minLifeMs);
    let drawn = deck.findIndex(mayDie);
    if (drawn === -1) {
      deck = [...deck, ...shuffled(random)];
      drawn = deck.findIndex(mayDie);
    }
    const [kind = 'reclaim-one'] = deck.splice(drawn, 1);
    const durationMs_ = drawDurationMs(kind, leaseTtlMs, random);
    if (atMs + durationMs_ > durationMs - lastMs) return plan;
    plan.push({ atMs, kind, durationMs: durationMs_, count: 2 + random.integer(7), choice: random.uint32() });
    const endMs = atMs + durationMs_;
    for (const part of killed[kind] ?? []) diedMs[part] = endMs;
    // One in five is followed by the next at once, or is even met by it.
    const overlaps = random.integer(5) === 0;
    atMs = Math.round(overlaps ? atMs + random.integer(1_000) : endMs + 3_500 + random.integer(5_000));
  }
}

function drawDurationMs(kind: FaultKind, leaseTtlMs: number, random: SeededRandom): number {
  const between = (least: number, most: number) => least + random.integer(most - least);
  switch (kind) {
    case 'pause-instance':
      return between(300, 6_000);
    case 'pause-proxy':
      return between(200, Math.round(leaseTtlMs / 2));
    case 'pause-proxy-beyond-lease':
      return between(Math.round(leaseTtlMs * 1.2), leaseTtlMs * 2);
    case 'pause-emulator':
      return between(500, 8_000);
    case 'stall-links':
      return between(300, 4_000);
    default:
      return 0;
  }
}

function shuffled(random: SeededRandom): FaultKind[] {
  const kinds: FaultKind[] = [...faultKinds];
  for (let at = kinds.length - 1; at > 0; at--) {
    const other = random.integer(at + 1);
    [kinds[at], kinds[other]] = [kinds[other] ?? 'reclaim-one', kinds[at] ?? 'reclaim-one'];
  }
  return kinds;
}

/** `pause-proxy for 2.3 s`, for people. */
export function describeFault({ kind, durationMs, count }: PlannedFault): string {
  if (kind === 'reclaim-several') return `${kind} (${count})`;
  return durationMs === 0 ? kind : `${kind} for ${(durationMs / 1000).toFixed(1)} s`;
}
