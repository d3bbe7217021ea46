import type { ExecutionContext } from '@nestjs/common';
import { countedAddress } from './client-address.js';
import type { LimitedCall, LimitedRequest } from './limited-call.js';

/** Who is counted: a part of the caller that is known by name, or what a function makes of the call. */
export type RateLimitBy = NamedPart | ((context: ExecutionContext) => unknown);

type NamedPart = 'ip' | 'user' | 'workspace' | 'apiKey';

/** What happens to a call that lacks a part of `by`: it is counted by its address, refused, or not counted by this policy. */
export type OnMissing = 'ip' | 'deny' | 'skip';

export const NAMED_PARTS: readonly NamedPart[] = ['ip', 'user', 'workspace', 'apiKey'];
export const ON_MISSING: readonly OnMissing[] = ['ip', 'deny', 'skip'];

/** Reads one part of a caller; what is not a text, a number or a bigint is missing. */
export type ReadCaller = (request: LimitedRequest, context: ExecutionContext) => unknown;

/** How the parts of a caller are read. */
export type CallerReaders = Readonly<Record<Exclude<NamedPart, 'ip'>, ReadCaller>> & {
  /** @default what the transport tells */
  readonly ip?: ReadCaller | undefined;
};

const fieldOf = (owner: unknown, field: string): unknown =>
  typeof owner === 'object' && owner !== null ? (owner as Readonly<Record<string, unknown>>)[field] : undefined;

/** What authentication usually leaves behind. A header alone proves nothing, so none but the API key is believed. */
export const DEFAULT_READERS: CallerReaders = {
  user: ({ user }) => fieldOf(user, 'id') ?? fieldOf(user, 'sub'),
  workspace: ({ user, workspace }) => fieldOf(workspace, 'id') ?? fieldOf(user, 'workspaceId'),
  apiKey: ({ headers }) => headers?.['x-api-key'],
};

/** What a policy says of identity. */
export interface IdentityRule {
  readonly by: readonly RateLimitBy[];
  readonly onMissing: OnMissing;
}

/** The parts of a caller with their names, or what to do because one is missing. */
export type Identified =
  | { readonly outcome: 'known'; readonly owner: string; readonly values: readonly string[] }
  | { readonly outcome: 'deny' | 'skip'; readonly missing: string };

export interface IdentityFacts {
  readonly call: LimitedCall;
  readonly context: ExecutionContext;
  readonly readers: CallerReaders;
  readonly ipv6Prefix: number;
  /** Told of a reader that threw; what it reads counts as missing. */
  readonly failed: (part: string, error: unknown) => void;
}

/** The caller of one call; each part is read once, however many policies ask for it. */
export class CallerIdentity {
  readonly #facts: IdentityFacts;
  readonly #read = new Map<RateLimitBy, Promise<string | undefined>>();
  #address: Promise<unknown> | undefined;

  constructor(facts: IdentityFacts) {
    this.#facts = facts;
  }

  /** Who is counted by a policy. A part that is missing never becomes a part of a name: nobody shares a count called "undefined". */
  async by({ by, onMissing }: IdentityRule): Promise<Identified> {
    const names: string[] = [];
    const values: string[] = [];
    for (const part of by) {
      const name = nameOf(part);
      const value = await this.#value(part);
      if (value !== undefined) {
        names.push(name);
        values.push(value);
        continue;
      }
      if (onMissing !== 'ip') return { outcome: onMissing, missing: name };
      const address = await this.#value('ip');
      // Nobody to count it for: a caller without any name is not let past the limit.
      if (address === undefined) return { outcome: 'deny', missing: name === 'ip' ? 'ip' : `${name} and ip` };
      names.push('ip');
      values.push(address);
    }
    return { outcome: 'known', owner: names.join('+'), values };
  }

  /** The address as it was told, for networks that are let pass. */
  address(): Promise<unknown> {
    return (this.#address ??= this.#readAddress());
  }

  async #readAddress(): Promise<unknown> {
    const { call, context, readers, failed } = this.#facts;
    try {
      return await (readers.ip === undefined ? call.address : readers.ip(call.request, context));
    } catch (error) {
      failed('ip', error);
      return undefined;
    }
  }

  #value(part: RateLimitBy): Promise<string | undefined> {
    const known = this.#read.get(part);
    if (known !== undefined) return known;
    const reading = this.#readPart(part);
    this.#read.set(part, reading);
    return reading;
  }

  async #readPart(part: RateLimitBy): Promise<string | undefined> {
    const { call, context, readers, ipv6Prefix, failed } = this.#facts;
    if (part === 'ip') return countedAddress(await this.address(), ipv6Prefix);
    try {
      return textOf(await (typeof part === 'function' ? part(context) : readers[part](call.request, context)));
    } catch (error) {
      failed(nameOf(part), error);
      return undefined;
    }
  }
}

const nameOf = (part: RateLimitBy): string => (typeof part === 'function' ? 'custom' : part);

/** Nothing that many callers would have in common by accident: no `[object Object]`, no `NaN`, no blank. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
