import { type DynamicModule, Module } from '@nestjs/common';
import type { LimitNumbers } from './limits.js';

/** The `LimitNumbers` of the configuration, for injection. */
export const LIMIT_NUMBERS = Symbol('how much each limit allows');

@Module({})
export class LimitNumbersModule {
  static with(numbers: LimitNumbers): DynamicModule {
    const provider = { provide: LIMIT_NUMBERS, useValue: numbers };
    return { module: LimitNumbersModule, global: true, providers: [provider], exports: [LIMIT_NUMBERS] };
  }
}
