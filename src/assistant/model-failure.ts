import { type ArgumentsHost, BadGatewayException, Catch, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { APIError } from 'openai';

/** What a client may know of a model that failed: not its address, not its words. */
export const explainModelFailure = (error: unknown): string =>
  error instanceof APIError ? 'The model does not answer now; try again later.' : 'The answer was cut off.';

/** A model that fails is a 502 of this API, whatever the model said. */
@Catch(APIError)
export class ModelFailureFilter extends BaseExceptionFilter {
  readonly #logger = new Logger('Assistant');

  override catch(error: APIError, host: ArgumentsHost): void {
    const status = error.status;
    this.#logger.warn(`the model failed: ${error.name}${status === undefined ? '' : `, status ${status}`}`);
    super.catch(new BadGatewayException(explainModelFailure(error)), host);
  }
}
