import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseService } from '@mobius1/database';
import { PrismaClient } from '../generated/prisma/client.js';

/** The generated Prisma client over the pool of {@link DatabaseService}. */
@Injectable()
export class PrismaService extends PrismaClient implements OnApplicationShutdown {
  constructor(database: DatabaseService) {
    super({ adapter: database.adapter });
  }

  /** Not onModuleDestroy: requests are still being answered then. */
  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
  }
}
