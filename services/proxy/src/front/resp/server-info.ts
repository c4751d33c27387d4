/**
 * INFO: the proxy's status in Redis's sections and field names, as far as the meaning is the same, and a section `sion`
 * for what Redis does not have. No number is made up: what SION does not know is left out.
 */
import type { ProxyStatus } from '../../status/status.ts';
import type { Front } from './command.ts';
import { redisVersion } from './redis-version.ts';

type Fields = readonly (readonly [string, string | number])[];

const sections: readonly {
  readonly name: string;
  readonly title: string;
  /** Only with `all` or by its name, as in Redis. */
  readonly isExtra?: boolean;
  fields(front: Front, status: ProxyStatus): Fields;
}[] = [
  { name: 'server', title: 'Server', fields: serverFields },
  { name: 'clients', title: 'Clients', fields: clientFields },
  { name: 'memory', title: 'Memory', fields: memoryFields },
  {
    name: 'persistence',
    title: 'Persistence',
    fields: persistenceFields,
  },
  { name: 'stats', title: 'Stats', fields: statsFields },
  {
    name: 'replication',
    title: 'Replication',
    fields: () => [
      ['role', 'master'],
      ['connected_slaves', 0],
      ['master_repl_offset', 0],
    ],
  },
  { name: 'cpu', title: 'CPU', fields: cpuFields },
  { name: 'commandstats', title: 'Commandstats', isExtra: true, fields: commandFields },
  { name: 'errorstats', title: 'Errorstats', fields: errorFields },
  { name: 'cluster', title: 'Cluster', fields: () => [['cluster_enabled', 0]] },
  { name: 'keyspace', title: 'Keyspace', fields: keyspaceFields },
  { name: 'sion', title: 'Sion', fields: sionFields },
];

const allNames = ['all', 'everything'];

/** The text for the named sections; without a name, the usual ones. Latin-1, one character per byte. */
export function writeInfo(front: Front, names: readonly string[]): string {
  const isAll = names.some((name) => allNames.includes(name));
  const isUsual = names.length === 0 || names.includes('default');
  const status = front.status.status();
  const text = sections
    .filter(({ name, isExtra = false }) => isAll || (isUsual && !isExtra) || names.includes(name))
    .map(({ title, fields }) => [`# ${title}`, ...fields(front, status).map(([name, value]) => `${name}:${value}`)])
    .map((lines) => `${lines.join('\r\n')}\r\n`)
    .join('\r\n');
  return Buffer.from(text, 'utf8').toString('latin1');
}

function serverFields({ clock, port, processUsage }: Front, status: ProxyStatus): Fields {
  return [
    ['redis_version', redisVersion],
    ['redis_mode', 'standalone'],
    ['sion_version', status.version],
    ['process_id', processUsage().pid],
    ['tcp_port', port()],
    ['server_time_usec', clock.wallMs() * 1000],
    ['uptime_in_seconds', Math.floor(status.uptimeSeconds)],
    ['uptime_in_days', Math.floor(status.uptimeSeconds / 86_400)],
  ];
}

function clientFields({ traffic, settings }: Front): Fields {
  return [
    ['connected_clients', traffic.openConnections],
    ['maxclients', settings.maxRespConnections],
    ['blocked_clients', 0],
  ];
}

/** The memory of the functions; the proxy's own is `used_memory_rss`. */
function memoryFields({ processUsage }: Front, { memory }: ProxyStatus): Fields {
  const { residentBytes } = processUsage();
  return [
    ['used_memory', memory.usedBytes],
    ['used_memory_human', human(memory.usedBytes)],
    ['used_memory_rss', residentBytes],
    ['used_memory_rss_human', human(residentBytes)],
    ['total_system_memory', memory.capacityBytes],
    ['total_system_memory_human', human(memory.capacityBytes)],
    ['maxmemory', 0],
    ['maxmemory_human', '0B'],
    ['maxmemory_policy', 'noeviction'],
  ];
}

/** Redis's own files do not exist here; the journal has names of its own. */
function persistenceFields(_front: Front, { durability, journal, totals }: ProxyStatus): Fields {
  return [
    ['loading', 0],
    ['aof_enabled', 0],
    ['rdb_bgsave_in_progress', 0],
    ['aof_rewrite_in_progress', 0],
    ['sion_durability', durability],
    ['sion_journal_names', journal.names],
    ['sion_journal_stored_names', journal.storedNames],
    ['sion_journal_records', journal.records],
    ['sion_journal_bytes', journal.bytes],
    ['sion_journal_disk_bytes', journal.diskBytes],
    ['sion_journal_oldest_seconds', journal.oldestSeconds],
    ['sion_journal_failing_seconds', journal.failingSeconds ?? 0],
    ['sion_journal_drained', totals.drained],
    ['sion_journal_retries', totals.drainRetries],
    ['sion_journal_full', totals.journalFull],
  ];
}

