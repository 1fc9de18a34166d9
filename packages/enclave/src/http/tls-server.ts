import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { EnclaveError } from '../enclave-error.ts';

export interface TlsServerOptions {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly address: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

/**
 * HTTPS that ends inside the enclave. TLS 1.3 only and no session tickets: every connection shows the attested key.
 * Throws `ENCLAVE_CONFIG` when the port is taken.
 */
export async function listenTls(
  options: TlsServerOptions,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(
    {
      key: options.privateKeyPem,
      cert: options.certificatePem,
      minVersion: 'TLSv1.3',
      sessionTimeout: 1,
      ticketKeys: undefined,
      maxHeaderSize: 64 << 10,
      // Slow clients: headers, then the whole request, have deadlines; idle connections are kept for reuse.
      headersTimeout: 20_000,
      requestTimeout: 120_000,
      keepAliveTimeout: 60_000,
    },
    options.handle,
  );
  server.maxConnections = 4096;
  // A frame per token: without this Nagle's algorithm would hold tokens back.
  server.on('secureConnection', (socket) => socket.setNoDelay(true));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new EnclaveError('ENCLAVE_CONFIG', `cannot listen on ${options.address}:${options.port}`, { cause }),
      );
    });
    server.listen(options.port, options.address, resolve);
  });
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : options.port };
}
