import { concatBytes, encodeUtf8, sha384 } from '@dcml/core';
import type { PlatformFault } from '@dcml/testing/evidence-source';
import type { TsmFiles } from '../../src/evidence/tsm-files.ts';

/** A failed system call, as Node reports it. */
function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something about /sys/kernel/canary`), { code, errno: -1 });
}

interface Entry {
  generation: number;
  /** The generation whose report was made last, -1 for none. */
  readGeneration: number;
  inblob: Uint8Array;
  outblob: Uint8Array<ArrayBuffer>;
  privilegeLevel: number | null;
}

export interface FakeTsmOptions {
  readonly provider: string;
  /** Evidence over these bytes, as the platform's hardware would make it. */
  readonly makeReport: (inblob: Uint8Array, privilegeLevel: number | null) => Uint8Array;
  readonly auxblob?: () => Uint8Array;
}

/** The kernel's report entries and TDX registers (drivers/virt/coco/guest/report.c), as far as we use them. */
export class FakeTsm implements TsmFiles {
  readonly #options: FakeTsmOptions;
  readonly entries: Map<string, Entry> = new Map();
  readonly calls: string[] = [];
  readonly register: { value: Uint8Array } = { value: new Uint8Array(48) };
  fault: PlatformFault = 'none';
  malformedReport: Uint8Array = encodeUtf8('canary-5e1f-report');
  /** Errors that the next calls of this form (`read outblob`, `makeEntry`, …) give, one each. */
  readonly failures: { call: string; code: string }[] = [];
  /** Runs when a report is read, after it was made: another process at the same entry. */
  onReport: ((entry: Entry, round: number) => void) | undefined;
  #rounds = 0;

  constructor(options: FakeTsmOptions) {
    this.#options = options;
  }

  #enter(call: string): Promise<void> {
    this.calls.push(call);
    const at = this.failures.findIndex((failure) => failure.call === call);
    const failure = at < 0 ? undefined : this.failures.splice(at, 1)[0];
    if (failure !== undefined) return Promise.reject(systemError(failure.code));
    if (this.fault === 'gone') return Promise.reject(systemError('ENOENT'));
    if (this.fault === 'silent') return new Promise(() => {});
    // As a thread of the pool would: others run in between.
    return new Promise((resolve) => setImmediate(resolve));
  }

  #entry(path: string): Entry {
    const entry = this.entries.get(path.slice(0, path.lastIndexOf('/')));
    if (entry === undefined) throw systemError('ENOENT');
    return entry;
  }

  async makeEntry(path: string): Promise<void> {
    await this.#enter('makeEntry');
    if (this.entries.has(path)) throw systemError('EEXIST');
    const none = new Uint8Array(0);
    const entry = { generation: 0, readGeneration: -1, inblob: none, outblob: none, privilegeLevel: null };
    this.entries.set(path, entry);
  }

  async removeEntry(path: string): Promise<void> {
    await this.#enter('removeEntry');
    if (!this.entries.delete(path)) throw systemError('ENOENT');
  }

  async read(path: string, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    await this.#enter(`read ${name}`);
    const bytes = this.#readNow(path, name);
    if (bytes.length > limitBytes) throw new RangeError('too long');
    return new Uint8Array(bytes);
  }

  #readNow(path: string, name: string): Uint8Array {
    if (name === 'rtmr3:sha384') return this.register.value;
    const entry = this.#entry(path);
    if (name === 'provider') return encodeUtf8(`${this.#options.provider}\n`);
    if (name === 'generation') return encodeUtf8(`${entry.generation}\n`);
    if (name === 'auxblob') {
      if (this.#options.auxblob === undefined) throw systemError('ENOENT');
      return this.#options.auxblob();
    }
    if (entry.inblob.length === 0) throw systemError('EINVAL');
    if (entry.readGeneration !== entry.generation) {
      const report = this.#options.makeReport(entry.inblob, entry.privilegeLevel);
      entry.outblob = new Uint8Array(this.fault === 'malformed' ? this.malformedReport : report);
      entry.readGeneration = entry.generation;
    }
    const { outblob } = entry;
    this.onReport?.(entry, ++this.#rounds);
    return outblob;
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    await this.#enter(`write ${name}`);
    if (name === 'rtmr3:sha384') {
      if (bytes.length !== 48) throw systemError('EINVAL');
      this.register.value = new Uint8Array(sha384(concatBytes(this.register.value, bytes)));
      return;
    }
    const entry = this.#entry(path);
    if (name === 'privlevel') entry.privilegeLevel = Number(new TextDecoder().decode(bytes));
    else if (name === 'inblob' && bytes.length <= 64) entry.inblob = bytes.slice();
    else throw systemError('EINVAL');
    entry.generation++;
  }
}
