/**
 * The fault plan of a simulated world: what befalls instances, links, store, clocks and the proxy itself while clients
 * go on. What goes wrong with single requests is the weather's. Most faults are aimed: they wait for a call to begin, and
 * come while it is under way.
 */
import type { VirtualProcess } from '@sion/components';
import { SeededRandom } from '@sion/workload';
import type { ProxyLife } from './proxy-life.ts';
import type { World } from './world.ts';

const done = 'done';

/**
 * `done` when it has come, undefined when there was nothing that it could befall. One that takes its time or waits for its
 * moment calls `strike` when it comes, and resolves when it is over.
 */
type Fault = (world: World, random: SeededRandom, strike: () => void) => Promise<void> | typeof done | undefined;

/** With how often each comes, relative to the others. */
const plan: readonly (readonly [share: number, kind: string, befall: Fault])[] = [
  [30, 'instance reclaimed', (world) => reclaimed(world)],
  [14, 'idle instance reclaimed', (world, random) => reclaimOne(world, random, 'idle')],
  [14, 'serving instance reclaimed', (world, random) => reclaimOne(world, random, 'busy')],
  [14, 'storing instance reclaimed', reclaimStoring],
  [4, 'starting instance reclaimed', reclaimStarting],
  [4, 'share of instances reclaimed', (world) => reclaimed(world, { kind: 'share', share: 0.3 })],
  [2, 'all instances reclaimed', (world) => reclaimed(world, { kind: 'all' })],
  [12, 'link cut', (world, random) => withLink(world, random, (link) => link.cut())],
  [6, 'link half-open', (world, random) => withLink(world, random, (link) => link.silence())],
  [6, 'link slow', (world, random) => withLink(world, random, (link) => link.slow(10 ** (1 + random.integer(4))))],
  [3, 'function replaced', replaceFunction],
  [4, 'function inactive', deactivateFunction],
  [2, 'invocations throttled for a while', throttleAll],
  [3, 'store away for a while', storeOutage],
  [4, 'store slow for a while', storeSlow],
  [2, 'proxy crashed', (world) => crash(world)],
  [
    4,
    'proxy crashed within an await',
    (world, random, strike) => crashWithin(world, random, strike, (life) => life.die('crashes')),
  ],
  [3, 'machine crashed within an await', crashMachineWithin],
  [4, 'machine crashed after an acknowledgement', crashMachineAfter],
  [3, 'proxy restarted in order', restart],
  [6, 'proxy paused, another one takes over', depose],
  [3, 'proxy paused', pauseProxy],
  [3, 'wall clocks jumped', jumpClocks],
];

/** Lets faults befall the world, one every `everyMs` or so, until it `isOver`. */
export async function befall(world: World, everyMs: number, isOver: () => boolean): Promise<void> {
  const random = new SeededRandom(`${world.seed} faults`);
  const all = plan.reduce((sum, [share]) => sum + share, 0);
  const under: Promise<void>[] = [];
  for (;;) {
    await world.sleep(random.integer(2 * everyMs));
    if (random.integer(5) > 0 && !isOver()) {
      await world.nextCall();
      await world.sleep(random.integer(30));
    }
    if (isOver()) break;
    let draw = random.integer(all);
    const drawn = plan.find(([share]) => (draw -= share) < 0);
    if (drawn === undefined) continue;
    const [, kind, fault] = drawn;
    const strike = () => {
      world.weather.count(kind);
      world.history.note(`FAULT ${kind}`);
    };
    const came = fault(world, random, strike);
    if (came === done) strike();
    else if (came !== undefined) under.push(came);
  }
  await Promise.all(under);
}

function reclaimed(
  { lambda }: World,
  selection: Parameters<World['lambda']['reclaim']>[0] = { kind: 'count', count: 1 },
): typeof done | undefined {
  if (lambda.instances.length === 0) return undefined;
  lambda.reclaim(selection);
  return done;
}

function reclaimOne({ lambda }: World, random: SeededRandom, activity: 'idle' | 'busy'): typeof done | undefined {
  const those = lambda.instances.filter((each) => each.activity === activity);
  const victim = those[random.integer(Math.max(1, those.length))];
  if (victim === undefined) return undefined;
  lambda.reclaim({ kind: 'one', instance: victim.instance });
  return done;
}

/** The next instance that a chunk is on its way to. */
async function reclaimStoring(world: World, random: SeededRandom, strike: () => void): Promise<void> {
  const process = await world.nextStoring();
  if (process === undefined) return;
  const partMs = random.double();
  if (random.integer(2) === 0) await world.sleep(partMs);
  reclaimProcess(world, process, strike);
}

/** The next instance, while its code starts. */
async function reclaimStarting(world: World, random: SeededRandom, strike: () => void): Promise<void> {
  const process = await world.nextStarting();
  if (process === undefined) return;
  await world.sleep(random.integer(100));
  reclaimProcess(world, process, strike);
}

