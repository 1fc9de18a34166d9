import type { JsonObject, JsonValue } from '@dcml/core';
import { fieldError } from '../engine-error.ts';

/**
 * Translates a JSON schema (draft 2020-12, the subset below) into a GBNF grammar whose every text
 * satisfies the schema. A keyword that would constrain the text and is not in the subset is refused.
 *
 * Objects list their declared properties in order, optional ones may be left out, and further properties
 * are made only where none are declared. Throws `ENGINE_UNSUPPORTED` with the schema path in the message.
 */
export function schemaGrammar(schema: JsonObject, param: string): string {
  const writer = new GrammarWriter(schema, param);
  return writer.write();
}

// Keywords that do not constrain the text.
const ANNOTATIONS = [
  'title',
  'description',
  'default',
  'examples',
  '$schema',
  '$id',
  '$comment',
  'deprecated',
];
const MAX_RULES = 2000;
const MAX_REPETITION = 1000;
const MAX_ENUM = 500;

const BASE_RULES: readonly string[] = [
  'space ::= " "? | "\\n" " "{0,16}',
  'character ::= [^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" ([0-9a-cA-CefEF] hex | [dD] [0-7] [0-9a-fA-F]) [0-9a-fA-F]{2})',
  'hex ::= [0-9a-fA-F]',
  'string ::= "\\"" character* "\\""',
  'integer ::= "-"? ("0" | [1-9] [0-9]{0,14})',
  'number ::= integer ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
  'boolean ::= "true" | "false"',
  'null ::= "null"',
  'value ::= string | number | boolean | null | object | array',
  'member ::= string ":" space value',
  'object ::= "{" space (member ("," space member)* space)? "}"',
  'array ::= "[" space (value ("," space value)* space)? "]"',
];

class GrammarWriter {
  readonly #root: JsonObject;
  readonly #param: string;
  readonly #rules: string[] = [...BASE_RULES];
  readonly #definitions = new Map<string, string>();

  constructor(root: JsonObject, param: string) {
    this.#root = root;
    this.#param = param;
  }

