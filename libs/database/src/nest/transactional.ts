import 'reflect-metadata';
import { Inject } from '@nestjs/common';
import { TransactionalError } from '../core/errors.js';
import { checkTransactionOptions, type TransactionOptions } from '../features/transaction-options.js';
import { TransactionService } from './transaction.service.js';

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;

/** A method that returns a promise. */
type AsyncMethod = (...args: never[]) => Promise<unknown>;

/** The property that decorated classes ask Nest to inject. */
const TRANSACTIONS = Symbol('transactions');

/**
 * Runs a method in a transaction, or in a part of the one that it is called from. `transactions.client` is the client inside. The
 * method may be run more than once: what it does outside of the database belongs into `afterCertainCommit`.
 *
 * @example
 * @Transactional({ isolation: 'Serializable' })
 * async transfer(from: string, to: string, amount: number): Promise<void> { … }
 *
 * @throws InvalidOptionsError, TransactionalError at class definition; TransactionalError when Nest has not made the object
 */
export function Transactional(options: TransactionOptions = {}) {
  return <T extends AsyncMethod>(target: object, property: string | symbol, descriptor: TypedPropertyDescriptor<T>) => {
    const owner = typeof target === 'function' ? target : target.constructor;
    const place = `@Transactional on ${owner.name}.${String(property)}`;
    checkTransactionOptions(options, place);
    const original = descriptor.value as Method | undefined;
    if (typeof target === 'function' || typeof original !== 'function')
      throw new TransactionalError(`${place}: it must be a method of an instance.`);
    const wrapped: Method = function (...args) {
      const { [TRANSACTIONS]: transactions } = this as { [TRANSACTIONS]?: TransactionService };
      if (transactions === undefined) return Promise.reject(unbound(place));
      return transactions.run(() => original.apply(this, args), options);
    };
    for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapped);
    }
    Object.defineProperty(wrapped, 'name', { value: original.name, configurable: true });
    Object.defineProperty(wrapped, 'length', { value: original.length, configurable: true });
    // It takes and returns what the method does; TypeScript cannot follow `apply`.
    descriptor.value = wrapped as unknown as T;
    Inject(TransactionService)(target, TRANSACTIONS);
  };
}

// To run it without a transaction would be to lose what the author asked for.
const unbound = (place: string): TransactionalError =>
  new TransactionalError(
    `${place}: its object was not made by Nest, so it has no transactions. Call it in transactions.run(…), or let Nest make it.`,
  );
