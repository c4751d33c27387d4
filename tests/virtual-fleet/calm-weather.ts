/**
 * The weather of measurements in virtual time: nothing goes wrong but what the measurement does, and what lies between the
 * parts takes as long as it does in one region of AWS.
 */
import type { NetworkWeather, StoreWeather } from '@sion/components';
import { awsFigures, type LambdaWeather } from '@sion/emulator';
import type { SeededRandom } from '@sion/workload';

/** One way, in milliseconds: between proxy and instances of one zone; to S3, so that a small GET takes about 30; to Lambda. */
const linkMs = 0.25;
const [leastStoreMs, mostStoreMs] = [8, 16];
const invokeMs = 6.5;

/** Every dial succeeds, and nothing but an instance's own bandwidth bounds it. */
export const calmNetwork: NetworkWeather = {
  latencyMs: () => linkMs,
  bytesPerMs: () => Number.POSITIVE_INFINITY,
  pieceBytes: () => 65_536,
  dialling: () => 'connected',
  mourning: () => 'reset',
};
/** Invocations arrive, once. */
export const calmLambda: LambdaWeather = {
  transitMs: () => invokeMs,
  timeoutMs: () => 10_000,
  lateMs: () => 0,
  fate: () => 'answered',
};

/** Requests take as long as S3's do, and are served. */
export function calmStore(random: SeededRandom): StoreWeather {
  return {
    transitMs: () => leastStoreMs + random.double() * (mostStoreMs - leastStoreMs),
    fate: () => 'served',
    timeoutMs: () => 5000,
    lateMs: () => 0,
    breaksOff: () => false,
    corrupts: () => false,
  };
}

/** For people: what figures under this weather rest on. */
export const calmFacts =
  `links ${linkMs} ms one way, S3 ${leastStoreMs} to ${mostStoreMs} ms one way (a small GET about 30 ms), ` +
  `Lambda ${invokeMs} ms one way, cold start ${awsFigures.coldStartMs} + ${awsFigures.initFloorMs} ms; ` +
  'the network of the proxy and of S3 has no limit';
