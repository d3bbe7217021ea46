import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { logEvents } from '../core/logging.js';
import type { DatabaseOptions } from '../core/options.js';
import { Database } from '../drivers/database.js';
import { DATABASE_OPTIONS } from './tokens.js';

/** The {@link Database} of an application; closed when the application is, after the last request. */
@Injectable()
export class DatabaseService extends Database implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger('Database');

  /** @throws InvalidOptionsError */
  constructor(@Inject(DATABASE_OPTIONS) options: DatabaseOptions) {
    super(options, { scope: 'DatabaseModule.forRoot' });
    logEvents(this.events, this.#log);
  }

  /** A database that is away does not stop the start: it may come back, and health says what is wrong. */
  async onModuleInit(): Promise<void> {
    try {
      await this.ping();
      await this.checkSizing();
    } catch (error) {
      this.#log.error(error instanceof Error ? error.message : String(error));
    }
  }

  /** Closes the pool; never throws. */
  async onApplicationShutdown(): Promise<void> {
    try {
      await this.close();
    } catch (error) {
      // Nothing more can be done for the queries under way, and the other parts still want to be closed.
      this.#log.warn(error instanceof Error ? error.message : String(error));
    }
  }
}
