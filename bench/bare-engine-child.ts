import { encodeUtf8 } from '@dcml/core';
import { createLlamaEngine } from '@dcml/enclave/engine';

// The engine alone, after one answer: its process is what the enclave's memory is compared with.
const [modelPath = ''] = process.argv.slice(2);
const engine = await createLlamaEngine({
  modelPath,
  modelName: 'model',
  maxSequences: 16,
  threads: 1,
  gpu: false,
  signal: new AbortController().signal,
});
const json = { model: 'model', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 16 };
const body = encodeUtf8(JSON.stringify(json));
const response = await engine.respond({
  endpoint: '/v1/chat/completions',
  body,
  json,
  maxCompletionTokens: 16,
  responseId: 'chatcmpl-0',
  createdSeconds: 0,
  tenant: 'bench',
  signal: new AbortController().signal,
});
for await (const chunk of response.chunks) void chunk;
console.log('ready');
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
