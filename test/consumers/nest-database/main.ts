import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Injectable, Module, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseHealthIndicator, DatabaseModule, DatabaseService } from '@mobius1/database';

@Injectable()
class Counters {
  constructor(private readonly database: DatabaseService) {}

  async next(after: number): Promise<number | undefined> {
    const { rows } = await this.database.pool.query<{ next: number }>('SELECT $1::int + 1 AS next', [after]);
    return rows[0]?.next;
  }
}

/** The database is the one of the environment, as in applications. */
@Module({ imports: [DatabaseModule.forRoot()], providers: [Counters] })
class AppModule {}

const options: Pick<NestApplicationOptions, 'logger' | 'abortOnError'> = { logger: false, abortOnError: false };
const start = (module: object) => NestFactory.createApplicationContext(module, options);

const application = await start(AppModule);
assert.equal(await application.get(Counters).next(1), 2);
const { database } = await application.get(DatabaseHealthIndicator).isHealthy();
assert.equal(database.status, 'up');
await application.close();
assert.equal(application.get(DatabaseService).closed, true);

@Module({ imports: [DatabaseModule.forRoot({ connectionLimit: 0 })] })
class BrokenModule {}

await assert.rejects(start(BrokenModule), { code: 'INVALID_OPTIONS' });
console.log('ok');
