import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { DatabaseOptions } from '../core/options.js';
import { Database } from '../drivers/database.js';
import { DATABASE_OPTIONS } from './tokens.js';

/** The {@link Database} of an application; closed when the application is, after the last request. */
@Injectable()
export class DatabaseService extends Database implements OnApplicationShutdown {
  readonly #log: Logger;

  /** @throws InvalidOptionsError */
  constructor(@Inject(DATABASE_OPTIONS) options: DatabaseOptions) {
    const log = new Logger('Database');
    super(options, (error) => log.warn(`an idle connection was lost: ${error.message}`));
    this.#log = log;
  }

  async onApplicationShutdown(): Promise<void> {
    try {
      await this.close();
    } catch (error) {
      // Nothing more can be done for the queries under way, and the other parts still want to be closed.
      this.#log.warn(`closed while queries were under way: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
