import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSwtpmInstalled, startSwtpm } from '@dcml/testing/evidence-source';
import { describe, expect, it } from 'vitest';
import { createTpmSource } from '../../src/evidence/tpm-source.ts';
import { attestationKeyTemplate, createPrimary } from '../../src/tpm/attestation-key.ts';
import { transientHandles } from '../../src/tpm/flush-context.ts';
import { createSocketTransport } from '../../src/tpm/socket-transport.ts';
import { Tpm } from '../../src/tpm/tpm.ts';

const never = new AbortController().signal;

describe.skipIf(!isSwtpmInstalled())('key slots of the TPM', () => {
  it('are free after a quote, and are made free when others left them full', async () => {
    const swtpm = await startSwtpm('canary');
    const file = join(swtpm.directory, 'ak.pem');
    await writeFile(file, '');
    const source = createTpmSource({
      transport: createSocketTransport(swtpm.socketPath),
      key: { kind: 'primary' },
      certificateFile: file,
      composeFile: file,
      pcrs: [0],
      deadlineMs: 10_000,
    });
    const tpm = new Tpm(createSocketTransport(swtpm.socketPath));
    await source.quote(new Uint8Array(64), never);
    expect(await transientHandles(tpm, never)).toEqual([]);
    const fill = async (): Promise<void> => {
      for (;;) await createPrimary(tpm, attestationKeyTemplate(), never);
    };
    await expect(fill()).rejects.toMatchObject({ responseCode: 0x902 });
    await expect(source.quote(new Uint8Array(64), never)).resolves.toMatchObject({ teeType: 'tpm' });
    expect(await transientHandles(tpm, never)).toEqual([]);
    await tpm.close();
    await swtpm.close();
  });
});
