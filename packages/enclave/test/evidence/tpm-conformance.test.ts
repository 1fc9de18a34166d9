import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBase64, sha256 } from '@dcml/core';
import { describeEvidenceSource, isSwtpmInstalled, startSwtpm } from '@dcml/testing/evidence-source';
import { describe } from 'vitest';
import { createTpmSource } from '../../src/evidence/tpm-source.ts';
import { readPcrs } from '../../src/tpm/pcr.ts';
import { createSocketTransport } from '../../src/tpm/socket-transport.ts';
import { Tpm } from '../../src/tpm/tpm.ts';

const CANARY = 'canary-5e1f-in-the-answer';

describe.skipIf(!isSwtpmInstalled())('with swtpm', () => {
  describeEvidenceSource('a TPM 2.0', async () => {
    const swtpm = await startSwtpm(CANARY);
    const composeFile = join(swtpm.directory, 'compose.json');
    const certificateFile = join(swtpm.directory, 'ak.pem');
    await writeFile(composeFile, '{"name":"tpm"}');
    await writeFile(certificateFile, '-----BEGIN CERTIFICATE-----\n');
    const open = (deadlineMs: number) =>
      createTpmSource({
        transport: createSocketTransport(swtpm.socketPath),
        key: { kind: 'primary' },
        certificateFile,
        composeFile,
        pcrs: [0, 7, 23],
        deadlineMs,
      });
    const reader = new Tpm(createSocketTransport(swtpm.socketPath));
    return {
      source: open(20_000),
      withDeadline: open,
      setFault: (fault) => swtpm.setFault(fault),
      // TPMS_ATTEST: magic 4, type 2, qualified signer 2 + 34, then extraData with its length.
      boundData: ({ evidence }) => fromBase64(evidence['message_b64'] as string).subarray(44, 76),
      expectedData: sha256,
      canaries: [CANARY, swtpm.directory],
      appCompose: '{"name":"tpm"}',
      readRegister: async () => (await readPcrs(reader, [23], new AbortController().signal)).get(23)!,
      dispose: async () => {
        await reader.close();
        await swtpm.close();
      },
    };
  });
});
