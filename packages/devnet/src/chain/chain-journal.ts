import { type FileHandle, open } from 'node:fs/promises';
import { DevnetError } from '../devnet-error.ts';
import type { ClockState } from './chain-clock.ts';
import { readIfPresent, writeDurably } from './durable-file.ts';

/** What a chain is from its first block on. */
export interface ChainHeader {
  readonly version: 1;
  readonly chainId: number;
  /** Unix seconds of block 0. */
  readonly genesisTime: number;
}

/** One turn's changes: the calls that changed the node, in order, and what came out. */
export interface JournalEntry {
  readonly calls: readonly { readonly method: string; readonly params: readonly unknown[] }[];
  readonly clock: ClockState;
  /** Hash of the newest block: executed again, the calls must lead to it. */
  readonly head: string;
}

export interface ChainJournal {
  readonly header: ChainHeader;
  /** What was stored by earlier runs. */
  readonly entries: readonly JournalEntry[];
  /** Resolves once the entry would survive a crash. Throws `DEVNET_CHAIN_STATE`; the same entry may be tried again. */
  append(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

function parseJournal(text: string, path: string, chainId: number): [ChainHeader, ...JournalEntry[]] {
  try {
    const lines = text.split('\n').slice(0, -1);
    const [header, ...entries] = lines.map((line) => JSON.parse(line) as unknown);
    const { version, chainId: actual } = header as ChainHeader;
    if (version !== 1 || actual !== chainId) throw new Error('the header is another one');
    return [header as ChainHeader, ...(entries as JournalEntry[])];
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_STATE', `${path} is not a journal of chain ${chainId}`, { cause });
  }
}

async function appendAt(handle: FileHandle, position: number, bytes: Buffer, path: string): Promise<number> {
  try {
    // At a position, not at the end: what a failed write left there is overwritten.
    for (let at = 0; at < bytes.length; ) {
      at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
    }
    await handle.datasync();
    return position + bytes.length;
  } catch (cause) {
    throw new DevnetError('DEVNET_CHAIN_STATE', `cannot write ${path}`, { cause });
  }
}

/**
 * Opens or starts the journal of a chain: a header line and one line for each turn, JSON. A last line that a crash
 * cut short was never answered for and is dropped. Throws `DEVNET_CHAIN_STATE`.
 */
export async function openJournal(path: string, chainId: number, genesisTime: number): Promise<ChainJournal> {
  let text = await readIfPresent(path);
  if (text === null) {
    const header: ChainHeader = { version: 1, chainId, genesisTime };
    text = `${JSON.stringify(header)}\n`;
    await writeDurably(path, text);
  }
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  const [header, ...entries] = parseJournal(complete, path, chainId);
  let position = Buffer.byteLength(complete);
  const handle = await open(path, 'r+');
  await handle.truncate(position);
  return {
    header,
    entries,
    append: async (entry) => {
      position = await appendAt(handle, position, Buffer.from(`${JSON.stringify(entry)}\n`), path);
    },
    close: () => handle.close(),
  };
}
