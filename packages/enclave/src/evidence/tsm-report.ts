import { setTimeout as wait } from 'node:timers/promises';
import { decodeUtf8, encodeUtf8, type Random, toHex } from '@dcml/core';
import { platformError } from './platform-call.ts';
import type { TsmFiles } from './tsm-files.ts';

const MAX_ATTRIBUTE_BYTES = 4096;
/** The kernel's own limit is 32 KiB for most platforms, and more for quotes with long certificates. */
const MAX_BLOB_BYTES = 1 << 20;
const MAX_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 20;
/** Another caller is in the way, or a signal came between: the same again may succeed. */
const TRANSIENT = new Set(['EBUSY', 'EINTR', 'EAGAIN']);

export interface TsmReport {
  /** The format of the report: `tdx_guest`, `sev_guest`, … */
  readonly provider: string;
  readonly outblob: Uint8Array<ArrayBuffer>;
  /** On SEV-SNP the host's certificate table; null where the platform has none. */
  readonly auxblob: Uint8Array<ArrayBuffer> | null;
}

export interface TsmOptions {
  readonly files: TsmFiles;
  /** `/sys/kernel/config/tsm/report`. */
  readonly directory: string;
  readonly random: Random;
  /** VMPL of the report on SEV-SNP; null leaves the kernel's choice. */
  readonly privilegeLevel: number | null;
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

class EntryContested extends Error {}

async function readNumber(files: TsmFiles, path: string): Promise<bigint> {
  const text = decodeUtf8(await files.read(path, MAX_ATTRIBUTE_BYTES)).trim();
  if (!/^[0-9]{1,20}$/.test(text)) throw platformError('the platform gave a generation that is no number');
  return BigInt(text);
}

async function readAux(files: TsmFiles, path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const bytes = await files.read(path, MAX_BLOB_BYTES);
    return bytes.length === 0 ? null : bytes;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * One report by one entry (Linux, ABI/testing/configfs-tsm-report). `generation` counts writes: a number that does not
 * fit ours means that somebody else wrote, or that the kernel did not take what we wrote, which `close` does not tell.
 */
async function readReport(options: TsmOptions, entry: string, inblob: Uint8Array): Promise<TsmReport> {
  const { files } = options;
  const before = await readNumber(files, `${entry}/generation`);
  let writes = 0n;
  if (options.privilegeLevel !== null) {
    await files.write(`${entry}/privlevel`, encodeUtf8(`${options.privilegeLevel}`));
    writes++;
  }
  await files.write(`${entry}/inblob`, inblob);
  writes++;
  const provider = decodeUtf8(await files.read(`${entry}/provider`, MAX_ATTRIBUTE_BYTES)).trim();
  const outblob = await files.read(`${entry}/outblob`, MAX_BLOB_BYTES);
  const auxblob = provider === 'sev_guest' ? await readAux(files, `${entry}/auxblob`) : null;
  const after = await readNumber(files, `${entry}/generation`);
  if (after !== before + writes) throw new EntryContested('another writer changed the report entry');
  return { provider, outblob, auxblob };
}

async function attemptReport(options: TsmOptions, inblob: Uint8Array): Promise<TsmReport> {
  const entry = `${options.directory}/dcml-${toHex(options.random.bytes(16))}`;
  await options.files.makeEntry(entry);
  try {
    return await readReport(options, entry, inblob);
  } finally {
    // Fails only for a kernel that lost the entry; the report stands or falls by itself.
    await options.files.removeEntry(entry).catch(() => {});
  }
}

/**
 * A report over `inblob` (up to 64 bytes), from an entry of its own that is gone afterwards. A busy platform and a
 * contested entry are tried again, some times. Rejects with `ENCLAVE_PLATFORM` or the system's error.
 */
export async function makeTsmReport(
  options: TsmOptions,
  inblob: Uint8Array,
  signal: AbortSignal,
): Promise<TsmReport> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await attemptReport(options, inblob);
    } catch (error) {
      const contested = error instanceof EntryContested;
      if (!contested && !TRANSIENT.has(errnoOf(error) ?? '')) throw error;
      if (attempt === MAX_ATTEMPTS) {
        throw platformError(contested ? 'the report entry is contested' : 'the platform stays busy', error);
      }
    }
    await wait(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, { signal });
  }
}
