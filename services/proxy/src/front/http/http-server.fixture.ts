/** What the tests of the HTTP front and the admin server share: settings with small limits, and a status. */
import { createMetrics } from '../../metrics/counted-metrics.ts';
import type { ProxyStatus, StatusSource } from '../../status/status.ts';
import type { HttpSettings } from './http-settings.ts';

export const testSettings: HttpSettings = {
  host: '127.0.0.1',
  httpPort: 0,
  maxKeyBytes: 512,
  maxHttpObjectBytes: 1 << 30,
  httpHeaderMs: 10_000,
  httpBodyIdleMs: 60_000,
  httpKeepAliveMs: 60_000,
  maxHttpConnections: 1000,
  drainMs: 60_000,
};

/** The status of a proxy without nodes. */
export function statusOf(state: ProxyStatus['state']): StatusSource {
  const status: ProxyStatus = {
    version: '0.1.0',
    state,
    uptimeSeconds: 1,
    epoch: 1,
    store: { kind: 'directory', place: '/data', reachable: true },
    objects: { inMemory: 0, complete: 0, pinned: 0 },
    memory: { usedBytes: 0, capacityBytes: 0 },
    windows: [],
    nodes: [],
    connections: { resp: 0, links: 0 },
    totals: createMetrics().snapshot(),
  };
  return { status: () => status };
}
