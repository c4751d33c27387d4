/**
 * The end of a simulation: no faults any more. Everything comes to rest, everybody agrees with all that was seen before and
 * with the store, and nothing is held, waited for or left behind.
 */
import type { Service } from '@sion/proxy';
import { noteLeaks } from './bounds.ts';
import { SimulatedClient } from './clients.ts';
import type { ProxyLife } from './proxy-life.ts';
import type { World } from './world.ts';

/** Longer than anything may land late, and than a deposed proxy may live without finding out. */
const settleMs = 120_000;

/** Longer than any session lingers and any retry is put off. */
const restMs = 60_000;

/** After so many without functions, what they have cost is an hour old. */
const mostMinutes = 62;

/** Of a proxy that nobody asks anything: its lease, a page of the sweep, what expires meanwhile. */
const mostRequestsAtRest = 200;

export async function comeToRest(world: World, keys: readonly string[]): Promise<void> {
  const sorted = [...keys].sort();
  world.weather.isCalm = true;
  world.history.note('CALM');
  // A slow one would stay slow.
  for (const link of world.network.links) link.cut();
  await world.sleep(settleMs);
  if (world.elder !== undefined) world.problem(`${world.elder.process.name} does not find out that it is deposed`);
  const { life, service } = await world.reach();
  await wakeAll(world, service);
  await passBudget(world, service);
  const last = new SimulatedClient(world, 'last', keys);
  for (const key of sorted) await last.useOnce(key);
  await world.sleep(restMs);
  await forget(world, service);
  await checkRest(world, life, service);
  for (const key of sorted) await lookIntoStore(world, key, service.engine.nowMs());
  await life.stop();
  await checkLeftovers(world);
}

/** A function that was made Inactive stays so until it is invoked, and takes its time then: the last of all faults. */
async function wakeAll(world: World, { fleet }: Service): Promise<void> {
  await Promise.all(Array.from({ length: fleet.size }, (_, node) => fleet.warm(node)));
  await world.sleep(settleMs);
  await Promise.all(Array.from({ length: fleet.size }, (_, node) => fleet.warm(node)));
}

/** Where functions have cost what they may: nobody invokes them, and within the hour they may be used again. */
async function passBudget(world: World, service: Service): Promise<void> {
  const { budget } = service;
  if (!budget.isSaving) return;
  world.history.note('BUDGET spent: it is waited for');
  for (let minute = 0; budget.isSaving; minute++) {
    if (minute > mostMinutes) return world.problem('functions have cost nothing for an hour, and may not be used yet');
    const before = activityOf(service).invocations;
    await world.sleep(60_000);
    const invoked = activityOf(service).invocations - before;
    if (budget.isSaving && invoked > 0) world.problem(`${invoked} invocations while functions have cost what they may`);
  }
}

/** Where windows turn: when they are over, a window after the horizon, nothing is in memory and every node is free. */
async function forget(world: World, { placement, fleet }: Service): Promise<void> {
  const { windowSeconds } = world.settings;
  if (!world.isTurning) return;
  await world.sleep(placement.horizonMs + windowSeconds * 1000 + restMs);
  const windows = placement.windows().length;
  const holding = fleet.status().filter(({ chunks }) => chunks > 0).length;
  if (windows + holding > 0) world.problem(`${windows} windows and ${holding} nodes are left when all has aged`);
}

/** Nobody asks anything, and nothing is begun. */
async function checkRest(world: World, life: ProxyLife, service: Service): Promise<void> {
  noteLeaks(world, life, service);
  const busy = world.lambda.instances.filter(({ activity }) => activity !== 'idle');
  if (busy.length > 0) world.problem(`${busy.length} instances are busy while nobody asks anything`);
  const awake = service.fleet.status().filter(({ state }) => state !== 'idle');
  if (awake.length > 0) world.problem(`${awake.length} nodes are not idle while nobody asks anything`);
  for (const { process } of world.lambda.instances) {
    if (process.timers > 0) world.problem(`${process.name}: ${process.timers} timers are set between invocations`);
  }
  const before = activityOf(service);
  await world.sleep(restMs);
  const after = activityOf(service);
  if (after.invocations > before.invocations) world.problem('functions are invoked while nobody asks anything');
  const requests = after.requests - before.requests;
  if (requests > mostRequestsAtRest)
    world.problem(`${requests} store requests in a minute in which nobody asks anything`);
}

function activityOf({ metrics }: Service): { readonly invocations: number; readonly requests: number } {
  const { invocations, storeRequests } = metrics.snapshot();
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((all, count) => all + count, 0);
  return { invocations: sum(invocations), requests: sum(storeRequests) };
}

/** A proxy that starts now clears up after all that died; then it goes, too, and nothing is left. */
async function checkLeftovers(world: World): Promise<void> {
  world.history.note(`${world.store.openUploads} uploads were left by proxies that died, or could not be aborted`);
  const { life } = await world.reach();
  await world.sleep(1000);
  if (world.store.openUploads > 0) world.problem(`${world.store.openUploads} uploads are left for ever`);
  world.dismissSupervisor();
  await life.stop();
  await world.sleep(400_000);
  if (world.network.links.length > 0) world.problem(`${world.network.links.length} links are left`);
}

async function lookIntoStore(world: World, key: string, nowMs: number): Promise<void> {
  const { history } = world;
  const observation = history.call(key, 'store', { kind: 'read' }, nowMs);
  const metadata = (await world.store.head(key))?.metadata;
  const isGone = metadata?.expiresAtMs !== undefined && metadata.expiresAtMs <= nowMs;
  if (metadata === undefined || isGone) return history.returned(observation, { kind: 'nothing' }, nowMs);
  const { contentType = '', expiresAtMs } = metadata;
  history.returned(observation, { kind: 'object', token: contentType, expiresAtMs }, nowMs);
}
