import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiTooManyRequestsResponse, getSchemaPath } from '@nestjs/swagger';
import { RateLimit, type RateLimitRule } from '@mobius1/cache';
import { QuotaProblem } from './limits.dto.js';

/** `@RateLimit` for a rule of one user, and what the documentation says of it. */
export function LimitedByUser(rule: RateLimitRule): MethodDecorator {
  const description = `Who asks, for the limit of ${rule.name ?? ''}: this application has no login. @default the address`;
  return applyDecorators(
    RateLimit(rule),
    ApiHeader({ name: 'X-User-Id', required: false, description: description.replace('@default', 'Without it:') }),
    ApiExtraModels(QuotaProblem),
    ApiTooManyRequestsResponse({
      description: 'Too many requests: `Retry-After` and `RateLimit` say when to come back.',
      content: { 'application/problem+json': { schema: { $ref: getSchemaPath(QuotaProblem) } } },
    }),
  );
}
