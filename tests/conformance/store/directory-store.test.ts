/** The directory store under the conformance suite. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore, systemRandom } from '@sion/components';
import { storeConformance } from './store-conformance.ts';

storeConformance(
  'directory',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sion-store-'));
    return {
      open: () => openDirectoryStore({ root: join(folder, 'store'), create: true, random: systemRandom }),
      remove: () => rm(folder, { recursive: true }),
    };
  },
  {},
);
