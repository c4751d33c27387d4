/**
 * What is done to the fleet: a plan that follows from its seed alone. Kinds are dealt from shuffled decks, so that each has
 * its turn. The next one mostly waits until the fleet is whole again and for a while more, and sometimes meets the one
 * before; so the plan has an order and waits, and no times.
 *
 * The supervisor gives up a part that dies five times in a row within ten seconds of its start. That is its promise to
 * people and not what is tried here: the same part is not killed again before others had their turn.
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
  /** It meets the one before; otherwise it comes when the fleet is whole again. */
  readonly meets: boolean;
  /** Since the one before began, when it meets that; else since all was whole again. */
  readonly waitMs: number;
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
  readonly count: number;
  readonly leaseTtlMs: number;
}

/** So many faults lie between two that end the same part. */
const spared = 2;

/** Which of the supervised parts it ends, or may end. */
const killed: Readonly<Partial<Record<FaultKind, readonly ('proxy' | 'emulator')[]>>> = {
  'kill-proxy': ['proxy'],
  'pause-proxy-beyond-lease': ['proxy'],
  'kill-emulator': ['emulator'],
  'kill-proxy-and-emulator': ['proxy', 'emulator'],
  'kill-everything': ['proxy', 'emulator'],
};

export function planFaults({ seed, count, leaseTtlMs }: PlanOptions): readonly PlannedFault[] {
  const random = new SeededRandom(`chaos plan ${seed}`);
  const plan: PlannedFault[] = [];
  let deck: FaultKind[] = [];
  while (plan.length < count) {
    const lately = new Set(plan.slice(-spared).flatMap(({ kind }) => killed[kind] ?? []));
    const mayDie = (kind: FaultKind) => (killed[kind] ?? []).every((part) => !lately.has(part));
    if (!deck.some(mayDie)) deck = [...deck, ...shuffled(random)];
    const [kind = 'reclaim-one'] = deck.splice(deck.findIndex(mayDie), 1);
    const meets = plan.length > 0 && random.integer(5) === 0;
    plan.push({
      ...{ kind, meets },
      waitMs: meets ? random.integer(1_000) : 3_000 + random.integer(5_000),
      durationMs: drawDurationMs(kind, leaseTtlMs, random),
      count: 2 + random.integer(7),
      choice: random.uint32(),
    });
  }
  return plan;
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
