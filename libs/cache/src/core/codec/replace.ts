import { types } from 'node:util';
import { InvalidValueError } from '../errors.js';
import { MAX_DEPTH, MAX_STAND_IN_DEPTH } from './depth.js';
import { define, errorClassOf, errorFields } from './error-fields.js';
import { classNameOf, hasExtraProperties, type Kind, kindOf } from './kinds.js';
import { StandIn } from './stand-in.js';
import { type Step, ValuePath } from './value-path.js';
import { type AnyValueType, isRegistered, valueTypeOf } from './value-types.js';

const REGISTER = 'return a plain object, or teach the cache the class with registerValueType()';

/**
 * Copies a value that V8 cannot write as it is, with a stand-in for each object V8 would lose or refuse. Shared
 * references stay shared and cycles stay cycles.
 *
 * An error, or an object without prototype, may contain itself. V8 cannot refer back to a stand-in that is still being
 * read, so such a reference is a stand-in of kind `open`, which names its target by the order in which targets begin.
 * Copy, writing and reading visit the objects in one order; that is what makes the places agree.
 */
export class Replacement {
  /** What was copied holds an instance of a registered type. */
  holdsRegistered = false;
  readonly #copies = new Map<object, object>();
  readonly #open = new Set<object>();
  readonly #path = new ValuePath();

  /** @throws InvalidValueError naming the first thing that cannot be cached, and where it is */
  copy(value: unknown): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') this.#refuse(`is a ${typeof value}`);
    if (typeof value !== 'object' || value === null) return value;
    if (this.#path.depth > MAX_DEPTH) this.#refuse(`is nested deeper than ${MAX_DEPTH} levels`);
    const copy = this.#copies.get(value);
    if (copy === undefined) return this.#copyObject(value);
    return this.#open.has(value) ? new StandIn('open', this.#closable(copy)) : copy;
  }

  #closable(copy: object): object {
    if (copy instanceof StandIn && copy.kind === 'registered')
      this.#refuse('is a registered type that contains itself');
    return copy;
  }

  #copyObject(value: object): object {
    const kind = kindOf(value);
    switch (kind) {
      case 'object':
        return this.#fillObject(value, this.#remember(value, {}));
      case 'null-object':
        return this.#opened(value, new StandIn('null-object'), () => this.#fillObject(value, {}));
      case 'array':
        return this.#fillObject(value, this.#remember(value, new Array<unknown>((value as unknown[]).length)));
      case 'error':
        return this.#copyError(value as Error);
      case 'other':
        return this.#copyInstance(value);
      default:
        if (hasExtraProperties(value, kind)) this.#refuse(`is a ${classNameOf(value)} with properties of its own`);
        return this.#copyBuiltin(value, kind);
    }
  }

  #copyBuiltin(value: object, kind: Kind): object {
    switch (kind) {
      case 'map':
        return this.#copyMap(value as Map<unknown, unknown>);
      case 'set':
        return this.#copySet(value as Set<unknown>);
      case 'url':
        return this.#remember(value, new StandIn('url', (value as URL).href));
      case 'search-params':
        return this.#remember(value, new StandIn('search-params', (value as URLSearchParams).toString()));
      case 'regexp': {
        const { source, flags, lastIndex } = value as RegExp;
        if (lastIndex === 0) return value;
        return this.#remember(value, new StandIn('regexp', [source, flags, lastIndex]));
      }
      default:
        return value; // V8 writes it as it is
    }
  }

  #fillObject(value: object, copy: object): object {
    for (const name of Reflect.ownKeys(value)) {
      if (typeof name === 'symbol') return this.#refuse('has a property under a symbol, which would be lost');
      const property = Object.getOwnPropertyDescriptor(value, name);
      if (property === undefined || (name === 'length' && Array.isArray(value))) continue;
      this.#path.enter(name);
      if (!('value' in property)) this.#refuse('is a getter or setter');
      if (!property.enumerable) this.#refuse('is not enumerable and would be lost');
      const member = this.copy(property.value);
      if (name === '__proto__') define(copy, name, member);
      else (copy as Record<string, unknown>)[name] = member;
      this.#path.leave();
    }
    return copy;
  }

  #copyMap(map: Map<unknown, unknown>): object {
    const copy = this.#remember(map, new Map<unknown, unknown>());
    let position = 0;
    for (const [key, value] of map) {
      const keyCopy = this.#copyMember({ member: 'key', position }, key);
      copy.set(keyCopy, this.#copyMember({ member: 'value', position }, value));
      position++;
    }
    return copy;
  }

  #copySet(set: Set<unknown>): object {
    const copy = this.#remember(set, new Set());
    let position = 0;
    for (const value of set) copy.add(this.#copyMember({ member: 'value', position: position++ }, value));
    return copy;
  }

  #copyMember(step: Step, member: unknown): unknown {
    this.#path.enter(step);
    const copy = this.copy(member);
    this.#path.leave();
    return copy;
  }

  #copyError(error: Error): object {
    return this.#opened(error, new StandIn('error'), () => {
      const fields = errorFields(error, (name) => {
        this.#path.enter(name);
        return this.#refuse('is a getter or setter');
      });
      return [errorClassOf(error), this.#fillObject(fields.shown, {}), this.#fillObject(fields.hidden, {})];
    });
  }

  #copyInstance(value: object): object {
    const type = valueTypeOf(value);
    if (type !== undefined) return this.#copyRegistered(value, type);
    if (value instanceof Error || types.isNativeError(value)) return this.#copyError(value);
    return this.#refuse(`is an instance of ${classNameOf(value)}; ${REGISTER}`);
  }

  #copyRegistered(value: object, type: AnyValueType): object {
    this.holdsRegistered ||= isRegistered(type);
    return this.#opened(value, new StandIn('registered'), () => [type.name, this.copy(type.encode(value))]);
  }

  #remember<C extends object>(value: object, copy: C): C {
    this.#copies.set(value, copy);
    return copy;
  }

  /** Copies the content of a stand-in that, while it lasts, can only be referred to as `open`. */
  #opened(value: object, standIn: StandIn, content: () => unknown): object {
    this.#remember(value, standIn);
    this.#open.add(value);
    if (this.#open.size > MAX_STAND_IN_DEPTH) {
      this.#refuse(`is nested in ${MAX_STAND_IN_DEPTH} errors, registered types or objects without prototype`);
    }
    standIn.content = content();
    this.#open.delete(value);
    return standIn;
  }

  #refuse(what: string): never {
    throw new InvalidValueError(`${this.#path.toString()} ${what}; it cannot be cached.`);
  }
}