function statsFields({ traffic }: Front, { totals }: ProxyStatus): Fields {
  const { hits, misses } = traffic.reads(totals);
  return [
    ['total_connections_received', traffic.connections],
    ['total_commands_processed', traffic.commands],
    ['total_net_input_bytes', traffic.receivedBytes],
    ['total_net_output_bytes', traffic.sentBytes],
    ['rejected_connections', traffic.rejectedConnections],
    ['evicted_keys', 0],
    ['evicted_clients', 0],
    ['keyspace_hits', hits],
    ['keyspace_misses', misses],
    ['pubsub_channels', 0],
    ['pubsub_patterns', 0],
    ['total_error_replies', traffic.errors],
  ];
}

function cpuFields({ processUsage }: Front): Fields {
  const { userSeconds, systemSeconds } = processUsage();
  return [
    ['used_cpu_sys', systemSeconds.toFixed(6)],
    ['used_cpu_user', userSeconds.toFixed(6)],
  ];
}

function commandFields({ traffic }: Front): Fields {
  return [...traffic.byCommand].map(([name, { calls, micros, rejected, failed }]) => {
    const perCall = (calls === 0 ? 0 : micros / calls).toFixed(2);
    const counts = `calls=${calls},usec=${micros},usec_per_call=${perCall},rejected_calls=${rejected},failed_calls=${failed}`;
    return [`cmdstat_${name}`, counts] as const;
  });
}

function errorFields({ traffic }: Front): Fields {
  return [...traffic.byError].map(([prefix, count]) => [`errorstat_${prefix}`, `count=${count}`] as const);
}

/** Only objects in memory are known without a listing of the store; hence no `db0` line, which would claim a count. */
function keyspaceFields(): Fields {
  return [];
}

function sionFields(_front: Front, status: ProxyStatus): Fields {
  const { objects, store, totals, nodes, connections, recovery, budget, windows, migration } = status;
  const windowsOf = (state: string) => windows.filter((window) => window.state === state).length;
  return [
    ['state', status.state],
    ['epoch', status.epoch],
    ['store', store.kind],
    ['store_reachable', store.reachable ? 1 : 0],
    ['objects_in_memory', objects.inMemory],
    ['objects_complete', objects.complete],
    ['nodes', nodes.length],
    ['nodes_open', nodes.filter((node) => node.state === 'open').length],
    ['links', connections.links],
    ...prefixed('gets_', totals.gets),
    ...prefixed('puts_', totals.puts),
    ['deletes', totals.deletes],
    ...prefixed('invocations_', totals.invocations),
    ...prefixed('cost_usd_', totals.costUsd),
    ...prefixed('store_requests_', totals.storeRequests),
    ['recoveries', totals.recoveries],
    ['lost_chunks', totals.lostChunks],
    ['repaired_chunks', totals.repairedChunks],
    ...prefixed('recovered_chunks_', totals.recoveredChunks),
    ['recovery_backlog_chunks', recovery.backlogChunks],
    ['windows_active', windowsOf('active')],
    ['windows_degraded', windowsOf('degraded')],
    ['windows_released', windowsOf('released')],
    ['migrations_waiting', migration.waiting],
    ['migrated_chunks', totals.migratedChunks],
    ['released_nodes', totals.releasedNodes],
    ['rotated_groups', totals.rotatedGroups],
    ['spending_usd', budget.lastHourUsd],
    ['spending_limit_usd', budget.maxUsdPerHour],
    ['saving', budget.isSaving ? 1 : 0],
    ['unplaced_objects', totals.unplacedObjects],
    ['read_bytes', totals.readBytes],
    ['written_bytes', totals.writtenBytes],
  ];
}

function prefixed(prefix: string, counts: Readonly<Record<string, number>>): Fields {
  return Object.entries(counts).map(([name, value]) => [`${prefix}${name}`, value] as const);
}

/** As Redis writes sizes: `989.63K`. */
function human(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T', 'P'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value}B` : `${value.toFixed(2)}${units[unit]}`;
}
