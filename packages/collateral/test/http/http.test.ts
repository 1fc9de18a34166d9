import { describe, expect, it } from 'vitest';
import { retryAtMs } from '../../src/http/retry-after.ts';
import { parseServiceUrl, serviceUrl } from '../../src/http/service-url.ts';

const NOW_MS = Date.parse('2026-06-01T12:00:00Z');

describe('Retry-After (RFC 9110 section 10.2.3)', () => {
  it('is seconds or a date, never in the past and at most a day ahead', () => {
    expect(retryAtMs('120', NOW_MS)).toBe(NOW_MS + 120_000);
    expect(retryAtMs(' 0 ', NOW_MS)).toBe(NOW_MS);
    expect(retryAtMs(new Date(NOW_MS + 5000).toUTCString(), NOW_MS)).toBe(NOW_MS + 5000);
    expect(retryAtMs(new Date(NOW_MS - 5000).toUTCString(), NOW_MS)).toBe(NOW_MS);
    expect(retryAtMs('999999999', NOW_MS)).toBe(NOW_MS + 86_400_000);
    for (const unreadable of [undefined, '', 'soon', '1e9e9'])
      expect(retryAtMs(unreadable, NOW_MS)).toBe(NOW_MS + 60_000);
  });
});

describe('addresses of services', () => {
  it('are https, or http on this machine', () => {
    for (const good of [
      'https://pccs.example:8081',
      'http://127.0.0.1:81/x/',
      'http://localhost',
      'http://[::1]:9',
    ]) {
      expect(parseServiceUrl(good).href).toContain(good);
    }
    const bad = [
      ...[
        '',
        'pccs',
        'ftp://x',
        'file:///etc/passwd',
        'http://pccs.example',
        'http://127.0.0.1.evil.example',
      ],
      ...[
        'http://localhost.evil.example',
        'http://128.0.0.1',
        'https://user:pass@x',
        'https://x?a=b',
        'https://x#a',
      ],
    ];
    for (const text of bad) {
      expect(() => parseServiceUrl(text), text).toThrow(
        expect.objectContaining({ code: 'COLLATERAL_INPUT' }),
      );
    }
  });

  it('keep their path, and values cannot leave their place in the query', () => {
    const base = parseServiceUrl('https://x/a/');
    expect(serviceUrl(base, '/b', { c: '1&d=2' }).href).toBe('https://x/a/b?c=1%26d%3D2');
    expect(serviceUrl(parseServiceUrl('https://x'), '/b').href).toBe('https://x/b');
  });
});
