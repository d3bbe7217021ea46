import { InvalidKeyError } from '../../core/errors.js';

/** A part of a key: an id, never personal data. */
export type KeyPart = string | number | bigint;

/**
 * Joins the parts, each under its name, so that no two lists of parts give one key: `a:b` + `c` is not `a` + `b:c`. Ids without colons and
 * percent signs stay as they are.
 */
export function joinKey(kind: string, parts: Readonly<Record<string, KeyPart>>): string {
  const encoded = Object.entries(parts).map(([name, part]) => {
    const text = typeof part === 'string' || typeof part === 'number' || typeof part === 'bigint' ? String(part) : '';
    if (text === '' || text === 'NaN') throw new InvalidKeyError(withoutId(kind, name, part));
    return text.replace(/[%:]/g, (char) => (char === ':' ? '%3A' : '%25'));
  });
  return [kind, ...encoded].join(':');
}

/** What is there instead is never shown: it may be anything. */
function withoutId(kind: string, name: string, part: unknown): string {
  const named = part === undefined || part === null || Number.isNaN(part) ? String(part) : `of type ${typeof part}`;
  const message = `No key "${kind}:…" without ${name}: it is ${part === '' ? 'empty' : named}, and an id is needed.`;
  if (name !== 'workspaceId') return message;
  return `${message} What belongs to a workspace is kept apart from all others; what everybody may see needs an id as well, such as 'shared'.`;
}

/** Keys for the things most applications cache; readable in `redis-cli`, and never colliding. */
export const CacheKeys = Object.freeze({
  user: (userId: KeyPart): string => joinKey('user', { userId }),
  workspace: (workspaceId: KeyPart): string => joinKey('workspace', { workspaceId }),
  policyDecision: (workspaceId: KeyPart, action: KeyPart): string => joinKey('policy', { workspaceId, action }),
  document: (documentId: KeyPart): string => joinKey('document', { documentId }),
  template: (templateId: KeyPart): string => joinKey('template', { templateId }),
  modelCache: (modelId: KeyPart, inputHash: KeyPart): string => joinKey('model', { modelId, inputHash }),
  session: (sessionId: KeyPart): string => joinKey('session', { sessionId }),
  rateLimit: (identifier: KeyPart, window: KeyPart): string => joinKey('ratelimit', { identifier, window }),
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
