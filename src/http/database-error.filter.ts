import { type ArgumentsHost, Catch, ConflictException, ServiceUnavailableException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import {
  classifyFailure,
  DatabaseClosedError,
  DatabaseUnreachableError,
  PoolQueueFullError,
  PoolTimeoutError,
} from '@mobius1/database';
import { Prisma } from '../generated/prisma/client.js';

/** What the services cannot know beforehand, because another request was faster or the database is away. */
@Catch(
  ...[Prisma.PrismaClientKnownRequestError, Prisma.PrismaClientUnknownRequestError],
  ...[PoolTimeoutError, PoolQueueFullError, DatabaseUnreachableError, DatabaseClosedError],
)
export class DatabaseErrorFilter extends BaseExceptionFilter {
  override catch(error: Error, host: ArgumentsHost): void {
    super.catch(this.toHttp(error), host);
  }

  private toHttp(error: Error): unknown {
    if (error instanceof DatabaseClosedError) return new ServiceUnavailableException('The server is being stopped.');
    switch (classifyFailure(error).kind) {
      case 'refused':
      case 'lost':
        return new ServiceUnavailableException('The database cannot be reached.', { cause: error });
      case 'saturated':
        return new ServiceUnavailableException('The database is busy; try again later.', { cause: error });
      default:
        return error instanceof Prisma.PrismaClientKnownRequestError ? this.known(error) : error;
    }
  }

  private known(error: Prisma.PrismaClientKnownRequestError): unknown {
    switch (error.code) {
      case 'P2002':
        return new ConflictException(`Another ${uniqueOf(error)} already; it must be unique.`, { cause: error });
      case 'P2003':
        return new ConflictException('Something this record refers to has just been deleted.', { cause: error });
      default:
        return error;
    }
  }
}

/** "workspace has this slug", as far as the error tells. */
function uniqueOf({ meta }: Prisma.PrismaClientKnownRequestError): string {
  const { modelName = 'record', driverAdapterError } = (meta ?? {}) as {
    modelName?: string;
    driverAdapterError?: { cause?: { constraint?: { fields?: string[]; index?: string } } };
  };
  const { fields, index } = driverAdapterError?.cause?.constraint ?? {};
  // The fields come as they stand in SQL, quoted where they contain capitals, or else in the index' name: `User_email_key`.
  const names = fields?.map((field) => field.replaceAll('"', '')) ?? index?.split('_').slice(1, -1) ?? [];
  return `${modelName.toLowerCase()} has this ${names.join(' and ') || 'value'}`;
}
