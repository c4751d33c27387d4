/**
 * Recovery in virtual time: the instance of one node after the other is taken away, each time under other settings, and the
 * time counts from the proxy's decision to recover until the last data chunk is held again. In the end every object is
 * read, and every byte compared.
 */
import type { NetworkFigures } from '@sion/emulator';
import { payloadOf } from '@sion/workload';
import { type LosingFleet, type LostReads, type LostReadsOptions, measureLostReads } from './lost-reads.ts';
import { type RecoveryChoice, scale, VirtualFleet } from './virtual-fleet.ts';

/** Nodes that hold the objects' chunks, one of each fragment on each of them; so many losses one world is good for. */
export const holdingNodes = 12;

const dataChunksPerFragment = 10;

/** What a world is made of; bytes unscaled. */
export interface VirtualScene {
  readonly chunkBytes: number;
  /** That each of the nodes holds, data and parity. */
  readonly heldBytes: number;
  readonly network: NetworkFigures;
  readonly mostSpread: number;
}

export interface RecoveryResult extends RecoveryChoice {
  readonly seconds: number;
  readonly dataChunks: number;
  /** Unscaled. */
  readonly dataBytes: number;
  /** That were lost as well, and are made anew when their fragments pass by. */
  readonly parityChunks: number;
  readonly givenUpChunks: number;
}

export class VirtualRecovery {
  readonly #fleet: VirtualFleet;
  readonly #objects: number;
  readonly #sizeBytes: number;
  readonly #chunkBytes: number;
  #lost = 0;

  private constructor(fleet: VirtualFleet, { chunkBytes, heldBytes }: VirtualScene) {
    this.#fleet = fleet;
    this.#chunkBytes = chunkBytes;
    this.#objects = Math.round(heldBytes / chunkBytes);
    this.#sizeBytes = (dataChunksPerFragment * chunkBytes) / scale;
  }

  /** A fleet whose first nodes hold that much. */
  static async prepare(scene: VirtualScene): Promise<VirtualRecovery> {
    const { chunkBytes, heldBytes, network, mostSpread } = scene;
    const options = {
      ...{ chunkBytes, network },
      nodes: holdingNodes * (1 + Math.ceil(mostSpread / holdingNodes)),
      // Room for what one node may have to take in addition.
      nodeCapacityBytes: heldBytes * 3 + 64 * 1024 * 1024,
    };
    const recovery = new VirtualRecovery(await VirtualFleet.start(options, { spread: 1, perNode: 1 }), scene);
    await recovery.#fill();
    return recovery;
  }

  /** Has a node that holds its full share lose it. At most `holdingNodes` times. */
  async measure(choice: RecoveryChoice): Promise<RecoveryResult> {
    if (this.#lost === holdingNodes) throw new Error(`every node has lost what it held: prepare another world`);
    const fleet = this.#fleet;
    await fleet.restart(choice);
    await this.#rest();
    const { engine, metrics } = fleet.service;
    const before = metrics.snapshot();
    const victim = this.#lost++;
    const lostKey = this.#keyOn(victim);
    fleet.reclaim(victim);
    // Whoever reads next finds the instance gone; the proxy may have noticed before.
    const reading = fleet.get(lostKey);
    await fleet.time.run(() => engine.recovery.status.backlogChunks > 0);
    const begunMs = fleet.time.nowMs;
    await fleet.time.run(() => engine.recovery.status.backlogChunks === 0);
    const seconds = (fleet.time.nowMs - begunMs) / 1000;
    await fleet.pass(reading);
    const after = metrics.snapshot();
    const dataChunks = after.recoveredChunks.data - before.recoveredChunks.data;
    return {
      ...{ ...choice, seconds, dataChunks },
      dataBytes: dataChunks * this.#chunkBytes,
      parityChunks: after.parityLeftChunks - before.parityLeftChunks,
      givenUpChunks: after.recoveryGivenUpChunks - before.recoveryGivenUpChunks,
    };
  }

  /** Reads of what a node has just lost, and of the same without a loss. */
  async reads(choice: RecoveryChoice, options: LostReadsOptions): Promise<LostReads> {
    await this.#fleet.restart(choice);
    return await this.#fleet.pass(measureLostReads(this.#losing(), options));
  }

  /** Reads everything; what is wrong, or still comes from the store, is a problem. */
  async verify(): Promise<readonly string[]> {
    const fleet = this.#fleet;
    const problems: string[] = [];
    const reads = fleet.storeReads;
    for (let object = 0; object < this.#objects; object++) {
      const bytes = await fleet.pass(fleet.get(keyOf(object)));
      if (!Buffer.from(bytes).equals(this.#valueOf(object))) problems.push(`${keyOf(object)} is wrong`);
    }
    if (fleet.storeReads > reads) problems.push(`${fleet.storeReads - reads} requests to the store by these reads`);
    return problems;
  }

  async #fill(): Promise<void> {
    const fleet = this.#fleet;
    const { engine } = fleet.service;
    const atOnce = 16;
    for (let first = 0; first < this.#objects; first += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, this.#objects - first) }, (_, step) => first + step);
      await fleet.pass(Promise.all(numbers.map((object) => fleet.put(keyOf(object), this.#valueOf(object)))));
      // A write does not wait for its chunks; the next ones do, or they would come faster than nodes can take them.
      const arePlaced = () => engine.count().complete === first + numbers.length;
      if (!(await fleet.time.run(arePlaced, fleet.time.nowMs + 10_000))) {
        throw new Error(`only ${engine.count().complete} of ${first + numbers.length} objects are in memory`);
      }
    }
  }

  /** What networks have carried is forgotten, and their burst whole again. */
  async #rest(): Promise<void> {
    await this.#fleet.pass(this.#fleet.sleep(10_000));
  }

  /** Whether the node holds a data chunk of the object. */
  #holds(key: string, node: number): boolean {
    const { engine, fleet } = this.#fleet.service;
    const index = engine.places(key)?.fragments[0]?.indexOf(fleet.functionName(node)) ?? -1;
    return index !== -1 && index < dataChunksPerFragment;
  }

  #keyOn(node: number): string {
    const key = this.#keys.find((each) => this.#holds(each, node));
    if (key === undefined) throw new Error(`node ${node} holds no data chunk`);
    return key;
  }

  get #keys(): readonly string[] {
    return Array.from({ length: this.#objects }, (_, object) => keyOf(object));
  }

  #losing(): LosingFleet {
    const { time, service } = this.#fleet;
    const { engine, metrics, fleet } = service;
    const losses = async () => metrics.snapshot().recoveries;
    return {
      keys: this.#keys,
      held: async () => fleet.status().map(({ chunks }) => chunks),
      holds: async (key, node) => this.#holds(key, node),
      warm: () => this.#fleet.warm(),
      reclaim: async (node) => this.#fleet.reclaim(node),
      losses,
      recovered: async (before) => {
        while ((await losses()) <= before || engine.recovery.status.backlogChunks > 0) await this.#fleet.sleep(1);
      },
      get: async (key) => {
        const begunMs = time.nowMs;
        const bytes = await this.#fleet.get(key);
        const tookMs = time.nowMs - begunMs;
        return Buffer.from(bytes).equals(payloadOf(key, 1, this.#sizeBytes)) ? tookMs : `${key} is wrong`;
      },
    };
  }

  #valueOf(object: number): Uint8Array {
    return payloadOf(keyOf(object), 1, this.#sizeBytes);
  }
}

function keyOf(object: number): string {
  return `object-${object}`;
}
