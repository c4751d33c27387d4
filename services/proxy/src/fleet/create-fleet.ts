/**
 * Puts the fleet together: listener, tokens, invoker and one {@link FleetNode} per deployed function, behind the
 * {@link Fleet} contract. It owns the order of closing; everything else belongs to its parts.
 */
import type { Clock, Functions, Log, Network, Random } from '@sion/components';
import { delay } from '@sion/components';
import { chunkOverheadBytes, invocationUsd, type ManifestEntry, priceBook } from '@sion/core';
import type { BudgetKeeper } from '../budget/budget-keeper.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Fleet, NodeIndex, NodeRefusal, NodeReply } from './fleet.ts';
import { Invoker } from './invoker.ts';
import { architecture } from './linger.ts';
import { LinkServer } from './link-server.ts';
import { FleetNode } from './node.ts';
import { checkFleetSettings, type FleetSettings, functionName } from './settings.ts';
import { Tokens } from './tokens.ts';

export interface FleetParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly functions: Functions;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: FleetSettings;
  /** The lease's: tokens and hellos carry it. */
  readonly epoch: number;
  /** Told what each invocation costs; while it saves, nobody is invoked whom no request wants. */
  readonly budget?: Pick<BudgetKeeper, 'begin' | 'isSaving'>;
}

/** A fleet with its listener. */
export interface RunningFleet extends Fleet {
  /** Where links are taken, in case any free port was asked for. */
  readonly linkPort: number;
  /** Links that have said hello, those between sessions included. */
  readonly linkCount: number;
}

/** Starts to listen for links; invokes nothing yet. Rejects with `invalid` settings or an address that is taken. */
export async function createFleet(parts: FleetParts): Promise<RunningFleet> {
  const { clock, log, settings, epoch } = parts;
  checkFleetSettings(settings);
  const tokens = new Tokens(parts);
  const nodes: FleetNode[] = [];
  const byName = new Map<string, FleetNode>();
  const server = new LinkServer({
    ...{ clock, network: parts.network, log, settings, epoch, tokens },
    nodeNamed: (name) => byName.get(name),
    nodeAt: (index) => nodes[index],
  });
  const listener = await server.listen();
  const invoker = new Invoker({
    ...parts,
    priceUsd: (billedMs, memoryMb) => invocationUsd(priceBook, architecture, memoryMb, billedMs),
  });
  const address = {
    host: settings.advertisedHost ?? listener.host,
    port: settings.advertisedPort ?? listener.port,
  };
  let tellLost: (node: NodeIndex, lost: readonly ManifestEntry[]) => void = () => {};
  for (let index = 0; index < settings.nodes; index++) {
    const node = new FleetNode({
      ...{ index, functionName: functionName(settings, index), epoch, clock, log, settings },
      ...{ tokens, invoker, address },
      isSaving: () => parts.budget?.isSaving === true,
      onLost: (at, lost) => tellLost(at, lost),
    });
    nodes.push(node);
    byName.set(node.functionName, node);
  }
  return assemble(parts, nodes, server, listener.port, (listen) => {
    tellLost = listen;
  });
}

function assemble(
  parts: FleetParts,
  nodes: readonly FleetNode[],
  server: LinkServer,
  linkPort: number,
  onLost: Fleet['onLost'],
): RunningFleet {
  const at = (index: NodeIndex): FleetNode => {
    const node = nodes[index];
    if (node === undefined) throw new RangeError(`node ${index}: the fleet has nodes 0 to ${nodes.length - 1}`);
    return node;
  };
  const hasRoom = ({ holdings, capacityBytes }: FleetNode, lengthBytes: number) =>
    holdings.occupiedBytes + lengthBytes + chunkOverheadBytes <= capacityBytes;
  return {
    size: nodes.length,
    linkPort,
    get linkCount() {
      return server.linkCount;
    },
    functionName: (index) => at(index).functionName,
    async store(index, chunk, options = {}) {
      const node = at(index);
      const lengthBytes = chunk.payload.byteLength;
      if (!hasRoom(node, lengthBytes)) return refused('capacity');
      return withoutValue(await node.request({ kind: 'store', chunk }, lengthBytes, options));
    },
    async fetch(index, id, options = {}) {
      const node = at(index);
      const entry = node.holdings.manifest.get(id);
      if (entry === undefined) return refused('missing');
      const reply = await node.request({ kind: 'fetch', entry }, entry.lengthBytes, options);
      if (reply.kind === 'refused') return reply;
      if (reply.value === undefined) return refused('unavailable');
      return { kind: 'ok', value: reply.value, isSole: reply.isSole === true };
    },
    giveBack: (payload) => server.payloads.giveBack(payload),
    async load(index, chunk, options = {}) {
      const node = at(index);
      if (!hasRoom(node, chunk.lengthBytes)) return refused('capacity');
      return withoutValue(await node.request({ kind: 'load', chunk }, chunk.lengthBytes, options));
    },
    evict: (index, ids) => at(index).evict(ids),
    restore(index, entries) {
      for (const entry of entries) at(index).holdings.manifest.add(entry);
    },
    manifest: (index) => at(index).holdings.manifest.entries(),
    fill: (index) => ({ usedBytes: at(index).holdings.occupiedBytes, capacityBytes: at(index).capacityBytes }),
    queued: (index, lengthBytes) => {
      const node = at(index);
      const { requests, bytes } = node.load(lengthBytes);
      return { requests, bytes, isBusy: node.isBusy(lengthBytes) };
    },
    isFetching: (index, id) => at(index).isFetching(id),
    takesChunks: (index) => at(index).takesChunks,
    release: (index) => at(index).release(),
    isFit: (index) => at(index).isFit,
    idleSince: (index) => at(index).idleSince,
    warm: (index, cause) => at(index).warm(cause),
    onLost,
    status: () => nodes.map((node) => node.status()),
    close: () => closeFleet(parts, nodes, server),
  };
}

/** Ends all sessions and waits for their invocations, but not for ever; then the links go. */
async function closeFleet(parts: FleetParts, nodes: readonly FleetNode[], server: LinkServer): Promise<void> {
  const { clock, log, settings } = parts;
  const patience = new AbortController();
  const stopped = Promise.all(nodes.map((node) => node.stop())).then(() => true);
  server.refuseHellos();
  const overdue = delay(clock, settings.closeTimeoutMs, patience.signal).then(
    () => false,
    () => true,
  );
  if (!(await Promise.race([stopped, overdue]))) {
    log.warn('close-overdue', { afterMs: settings.closeTimeoutMs });
    for (const node of nodes) node.abandon('the proxy is closing');
    await stopped;
  }
  patience.abort(new Error('closed'));
  await server.close();
}

function refused(refusal: NodeRefusal): NodeReply<never> {
  return { kind: 'refused', refusal };
}

function withoutValue(reply: NodeReply<unknown>): NodeReply<undefined> {
  return reply.kind === 'ok' ? { kind: 'ok', value: undefined } : reply;
}
