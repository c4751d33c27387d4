/**
 * Opens the store that the settings name, ready for the lease: a directory is made where it is missing, an S3 server is
 * tried for what it lacks before anything is entrusted to it. The SDK comes in as a function, so that a proxy with a
 * directory never loads it.
 */
import { resolve } from 'node:path';
import type { Clock, Files, Log, Random, Store } from '@sion/components';
import type { ProxySettings } from '../settings.ts';
import { s3Options } from '../settings-of-parts.ts';
import { openKnownStore } from './known-store.ts';

/** A store on S3 that can be tried. */
export interface TriableStore extends Store {
  /** A sentence for each condition that the server lacks; rejects with `invalid` where it cannot be used. */
  probeConditions(): Promise<readonly string[]>;
}

export interface StoreOpening {
  /** The proxy’s own. */
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The process’s own, for the region. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly openS3: (
    options: ReturnType<typeof s3Options> & { readonly clock: Clock; readonly random: Random },
  ) => Promise<TriableStore>;
}

/** Rejects with `invalid` or `unavailable`, and what to do. */
export async function openStore(settings: ProxySettings, opening: StoreOpening): Promise<Store> {
  const { clock, random, log, environment } = opening;
  if (settings.store === 'directory') {
    return await openKnownStore(resolve(settings.dataDir), opening.files, random);
  }
  const store = await opening.openS3({ ...s3Options(settings, environment), clock, random });
  for (const sentence of await store.probeConditions()) {
    log.warn('s3-lacks-condition', { endpoint: settings.s3Endpoint, sentence });
  }
  return store;
}
