import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { ClientError } from '../client-error.ts';

export interface PinnedSocketOptions {
  readonly host: string;
  readonly port: number;
  /** Null takes any key. */
  readonly pins: readonly string[] | null;
  readonly timeoutMs: number;
}

/** The checked key of every socket that was handed over. */
const checkedKeys = new WeakMap<object, string>();

/** SHA-256 of the SPKI that the peer of a handed-over socket proved; null for other sockets. */
export function checkedSpkiSha256(socket: object): string | null {
  return checkedKeys.get(socket) ?? null;
}

/** From the certificate that the peer proved; null when there is none, as on a resumed session. */
function readSpkiSha256(socket: TLSSocket): string | null {
  const raw = socket.getPeerCertificate(false).raw as Buffer | undefined;
  if (raw === undefined || raw.length === 0) return null;
  const spki = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** Why this connection must not be used, or null. */
function findFault(socket: TLSSocket, pins: readonly string[] | null): ClientError | null {
  if (socket.isSessionReused())
    return new ClientError('CLIENT_PIN', 'the TLS session was resumed: its key is unproven');
  const spki = readSpkiSha256(socket);
  if (spki === null) return new ClientError('CLIENT_PIN', 'the server showed no certificate');
  if (pins !== null && !pins.includes(spki)) {
    return new ClientError('CLIENT_PIN', `the server's TLS key ${spki} is not in the attested keyset`, {
      details: { spki_sha256: spki },
    });
  }
  checkedKeys.set(socket, spki);
  return null;
}

/**
 * Connects with TLS 1.3 and hands the socket over only after the server's key was checked, so that no byte of a
 * request can reach anybody else. Names and issuers say nothing here: the attested keyset does.
 */
export function connectPinned(
  options: PinnedSocketOptions,
  done: (error: Error | null, socket?: TLSSocket) => void,
): void {
  const { host, port, pins, timeoutMs } = options;
  const socket = connect({
    host,
    port,
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  socket.setNoDelay(true);
  const deadline = setTimeout(() => fail(new Error(`no TLS connection within ${timeoutMs} ms`)), timeoutMs);
  const fail = (cause: Error): void => {
    clearTimeout(deadline);
    socket.destroy();
    done(
      cause instanceof ClientError
        ? cause
        : new ClientError('CLIENT_CONNECT', `cannot connect to ${host}:${port}`, { cause }),
    );
  };
  socket.once('error', fail);
  socket.once('secureConnect', () => {
    let fault: Error | null;
    try {
      fault = findFault(socket, pins);
    } catch (cause) {
      fault = new ClientError('CLIENT_PIN', 'the server certificate cannot be read', { cause });
    }
    if (fault !== null) return fail(fault);
    clearTimeout(deadline);
    socket.off('error', fail);
    done(null, socket);
  });
}
