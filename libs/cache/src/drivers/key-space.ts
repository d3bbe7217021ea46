import { ROOT } from '../core/generation.js';
import { escapeGlob } from '../core/glob.js';

/**
 * Where a cache keeps what in Redis: entries under `<prefix><id>`, generations under `<prefix>~{<prefix>}:<name>`, in one slot
 * of a Cluster, because a script draws them together with their sequence. No id of an entry begins with ~ (`core/key.ts`).
 */
export class KeySpace {
  /** The number from which generations are drawn. */
  readonly sequence: string;
  /** The generation that is under all entries. */
  readonly root: string;
  readonly #prefix: string;
  readonly #internal: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#internal = `${prefix}~{${prefix.replace(/[{}]/g, '') || 'g'}}:`;
    this.sequence = `${this.#internal}#`;
    this.root = this.#internal + ROOT;
  }

  entry(id: string): string {
    return this.#prefix + id;
  }

  generation(name: string): string {
    return name === ROOT ? this.root : this.#internal + name; // every read asks for the root
  }

  isGeneration(key: string): boolean {
    return key.startsWith(this.#internal);
  }

  /** The id of an entry, by its key. */
  idOf(key: string): string {
    return key.slice(this.#prefix.length);
  }

  /** False for our own bookkeeping. Of a key under the prefix. */
  isEntry(key: string): boolean {
    return key[this.#prefix.length] !== '~';
  }

  /** Glob of the keys under the prefix that go on like this. */
  startingWith(start: string): string {
    return `${escapeGlob(this.#prefix + start)}*`;
  }

  /** The entries and generations behind keys of Redis, of which some may be none of ours. */
  heard(keys: readonly string[]): { ids: string[]; names: string[] } {
    const ids: string[] = [];
    const names: string[] = [];
    for (const key of keys) {
      if (this.isGeneration(key)) names.push(key.slice(this.#internal.length));
      else if (key.startsWith(this.#prefix) && this.isEntry(key)) ids.push(this.idOf(key));
    }
    return { ids, names };
  }
}
