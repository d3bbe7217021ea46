import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  Module,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { TerminusModule } from '@nestjs/terminus';
import { atBoot, UNIT_OF_WORK, type UnitOfWork } from '@mobius1/kernel';
import { type DatabaseOptions, overEnvironment, readDatabaseEnvironment } from '../core/options.js';
import type { StatementClient, TransactionalClient } from '../features/transaction-options.js';
import { DatabaseService } from './database.service.js';
import { DatabaseHealthIndicator } from './health.js';
import { DATABASE_OPTIONS, GIVEN_DATABASE_OPTIONS } from './tokens.js';
import { TransactionService } from './transaction.service.js';

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface DatabaseOptionsFactory {
  /** Called once, at boot. */
  createDatabaseOptions(): DatabaseOptions | Promise<DatabaseOptions>;
}

/** What is said of the module beside the options of the database. */
export interface DatabaseModuleExtras {
  /** @default true */
  readonly isGlobal?: boolean;
  /** The provider of your Prisma client: with it there are `TransactionService` and `@Transactional`. @default none */
  readonly prisma?: InjectionToken | undefined;
}

const configurable = new ConfigurableModuleBuilder<DatabaseOptions>({
  optionsInjectionToken: GIVEN_DATABASE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createDatabaseOptions')
  .setExtras<DatabaseModuleExtras>(
    { isGlobal: true, prisma: undefined },
    (definition, { isGlobal = true, prisma }) => ({
      ...definition,
      global: isGlobal,
      providers: [...(definition.providers ?? []), ...(prisma === undefined ? [] : [transactionsOver(prisma)])],
      exports: [...(definition.exports ?? []), ...(prisma === undefined ? [] : [TransactionService])],
    }),
  )
  .build();

function transactionsOver(prisma: InjectionToken): FactoryProvider<TransactionService> {
  return {
    provide: TransactionService,
    inject: [DatabaseService, prisma],
    useFactory: (database: DatabaseService, client: TransactionalClient<StatementClient> & StatementClient) =>
      new TransactionService(client, {
        database,
        onRetry: (event) => database.events.emit('retry', () => event),
      }),
  };
}

const options: FactoryProvider<DatabaseOptions> = {
  provide: DATABASE_OPTIONS,
  inject: [GIVEN_DATABASE_OPTIONS, ConfigService],
  useFactory: (given: DatabaseOptions, config: ConfigService) =>
    atBoot(() => {
      const environment = readDatabaseEnvironment((name) => config.get<unknown>(name) ?? process.env[name]);
      return overEnvironment(given, environment);
    }),
};

/** A factory for the sake of `atBoot`; the class alone would do otherwise. */
const service: FactoryProvider<DatabaseService> = {
  provide: DatabaseService,
  inject: [DATABASE_OPTIONS],
  useFactory: (resolved: DatabaseOptions) => atBoot(() => new DatabaseService(resolved)),
};

const unitOfWork: FactoryProvider<UnitOfWork> = {
  provide: UNIT_OF_WORK,
  inject: [DatabaseService],
  useFactory: (database: DatabaseService) => database.unitOfWork,
};

/**
 * The PostgreSQL of an application.
 *
 * @example
 * @Module({ imports: [DatabaseModule.forRoot({ url: 'postgresql://localhost/mobius', prisma: PrismaService })] })
 * export class AppModule {}
 */
@Module({
  imports: [ConfigModule, TerminusModule],
  providers: [options, unitOfWork, service, DatabaseHealthIndicator],
  exports: [UNIT_OF_WORK, DatabaseService, DatabaseHealthIndicator],
})
export class DatabaseModule extends configurable.ConfigurableModuleClass {
  /**
   * Registers {@link DatabaseService}, by default for all modules. What the options leave open is read from the environment
   * (`DATABASE_URL`, `DB_CONNECTION_LIMIT`, …), and what that leaves open has a default.
   *
   * @throws InvalidOptionsError at boot, listing every wrong option or variable
   */
  static override forRoot(given: typeof configurable.OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(given);
  }

  /** The same with options that are made by a factory (`useFactory`, `useClass`, `useExisting`). */
  static override forRootAsync(given: typeof configurable.ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(given);
  }
}
