import { verifyEvidence } from '@dcml/attest';
import { decodeTask } from './evidence-transfer.ts';

// Runs in the page: the test calls it with a task and gets the verdict as JSON.
Object.assign(globalThis, {
  verifyTask: async (task: string): Promise<string> => {
    const { evidence, options } = decodeTask(task);
    return JSON.stringify(await verifyEvidence(evidence, options));
  },
});
