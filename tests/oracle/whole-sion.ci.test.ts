/**
 * The oracle over all of SION: the proxy and the emulator as the processes that people run, with a directory as the store.
 * `.ci/run` brings redis-server.
 */

import { dialResp } from '../doubles/resp-client.ts';
import { LocalSion } from '../e2e/local-sion.ts';
import { describeOracle } from './suite.ts';

async function openSion() {
  const sion = await LocalSion.start();
  return { dial: () => dialResp(Number(sion.proxy.ready['respPort'])), close: () => sion.stop() };
}

describeOracle('a whole SION', openSion, 100);
