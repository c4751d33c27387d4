/**
 * The S3 store, and SION over it, on a real S3 server: Debian's radosgw, which is started for the run and ended with it.
 * `.ci/run` installs it.
 */
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

const { test } = mergeConfig(config, {});

export default defineConfig({
  ...config,
  test: {
    ...test,
    include: ['tests/**/*.radosgw.test.ts'],
    exclude: [...configDefaults.exclude],
    globalSetup: ['tests/radosgw/global-setup.ts'],
    hookTimeout: 180_000,
  },
});
