/** Prefixes and the namespaces that they stand for; the empty prefix is the default namespace. */
export interface NamespaceScope {
  readonly own: ReadonlyMap<string, string>;
  readonly parent: NamespaceScope | undefined;
}

export interface XmlAttribute {
  readonly prefix: string;
  readonly localName: string;
  /** Empty for an attribute without a prefix. */
  readonly namespace: string;
  readonly value: string;
}

export interface XmlElement {
  readonly prefix: string;
  readonly localName: string;
  /** Empty for an element in no namespace. */
  readonly namespace: string;
  /** Without namespace declarations, which are in the scope. */
  readonly attributes: readonly XmlAttribute[];
  readonly scope: NamespaceScope;
  /** Text is never empty and never beside other text: comments leave no trace. */
  readonly children: readonly (XmlElement | string)[];
  /** Where the element begins in the text, in UTF-16 units. */
  readonly offset: number;
}

/** The namespace of a prefix, or undefined where it is not bound; the empty prefix is bound to nothing at first. */
export function lookUpNamespace(scope: NamespaceScope | undefined, prefix: string): string | undefined {
  for (let at = scope; at !== undefined; at = at.parent) {
    const namespace = at.own.get(prefix);
    if (namespace !== undefined) return namespace;
  }
  return prefix === '' ? '' : undefined;
}

/** All bound prefixes, the nearest binding of each. */
export function namespacesInScope(scope: NamespaceScope): Map<string, string> {
  const found = new Map<string, string>();
  for (let at: NamespaceScope | undefined = scope; at !== undefined; at = at.parent) {
    for (const [prefix, namespace] of at.own) {
      if (!found.has(prefix)) found.set(prefix, namespace);
    }
  }
  return found;
}

export const isElement = (node: XmlElement | string): node is XmlElement => typeof node !== 'string';
