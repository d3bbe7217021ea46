import { entryId, parseEntryId } from './key.js';
import type { Token } from './token.js';

/**
 * Generations: how tags, namespaces and everything at once are invalidated in O(1) (G3, protocol rules 5 and 6).
 *
 * A generation is a small unique value under a name. An entry is stamped with the generations of all its names as they
 * were *before* its load; it is valid only while every one of them still stands. To invalidate is to write a new
 * generation, whatever the number of entries. A generation that is missing (evicted, never drawn) makes the entry a
 * miss, never a hit: so losing one invalidates more, never less. Nothing is counted from 1 and no clock is compared.
 *
 * Each generation also carries the epoch and the number of the store's sequence at which it was drawn. They serve one
 * purpose: tags that are known only from the loaded value. Who read sequence number n before the load, and finds the
 * tag's generation drawn at or before n in the same epoch, knows that no invalidation of the tag ran since; and who finds
 * the sequence where it was, that nothing was invalidated at all.
 */
export interface Generation {
  readonly unique: Token;
  readonly epoch: string;
  readonly number: number;
}

/** A generation that an entry depends on, by the name it stands under; the text is what the store keeps. */
export interface Stamp {
  readonly name: string;
  readonly generation: string;
}

/** Where the store's sequence stood at some moment. */
export interface Sequence {
  readonly epoch: string;
  readonly number: number;
}

/** The generation under every entry: `clear()` renews it. */
export const ROOT = '*';

/** Name of the generation under every entry of a namespace. */
export const namespaceName = (namespace: string): string => `n:${entryId(namespace)}`;

/** Name of a tag's generation; with a namespace, of the tag within that namespace only. */
export const tagName = (tag: string, namespace?: string): string => `t:${entryId(tag, namespace)}`;

/** The name of a generation as people write it: `tag`, `namespace/tag`, `namespace/*`, or `*` for everything. */
export function decodeStampName(name: string): string {
  if (name === ROOT) return name;
  const { namespace, key } = parseEntryId(name.slice(2));
  if (name.startsWith('n:')) return `${key}/*`;
  return namespace === undefined ? key : `${namespace}/${key}`;
}

/** Names every entry of a namespace depends on, before any tag. */
export function scopeNames(namespace: string | undefined): string[] {
  return namespace === undefined ? [ROOT] : [ROOT, namespaceName(namespace)];
}

/** Names an entry depends on through its tags: a namespaced entry hears the tag everywhere and the tag in its namespace. */
export function tagNames(tags: readonly string[], namespace: string | undefined): string[] {
  const names: string[] = [];
  for (const tag of tags) {
    names.push(tagName(tag));
    if (namespace !== undefined) names.push(tagName(tag, namespace));
  }
  return names;
}

export const writeGeneration = ({ unique, epoch, number }: Generation): string => `${unique}:${epoch}:${number}`;

/** Reads the text of a generation; `undefined` when it is none of ours. */
function readGeneration(text: string): Generation | undefined {
  const [unique, epoch, number, ...rest] = text.split(':');
  if (!unique || !epoch || !number || rest.length > 0 || !/^\d{1,15}$/.test(number)) return undefined;
  return { unique, epoch, number: Number(number) };
}

/** True when nothing was drawn between two moments. */
export function standsStill(before: Sequence | undefined, after: Sequence | undefined): boolean {
  return before !== undefined && after?.epoch === before.epoch && after.number === before.number;
}

/** True when the generation was drawn no later than `before`: nothing under its name was invalidated since. */
export function provenSince(text: string, before: Sequence | undefined): boolean {
  const generation = readGeneration(text);
  return (
    before !== undefined &&
    generation !== undefined &&
    generation.epoch === before.epoch &&
    generation.number <= before.number
  );
}
