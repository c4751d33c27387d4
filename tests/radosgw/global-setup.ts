/** One radosgw for all tests of a run, started before the first and ended after the last. */
import type { TestProject } from 'vitest/node';
import { startRadosgw } from './radosgw.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    radosgwEndpoint: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const radosgw = await startRadosgw();
  project.provide('radosgwEndpoint', radosgw.endpoint);
  return () => radosgw.close();
}
