/**
 * Node → proxy, in answer to `list`: chunks that the node holds, in its order.
 *
 *     manifest = more:u8 count:u16 entry × count        more = 0 | 1, count ≤ 1024
 */
import { SionError } from '../../errors.ts';
import { readEntry, type WireManifestEntry, writeEntry } from '../chunk-list.ts';
import type { MessageCodec } from '../codec.ts';
import { maxChunksPerFrame } from '../limits.ts';

/** Node → proxy: at most 1024 entries; `more` when others follow at `from + entries.length`. */
export interface ManifestPage {
  readonly type: 'manifest';
  readonly entries: readonly WireManifestEntry[];
  readonly more: boolean;
}

export const manifestPageCodec: MessageCodec<ManifestPage> = {
  type: 'manifest',
  code: 10,
  carriesPayload: false,
  encode(message, head) {
    const count = message.entries.length;
    if (count > maxChunksPerFrame) {
      throw new SionError('invalid', `manifest: ${count} entries, the limit per frame is ${maxChunksPerFrame}`);
    }
    head.flag(message.more);
    head.u16(count);
    for (const entry of message.entries) writeEntry(head, entry);
  },
  decode(head) {
    const more = head.flag('more');
    const entries: WireManifestEntry[] = [];
    for (let left = head.count(maxChunksPerFrame, 'entries'); left > 0; left -= 1) entries.push(readEntry(head));
    return { type: 'manifest', entries, more };
  },
};
