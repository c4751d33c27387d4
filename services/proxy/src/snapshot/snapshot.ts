/**
 * The directory's snapshot: what the proxy believes, written to its own folder now and then and at an orderly stop, so
 * that a restarted proxy takes back what living nodes still hold. After an orderly stop it is believed, if nobody owned
 * the store in between; otherwise each entry is confirmed with the store before its first use.
 *
 * Two files: `snapshot.json`, and `clean.json`, which only an orderly stop leaves behind and which goes away before the
 * next proxy serves its first request.
 */
import type { Files, StoredObject } from '@sion/components';
import { chunkLength, type Layout, type LayoutId, type ManifestEntry, type Placement } from '@sion/core';
import type { Fleet, NodeIndex } from '../fleet/fleet.ts';
import { ChunkTally, PlacedFragment, PlacedObject } from '../memory/placed-object.ts';
import type { Engine } from '../objects/engine.ts';

const snapshotFile = 'snapshot.json';
const cleanFile = 'clean.json';

interface SnapshotFragment {
  readonly nodes: readonly NodeIndex[];
  readonly checksums: readonly number[];
  /** Chunk indices that are held. */
  readonly held: readonly number[];
}

interface SnapshotEntry {
  /** Base64 of the key's bytes. */
  readonly key: string;
  readonly object: StoredObject;
  readonly confirmed: boolean;
  readonly placed?: {
    readonly id: LayoutId;
    readonly layout: Layout;
    readonly fragments: readonly (SnapshotFragment | null)[];
  };
}

interface Snapshot {
  readonly v: 1;
  readonly epoch: number;
  /** A fleet of another shape cannot use it. */
  readonly nodes: number;
  readonly placement: ReturnType<Placement['snapshot']>;
  readonly entries: readonly SnapshotEntry[];
}

export interface SnapshotParts {
  readonly files: Files;
  readonly engine: Engine;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly epoch: number;
}

/** Writes what is believed now. With `clean`, nothing may change afterwards. */
export async function writeSnapshot(parts: SnapshotParts, clean: boolean): Promise<void> {
  const { files, engine, fleet, placement, epoch } = parts;
  const entries: SnapshotEntry[] = [];
  for (const entry of engine.knowledge.entries()) {
    const { placed, object, confirmed } = entry;
    if (placed === undefined) continue;
    const fragments = Array.from({ length: placed.layout.fragments }, (_, number) => {
      const fragment = placed.fragments[number];
      return fragment === undefined ? null : packFragment(fragment);
    });
    entries.push({
      key: Buffer.from(entry.key, 'latin1').toString('base64'),
      object,
      confirmed,
      placed: { id: placed.id, layout: placed.layout, fragments },
    });
  }
  const snapshot: Snapshot = { v: 1, epoch, nodes: fleet.size, placement: placement.snapshot(), entries };
  await files.replace(snapshotFile, Buffer.from(JSON.stringify(snapshot)));
  if (clean) await files.replace(cleanFile, Buffer.from(JSON.stringify({ v: 1, epoch })));
}

/**
 * Takes the last snapshot back, if there is one that fits, and removes the clean mark. Call once, before the first
 * request. Gives how many entries it restored and whether they are believed.
 */
export async function restoreSnapshot(
  parts: SnapshotParts,
): Promise<{ readonly entries: number; readonly believed: boolean }> {
  const { files, engine, fleet, placement, epoch } = parts;
  const clean = readEpoch(await files.read(cleanFile));
  await files.remove(cleanFile);
  const snapshot = readSnapshot(await files.read(snapshotFile));
  if (snapshot === undefined || snapshot.nodes !== fleet.size) return { entries: 0, believed: false };
  const believed = clean !== undefined && clean === snapshot.epoch && clean + 1 === epoch;
  placement.restore(snapshot.placement);
  engine.knowledge.beginRestoring();
  const manifests = new Map<NodeIndex, ManifestEntry[]>();
  for (const packed of snapshot.entries) {
    const key = Buffer.from(packed.key, 'base64').toString('latin1');
    const placed = packed.placed === undefined ? undefined : unpack(packed.placed);
    if (placed !== undefined) {
      engine.memory.track(placed.id, placed.fragments);
      collectManifests(placed, manifests);
    }
    const { object } = packed;
    engine.knowledge.restore({ key, object, confirmed: believed && packed.confirmed, placed, loading: false });
    if (object.metadata.expiresAtMs !== undefined) engine.noteExpiry(key, object.metadata.expiresAtMs);
  }
  engine.knowledge.endRestoring();
  for (const [node, entries] of manifests) fleet.restore(node, entries);
  return { entries: snapshot.entries.length, believed };
}

function packFragment(fragment: PlacedFragment): SnapshotFragment {
  const { nodes, checksums, held } = fragment;
  return { nodes, checksums, held: [...held.keys()].filter((index) => held[index]) };
}

function unpack(packed: NonNullable<SnapshotEntry['placed']>): PlacedObject {
  const tally = new ChunkTally();
  const fragments = packed.fragments.map((fragment) => {
    if (fragment === null) return undefined;
    const placed = new PlacedFragment(fragment.nodes, fragment.checksums, tally, true);
    for (const index of fragment.held) placed.setHeld(index, true);
    return placed;
  });
  return new PlacedObject(packed.id, packed.layout, fragments, tally);
}

function collectManifests(placed: PlacedObject, manifests: Map<NodeIndex, ManifestEntry[]>): void {
  for (const [number, fragment] of placed.fragments.entries()) {
    for (const [index, node] of fragment?.nodes.entries() ?? []) {
      const checksum = fragment?.checksums[index];
      const lengthBytes = chunkLength(placed.layout, number, index);
      if (checksum === undefined || !fragment?.held[index] || lengthBytes === 0) continue;
      const entries = manifests.get(node) ?? [];
      entries.push({ id: placed.chunkId(number, index), lengthBytes, checksum });
      manifests.set(node, entries);
    }
  }
}

/** The file is our own and was written atomically; one of another version, or one that is damaged, is left aside. */
function readSnapshot(bytes: Uint8Array | undefined): Snapshot | undefined {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null || !('v' in value) || value.v !== 1) return undefined;
  return value as Snapshot;
}

function readEpoch(bytes: Uint8Array | undefined): number | undefined {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null || !('epoch' in value)) return undefined;
  return typeof value.epoch === 'number' ? value.epoch : undefined;
}

function parse(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
