import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { ROUTE_LIMITS } from '../tokens.js';
import { CallerIdentity, type Identified } from './caller-identity.js';
import type { RequestReport } from './counted-requests.js';
import { factsOf, standingsOf } from './denial.js';
import { type LimitedCall, limitedCall } from './limited-call.js';
import { type Fields, legacyFields, rateLimitFields } from './rate-limit-fields.js';
import { RateLimitException, type RateLimitFacts } from './rate-limit.exception.js';
import { setFields } from './response.js';
import type { RouteLimits } from './route-limits.js';
import type { ReadyRule } from './rule-book.js';

/**
 * Holds the limits that `@RateLimit` and the module declare: for a route with `@UseGuards(RateLimitGuard)`, or for all of them as
 * `APP_GUARD`. A request is counted once, however many such guards see it. Each step is a method to override.
 *
 * @example
 * ```ts
 * @Module({ providers: [{ provide: APP_GUARD, useClass: RateLimitGuard }] })
 * ```
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  readonly #limits: RouteLimits;

  constructor(@Inject(ROUTE_LIMITS) limits: RouteLimits) {
    this.#limits = limits;
  }

  /** Counts the request by all of its rules at once. @throws RateLimitException, or what the transport has for it */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (await this.shouldSkip(context)) return true;
    const rules = await this.rulesFor(context);
    if (rules.length === 0) return true;
    const call = this.callOf(context);
    const caller = this.#callerOf(context, call);
    const identify = this.identify.bind(this);
    const report = await this.#limits.decide({ context, call, rules, caller, identify });
    setFields(call.response, this.fieldsOf(report));
    if (report.allowed) return true;
    const facts = factsOf(report);
    if (facts.retryAfter !== undefined) setFields(call.response, { 'Retry-After': String(facts.retryAfter) });
    throw await this.exceptionFor(call, facts);
  }

  /** Whether a call is not limited at all. By default none is. */
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- for those who override it
  protected shouldSkip(context: ExecutionContext): boolean | Promise<boolean> {
    return false;
  }

  /** The rules of a call: those that are declared, or what the module's `resolve` makes of them. */
  protected rulesFor(context: ExecutionContext): Promise<readonly ReadyRule[]> {
    return this.#limits.rulesFor(context);
  }

  /** Request, response and address of a call. */
  protected callOf(context: ExecutionContext): LimitedCall {
    return limitedCall(context);
  }

  /** Who is counted by a rule. */
  protected identify(rule: ReadyRule, caller: CallerIdentity): Identified | Promise<Identified> {
    return caller.by(rule);
  }

  /** The fields of the answer. */
  protected fieldsOf(report: RequestReport): Fields {
    const { headers, legacyHeaders } = this.#limits.settings;
    const standings = standingsOf(report);
    return {
      ...(headers ? rateLimitFields(standings) : {}),
      ...(legacyHeaders ? legacyFields(standings) : {}),
    };
  }

  /** What is thrown for a call that is denied, in the terms of its transport. */
  protected async exceptionFor(call: LimitedCall, facts: RateLimitFacts): Promise<Error> {
    // Loaded only where they are in use already; an application over HTTP needs none of them.
    switch (call.transport) {
      case 'ws': {
        const { WsException } = await import('@nestjs/websockets');
        return new WsException({ status: 'error', ...facts });
      }
      case 'rpc': {
        const { RpcException } = await import('@nestjs/microservices');
        return new RpcException({ status: 'error', ...facts });
      }
      case 'http':
        setFields(call.response, { 'Content-Type': 'application/problem+json' });
        return new RateLimitException(facts);
      default:
        return new RateLimitException(facts);
    }
  }

  #callerOf(context: ExecutionContext, call: LimitedCall): CallerIdentity {
    const { readers, ipv6Prefix } = this.#limits.settings;
    const failed = (part: string, error: unknown): void => this.#limits.readFailed(part, error);
    return new CallerIdentity({ context, call, readers, ipv6Prefix, failed });
  }
}
