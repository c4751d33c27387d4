/**
 * The fault plan of a simulated world: what befalls instances, links, store, clocks and the proxy itself while clients
 * go on. What goes wrong with single requests is the weather's.
 */
import { SeededRandom } from '@sion/workload';
import type { World } from './world.ts';

type Fault = (world: World, random: SeededRandom) => Promise<void> | void;

/** With how often each comes, relative to the others. */
const plan: readonly (readonly [share: number, kind: string, befall: Fault])[] = [
  [40, 'instance reclaimed', (world) => world.lambda.reclaim({ kind: 'count', count: 1 })],
  [10, 'idle instance reclaimed', (world) => world.lambda.reclaim({ kind: 'count', count: 1 }, true)],
  [4, 'share of instances reclaimed', (world) => world.lambda.reclaim({ kind: 'share', share: 0.3 })],
  [2, 'all instances reclaimed', (world) => world.lambda.reclaim({ kind: 'all' })],
  [10, 'link cut', (world, random) => drawLink(world, random)?.cut()],
  [6, 'link silent', (world, random) => drawLink(world, random)?.silence()],
  [6, 'link slow', (world, random) => drawLink(world, random)?.slow(10 ** (1 + random.integer(4)))],
  [2, 'function replaced', replaceFunction],
  [3, 'store down', storeOutage],
  [3, 'store slow', storeSlow],
  [3, 'proxy crashed', (world) => world.life?.die('crashes')],
  [2, 'proxy restarted', async (world) => await world.life?.stop()],
  [5, 'proxy paused and deposed', depose],
  [3, 'proxy paused', pauseProxy],
  [2, 'wall clock jumped', (world, random) => world.jumpWallClock(random.integer(60_000) - 30_000)],
];

/** Lets faults befall the world, one every `everyMs` or so, until it `isOver`. */
export async function befall(world: World, everyMs: number, isOver: () => boolean): Promise<void> {
  const random = new SeededRandom(`${world.seed} faults`);
  const all = plan.reduce((sum, [share]) => sum + share, 0);
  const under: Promise<void>[] = [];
  for (;;) {
    await world.sleep(random.integer(2 * everyMs));
    if (isOver()) break;
    let draw = random.integer(all);
    const drawn = plan.find(([share]) => (draw -= share) < 0);
    if (drawn === undefined) continue;
    const [, kind, fault] = drawn;
    world.weather.count(kind);
    world.history.note(`FAULT ${kind}`);
    under.push(Promise.resolve(fault(world, random)));
  }
  await Promise.all(under);
}

function drawLink(world: World, random: SeededRandom) {
  const { links } = world.network;
  return links.length === 0 ? undefined : links[random.integer(links.length)];
}

function replaceFunction(world: World, random: SeededRandom): void {
  const functions = world.lambda.model.functions(world.time.nowMs);
  const config = functions[random.integer(functions.length)]?.config;
  if (config !== undefined) world.lambda.deploy({ ...config, revision: `${config.revision}+` });
}

async function storeOutage(world: World, random: SeededRandom): Promise<void> {
  world.weather.isStoreDown = true;
  await world.sleep(random.integer(20_000));
  world.weather.isStoreDown = false;
}

async function storeSlow(world: World, random: SeededRandom): Promise<void> {
  world.weather.storeSlowness = 2 + random.integer(50);
  await world.sleep(random.integer(20_000));
  world.weather.storeSlowness = 1;
}

async function pauseProxy(world: World, random: SeededRandom): Promise<void> {
  const { life } = world;
  if (life?.process.state !== 'running') return;
  life.process.pause();
  await world.sleep(random.integer(random.integer(4) === 0 ? 30_000 : 3000));
  life.disturbedMs = world.time.nowMs;
  life.process.resume();
}

/** Another proxy takes over while this one is paused; then both run, and the old one must find out. */
async function depose(world: World, random: SeededRandom): Promise<void> {
  const { life } = world;
  if (life?.process.state !== 'running' || world.elder !== undefined) return;
  life.process.pause();
  const heir = world.startProxy(life.machine === 'machine-a' ? 'machine-b' : 'machine-a');
  await world.sleep(random.integer(40_000));
  life.disturbedMs = world.time.nowMs;
  life.process.resume();
  await heir;
}
