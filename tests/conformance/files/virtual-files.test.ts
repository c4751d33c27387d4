/** The virtual disk, which simulations run on, under the conformance suite. Its time passes by itself. */
import { VirtualDisk, VirtualProcess, VirtualTime } from '@sion/components';
import { SeededRandom } from '@sion/workload';
import { filesConformance } from './files-conformance.ts';

filesConformance('virtual', async () => {
  const time = new VirtualTime();
  const random = new SeededRandom('files');
  const disk = new VirtualDisk({ requestMs: () => random.double(), fails: () => false, keptBytes: () => 0 });
  let isOver = false;
  const turn = () => {
    if (isOver) return;
    void time.run(() => time.nextMs === undefined).then(() => setImmediate(turn));
  };
  turn();
  return {
    files: disk.of(new VirtualProcess(time, 'one', 0)),
    reopen: async () => disk.of(new VirtualProcess(time, 'two', 0)),
    remove: async () => {
      isOver = true;
    },
  };
});
