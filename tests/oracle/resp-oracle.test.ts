/**
 * The oracle over SION's RESP front alone. Objects are the double in memory: what is compared is the protocol and the
 * meaning of commands, not the engine; `whole-sion.ci.test.ts` asks all of SION the same.
 */
import { systemClock } from '@sion/components';
import { createMemoryObjects } from '../doubles/memory-objects.ts';
import { serveResp } from '../doubles/resp-front.ts';
import { describeOracle } from './suite.ts';

const openFront = () =>
  serveResp({
    objects: createMemoryObjects({ nowMs: () => systemClock.wallMs() }),
    settings: { maxRespValueBytes: 512 * 1024 * 1024 },
  });

describeOracle('the RESP front', openFront, 500);
