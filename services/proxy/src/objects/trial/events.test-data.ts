/** What happens to a trial's world beside its clients: losses, lapses, crashes, and others who write to the store. */
import type { Observation } from '../../../../../tests/doubles/history.ts';
import type { TrialEvent } from './profile.test-data.ts';
import type { Trial } from './trial.test-data.ts';
import { bytesOf } from './values.test-data.ts';

/** Some happen only so often, and not at all any more when enough calls have an unknown result. */
const most: Partial<Record<TrialEvent, number>> = {
  ...{ 'external write': 8, 'external delete': 4 },
  ...{ crash: 3, takeover: 5, restart: 3 },
};

export async function runEvents(trial: Trial, isOver: () => boolean): Promise<void> {
  const { random, profile } = trial;
  if (profile.events.length === 0) return;
  const left: Partial<Record<TrialEvent, number>> = { ...most };
  for (;;) {
    await trial.pause(1 + random.integer(profile.eventPauseMs));
    if (isOver()) return;
    const event = profile.events[random.integer(profile.events.length)];
    if (event === undefined || left[event] === 0) continue;
    if (event in most && trial.isUncertainEnough) continue;
    const before = left[event];
    if (before !== undefined) left[event] = before - 1;
    await carryOut(trial, event);
  }
}

async function carryOut(trial: Trial, event: TrialEvent): Promise<void> {
  const { random, life, clock, history, profile } = trial;
  const node = random.integer(life.fleet.size);
  const key = profile.keys[random.integer(profile.keys.length)] ?? 'k1';
  switch (event) {
    case 'external write':
      return await writeFromOutside(trial, key);
    case 'external delete':
      return await deleteFromOutside(trial, key);
    case 'announced loss':
      history.note(`node ${node} is lost`);
      return life.fleet.lose(node);
    case 'silent loss':
      history.note(`node ${node} is lost, and nobody knows`);
      return life.fleet.loseSilently(node);
    case 'damage':
      history.note(`node ${node} is damaged`);
      return life.fleet.damage(node);
    case 'stall': {
      history.note(`node ${node} stalls`);
      trial.stalledUntilMs.set(node, clock.monotonicMs() + 10 + random.integer(150));
      return undefined;
    }
    case 'lapse':
      return await lapse(trial);
    case 'snapshot':
      history.note('a snapshot is written');
      // Nobody waits: the proxy may well die meanwhile.
      life.snapshot(false).catch((thrown: unknown) => trial.problem(`no snapshot was written: ${String(thrown)}`));
      return undefined;
    case 'crash':
      history.note('the proxy dies');
      life.die();
      if (random.integer(2) === 0) trial.disk.loseUnsynced(random);
      return await trial.nextLife((processClock) => life.fleet.restart(processClock), 'dead');
    case 'takeover':
      return await takeOver(trial);
    case 'restart':
      return await restart(trial);
  }
}

async function lapse(trial: Trial): Promise<void> {
  const { life, history, random } = trial;
  history.note('the lease lapses');
  life.lease.held = false;
  await trial.pause(5 + random.integer(40));
  if (life.lease.lost) return;
  history.note('the lease is back');
  life.lease.held = true;
}

/** Best while a write is on its way. */
async function takeOver(trial: Trial): Promise<void> {
  const { life, history } = trial;
  for (let waited = 0; waited < 40 && life.store.changesUnderWay === 0; waited++) await trial.pause(1);
  if (trial.life !== life) return;
  history.note('another proxy takes over');
  life.lease.held = false;
  life.lease.lost = true;
  await trial.nextLife((processClock) => life.fleet.beside(processClock), 'zombie');
}

async function restart(trial: Trial): Promise<void> {
  await trial.behindClosedDoors(async () => {
    const { life, history } = trial;
    history.note('the proxy stops');
    await life.engine.drain();
    await life.journaled?.close();
    await life.snapshot(true);
    life.die();
    await trial.nextLife((processClock) => life.fleet.restart(processClock), 'dead');
  });
}

/** Proxies learn of it when they happen to look, so it may show at any time after; but never go away again. */
async function writeFromOutside(trial: Trial, key: string): Promise<void> {
  const { history, store, random } = trial;
  const token = key.startsWith('c')
    ? String(1000 + random.integer(9) * 100)
    : `x${trial.nextNumber()}:${random.integer(400)}`;
  const observation = history.call(key, 'outside', { kind: 'write', token });
  const present = await store.head(key);
  const condition =
    present === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'match', etag: present.etag } as const);
  const outcome = await store.put(key, bytesOf(key, token), { contentType: token }, condition);
  if (outcome.kind === 'written') await tellProxy(trial, observation, `done, ${outcome.etag}`);
  else history.void(observation, 'somebody was faster');
}

async function deleteFromOutside(trial: Trial, key: string): Promise<void> {
  const { history, store } = trial;
  const observation = history.call(key, 'outside', { kind: 'delete' });
  const present = await store.head(key);
  const outcome = present === undefined ? undefined : await store.delete(key, present.etag);
  if (outcome?.kind === 'deleted') await tellProxy(trial, observation, 'done');
  else history.void(observation, 'nothing to delete');
}

/** From the moment at which the proxy was told, all must see the change; without that, at some time or other. */
async function tellProxy(trial: Trial, observation: Observation, reason: string): Promise<void> {
  const { history, life, random } = trial;
  if (random.integer(2) === 0) return history.unknown(observation, reason);
  await trial.pause(random.integer(5));
  await life.engine.invalidate(observation.key);
  history.note(`${reason}, and ${observation.key} is invalidated`);
  history.returned(observation, undefined);
}
