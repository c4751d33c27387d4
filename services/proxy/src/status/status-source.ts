/**
 * Puts the status together from the parts that know it. Each part hands in a callback; nothing is kept here but the
 * moment of the start, so the status is always the present one.
 */
import type { Clock } from '@sion/components';
import type { JournaledStores } from '../journal/open-journaling.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { JournalStatus, ProxyStatus, StatusSource } from './status.ts';

/** What each part of the proxy tells about itself. */
export interface StatusParts {
  /** Of SION itself. */
  readonly version: string;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'snapshot'>;
  readonly state: () => ProxyStatus['state'];
  /** Of the lease; 0 before there is one. */
  readonly epoch: () => number;
  readonly durability: ProxyStatus['durability'];
  readonly journal: () => JournaledStores['depth'];
  readonly journalBounds: { readonly journalBytes: number; readonly journalMaxAgeMs: number };
  readonly store: () => ProxyStatus['store'];
  readonly objects: () => ProxyStatus['objects'];
  readonly snapshot: () => ProxyStatus['snapshot'];
  readonly recovery: () => ProxyStatus['recovery'];
  /** Bytes of copies of chunks in demand. */
  readonly copyBytes: () => number;
  readonly hot: () => ProxyStatus['hot'];
  readonly migration: () => ProxyStatus['migration'];
  readonly budget: () => ProxyStatus['budget'];
  readonly windows: () => ProxyStatus['windows'];
  readonly nodes: () => ProxyStatus['nodes'];
  readonly connections: () => ProxyStatus['connections'];
}

export function createStatusSource(parts: StatusParts): StatusSource {
  const startedMs = parts.clock.monotonicMs();
  return {
    status(): ProxyStatus {
      const nodes = parts.nodes();
      return {
        version: parts.version,
        state: parts.state(),
        uptimeSeconds: Math.floor((parts.clock.monotonicMs() - startedMs) / 1000),
        epoch: parts.epoch(),
        durability: parts.durability,
        journal: journalOf(parts),
        store: parts.store(),
        objects: parts.objects(),
        snapshot: parts.snapshot(),
        recovery: parts.recovery(),
        hot: parts.hot(),
        migration: parts.migration(),
        memory: {
          usedBytes: nodes.reduce((sum, node) => sum + node.usedBytes, 0),
          copyBytes: parts.copyBytes(),
          capacityBytes: nodes.reduce((sum, node) => sum + node.capacityBytes, 0),
        },
        budget: parts.budget(),
        windows: parts.windows(),
        nodes,
        connections: parts.connections(),
        totals: parts.metrics.snapshot(),
      };
    },
  };
}

function journalOf({ clock, journal, journalBounds }: StatusParts): JournalStatus {
  const { names, storedNames, keptUntilMs, records, bytes, diskBytes, oldestMs, failingSinceMs } = journal();
  const secondsSince = (ms: number) => Math.floor((clock.monotonicMs() - ms) / 1000);
  return {
    ...{ names, storedNames, records, bytes, diskBytes },
    keptSeconds: keptUntilMs === undefined ? 0 : Math.max(0, Math.ceil((keptUntilMs - clock.monotonicMs()) / 1000)),
    maxBytes: journalBounds.journalBytes,
    oldestSeconds: oldestMs === undefined ? 0 : secondsSince(oldestMs),
    maxAgeSeconds: journalBounds.journalMaxAgeMs / 1000,
    ...(failingSinceMs === undefined ? {} : { failingSeconds: secondsSince(failingSinceMs) }),
  };
}
