/**
 * The status as people read it: one line that is redrawn while SION runs, and the text of `sion status`. Pure functions
 * of the status, without colours or cursor movements; whoever prints them adds those.
 */
import type { NodeStatus } from '../fleet/fleet.ts';
import type { JournalStatus, ProxyStatus } from './status.ts';

/** The live line: requests by source, functions awake and warm, bytes in memory, dollars so far, and what waits in vain for the store. */
export function formatLiveLine(status: ProxyStatus): string {
  const { gets, puts } = status.totals;
  const { names, storedNames, failingSeconds } = status.journal;
  const journal = failingSeconds === undefined ? [] : [`${names - storedNames} keys in the journal wait for the store`];
  const parts = [
    status.state,
    `GET ${gets.hot} hot, ${gets.memory} memory, ${gets.decoded} decoded, ${gets.store} store, ${gets.miss} miss`,
    `PUT ${sum(puts)}`,
    `functions ${awake(status.nodes)} awake, ${warm(status.nodes)} warm of ${status.nodes.length}`,
    `${formatBytes(status.memory.usedBytes)} in memory`,
    formatUsd(sum(status.totals.costUsd)),
    ...(status.budget.isSaving ? ['budget spent: the store serves'] : []),
    ...journal,
  ];
  return parts.join(' · ');
}

/** The text of `sion status`; ends without a line break. */
export function formatStatus(status: ProxyStatus): string {
  const { objects, memory, hot, store, totals } = status;
  const lines = [
    `SION ${status.version} · ${status.state} · up ${formatSeconds(status.uptimeSeconds)} · epoch ${status.epoch}`,
    row('store', `${store.kind} ${store.place}, ${store.reachable ? 'reachable' : 'NOT reachable'}`),
    row('writes', `acknowledged ${acknowledged[status.durability]}, unless they choose otherwise`),
    ...journalLines(status),
    row('objects', `${objects.inMemory} in memory (${objects.complete} complete, ${objects.pinned} pinned)`),
    ...loadingLines(status),
    row('memory', `${formatBytes(memory.usedBytes)} of ${formatBytes(memory.capacityBytes)}`),
    row('hot', `${hot.objects} objects, ${formatBytes(hot.bytes)} of ${formatBytes(hot.maxBytes)} in the proxy`),
    row('functions', `${awake(status.nodes)} awake, ${warm(status.nodes)} warm of ${status.nodes.length}`),
    row('clients', `${status.connections.resp} RESP connections, ${status.connections.links} links to functions`),
    row('gets', counts(totals.gets)),
    row('puts', `${counts(totals.puts)}; ${totals.deletes} deletes`),
    row('bytes', `${formatBytes(totals.readBytes)} read, ${formatBytes(totals.writtenBytes)} written`),
    row('invoked', counts(totals.invocations)),
    row(
      'losses',
      `${totals.recoveries} instances, ${totals.lostChunks} chunks; ${totals.repairedChunks} chunks repaired`,
    ),
    row('recovered', recovered(status)),
    row('moved', moved(status)),
    row('unplaced', `${totals.unplacedObjects} objects`),
    row(
      'bypassed',
      `${totals.bypassedObjects} writes and reads of objects above ${formatBytes(objects.maxPlacedBytes)}`,
    ),
    row('store asked', counts(totals.storeRequests)),
    row('cost', `${formatUsd(sum(totals.costUsd))} (${costs(totals.costUsd)})`),
    ...budgetLines(status),
  ];
  return [...lines, ...windowLines(status), ...nodeLines(status.nodes)].join('\n');
}

const acknowledged: Readonly<Record<ProxyStatus['durability'], string>> = {
  store: 'when the store has them (store)',
  journal: 'when the journal has them (journal)',
  memory: 'when functions hold them, and never stored (memory)',
};

/** Nothing without a bound. */
function budgetLines({ budget: { lastHourUsd, maxUsdPerHour, isSaving } }: ProxyStatus): readonly string[] {
  if (maxUsdPerHour === 0) return [];
  const spent = `${formatUsd(lastHourUsd)} for functions in the last hour, of ${formatUsd(maxUsdPerHour)}`;
  const lines = [row('budget', spent)];
  if (isSaving) lines.push(row('', 'It is spent: the store serves, and memory takes nothing new (docs/budget.md).'));
  return lines;
}

