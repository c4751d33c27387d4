/**
 * Broken variants of the real modules: each takes one rule away that keeps a promise. They exist to see that the
 * simulation's checkers bite; the loader puts them in place of the real text.
 */

export interface BrokenVariant {
  /** Which rule is broken, for people. */
  readonly breaks: string;
  readonly changes: readonly TextChange[];
}

export interface TextChange {
  /** The module, from the root of the repository. */
  readonly path: string;
  /** Text that must stand in it exactly once, and what takes its place. */
  readonly text: string;
  readonly replacement: string;
}

/** By name. */
export const brokenVariants: Readonly<Record<string, BrokenVariant>> = {
  'acknowledges-early': {
    breaks: 'a write is acknowledged when the store has confirmed it',
    changes: [
      {
        path: 'services/proxy/src/objects/writes.ts',
        text: 'const landed = await carryOut(parts,',
        replacement: `for (const [position, outcome] of folded.outcomes.entries()) {
        if (outcome.kind === 'result') batch[position]?.resolve(outcome.result);
      }
      const landed = await carryOut(parts,`,
      },
    ],
  },
  'writes-without-condition': {
    breaks: 'every store write is conditional',
    changes: [
      {
        path: 'packages/components/src/virtual/memory-store.ts',
        text: "const holds = condition.kind === 'absent' ? present === undefined : present?.object.etag === condition.etag;",
        replacement: "const holds = name === '.sion/lease' ? present?.object.etag === condition.etag : true;",
      },
    ],
  },
  'reads-without-condition': {
    breaks: 'every store read of a known version carries If-Match',
    changes: [
      {
        path: 'packages/components/src/virtual/memory-store.ts',
        text: 'if (options.ifMatch !== undefined && options.ifMatch !== object.etag)',
        replacement: 'if (false)',
      },
    ],
  },
  'keeps-hot-bytes-over-writes': {
    breaks: 'what the hot tier has is of the version that the directory believes in',
    changes: [
      {
        path: 'services/proxy/src/objects/knowledge.ts',
        text: 'hot: undefined,',
        replacement: 'hot: present?.hot,',
      },
      {
        path: 'services/proxy/src/objects/knowledge.ts',
        text: 'if (present !== undefined) this.#options.onForgotten?.(present);',
        replacement: '',
      },
    ],
  },
  'ignores-lease': {
    breaks: 'nothing is answered once the lease cannot be proven',
    changes: [
      {
        path: 'services/proxy/src/lease/lease-keeper.ts',
        text: 'return clock.monotonicMs() < this.#validUntilMonotonicMs && clock.wallMs() < this.#validUntilWallMs;',
        replacement: 'return clock.monotonicMs() < Number.POSITIVE_INFINITY;',
      },
    ],
  },
  'believes-old-lookups': {
    breaks: 'a lookup’s result is dropped if a write of that key began meanwhile',
    changes: [
      {
        path: 'services/proxy/src/objects/knowledge.ts',
        text: 'if (!lookup.valid) return this.#compare(lookup, found);',
        replacement: '',
      },
    ],
  },
  'ignores-instance': {
    breaks: 'a new instance, or a differing manifest, means loss of exactly what differs',
    changes: [
      {
        path: 'services/proxy/src/fleet/reconcile.ts',
        text: 'if (!holdings.mustList && digestsEqual(digest, holdings.expectedDigest()))',
        replacement: 'if (digest.count >= 0)',
      },
    ],
  },
  'recovers-without-checksum': {
    breaks: 'every byte that is recovered is checked',
    changes: [
      {
        path: 'services/node/src/chunk-memory.ts',
        text: 'bytes.length !== entry.lengthBytes || crc32(bytes) !== entry.checksum',
        replacement: 'bytes.length !== entry.lengthBytes',
      },
      {
        path: 'services/proxy/src/fleet/node-queue.ts',
        text: 'sum === answer.checksum && sum === entry.checksum && ',
        replacement: 'sum >= 0 && ',
      },
    ],
  },
  'acknowledges-before-fsync': {
    breaks: 'a journaled write is acknowledged when it is durable on the disk',
    changes: [
      {
        path: 'services/proxy/src/journal/segment-writer.ts',
        text: 'await active.file.sync();',
        replacement: 'void active.file.sync().catch(() => {});',
      },
    ],
  },
  'drops-journal-tail': {
    breaks: 'every record that was acknowledged is replayed',
    changes: [
      {
        path: 'services/proxy/src/journal/open-journaling.ts',
        text: 'for (const record of records) {',
        replacement: 'for (const record of records.slice(0, -1)) {',
      },
    ],
  },
  'skips-version-check': {
    breaks: 'the journal writes over no later version',
    changes: [
      {
        path: 'packages/core/src/drain-plan.ts',
        text: "if (order > 0) return { kind: 'superseded' };",
        replacement: "if (order > 0) return { kind: 'put', etag };",
      },
    ],
  },
};
