import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Observable, tap } from 'rxjs';
import { CACHE_INSTANCE, type CacheInstance, type Outcome } from '@mobius1/cache';

/** The answer is only as fresh as its oldest part, and only as cheap as its dearest. */
const DEAREST_FIRST: readonly Outcome[] = ['miss', 'stale', 'hit'];

/** `X-Cache: HIT|MISS|STALE` on reads that asked the cache: how the cached reads of one request were answered. */
@Injectable()
export class CacheHeaderInterceptor implements NestInterceptor {
  readonly #reads = new AsyncLocalStorage<Set<Outcome>>();

  constructor(@Inject(CACHE_INSTANCE) cache: CacheInstance) {
    cache.events.on('read', ({ outcome }) => {
      this.#reads.getStore()?.add(outcome);
    });
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    if (http.getRequest<Request>().method !== 'GET') return next.handle();
    const response = http.getResponse<Response>();
    const outcomes = new Set<Outcome>();
    const report = (): void => {
      const outcome = DEAREST_FIRST.find((candidate) => outcomes.has(candidate));
      if (outcome !== undefined) response.setHeader('X-Cache', outcome.toUpperCase());
    };
    // The handler runs when it is subscribed to: only then must it be in the context of this request.
    return new Observable((subscriber) =>
      this.#reads.run(outcomes, () =>
        next
          .handle()
          .pipe(tap({ next: report, error: report }))
          .subscribe(subscriber),
      ),
    );
  }
}
