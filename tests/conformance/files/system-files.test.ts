/** The files of a folder on this machine under the conformance suite. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles } from '@sion/components';
import { filesConformance } from './files-conformance.ts';

filesConformance('system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sion-files-'));
  return {
    files: await openFiles(folder),
    reopen: () => openFiles(folder),
    remove: () => rm(folder, { recursive: true }),
  };
});
