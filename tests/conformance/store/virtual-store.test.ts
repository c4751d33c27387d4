/** The virtual store, which simulations run on, under the conformance suite. */
import { systemClock, VirtualStore } from '@sion/components';
import { storeConformance } from './store-conformance.ts';

const reason = 'it lives in one process’s memory, which nobody else can open';

storeConformance('virtual', async () => ({ open: async () => new VirtualStore(systemClock), remove: async () => {} }), {
  reopen: reason,
  fencing: reason,
  ownership: reason,
});