function reclaimProcess({ lambda }: World, process: VirtualProcess, strike: () => void): void {
  const victim = lambda.instances.find((each) => each.process === process);
  if (victim === undefined) return;
  strike();
  lambda.reclaim({ kind: 'one', instance: victim.instance });
}

function withLink(
  { network }: World,
  random: SeededRandom,
  befallLink: (link: World['network']['links'][number]) => void,
): typeof done | undefined {
  const { links } = network;
  const link = links[random.integer(Math.max(1, links.length))];
  if (link === undefined) return undefined;
  befallLink(link);
  return done;
}

function drawFunction(world: World, random: SeededRandom) {
  const functions = world.lambda.model.functions(world.time.nowMs);
  return functions[random.integer(functions.length)]?.config;
}

function replaceFunction(world: World, random: SeededRandom): typeof done | undefined {
  const config = drawFunction(world, random);
  if (config === undefined) return undefined;
  world.lambda.deploy({ ...config, revision: `${config.revision}+` });
  return done;
}

function deactivateFunction(world: World, random: SeededRandom): typeof done | undefined {
  const busy = new Set(world.lambda.instances.flatMap((each) => (each.activity === 'idle' ? [] : [each.functionName])));
  const config = drawFunction(world, random);
  if (config === undefined || busy.has(config.name)) return undefined;
  world.lambda.deactivate(config.name);
  return done;
}

async function throttleAll(world: World, random: SeededRandom, strike: () => void): Promise<void> {
  strike();
  world.weather.isThrottled = true;
  await world.sleep(random.integer(10_000));
  world.weather.isThrottled = false;
}

async function storeOutage(world: World, random: SeededRandom, strike: () => void): Promise<void> {
  strike();
  world.weather.isStoreDown = true;
  await world.sleep(random.integer(20_000));
  world.weather.isStoreDown = false;
}

async function storeSlow(world: World, random: SeededRandom, strike: () => void): Promise<void> {
  strike();
  world.weather.storeSlowness = 2 + random.integer(50);
  await world.sleep(random.integer(20_000));
  world.weather.storeSlowness = 1;
}

function jumpClocks(world: World, random: SeededRandom): typeof done {
  world.jumpWallClock(random.integer(60_000) - 30_000);
  return done;
}

function crash({ life }: World): typeof done | undefined {
  if (life?.process.state !== 'running') return undefined;
  life.die('crashes');
  return done;
}

/** The process dies where it stands: a few things still reach its code, the next one does not. */
function crashWithin(
  { life }: World,
  random: SeededRandom,
  strike: () => void,
  crashLife: (life: ProxyLife) => void,
): Promise<void> | undefined {
  if (life?.process.state !== 'running') return undefined;
  return new Promise((resolve) => {
    const forget = life.process.whenDead(resolve);
    life.process.afterReaches(random.integer(200), () => {
      forget();
      strike();
      crashLife(life);
      resolve();
    });
  });
}

/** Soon after a client was told that its journaled write is durable. */
async function crashMachineAfter(world: World, random: SeededRandom, strike: () => void): Promise<void> {
  const life = await world.nextJournaled();
  if (life === undefined) return;
  await world.sleep(random.integer(5));
  if (world.elder !== undefined || world.life !== life) return;
  strike();
  world.crashMachine(life);
}

/** Not while the disk may be another proxy's. */
function crashMachineWithin(world: World, random: SeededRandom, strike: () => void): Promise<void> | undefined {
  if (world.elder !== undefined) return undefined;
  return crashWithin(world, random, strike, (life) => {
    if (world.elder === undefined) world.crashMachine(life);
    else life.die('crashes');
  });
}

function restart({ life }: World, _random: SeededRandom, strike: () => void): Promise<void> | undefined {
  if (life?.service === undefined) return undefined;
  strike();
  return life.stop();
}

function pauseProxy(world: World, random: SeededRandom, strike: () => void): Promise<void> | undefined {
  const { life } = world;
  if (life?.process.state !== 'running') return undefined;
  const pausing = async () => {
    strike();
    life.process.pause();
    await world.sleep(random.integer(random.integer(4) === 0 ? 30_000 : 3000));
    life.disturbedMs = world.time.nowMs;
    life.process.resume();
  };
  return pausing();
}

/** Another proxy takes over while this one is paused; then both run, and the old one must find out. */
function depose(world: World, random: SeededRandom, strike: () => void): Promise<void> | undefined {
  const { life } = world;
  if (life?.process.state !== 'running' || world.elder !== undefined) return undefined;
  const deposing = async () => {
    strike();
    life.process.pause();
    const heir = world.startProxy(life.machine === 'machine-a' ? 'machine-b' : 'machine-a');
    await world.sleep(random.integer(40_000));
    life.disturbedMs = world.time.nowMs;
    life.process.resume();
    await heir;
  };
  return deposing();
}
