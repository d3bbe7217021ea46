import { InvalidKeyError } from '../../core/errors.js';

/** A part of a key: an id, never personal data. */
export type KeyPart = string | number | bigint;

/**
 * Joins the parts so that no two lists of parts give one key: `a:b` + `c` is not `a` + `b:c`. Ids without colons and
 * percent signs stay as they are.
 */
export function joinKey(kind: string, parts: readonly KeyPart[]): string {
  const encoded = parts.map((part, i) => {
    const text = typeof part === 'string' || typeof part === 'number' || typeof part === 'bigint' ? String(part) : '';
    if (text === '' || text === 'NaN') {
      throw new InvalidKeyError(
        `CacheKeys.${kind}: part ${i + 1} is ${part === '' ? 'empty' : `of type ${typeof part}`}; an id is needed.`,
      );
    }
    return text.replace(/[%:]/g, (char) => (char === ':' ? '%3A' : '%25'));
  });
  return [kind, ...encoded].join(':');
}

/** Keys for the things most applications cache; readable in `redis-cli`, and never colliding. */
export const CacheKeys = Object.freeze({
  user: (userId: KeyPart): string => joinKey('user', [userId]),
  workspace: (workspaceId: KeyPart): string => joinKey('workspace', [workspaceId]),
  policyDecision: (workspaceId: KeyPart, action: KeyPart): string => joinKey('policy', [workspaceId, action]),
  document: (documentId: KeyPart): string => joinKey('document', [documentId]),
  template: (templateId: KeyPart): string => joinKey('template', [templateId]),
  modelCache: (modelId: KeyPart, inputHash: KeyPart): string => joinKey('model', [modelId, inputHash]),
  session: (sessionId: KeyPart): string => joinKey('session', [sessionId]),
  rateLimit: (identifier: KeyPart, window: KeyPart): string => joinKey('ratelimit', [identifier, window]),
});

/** Usual lifetimes in seconds. */
export const DefaultTTL = Object.freeze({
  /** 1 minute */
  short: 60,
  /** 5 minutes */
  medium: 300,
  /** 1 hour */
  long: 3_600,
  /** 24 hours */
  day: 86_400,
  /** 7 days */
  week: 604_800,
});
