import { parseJson, toHex } from '@dcml/core';
import type { DeviceEvidence } from '@dcml/receipt';
import { readNvattestAnswer } from './nvattest-answer.ts';
import { assertDeviceNonce, callPlatform } from './platform-call.ts';
import { runChild } from './run-child.ts';

/** Eight devices are 100 kB. */
const OUTPUT_LIMIT_BYTES = 2 << 20;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/** How NVIDIA's command names what we call a role. */
const deviceNames = { gpu: 'gpu', switch: 'nvswitch' } as const;

export interface NvattestOptions {
  /** Path of the `nvattest` program. */
  readonly program: string;
  /** Ask for NVSwitches too; a machine without them must not set it. */
  readonly switches: boolean;
  /** For each kind of device. A GPU takes about a second. */
  readonly deadlineMs: number;
}

/**
 * Evidence of this machine's GPUs, and switches, through `nvattest collect-evidence` of NVIDIA's attestation SDK.
 * The tool is outside our trust: what it hands out is signed by the devices. Throws `ENCLAVE_PLATFORM`.
 */
export function createNvattestCollector(
  options: NvattestOptions,
): (nonce: Uint8Array, signal: AbortSignal) => Promise<readonly DeviceEvidence[]> {
  const collect = (role: DeviceEvidence['role'], nonce: Uint8Array, signal: AbortSignal) =>
    callPlatform(
      { what: `collecting evidence of the ${role} devices`, deadlineMs: options.deadlineMs, signal },
      async (running) => {
        const args = ['--format', 'json', 'collect-evidence', '--device', deviceNames[role]];
        const output = await runChild(
          {
            file: options.program,
            args: [...args, '--nonce', toHex(nonce)],
            env: ENVIRONMENT,
            limitBytes: OUTPUT_LIMIT_BYTES,
          },
          running,
        );
        return readNvattestAnswer(
          parseJson(output, { maxLength: OUTPUT_LIMIT_BYTES, maxDepth: 8 }),
          role,
          nonce,
        );
      },
    );
  return async (nonce, signal) => {
    assertDeviceNonce(nonce);
    const gpus = await collect('gpu', nonce, signal);
    return options.switches ? [...gpus, ...(await collect('switch', nonce, signal))] : gpus;
  };
}