/** Nothing as long as the journal was never used. */
function journalLines({ journal, totals }: ProxyStatus): readonly string[] {
  const { names, records, bytes, maxBytes, diskBytes, oldestSeconds, maxAgeSeconds, failingSeconds } = journal;
  const { drained, drainRetries, journalFull } = totals;
  if (records + drained + drainRetries + journalFull === 0) return [];
  const held = `${records} writes of ${names} keys, ${formatBytes(bytes)} of ${formatBytes(maxBytes)}`;
  const waits = records === 0 ? '' : `, oldest ${formatSeconds(oldestSeconds)}`;
  const counted = `${drained} brought to the store, ${drainRetries} retries, ${journalFull} past it`;
  const lines = [row('journal', `${held} (${formatBytes(diskBytes)} on disk)${waits}; ${counted}`)];
  if (names > 0) lines.push(row('', whatWaits(journal)));
  if (failingSeconds !== undefined) {
    lines.push(
      row('', `The store has taken nothing for ${formatSeconds(failingSeconds)}. What was acknowledged is kept;`),
    );
    lines.push(row('', 'bring the store back, before the journal is full or the lease ends (docs/operating.md).'));
  }
  if (bytes >= maxBytes || oldestSeconds > maxAgeSeconds) {
    lines.push(row('', 'It is at its bound: writes go to the store at once (SION_JOURNAL_BYTES, _MAX_AGE_MS).'));
  }
  return lines;
}

function whatWaits({ names, storedNames, keptSeconds }: JournalStatus): string {
  const waiting = `${names - storedNames} keys wait for the store`;
  if (storedNames === 0) return `${waiting}.`;
  const until = `until no earlier attempt can land, for ${formatSeconds(keptSeconds)} more`;
  return `${waiting}; ${storedNames} are in the store and kept ${until}.`;
}

function recovered({ recovery, totals }: ProxyStatus): string {
  const chunks = sum(totals.recoveredChunks);
  const done = `${chunks} chunks (${formatBytes(sum(totals.recoveredBytes))})`;
  const left = `${totals.parityLeftChunks} parity chunks left to repair so far, ${totals.recoveryGivenUpChunks} given up`;
  return `${done}, ${recovery.backlogChunks} to come, ${recovery.underWay} under way; ${left}`;
}

function moved({ migration, totals }: ProxyStatus): string {
  const done = `${totals.migratedChunks} chunks (${formatBytes(totals.migratedBytes)}) to newer windows`;
  const coming = `${migration.waiting} pieces to come, ${migration.underWay} under way`;
  return `${done}, ${coming}; functions released ${totals.releasedNodes} times, groups rotated ${totals.rotatedGroups} times`;
}

/** `1.5 MiB`; whole bytes below 1 KiB. */
export function formatBytes(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** Dollars, small sums to the millionth and smaller ones to two figures: `$1.50`, `$0.000042`, `$0.00000012`. */
export function formatUsd(usd: number): string {
  if (usd > 0 && usd < 1e-6) return `$${usd.toFixed(Math.min(20, 1 - Math.floor(Math.log10(usd))))}`;
  return `$${usd.toFixed(usd !== 0 && Math.abs(usd) < 1 ? 6 : 2)}`;
}

/** Nothing once that is over. */
function loadingLines({ snapshot: { isLoading, loaded, total } }: ProxyStatus): readonly string[] {
  return isLoading ? [row('snapshot', `loading, ${loaded} of ${total} entries; memory is not used yet`)] : [];
}

function windowLines(status: ProxyStatus): readonly string[] {
  if (status.windows.length === 0) return [];
  const lines = status.windows.map((window) => {
    const groups = window.groups.map((group) => `${group.group} (${group.nodes.length} nodes)`).join(', ');
    return row(
      `window ${window.window}`,
      `${window.state}, ${formatBytes(window.usedBytes)} of ${formatBytes(window.capacityBytes)}, read ${window.reads.now} times (${window.reads.before} in the window before), groups ${groups || 'none'}`,
    );
  });
  return ['', ...lines];
}

function nodeLines(nodes: readonly NodeStatus[]): readonly string[] {
  if (nodes.length === 0) return [];
  const table = nodes.map((node) => [
    node.functionName,
    node.state,
    `${node.chunks}`,
    `${formatBytes(node.usedBytes)} of ${formatBytes(node.capacityBytes)}`,
    `${node.invocations}`,
    `${node.losses}`,
    node.instance ?? '—',
  ]);
  return ['', ...columns([['function', 'state', 'chunks', 'memory', 'invoked', 'losses', 'instance'], ...table])];
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** In a session, or about to be: these cost money now. */
function awake(nodes: readonly NodeStatus[]): number {
  return nodes.filter((node) => node.state !== 'idle' && node.state !== 'backoff').length;
}

/** Asleep, with chunks that an instance is believed to hold: these answer without a cold start, and cost nothing. */
function warm(nodes: readonly NodeStatus[]): number {
  return nodes.filter((node) => node.state === 'idle' && node.instance !== undefined && node.chunks > 0).length;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(11)} ${text}`;
}

function counts(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

function costs(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, usd]) => `${name} ${formatUsd(usd)}`)
    .join(', ');
}

function sum(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((total, value) => total + value, 0);
}

function formatSeconds(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
