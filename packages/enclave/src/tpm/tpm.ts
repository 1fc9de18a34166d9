import { setTimeout as wait } from 'node:timers/promises';
import {
  handles as permanent,
  RETRY_CODES,
  TAG_NO_SESSIONS,
  TAG_SESSIONS,
  type TpmCommandName,
  tpmCommands,
} from './tpm-constants.ts';
import { TpmError } from './tpm-error.ts';
import { TpmReader } from './tpm-reader.ts';
import { HEADER_BYTES, type TpmTransport } from './tpm-transport.ts';
import { TpmWriter } from './tpm-writer.ts';

const MAX_RETRIES = 20;
const RETRY_PAUSE_MS = 25;

export interface TpmCommand {
  readonly name: TpmCommandName;
  readonly handles?: readonly number[];
  /** One empty password session for the first handle. */
  readonly authorized?: boolean;
  readonly parameters?: Uint8Array;
  /** The answer starts with a handle. */
  readonly answersHandle?: boolean;
}

export interface TpmAnswer {
  readonly handle: number | null;
  readonly parameters: TpmReader;
}

function encodeCommand(command: TpmCommand): Uint8Array<ArrayBuffer> {
  const body = new TpmWriter();
  for (const handle of command.handles ?? []) body.u32(handle);
  if (command.authorized === true) {
    // An empty password: no nonce, no attributes, no HMAC (part 1, section 19.4).
    const session = new TpmWriter().u32(permanent.passwordSession).u16(0).u8(0).u16(0).finish();
    body.u32(session.length).bytes(session);
  }
  const bytes = body.bytes(command.parameters ?? new Uint8Array(0)).finish();
  return new TpmWriter()
    .u16(command.authorized === true ? TAG_SESSIONS : TAG_NO_SESSIONS)
    .u32(HEADER_BYTES + bytes.length)
    .u32(tpmCommands[command.name])
    .bytes(bytes)
    .finish();
}

function decodeAnswer(command: TpmCommand, answer: Uint8Array): TpmAnswer {
  const reader = new TpmReader(answer);
  const tag = reader.u16();
  if (reader.u32() !== answer.length) throw new TpmError('the TPM gave an answer of a wrong length');
  const code = reader.u32();
  if (code !== 0)
    throw new TpmError(`the TPM refused ${command.name}, response code ${code.toString(16)}`, code);
  const expected = command.authorized === true ? TAG_SESSIONS : TAG_NO_SESSIONS;
  if (tag !== expected) throw new TpmError('the TPM gave an answer of the wrong kind');
  const handle = command.answersHandle === true ? reader.u32() : null;
  if (command.authorized !== true) return { handle, parameters: reader };
  const parameters = new TpmReader(reader.bytes(reader.u32()));
  // nonce, attributes, HMAC of the session; a password session says nothing.
  reader.sized();
  reader.u8();
  reader.sized();
  reader.end();
  return { handle, parameters };
}

/** A TPM 2.0 by its commands. Calls may overlap: they are sent one after the other. Rejects with `TpmError`. */
export class Tpm {
  readonly #transport: TpmTransport;
  #last: Promise<unknown> = Promise.resolve();

  constructor(transport: TpmTransport) {
    this.#transport = transport;
  }

  /** One command, again when the TPM asks for that. */
  async run(command: TpmCommand, signal: AbortSignal): Promise<TpmAnswer> {
    const bytes = encodeCommand(command);
    for (let attempt = 0; ; attempt++) {
      try {
        return decodeAnswer(command, await this.#exchange(bytes, signal));
      } catch (error) {
        const again = error instanceof TpmError && RETRY_CODES.has(error.responseCode);
        if (!again || attempt === MAX_RETRIES) throw error;
      }
      await wait(RETRY_PAUSE_MS, undefined, { signal });
    }
  }

  #exchange(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return this.#transport.exchange(bytes, signal);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}