  write(): string {
    return [`root ::= ${this.#visit(this.#root, '#')}`, ...this.#rules].join('\n');
  }

  #fail(path: string, why: string): never {
    throw fieldError('ENGINE_UNSUPPORTED', this.#param, `schema at ${path}: ${why}`);
  }

  #rule(body: string): string {
    if (this.#rules.length >= MAX_RULES) this.#fail('#', 'is too large');
    const name = `r${this.#rules.length}`;
    this.#rules.push(`${name} ::= ${body}`);
    return name;
  }

  #visit(value: JsonValue, path: string): string {
    if (value === true) return 'value';
    if (value === null || typeof value !== 'object' || Array.isArray(value)) this.#fail(path, 'not a schema');
    const schema = value as JsonObject;
    const { type } = schema;
    if (schema['$ref'] !== undefined) return this.#reference(schema, path);
    if (schema['const'] !== undefined) return this.#literals(schema, [schema['const']], 'const', path);
    if (schema['enum'] !== undefined) return this.#literals(schema, schema['enum'], 'enum', path);
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      if (schema[keyword] !== undefined) return this.#alternatives(schema, keyword, path);
    }
    if (Array.isArray(type)) {
      return this.#rule((type as JsonValue[]).map((one) => this.#typed(schema, one, path, true)).join(' | '));
    }
    return this.#typed(schema, type, path, false);
  }

  #allow(schema: JsonObject, path: string, ...keywords: readonly string[]): void {
    for (const keyword of Object.keys(schema)) {
      const isKnown = keywords.includes(keyword) || ANNOTATIONS.includes(keyword);
      if (!isKnown && keyword !== '$defs') this.#fail(path, `${keyword} is not supported here`);
    }
  }

  #typed(schema: JsonObject, type: JsonValue | undefined, path: string, isUnion: boolean): string {
    if (isUnion) this.#allow(schema, path, 'type');
    if (type === undefined) {
      this.#allow(schema, path);
      return 'value';
    }
    const name = typeof type === 'string' ? type : '';
    switch (name) {
      case 'object':
        return this.#object(schema, path);
      case 'array':
        return this.#array(schema, path);
      case 'string':
        return this.#string(schema, path);
      case 'integer':
      case 'number':
      case 'boolean':
      case 'null':
        this.#allow(schema, path, 'type');
        return name;
      default:
        this.#fail(path, 'type is not one of JSON schema');
    }
  }

  #literals(schema: JsonObject, values: JsonValue, keyword: string, path: string): string {
    this.#allow(schema, path, 'type', keyword);
    if (!Array.isArray(values) || values.length === 0 || values.length > MAX_ENUM) {
      this.#fail(path, `expected 1 to ${MAX_ENUM} values`);
    }
    return this.#rule(
      (values as readonly JsonValue[]).map((value) => literal(JSON.stringify(value))).join(' | '),
    );
  }

  #alternatives(schema: JsonObject, keyword: 'anyOf' | 'oneOf', path: string): string {
    this.#allow(schema, path, keyword);
    const options = schema[keyword];
    if (!Array.isArray(options) || options.length === 0) this.#fail(path, `${keyword} is empty`);
    const bodies = (options as readonly JsonValue[]).map((one, i) =>
      this.#visit(one, `${path}/${keyword}/${i}`),
    );
    return this.#rule(bodies.join(' | '));
  }

  #reference(schema: JsonObject, path: string): string {
    this.#allow(schema, path, '$ref');
    const target = schema['$ref'];
    const name = typeof target === 'string' ? /^#\/\$defs\/([^/~%]+)$/.exec(target)?.[1] : undefined;
    const definitions = this.#root['$defs'];
    const isObject = definitions !== undefined && definitions !== null && typeof definitions === 'object';
    const known = isObject && name !== undefined && Object.hasOwn(definitions, name);
    if (!known) this.#fail(path, '$ref must name a member of $defs');
    const existing = this.#definitions.get(name);
    if (existing !== undefined) return existing;
    const rule = `d${this.#definitions.size}`;
    this.#definitions.set(name, rule);
    const body = this.#visit((definitions as JsonObject)[name]!, `#/$defs/${name}`);
    if (/^d[0-9]+$/.test(body)) this.#fail(path, '$ref leads to another $ref');
    this.#rules.push(`${rule} ::= ${body}`);
    return rule;
  }

  #count(schema: JsonObject, keyword: string, otherwise: number | null, path: string): number | null {
    const value = schema[keyword];
    if (value === undefined) return otherwise;
    const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0;
    if (!isCount || value > MAX_REPETITION) this.#fail(path, `${keyword} is not from 0 to ${MAX_REPETITION}`);
    return value;
  }

  #string(schema: JsonObject, path: string): string {
    this.#allow(schema, path, 'type', 'minLength', 'maxLength');
    const min = this.#count(schema, 'minLength', 0, path)!;
    const max = this.#count(schema, 'maxLength', null, path);
    if (min === 0 && max === null) return 'string';
    if (max !== null && max < min) this.#fail(path, 'maxLength is below minLength');
    return this.#rule(`"\\"" character{${min},${max ?? ''}} "\\""`);
  }

  #array(schema: JsonObject, path: string): string {
    this.#allow(schema, path, 'type', 'items', 'minItems', 'maxItems');
    const min = this.#count(schema, 'minItems', 0, path)!;
    const max = this.#count(schema, 'maxItems', null, path);
    if (max !== null && max < min) this.#fail(path, 'maxItems is below minItems');
    if (max === 0) return this.#rule('"[" space "]"');
    const item = this.#visit(schema['items'] ?? true, `${path}/items`);
    const more = `("," space ${item}){${Math.max(min - 1, 0)},${max === null ? '' : max - 1}}`;
    const filled = `${item} ${more} space`;
    return this.#rule(`"[" space ${min === 0 ? `(${filled})?` : filled} "]"`);
  }

  #object(schema: JsonObject, path: string): string {
    this.#allow(schema, path, 'type', 'properties', 'required', 'additionalProperties');
    const properties = schema['properties'] ?? {};
    if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
      this.#fail(path, 'properties is not an object');
    }
    const required = this.#required(schema, properties as JsonObject, path);
    const names = Object.keys(properties);
    if (names.length === 0) return this.#map(schema['additionalProperties'] ?? true, path);
    // Built from the last property to the first: what may follow when something, or nothing, came before.
    let afterSome = 'space';
    let afterNone = 'space';
    for (const name of names.toReversed()) {
      const body = this.#visit((properties as JsonObject)[name]!, `${path}/properties/${name}`);
      const member = `${literal(JSON.stringify(name))} ":" space ${body}`;
      const isOptional = !required.has(name);
      const next = afterSome;
      afterSome = this.#rule(`"," space ${member} ${next}${isOptional ? ` | ${next}` : ''}`);
      afterNone = this.#rule(`${member} ${next}${isOptional ? ` | ${afterNone}` : ''}`);
    }
    return this.#rule(`"{" space ${afterNone} "}"`);
  }

  #required(schema: JsonObject, properties: JsonObject, path: string): ReadonlySet<string> {
    const required = schema['required'] ?? [];
    if (!Array.isArray(required)) this.#fail(path, 'required is not a list');
    for (const name of required as readonly JsonValue[]) {
      const isDeclared = typeof name === 'string' && Object.hasOwn(properties, name);
      if (!isDeclared) this.#fail(path, 'required names a property that is not declared');
    }
    return new Set(required as readonly string[]);
  }

  #map(additional: JsonValue, path: string): string {
    if (additional === false) return this.#rule('"{" space "}"');
    const value = this.#visit(additional, `${path}/additionalProperties`);
    const member = this.#rule(`string ":" space ${value}`);
    return this.#rule(`"{" space (${member} ("," space ${member})* space)? "}"`);
  }
}

/** Text as a GBNF literal. */
function literal(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[\n\r\t]/g, (c) => JSON.stringify(c).slice(1, -1));
  return `"${escaped}"`;
}
