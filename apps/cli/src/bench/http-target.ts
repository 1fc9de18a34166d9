import { CliError } from '../cli-error.ts';
import type { Target } from './target.ts';

/** The full path: an OpenAI-compatible endpoint, by default the verifying proxy of `dcml up`. */
export function createHttpTarget(baseUrl: string, apiKey: string): Target {
  return {
    name: 'full path',
    async stream(body, signal) {
      const response = await fetch(`${baseUrl}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
        body: body as Uint8Array<ArrayBuffer>,
        signal,
      });
      if (response.status !== 200 || response.body === null) {
        throw new CliError('CLI_REFUSED', `${baseUrl} answered ${response.status}: ${await response.text()}`);
      }
      return response.body;
    },
    close: async () => {},
  };
}
