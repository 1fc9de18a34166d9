import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type {
  ExecutionHeader,
  LightClientBootstrap,
  LightClientHeader,
  LightClientUpdate,
} from '../../src/index.ts';

// Published vectors of third parties lie beside the repository and are never part of it.
const evidence =
  process.env['DCML_EVIDENCE'] ?? resolve(import.meta.dirname, '../../../../../shared/evidence');
const root = join(evidence, '../vectors/light-client');

export const hasVectors: boolean = existsSync(root);
if (!hasVectors) console.warn(`SKIPPED: no light-client vectors at ${root}; set DCML_EVIDENCE`);
export const readVector = (...path: string[]): Buffer => readFileSync(join(root, ...path));

/** Snappy's block format: a length, then literals and copies from what was written before. */
export function snappyDecode(bytes: Uint8Array): Uint8Array {
  let at = 0;
  const varint = (): number => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const little = (octets: number): number => {
    let value = 0;
    for (let i = 0; i < octets; i++) value += bytes[at++]! * 256 ** i;
    return value;
  };
  const out = new Uint8Array(varint());
  for (let end = 0; at < bytes.length; ) {
    const tag = bytes[at++]!;
    if ((tag & 3) === 0) {
      const short = tag >> 2;
      const length = 1 + (short < 60 ? short : little(short - 59));
      out.set(bytes.subarray(at, at + length), end);
      at += length;
      end += length;
      continue;
    }
    const isNear = (tag & 3) === 1;
    const length = isNear ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const offset = isNear ? (tag >> 5) * 256 + little(1) : little((tag & 3) === 2 ? 2 : 4);
    for (let i = 0; i < length; i++, end++) out[end] = out[end - offset]!;
  }
  return out;
}

/** Reads the fixed part of an SSZ container in order; variable parts through their offsets. */
class SszReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  bytes(length: number): Uint8Array {
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }
  uint(length: number): bigint {
    return this.bytes(length).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
  }
  list(count: number, length: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.bytes(length));
  }
  /** Everything from the offset on; `until` is the next offset. */
  tail(offset: number, until: number = this.#bytes.length): Uint8Array {
    return this.#bytes.slice(offset, until);
  }
}

const COMMITTEE = 32;

function decodeExecution(bytes: Uint8Array): ExecutionHeader {
  const ssz = new SszReader(bytes);
  const head = {
    parentHash: ssz.bytes(32),
    feeRecipient: ssz.bytes(20),
    stateRoot: ssz.bytes(32),
    receiptsRoot: ssz.bytes(32),
    logsBloom: ssz.bytes(256),
    prevRandao: ssz.bytes(32),
    blockNumber: ssz.uint(8),
    gasLimit: ssz.uint(8),
    gasUsed: ssz.uint(8),
    timestamp: ssz.uint(8),
  };
  const extraAt = Number(ssz.uint(4));
  return {
    ...head,
    extraData: ssz.tail(extraAt),
    baseFeePerGas: ssz.uint(32),
    blockHash: ssz.bytes(32),
    transactionsRoot: ssz.bytes(32),
    withdrawalsRoot: ssz.bytes(32),
    blobGas: { used: ssz.uint(8), excess: ssz.uint(8) },
  };
}

function decodeHeader(bytes: Uint8Array): LightClientHeader {
  const ssz = new SszReader(bytes);
  const beacon = {
    slot: Number(ssz.uint(8)),
    proposerIndex: ssz.uint(8),
    parentRoot: ssz.bytes(32),
    stateRoot: ssz.bytes(32),
    bodyRoot: ssz.bytes(32),
  };
  const executionAt = Number(ssz.uint(4));
  const executionBranch = ssz.list(4, 32);
  return { beacon, execution: decodeExecution(ssz.tail(executionAt)), executionBranch };
}

const isZero = (nodes: readonly Uint8Array[]): boolean =>
  nodes.every((node) => node.every((byte) => byte === 0));
const committeeOf = (ssz: SszReader): LightClientBootstrap['currentSyncCommittee'] => ({
  publicKeys: ssz.list(COMMITTEE, 48),
  aggregatePublicKey: ssz.bytes(48),
});

/** A deneb LightClientBootstrap of the minimal preset. */
export function decodeBootstrap(bytes: Uint8Array): LightClientBootstrap {
  const ssz = new SszReader(bytes);
  const headerAt = Number(ssz.uint(4));
  const currentSyncCommittee = committeeOf(ssz);
  const currentSyncCommitteeBranch = ssz.list(5, 32);
  return { header: decodeHeader(ssz.tail(headerAt)), currentSyncCommittee, currentSyncCommitteeBranch };
}

/** A deneb LightClientUpdate of the minimal preset. */
export function decodeUpdate(bytes: Uint8Array): LightClientUpdate {
  const ssz = new SszReader(bytes);
  const attestedAt = Number(ssz.uint(4));
  const committee = committeeOf(ssz);
  const nextBranch = ssz.list(5, 32);
  const finalizedAt = Number(ssz.uint(4));
  const finalityBranch = ssz.list(6, 32);
  const packed = ssz.bytes(COMMITTEE / 8);
  const signature = ssz.bytes(96);
  const signatureSlot = Number(ssz.uint(8));
  const finalized = decodeHeader(ssz.tail(finalizedAt));
  return {
    attestedHeader: decodeHeader(ssz.tail(attestedAt, finalizedAt)),
    ...(isZero(nextBranch) ? {} : { nextSyncCommittee: { committee, branch: nextBranch } }),
    ...(isZero(finalityBranch)
      ? {}
      : {
          finality: {
            header: isZero([finalized.beacon.bodyRoot]) ? null : finalized,
            branch: finalityBranch,
          },
        }),
    syncAggregate: {
      bits: Array.from({ length: COMMITTEE }, (_, i) => ((packed[i >> 3]! >> (i & 7)) & 1) === 1),
      signature,
    },
    signatureSlot,
  };
}
