import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseService, withRetries } from '@mobius1/database';
import { PrismaClient } from '../generated/prisma/client.js';

/** The generated Prisma client over the pool of {@link DatabaseService}; repeats single operations where that is safe. */
@Injectable()
export class PrismaService extends PrismaClient implements OnApplicationShutdown {
  constructor(database: DatabaseService) {
    super({ adapter: database.adapter });
    const retries = withRetries({ onRetry: (event) => database.events.emit('retry', () => event) });
    // An extended client is an object over this one: what this class has, it has as well.
    return this.$extends(retries) as unknown as this;
  }

  /** Not onModuleDestroy: requests are still being answered then. */
  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
  }
}
