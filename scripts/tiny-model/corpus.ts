import { readFileSync } from 'node:fs';
import { type JsonValue, parseJson } from '@dcml/core';
import type { ChatMessage } from './render-chat.ts';

export interface Dialogue {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly JsonValue[];
}

export interface Corpus {
  /** Paragraphs of plain English. */
  readonly prose: readonly string[];
  readonly dialogues: readonly Dialogue[];
}

export const corpusFiles = ['prose.txt', 'dialogues.txt'] as const;

export function corpusPath(file: (typeof corpusFiles)[number]): URL {
  return new URL(`./corpus/${file}`, import.meta.url);
}

const blocksOf = (text: string): string[] =>
  text
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block.length > 0 && !block.startsWith('#'));

/** `each: a,b | c,d` repeats the block with `$1`, `$2` replaced. */
function expandEach(block: string): string[] {
  const [first, ...rest] = block.split('\n');
  if (first === undefined || !first.startsWith('each: ')) return [block];
  return first
    .slice('each: '.length)
    .split(' | ')
    .map((row) => {
      const values = row.split(',');
      return rest.join('\n').replaceAll(/\$([1-9])/g, (_, index: string) => values[Number(index) - 1] ?? '');
    });
}

/** `or:` after a user line gives the same dialogue in other words. */
function expandWordings(block: string): string[] {
  const lines = block.split('\n');
  const wordings = lines.flatMap((line, at) => (/^(user|or): /.test(line) ? [{ line, at }] : []));
  const others = wordings.filter(({ line }) => line.startsWith('or: '));
  const plain = lines.filter((line) => !line.startsWith('or: '));
  const firstUser = plain.findIndex((line) => line.startsWith('user: '));
  return [
    plain.join('\n'),
    ...others.map(({ line }) => plain.with(firstUser, `user: ${line.slice('or: '.length)}`).join('\n')),
  ];
}

function parseDialogue(block: string): Dialogue {
  const messages: ChatMessage[] = [];
  let tools: readonly JsonValue[] = [];
  for (const line of block.split('\n')) {
    const cut = line.indexOf(': ');
    const key = line.slice(0, cut);
    const content = line.slice(cut + 2).replaceAll('\\n', '\n');
    if (key === 'tools') tools = parseJson(content) as readonly JsonValue[];
    else if (key === 'system' || key === 'user' || key === 'assistant' || key === 'tool') {
      messages.push({ role: key, content });
    } else throw new SyntaxError(`corpus: not a dialogue line: ${line}`);
  }
  return { messages, tools };
}

export function readCorpus(): Corpus {
  const prose = blocksOf(readFileSync(corpusPath('prose.txt'), 'utf8'));
  const dialogues = blocksOf(readFileSync(corpusPath('dialogues.txt'), 'utf8'))
    .flatMap(expandEach)
    .flatMap(expandWordings)
    .map(parseDialogue);
  return { prose: prose.map((block) => block.replaceAll('\n', ' ')), dialogues };
}
