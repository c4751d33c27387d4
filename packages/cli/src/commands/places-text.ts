/**
 * Which functions hold an object, as people read it within 80 columns. Fragments that lie on the same functions, as those
 * of a large object do, are told together. A pure function of what the proxy says.
 */
import { formatBytes, type ObjectPlaces } from '@sion/proxy';

const columns = 79;
const nameColumn = 12;
const lost = '—';

/** The text of `sion status KEY`, without its last line feed. */
export function describePlaces(places: ObjectPlaces): string {
  const { version, dataChunks, parityChunks, fragments, complete, bypassed } = places;
  if (bypassed !== undefined) {
    const sizes = `${formatBytes(bypassed.sizeBytes)}, above SION_MAX_PLACED_BYTES (${formatBytes(bypassed.maxPlacedBytes)})`;
    return `version ${version} · ${sizes}:\nit goes past memory, and reads of it come from the store`;
  }
  const state = complete ? 'all chunks in memory' : `chunks that no function holds: ${lost}`;
  const lines = [`version ${version} · ${dataChunks} data and ${parityChunks} parity chunks per fragment · ${state}`];
  for (let first = 0, next = 0; first < fragments.length; first = next) {
    const chunks = fragments[first] ?? [];
    while (next < fragments.length && isSame(fragments[next], chunks)) next += 1;
    const title = next - first === 1 ? `  fragment ${first}` : `  fragments ${first} to ${next - 1}`;
    lines.push(chunks.length === 0 ? `${title}: not in memory` : title);
    lines.push(...rowsOf('data', chunks.slice(0, dataChunks)), ...rowsOf('parity', chunks.slice(dataChunks)));
  }
  return lines.join('\n');
}

type Chunks = ObjectPlaces['fragments'][number];

function isSame(chunks: Chunks | undefined, others: Chunks): boolean {
  return chunks?.length === others.length && chunks.every((node, index) => node === others[index]);
}

function rowsOf(title: string, chunks: Chunks): readonly string[] {
  if (chunks.length === 0) return [];
  const names = chunks.map((node) => node ?? lost);
  const width = Math.max(...names.map((name) => name.length));
  const perRow = Math.max(Math.floor((columns - nameColumn + 1) / (width + 1)), 1);
  const rows: string[] = [];
  for (let at = 0; at < names.length; at += perRow) {
    const start = at === 0 ? `    ${title}` : '';
    const cells = names.slice(at, at + perRow).map((name) => name.padEnd(width));
    rows.push(`${start.padEnd(nameColumn)}${cells.join(' ')}`.trimEnd());
  }
  return rows;
}
