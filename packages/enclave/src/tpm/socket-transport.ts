import { connect, type Socket } from 'node:net';
import { TpmError } from './tpm-error.ts';
import { HEADER_BYTES, MAX_ANSWER_BYTES, type TpmTransport } from './tpm-transport.ts';

/** The length that an answer states of itself; null while too little has come. */
function statedLength(answer: Buffer): number | null {
  return answer.length < 6 ? null : answer.readUInt32BE(2);
}

/** One command over a connected socket. */
function exchangeOver(socket: Socket, command: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const done = (): void => {
      socket.off('data', onData).off('error', reject).off('close', onClose);
    };
    const fail = (why: string): void => {
      done();
      reject(new TpmError(why));
    };
    const onClose = (): void => fail('the TPM closed the connection');
    const onData = (part: Buffer): void => {
      answer = Buffer.concat([answer, part]);
      const length = statedLength(answer);
      if (length !== null && (length < HEADER_BYTES || length > MAX_ANSWER_BYTES)) {
        fail('the TPM gave an answer of a wrong length');
      } else if (length !== null && answer.length > length) fail('the TPM gave more than one answer');
      else if (length !== null && answer.length === length) {
        done();
        resolve(new Uint8Array(answer));
      }
    };
    socket.on('data', onData).once('error', reject).once('close', onClose);
    socket.write(command);
  });
}

/** A TPM behind a Unix socket that speaks plain commands, as swtpm does. */
export function createSocketTransport(path: string): TpmTransport {
  let current: Socket | null = null;
  const drop = (): void => {
    current?.destroy();
    current = null;
  };
  return {
    async exchange(command, signal) {
      signal.throwIfAborted();
      const onAbort = (): void => drop();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        if (current === null || current.destroyed) {
          // An error is the business of the exchange that waits for it; between exchanges there is nobody to tell.
          current = connect(path).on('error', () => {});
        }
        return await exchangeOver(current, command);
      } catch (error) {
        drop();
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    close: async () => drop(),
  };
}
