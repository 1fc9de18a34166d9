import { request } from 'node:http';

export interface SocketRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** An answer of more bytes is an error. */
  readonly limitBytes: number;
  /** `false`: a connection for this exchange alone. */
  readonly agent?: import('node:http').Agent | false;
}

/** One HTTP exchange over a Unix socket. Rejects on abort, a broken connection or an answer over the limit. */
export function requestOverSocket(
  options: SocketRequest,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: options.socketPath,
        method: options.method,
        path: options.path,
        headers: options.body === undefined ? {} : { 'content-type': 'application/json' },
        signal,
        ...(options.agent === undefined ? {} : { agent: options.agent }),
      },
      (incoming) => {
        const parts: Buffer[] = [];
        let length = 0;
        incoming.on('data', (part: Buffer) => {
          length += part.length;
          if (length > options.limitBytes)
            incoming.destroy(new Error(`answer over ${options.limitBytes} bytes`));
          else parts.push(part);
        });
        incoming.on('error', reject);
        incoming.on('end', () => {
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}
