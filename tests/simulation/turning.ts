/**
 * Windows that turn in a simulated world: short ones, and groups that are soon full, so that objects move, age and are
 * released within its hour. Drawn by the seed; other seeds have one group that never ages.
 */
import type { ProxySettings } from '@sion/proxy';
import { SeededRandom } from '@sion/workload';

export interface Turning {
  readonly isTurning: boolean;
  readonly settings: Partial<ProxySettings>;
  readonly nodeCapacityBytes: number;
}

/** Nothing turns within the hour, and nobody is touched; some objects do not fit an instance. */
const still: Turning = {
  isTurning: false,
  settings: { warmActiveSeconds: 0, warmDegradedSeconds: 0 },
  nodeCapacityBytes: 96 * 1024,
};

/** Five groups; sizes of nodes by what fills a group within minutes, or never. */
const nodes = 60;
const capacities = [2, 4, 6, 10].map((kib) => kib * 1024);
const windowSeconds = [15, 30, 60];

function pick(random: SeededRandom, choices: readonly number[], otherwise: number): number {
  return choices[random.integer(choices.length)] ?? otherwise;
}

/** Three of four seeds turn; `isTurning` decides otherwise. */
export function drawTurning(seed: string, isTurning?: boolean): Turning {
  const random = new SeededRandom(`${seed} windows`);
  const isDrawn = random.integer(4) > 0;
  if (!(isTurning ?? isDrawn)) return still;
  return {
    isTurning: true,
    settings: {
      nodes,
      windowSeconds: pick(random, windowSeconds, 60),
      activeWindows: 1 + random.integer(2),
      degradedWindows: 2 + random.integer(5),
      maxEntries: 32,
      warmActiveSeconds: random.integer(3) === 0 ? 0 : 5 + random.integer(20),
      warmDegradedSeconds: random.integer(3) === 0 ? 0 : 10 + random.integer(50),
      // Only stripes as wide as a group fill all its nodes alike, so that groups are sealed.
      ...(random.integer(4) === 0 ? {} : { stripes: '*=10+2' }),
      migrationConcurrency: 1 + random.integer(8),
      rotateSeconds: random.integer(2) === 0 ? 0 : 60 * (1 + random.integer(6)),
    },
    nodeCapacityBytes: pick(random, capacities, 5120),
  };
}
