export * from './ask-engine.ts';
export * from './engine-conformance.ts';
export * from './engine-server.ts';
export * from './openai-shapes.ts';
