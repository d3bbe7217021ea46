import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiTooManyRequestsResponse, getSchemaPath } from '@nestjs/swagger';
import { RateLimit, type RateLimitRule } from '@mobius1/cache';
import { QuotaProblem } from './limits.dto.js';

const NO_LOGIN = 'Who asks: this application has no login. Without it the address is counted.';

/** `@RateLimit` for a limit of one user, and what the documentation says of it. */
export function LimitedByUser(rule: RateLimitRule): MethodDecorator {
  return applyDecorators(
    RateLimit(rule),
    ApiHeader({ name: 'X-User-Id', required: false, description: NO_LOGIN }),
    ApiExtraModels(QuotaProblem),
    ApiTooManyRequestsResponse({
      description: '`Retry-After` and `RateLimit` say when to come back.',
      content: { 'application/problem+json': { schema: { $ref: getSchemaPath(QuotaProblem) } } },
    }),
  );
}
